// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/testing/broker_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

// What a broker allows, and what it tells of that, as functions of its options.

namespace asio_mqtt::testing {

/// The Protocol Version of a CONNECT, from its bytes after the fixed header; none when it is not of
/// MQTT.
inline std::optional<std::uint8_t> protocol_level(std::span<const std::byte> connect) {
    // The Protocol Name with its length stands before it (3.1.2.1).
    constexpr std::byte name[] = {std::byte{0},   std::byte{4},   std::byte{'M'},
                                  std::byte{'Q'}, std::byte{'T'}, std::byte{'T'}};
    if (connect.size() <= std::size(name)) return std::nullopt;
    if (!std::ranges::equal(connect.first(std::size(name)), name)) return std::nullopt;
    return std::to_integer<std::uint8_t>(connect[std::size(name)]);
}

/// Why the connection is refused; no failure when it is not.
inline reason_code judge_connect(const broker_options& options, protocol_version version,
                                 const connect_packet& connect) {
    if (connect.properties.authentication_method) return reason_code::bad_authentication_method;
    if (version == protocol_version::v3_1_1 && connect.client_id.empty() && !connect.clean_start) {
        return reason_code::client_identifier_not_valid;  // [MQTT-3.1.3-8] of 3.1.1
    }
    if (connect.will && connect.will->qos > options.maximum_qos) {
        return reason_code::qos_not_supported;
    }
    if (connect.will && connect.will->retain && !options.retain_available) {
        return reason_code::retain_not_supported;
    }
    return options.authenticate ? options.authenticate(connect) : reason_code::success;
}

/// What a 5.0 client is told of the broker: all that differs from the defaults of 3.2.2.3.
inline connack_properties announcement(const broker_options& options) {
    const broker_options defaults;
    connack_properties properties;
    if (options.receive_maximum != defaults.receive_maximum) {
        properties.receive_maximum = options.receive_maximum;
    }
    if (options.maximum_qos != defaults.maximum_qos) {
        properties.maximum_qos = static_cast<std::uint8_t>(options.maximum_qos);
    }
    if (options.maximum_packet_size != defaults.maximum_packet_size) {
        properties.maximum_packet_size = options.maximum_packet_size;
    }
    if (options.topic_alias_maximum != defaults.topic_alias_maximum) {
        properties.topic_alias_maximum = options.topic_alias_maximum;
    }
    properties.server_keep_alive = options.server_keep_alive;
    if (!options.retain_available) properties.retain_available = false;
    if (!options.wildcard_subscription_available)
        properties.wildcard_subscription_available = false;
    if (!options.subscription_identifier_available) {
        properties.subscription_identifier_available = false;
    }
    if (!options.shared_subscription_available) properties.shared_subscription_available = false;
    return properties;
}

/// Why a subscription is refused; success when it is not.
inline reason_code judge_subscription(const broker_options& options, protocol_version version,
                                      std::string_view client_id, const topic_subscription& asked,
                                      std::uint32_t identifier) {
    reason_code reason = reason_code::success;
    if (identifier != 0 && !options.subscription_identifier_available) {
        reason = reason_code::subscription_identifiers_not_supported;
    } else if (is_shared_filter(asked.filter) && !options.shared_subscription_available) {
        reason = reason_code::shared_subscriptions_not_supported;
    } else if (has_wildcard(asked.filter) && !options.wildcard_subscription_available) {
        reason = reason_code::wildcard_subscriptions_not_supported;
    } else if (options.authorize_subscribe &&
               !options.authorize_subscribe(client_id, asked.filter)) {
        reason = reason_code::not_authorized;
    }
    if (!is_failure(reason) || version == protocol_version::v5) return reason;
    return reason_code::unspecified_error;  // 3.1.1 has one failure only (3.9.3 there)
}

}  // namespace asio_mqtt::testing
