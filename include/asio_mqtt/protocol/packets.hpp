// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packet_type.hpp>
#include <asio_mqtt/protocol/properties.hpp>
#include <asio_mqtt/protocol/protocol_version.hpp>
#include <asio_mqtt/protocol/qos.hpp>
#include <asio_mqtt/protocol/reason_code.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

// One struct for each control packet, a superset of both versions: what only 5.0 has stays at its
// default on a 3.1.1 connection, and an encoder refuses it there when it is set. Strings, payloads
// and lists are views: those of a decoded packet point into the bytes that were decoded.

namespace asio_mqtt {

/// The message that the broker publishes when the connection ends without a DISCONNECT (3.1.2.5).
struct will {
    std::string_view topic{};
    std::string_view payload{};
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;
    bool retain = false;
    will_properties properties{};
};

struct connect_packet {
    static constexpr packet_type type = packet_type::connect;

    bool clean_start = true;       ///< Clean Session in 3.1.1.
    std::uint16_t keep_alive = 0;  ///< Seconds; 0: off.
    connect_properties properties{};
    std::string_view client_id{};
    std::optional<asio_mqtt::will> will{};
    std::optional<std::string_view> user_name{};
    std::optional<std::string_view> password{};  ///< Binary.
};

struct connack_packet {
    static constexpr packet_type type = packet_type::connack;

    bool session_present = false;
    asio_mqtt::reason_code reason = asio_mqtt::reason_code::success;
    connack_properties properties{};
};

struct publish_packet {
    static constexpr packet_type type = packet_type::publish;

    bool dup = false;
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;
    bool retain = false;
    std::string_view topic{};
    std::uint16_t packet_id = 0;  ///< 0 at QoS 0 only.
    publish_properties properties{};
    std::string_view payload{};
};

/// PUBACK, PUBREC, PUBREL and PUBCOMP, which are laid out alike.
template <packet_type Type>
struct ack_packet {
    static constexpr packet_type type = Type;

    std::uint16_t packet_id = 0;
    asio_mqtt::reason_code reason = asio_mqtt::reason_code::success;
    ack_properties properties{};
};
using puback_packet = ack_packet<packet_type::puback>;
using pubrec_packet = ack_packet<packet_type::pubrec>;
using pubrel_packet = ack_packet<packet_type::pubrel>;
using pubcomp_packet = ack_packet<packet_type::pubcomp>;

/// Whether the broker sends the retained messages of a new subscription (3.8.3.1).
enum class retain_handling : std::uint8_t {
    send = 0,         ///< At each SUBSCRIBE.
    send_if_new = 1,  ///< Only when the subscription did not exist.
    do_not_send = 2,
};

/// One topic filter of a SUBSCRIBE with its options (3.8.3.1); 3.1.1 has the QoS alone.
struct topic_subscription {
    std::string_view filter{};
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;  ///< The highest QoS to receive with.
    bool no_local = false;                              ///< Not what this client publishes itself.
    bool retain_as_published = false;  ///< Keep the RETAIN flag of forwarded messages.
    asio_mqtt::retain_handling retain_handling = asio_mqtt::retain_handling::send;

    bool operator==(const topic_subscription&) const = default;
};

template <>
struct wire_element<topic_subscription> {
    static const std::byte* next(const std::byte* from, topic_subscription& element) noexcept {
        element.filter = wire::load_string(from);
        from += 2 + element.filter.size();
        const auto options = std::to_integer<unsigned>(*from);
        element.qos = static_cast<qos>(options & 0x03);
        element.no_local = (options & 0x04) != 0;
        element.retain_as_published = (options & 0x08) != 0;
        element.retain_handling = static_cast<asio_mqtt::retain_handling>(options >> 4 & 0x03);
        return from + 1;
    }
};

template <>
struct wire_element<std::string_view> {
    static const std::byte* next(const std::byte* from, std::string_view& element) noexcept {
        element = wire::load_string(from);
        return from + 2 + element.size();
    }
};

template <>
struct wire_element<reason_code> {
    static const std::byte* next(const std::byte* from, reason_code& element) noexcept {
        element = static_cast<reason_code>(*from);
        return from + 1;
    }
};

struct subscribe_packet {
    static constexpr packet_type type = packet_type::subscribe;

    std::uint16_t packet_id = 0;
    subscribe_properties properties{};
    list_view<topic_subscription> subscriptions{};
};

struct suback_packet {
    static constexpr packet_type type = packet_type::suback;

    std::uint16_t packet_id = 0;
    ack_properties properties{};
    list_view<reason_code> reasons{};  ///< One for each filter, in the same order.
};

struct unsubscribe_packet {
    static constexpr packet_type type = packet_type::unsubscribe;

    std::uint16_t packet_id = 0;
    unsubscribe_properties properties{};
    list_view<std::string_view> filters{};
};

struct unsuback_packet {
    static constexpr packet_type type = packet_type::unsuback;

    std::uint16_t packet_id = 0;
    ack_properties properties{};
    list_view<reason_code> reasons{};  ///< One for each filter; none in 3.1.1.
};

struct pingreq_packet {
    static constexpr packet_type type = packet_type::pingreq;
};

struct pingresp_packet {
    static constexpr packet_type type = packet_type::pingresp;
};

struct disconnect_packet {
    static constexpr packet_type type = packet_type::disconnect;

    asio_mqtt::reason_code reason = asio_mqtt::reason_code::normal_disconnection;
    disconnect_properties properties{};
};

struct auth_packet {
    static constexpr packet_type type = packet_type::auth;

    asio_mqtt::reason_code reason = asio_mqtt::reason_code::success;
    auth_properties properties{};
};

}  // namespace asio_mqtt
