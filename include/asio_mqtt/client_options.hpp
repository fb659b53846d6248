// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/connection_event.hpp>
#include <asio_mqtt/credentials.hpp>
#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/protocol/user_property.hpp>
#include <asio_mqtt/session/packet_trace.hpp>
#include <asio_mqtt/session/reconnect.hpp>
#include <asio_mqtt/session/session_settings.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
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
    /// `mqtt://host[:port]`, tried in turn; at least one. They should share their sessions, as a
    /// cluster does: where another broker goes on with an older session of its own, the
    /// subscriptions are made again, but a message under way may be lost or come twice.
    std::vector<std::string> brokers{};
    protocol_version version = protocol_version::v5;
    /// When the broker does not know 5.0, go on with 3.1.1. It says so, or drops the connection
    /// twice without a CONNACK. What only 5.0 can carry ends with errc::not_in_this_version then.
    bool fall_back_to_v3_1_1 = false;

    /// Empty: the broker assigns one (5.0); 3.1.1 then has no session that outlives a connection.
    std::string client_id{};
    std::optional<std::string> user_name{};
    std::optional<std::string> password{};
    /// Asked before each attempt to connect, in place of `user_name` and `password`: for tokens
    /// that expire. It has `connect_timeout` to answer.
    credentials_provider ask_for_credentials{};
    std::optional<will_options> will{};

    /// 0 to 65,535 s; 0 switches pings off. A 5.0 broker may replace it (3.1.2.10).
    std::chrono::seconds keep_alive{60};
    /// How long the broker is to keep the session while there is no connection; 0 s: not at all;
    /// 4,294,967,295 s and more: for ever. 3.1.1 knows only whether (clean session).
    std::chrono::seconds session_expiry_interval{600};
    /// Begin with a new session (5.0). Later connections of the same client always resume. Without
    /// it, a session that an earlier client has left at the broker is refused and begun anew, since
    /// its other half is gone [MQTT-3.2.2-4]. 3.1.1 does not look at this: there, a session that is
    /// to outlive its connections cannot begin clean, and the broker's is resumed when it has one.
    bool clean_start = true;

    /// Messages at QoS 1 and 2 that the broker may send ahead of their acknowledgement; 3.1.1
    /// cannot say it.
    std::uint16_t receive_maximum = 65'535;
    /// The same in the other direction, for a 3.1.1 broker: it cannot announce what it bears.
    /// Mosquitto acknowledges more than 20 at QoS 2 and drops them.
    std::uint16_t assumed_receive_maximum = 20;
    /// Bytes of the largest packet to receive; a broker that sends more is disconnected with 0x95.
    std::uint32_t maximum_packet_size = 16'777'216;
    /// Topic aliases that the broker may use towards this client (5.0).
    std::uint16_t topic_alias_maximum = 0;
    std::vector<user_property> connect_user_properties{};  ///< Of CONNECT (5.0).

    /// Bytes of memory for messages that wait to be sent, without a connection or for their turn.
    /// The handlers of their operations are not counted, nor is what is published before the
    /// client's executor has had its turn to look. What a lost session makes new waits there, too,
    /// whether it has room or not: at most `in_flight_size` more.
    std::size_t queue_size = 67'108'864;
    /// What becomes of a message that finds no room there, by its QoS.
    std::array<queue_overflow, 3> when_queue_full{};
    /// Bytes of memory for messages at QoS 1 and 2 that were sent and whose handshake has not
    /// ended; those that would exceed it wait in the queue. One goes in any case.
    std::size_t in_flight_size = 67'108'864;
    /// What becomes of the latter when the broker loses the session. Messages that were not sent
    /// are not concerned, nor is one at QoS 2 that the broker had answered with PUBREC: it is done.
    session_loss on_session_loss = session_loss::send_again;

    /// For all that the connector does to make a stream; more than 0 ms. It may have a limit for
    /// each of its steps besides: see tcp_connector_options.
    std::chrono::milliseconds connect_timeout{30'000};
    /// From CONNECT to CONNACK; more than 0 ms.
    std::chrono::milliseconds connack_timeout{10'000};
    /// From PINGREQ to any sign of life; more than 0 ms.
    std::chrono::milliseconds ping_response_timeout{10'000};
    /// How long async_disconnect() waits for what is unfinished; 0 ms: not at all. DISCONNECT and
    /// the end of the connection may take 1 s more.
    std::chrono::milliseconds disconnect_timeout{5'000};

    /// The wait before a reconnect is random, up to a limit that doubles from the first to the
    /// second.
    std::chrono::milliseconds minimum_reconnect_delay{500};
    std::chrono::milliseconds maximum_reconnect_delay{30'000};
    /// Decides these random waits, so that a test can repeat them; 0: other ones for each client.
    std::uint64_t reconnect_seed = 0;
    /// A connection that lasted so long starts the waits over, and the count of redirects.
    std::chrono::milliseconds stable_period{10'000};
    /// How often in a row to follow a broker that names another one (4.11, 5.0).
    unsigned maximum_redirects = 0;
    /// May change what is going to be done about a connection that failed or was lost: whether and
    /// when to try again. Called on the client's executor.
    std::function<void(reconnect_plan&)> reconnect_policy{};

    /// Bytes of messages that wait for the application: for async_receive(), for handlers with an
    /// executor of their own, for acknowledgement by hand. Beyond it nothing more is read from the
    /// broker, except while operations wait for its answer: then up to `maximum_packet_size` more
    /// at QoS 1 and 2, while messages at QoS 0 are dropped.
    std::size_t receive_buffer_size = 16'777'216;

    /// Told what becomes of the connection, on the client's executor.
    connection_handler on_connection{};
    /// Is shown each packet, in the order on the wire: see packet_tracer. It is called on the
    /// client's executor, until async_run() has completed. trace_to() makes one that prints.
    packet_tracer on_packet{};

    /// All calls, acknowledgements by hand and answers for credentials come from the one thread, or
    /// strand, on which the executor runs, and no message handler runs in another: saves the
    /// instructions that keep threads apart.
    bool single_threaded = false;
};

}  // namespace asio_mqtt
