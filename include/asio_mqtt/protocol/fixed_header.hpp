// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/decode_errc.hpp>
#include <asio_mqtt/protocol/packet_type.hpp>
#include <asio_mqtt/protocol/variable_byte_integer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace asio_mqtt {

/// The first bytes of every control packet (2.1): type, flags and Remaining Length.
struct fixed_header {
    packet_type type{};
    std::uint8_t flags = 0;
    std::uint32_t remaining_length = 0;
    std::uint8_t size = 0;  ///< Bytes of the fixed header itself: 2 to 5.

    constexpr std::size_t packet_size() const noexcept {
        return size + std::size_t{remaining_length};
    }
};

/// Outcome of read_fixed_header(): whole, not whole yet (`need_more`), or refused (`error`).
struct fixed_header_result {
    fixed_header header{};
    bool need_more = false;
    decode_errc error{};
};

/// What is wrong with the lower four bits of the first byte (2.1.3).
constexpr decode_errc check_flags(packet_type type, std::uint8_t flags) noexcept {
    if (type != packet_type::publish) {
        return flags == fixed_flags(type) ? decode_errc{} : decode_errc::invalid_flags;
    }
    if ((flags & 0x0E) == 0) return {};  // QoS 0: what most messages are takes one step
    if ((flags & 0x06) == 0x06) return decode_errc::invalid_qos;
    // [MQTT-3.3.1-2] A QoS 0 message is never delivered a second time.
    return (flags & 0x0E) == 0x08 ? decode_errc::invalid_flags : decode_errc{};
}

/// Reads the fixed header at the start of `bytes`, which may hold any part of a packet, or several.
///
/// A bad first byte is refused before its length is waited for, a five-byte length before its end.
constexpr fixed_header_result read_fixed_header(std::span<const std::byte> bytes) noexcept {
    if (bytes.empty()) return {.need_more = true};
    const auto first = std::to_integer<std::uint8_t>(bytes[0]);
    fixed_header header{.type = static_cast<packet_type>(first >> 4),
                        .flags = static_cast<std::uint8_t>(first & 0x0F)};
    if (first >> 4 == 0) return {.error = decode_errc::invalid_packet_type};
    if (const decode_errc wrong = check_flags(header.type, header.flags); wrong != decode_errc{}) {
        return {.error = wrong};
    }
    const variable_byte_integer length =
        read_variable_byte_integer(bytes.data() + 1, bytes.data() + bytes.size());
    if (length.malformed) return {.error = decode_errc::malformed_length};
    if (length.size == 0) return {.need_more = true};
    header.remaining_length = length.value;
    header.size = static_cast<std::uint8_t>(1 + length.size);
    return {.header = header};
}

}  // namespace asio_mqtt
