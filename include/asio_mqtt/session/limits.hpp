// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>

#include <algorithm>
#include <cstdint>

namespace asio_mqtt {

/// What the broker of the current connection allows, from its CONNACK (3.2.2.3); the standard's
/// defaults where it said nothing, as a 3.1.1 broker always does.
struct limits {
    std::uint16_t receive_maximum = 65'535;  ///< Unacknowledged QoS 1 and 2 messages.
    std::uint32_t maximum_packet_size = max_variable_byte_integer + 5;  ///< Bytes.
    std::uint16_t topic_alias_maximum = 0;
    qos maximum_qos = qos::exactly_once;
    bool retain_available = true;
    bool wildcard_subscription_available = true;
    bool subscription_identifier_available = true;
    bool shared_subscription_available = true;

    static limits from(protocol_version version, const connack_properties& properties) noexcept {
        limits result;
        result.receive_maximum = properties.receive_maximum.value_or(result.receive_maximum);
        result.maximum_packet_size =
            properties.maximum_packet_size.value_or(result.maximum_packet_size);
        result.topic_alias_maximum = properties.topic_alias_maximum.value_or(0);
        result.maximum_qos = static_cast<qos>(properties.maximum_qos.value_or(2));
        result.retain_available = properties.retain_available.value_or(true);
        result.wildcard_subscription_available =
            properties.wildcard_subscription_available.value_or(true);
        result.subscription_identifier_available =
            version == protocol_version::v5 &&
            properties.subscription_identifier_available.value_or(true);
        result.shared_subscription_available =
            properties.shared_subscription_available.value_or(true);
        return result;
    }
};

}  // namespace asio_mqtt
