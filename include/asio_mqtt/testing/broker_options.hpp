// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace asio_mqtt::testing {

/// What a testing::broker offers and allows. The numbers are announced to 5.0 clients when they
/// differ from the standard's default. The functions run inside the broker and must not call it.
struct broker_options {
    std::string address = "127.0.0.1";  ///< Where listen() listens: an IPv4 or IPv6 address.

    /// Judges a CONNECT; a failure refuses it. A reason that CONNACK cannot express becomes 0x80,
    /// in 3.1.1 return code 3.
    std::function<reason_code(const connect_packet&)> authenticate{};
    /// May this client publish to the topic? If not, a 5.0 client is told; from a 3.1.1 client the
    /// message is acknowledged and dropped, as that version knows no refusal. Wills are judged when
    /// they are due.
    std::function<bool(std::string_view client_id, std::string_view topic)> authorize_publish{};
    /// May this client subscribe to the filter, as it stands in the SUBSCRIBE?
    std::function<bool(std::string_view client_id, std::string_view filter)> authorize_subscribe{};

    std::uint16_t receive_maximum = 65'535;  ///< QoS 2 messages under way from a 5.0 client; not 0.
    qos maximum_qos = qos::exactly_once;     ///< Of messages, wills and subscriptions.
    std::uint32_t maximum_packet_size = 268'435'460;   ///< Bytes, of the packets that clients send.
    std::uint16_t topic_alias_maximum = 0;             ///< Highest alias that clients may use.
    std::optional<std::uint16_t> server_keep_alive{};  ///< Seconds, told to 5.0 clients.
    bool enforce_keep_alive = false;  ///< Close what is silent for 1.5 times its keep-alive.
    bool retain_available = true;
    bool wildcard_subscription_available = true;
    bool subscription_identifier_available = true;
    bool shared_subscription_available = true;

    /// Messages that wait in one session to be sent, beyond those in flight; further ones are
    /// dropped.
    std::size_t maximum_queued_messages = 100'000;
};

}  // namespace asio_mqtt::testing
