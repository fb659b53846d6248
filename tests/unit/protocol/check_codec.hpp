// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/describe.hpp"
#include "support/exact_bytes.hpp"
#include "support/hex.hpp"

namespace test {

constexpr auto v3 = mqtt::protocol_version::v3_1_1;
constexpr auto v5 = mqtt::protocol_version::v5;

/// Writes an error of decoding in one line, for messages and comparisons.
inline std::string describe(const mqtt::decode_result& result) {
    if (result) return "no error";
    return std::string{to_string(result.error)} + " at " + std::to_string(result.offset) + " in " +
           result.field;
}

/// A packet cut off at any byte is refused; a body cut off at any byte, with a Remaining Length
/// that agrees, may mean something else, but is not read past its end.
template <mqtt::protocol_version Version>
void check_truncated_anywhere(std::span<const std::byte> bytes) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const exact_bytes cut{bytes.first(size)};
        mqtt::any_packet packet;
        const mqtt::decode_result result = mqtt::codec<Version>::decode(cut.span(), packet);
        CHECK(result.error == mqtt::decode_errc::truncated);
        CHECK(result.offset == size);
    }
    mqtt::fixed_header header = mqtt::read_fixed_header(bytes).header;
    const auto body = bytes.subspan(header.size);
    mqtt::any_packet whole;
    REQUIRE(mqtt::codec<Version>::decode(bytes, whole));
    for (std::size_t size = 0; size < body.size(); ++size) {
        const exact_bytes cut{body.first(size)};
        header.remaining_length = static_cast<std::uint32_t>(size);
        std::visit(
            [&](auto packet) {
                const auto result = mqtt::codec<Version>::decode(header, cut.span(), packet);
                if (result) {
                    // All that was accepted can be looked at.
                    CHECK_FALSE(describe(packet).empty());
                } else {
                    CHECK(result.offset <= header.size + size);
                    CHECK(std::string_view{result.field} != "");
                }
            },
            whole);
    }
}

/// The bytes decode to exactly that packet.
template <mqtt::protocol_version Version, class Packet>
void check_decodes(std::span<const std::byte> bytes, const Packet& expected) {
    INFO(to_hex(bytes.first(std::min<std::size_t>(bytes.size(), 100))));
    const exact_bytes block{bytes};
    mqtt::any_packet packet;
    const mqtt::decode_result result = mqtt::codec<Version>::decode(block.span(), packet);
    REQUIRE(describe(result) == "no error");
    CHECK(describe(packet) == describe(expected));
    if (bytes.size() < 300) check_truncated_anywhere<Version>(bytes);
}
template <mqtt::protocol_version Version, class Packet>
void check_decodes(std::string_view bytes, const Packet& expected) {
    check_decodes<Version>(hex(bytes), expected);
}

/// The packet encodes to exactly those bytes, and they decode to it.
template <mqtt::protocol_version Version, class Packet>
void check_both_ways(const Packet& packet, std::string_view expected) {
    const std::vector<std::byte> bytes = hex(expected);
    std::vector<std::byte> encoded = hex("EE");  // what is there already stays
    const mqtt::measure_result measured = mqtt::codec<Version>::encode(packet, encoded);
    INFO(to_string(measured.error) << " in " << measured.field);
    REQUIRE(measured);
    CHECK(measured.packet_size() == bytes.size());
    CHECK(to_hex(encoded) == "EE " + to_hex(bytes));
    check_decodes<Version>(bytes, packet);
}

/// The bytes are refused with that error, at that offset, in that field.
template <mqtt::protocol_version Version>
void check_refused(std::span<const std::byte> bytes, mqtt::decode_errc error, std::size_t offset,
                   const char* field) {
    INFO(to_hex(bytes));
    const exact_bytes block{bytes};
    mqtt::any_packet packet;
    const mqtt::decode_result result = mqtt::codec<Version>::decode(block.span(), packet);
    CHECK(describe(result) == describe(mqtt::decode_result{error, offset, field}));
}
template <mqtt::protocol_version Version>
void check_refused(std::string_view bytes, mqtt::decode_errc error, std::size_t offset,
                   const char* field) {
    check_refused<Version>(hex(bytes), error, offset, field);
}

/// The packet may not be sent: encoding says why, and appends nothing.
template <mqtt::protocol_version Version, class Packet>
void check_not_sent(const Packet& packet, mqtt::errc error, const char* field) {
    INFO(describe(packet).substr(0, 200));
    std::vector<std::byte> encoded = hex("EE");
    const mqtt::measure_result measured = mqtt::codec<Version>::encode(packet, encoded);
    CHECK_FALSE(measured);
    CHECK(to_string(measured.error) == std::string_view{to_string(error)});
    CHECK(measured.field == std::string_view{field});
    CHECK(to_hex(encoded) == "EE");
}

}  // namespace test
