// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>
#include <string_view>

namespace asio_mqtt {

/// Type of a control packet: the upper four bits of its first byte (2.1.2).
enum class packet_type : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
    auth = 15,  ///< 5.0 only.
};

/// The name that the standard gives the packet, for logs and traces.
constexpr std::string_view to_string(packet_type type) noexcept {
    constexpr std::string_view names[] = {
        "RESERVED", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
        "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
        "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH",
    };
    return names[static_cast<std::uint8_t>(type) & 0x0F];
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP: they look alike (3.4 to 3.7).
constexpr bool is_acknowledgement(packet_type type) noexcept {
    return type >= packet_type::puback && type <= packet_type::pubcomp;
}

/// The lower four bits that every packet of the type but PUBLISH must carry [MQTT-2.1.3-1].
constexpr std::uint8_t fixed_flags(packet_type type) noexcept {
    return type == packet_type::pubrel || type == packet_type::subscribe ||
                   type == packet_type::unsubscribe
               ? 0x02
               : 0x00;
}

}  // namespace asio_mqtt
