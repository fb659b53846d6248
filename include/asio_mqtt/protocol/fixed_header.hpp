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

/// What is wrong with the type and the flags of a packet; decode_errc{} when nothing is.
constexpr decode_errc first_byte_error(std::uint8_t first) noexcept {
    const auto type = static_cast<packet_type>(first >> 4);
    if (type == packet_type::publish) {
        if ((first & 0x06) == 0x06) return decode_errc::invalid_qos;
        // [MQTT-3.3.1-2] A QoS 0 message is never delivered a second time.
        return (first & 0x0E) == 0x08 ? decode_errc::invalid_flags : decode_errc{};
    }
    if (first >> 4 == 0) return decode_errc::invalid_packet_type;
    return (first & 0x0F) == fixed_flags(type) ? decode_errc{} : decode_errc::invalid_flags;
}

/// Reads the fixed header at the start of `bytes`, which may hold any part of a packet, or several.
///
/// A bad first byte is refused before its length is waited for, a five-byte length before its end.
constexpr fixed_header_result read_fixed_header(std::span<const std::byte> bytes) noexcept {
    fixed_header_result read;
    if (bytes.empty()) {
        read.need_more = true;
        return read;
    }
    const auto first = std::to_integer<std::uint8_t>(bytes[0]);
    read.error = first_byte_error(first);
    if (read.error != decode_errc{}) return read;
    const variable_byte_integer length =
        read_variable_byte_integer(bytes.data() + 1, bytes.data() + bytes.size());
    read.need_more = length.size == 0 && !length.malformed;
    if (length.malformed) read.error = decode_errc::malformed_length;
    read.header = {.type = static_cast<packet_type>(first >> 4),
                   .flags = static_cast<std::uint8_t>(first & 0x0F),
                   .remaining_length = length.value,
                   .size = static_cast<std::uint8_t>(1 + length.size)};
    return read;
}

}  // namespace asio_mqtt
