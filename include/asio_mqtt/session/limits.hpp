// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/session/session_settings.hpp>

#include <algorithm>
#include <cstdint>

namespace asio_mqtt {

/// What one side of a connection allows the other.
struct limits {
    std::uint16_t receive_maximum = 65'535;  ///< Unacknowledged QoS 1 and 2 messages.
    std::uint32_t maximum_packet_size = max_variable_byte_integer + 5;  ///< Bytes.
    std::uint16_t topic_alias_maximum = 0;
    qos maximum_qos = qos::exactly_once;
    bool retain_available = true;
    bool wildcard_subscription_available = true;
    bool subscription_identifier_available = true;
    bool shared_subscription_available = true;

    /// Those of the broker, from its CONNACK (3.2.2.3); where it said nothing the standard's
    /// defaults, and what is assumed of a 3.1.1 broker, which cannot say.
    static limits from(const session_settings& settings,
                       const connack_properties& properties) noexcept {
        const bool is_v5 = settings.version == protocol_version::v5;
        limits result;
        if (!is_v5) result.receive_maximum = settings.assumed_receive_maximum;
        result.receive_maximum = properties.receive_maximum.value_or(result.receive_maximum);
        result.maximum_packet_size =
            properties.maximum_packet_size.value_or(result.maximum_packet_size);
        result.topic_alias_maximum = properties.topic_alias_maximum.value_or(0);
        result.maximum_qos = static_cast<qos>(properties.maximum_qos.value_or(2));
        result.retain_available = properties.retain_available.value_or(true);
        result.wildcard_subscription_available =
            properties.wildcard_subscription_available.value_or(true);
        result.subscription_identifier_available =
            is_v5 && properties.subscription_identifier_available.value_or(true);
        result.shared_subscription_available =
            properties.shared_subscription_available.value_or(true);
        return result;
    }

    /// Those of the client, from its CONNECT (3.1.2.11).
    static limits announced(const session_settings& settings,
                            const connect_properties& properties) noexcept {
        limits result;
        result.receive_maximum = properties.receive_maximum.value_or(result.receive_maximum);
        result.maximum_packet_size =
            std::min(settings.maximum_packet_size,
                     properties.maximum_packet_size.value_or(settings.maximum_packet_size));
        return result;
    }
};

}  // namespace asio_mqtt
