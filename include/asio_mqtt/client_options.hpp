// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/protocol/user_property.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace asio_mqtt {

/// The message that the broker publishes for this client when its connection is lost (3.1.2.5).
struct will_options {
    std::string topic{};
    std::string payload{};
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;
    bool retain = false;
    // The rest is of 5.0 only.
    std::optional<std::chrono::seconds> delay_interval{};  ///< (3.1.3.2.2)
    std::optional<payload_format> payload_format_indicator{};
    std::optional<std::chrono::seconds> message_expiry_interval{};
    std::optional<std::string> response_topic{};
    std::optional<std::string> correlation_data{};  ///< Any bytes.
    std::optional<std::string> content_type{};
    std::vector<user_property> user_properties{};
};

/// Everything about a client, with defaults that suit most.
struct client_options {
    /// `mqtt://host[:port]`, tried in turn; at least one.
    std::vector<std::string> brokers{};
    protocol_version version = protocol_version::v5;

    /// Empty: the broker assigns one (5.0); 3.1.1 then has no session that outlives a connection.
    std::string client_id{};
    std::optional<std::string> user_name{};
    std::optional<std::string> password{};
    std::optional<will_options> will{};

    /// 0 to 65,535 s; 0 switches pings off. A 5.0 broker may replace it (3.1.2.10).
    std::chrono::seconds keep_alive{60};
    /// How long the broker is to keep the session while there is no connection; 0 s: not at
    /// all. 3.1.1 knows only whether (clean session).
    std::chrono::seconds session_expiry_interval{600};
    /// Begin with a new session. Later connections of the same client always resume. A 3.1.1
    /// session that is to outlive its connections cannot begin clean: the broker's is resumed when
    /// it has one.
    bool clean_start = true;

    /// Messages at QoS 1 and 2 that the broker may send ahead of their acknowledgement (5.0).
    std::uint16_t receive_maximum = 65'535;
    /// The same in the other direction, for a 3.1.1 broker: it cannot announce what it bears.
    /// Mosquitto acknowledges more than 20 at QoS 2 and drops them.
    std::uint16_t assumed_receive_maximum = 20;
    /// Bytes of the largest packet to receive; a broker that sends more is disconnected with 0x95.
    std::uint32_t maximum_packet_size = 16'777'216;
    /// Topic aliases that the broker may use towards this client (5.0).
    std::uint16_t topic_alias_maximum = 0;
    std::vector<user_property> connect_user_properties{};  ///< Of CONNECT (5.0).

    /// For resolving and connecting, and again for the CONNACK.
    std::chrono::milliseconds connect_timeout{10'000};
    /// From PINGREQ to any sign of life.
    std::chrono::milliseconds ping_response_timeout{10'000};
    /// How long async_disconnect() waits for what is unfinished.
    std::chrono::milliseconds disconnect_timeout{5'000};

    /// The wait before a reconnect is random, up to a limit that doubles from the first to the
    /// second.
    std::chrono::milliseconds minimum_reconnect_delay{500};
    std::chrono::milliseconds maximum_reconnect_delay{30'000};
    /// Decides these random waits, so that a test can repeat them; 0: other ones for each client.
    std::uint64_t reconnect_seed = 0;

    /// Bytes of messages that wait for async_receive(); beyond it nothing more is read from the
    /// broker.
    std::size_t receive_buffer_size = 16'777'216;

    /// No strand: all calls and the executor are on one thread, or on a strand of the caller's.
    bool single_threaded = false;
};

}  // namespace asio_mqtt
