// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <string>
#include <vector>

#include "support/hex.hpp"

namespace test {

/// A place where properties stand in a packet of 5.0 (2.2.2): what lies around a property block.
struct property_place {
    const char* name;
    const char* first_byte;
    const char* before;
    const char* after;
};

inline constexpr property_place property_places[] = {
    {"CONNECT", "10", "00 04 'MQTT' 05 02 00 00", "00 00"},
    {"will", "10", "00 04 'MQTT' 05 06 00 00 00 00 00", "00 01 'w' 00 00"},
    {"CONNACK", "20", "00 00", ""},
    {"PUBLISH", "30", "00 01 't'", ""},
    {"PUBACK", "40", "00 01 00", ""},
    {"PUBREC", "50", "00 01 00", ""},
    {"PUBREL", "62", "00 01 00", ""},
    {"PUBCOMP", "70", "00 01 00", ""},
    {"SUBSCRIBE", "82", "00 01", "00 01 'f' 00"},
    {"SUBACK", "90", "00 01", "00"},
    {"UNSUBSCRIBE", "A2", "00 01", "00 01 'f'"},
    {"UNSUBACK", "B0", "00 01", "00"},
    {"DISCONNECT", "E0", "00", ""},
    {"AUTH", "F0", "18", ""},
};

/// The bytes with their number before them, in one byte or two.
inline std::vector<std::byte> with_length(const std::vector<std::byte>& bytes) {
    std::vector<std::byte> result;
    if (bytes.size() < 128) {
        result = {static_cast<std::byte>(bytes.size())};
    } else {
        result = {static_cast<std::byte>(bytes.size() % 128 + 128),
                  static_cast<std::byte>(bytes.size() / 128)};
    }
    result.insert(result.end(), bytes.begin(), bytes.end());
    return result;
}

inline void append(std::vector<std::byte>& to, const std::vector<std::byte>& bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

/// A packet with that property block, in hexadecimal, at the place.
inline std::vector<std::byte> packet_with(const property_place& place, const std::string& block) {
    std::vector<std::byte> body = hex(place.before);
    append(body, with_length(hex(block)));
    append(body, hex(place.after));
    std::vector<std::byte> packet = hex(place.first_byte);
    append(packet, with_length(body));
    return packet;
}

/// Where the block begins in a packet of less than 130 bytes.
inline std::size_t block_offset(const property_place& place) {
    return 3 + hex(place.before).size();
}

}  // namespace test
