// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>

namespace asio_mqtt {

/// The largest value of a Variable Byte Integer, and so of a Remaining Length (1.5.5).
inline constexpr std::uint32_t max_variable_byte_integer = 268'435'455;

/// Bytes that the shortest form takes, the only one allowed [MQTT-1.5.5-1]: 1 to 4.
constexpr std::size_t variable_byte_integer_size(std::uint32_t value) noexcept {
    return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

/// Writes `value` in its shortest form and returns the end of what was written.
/// `out` must have room for variable_byte_integer_size(value) bytes.
constexpr std::byte* write_variable_byte_integer(std::uint32_t value, std::byte* out) noexcept {
    while (value >= 128) {
        *out++ = static_cast<std::byte>(value % 128 | 128);
        value /= 128;
    }
    *out++ = static_cast<std::byte>(value);
    return out;
}

/// What read_variable_byte_integer() found.
struct variable_byte_integer {
    std::uint32_t value = 0;
    std::uint8_t size = 0;   ///< Bytes taken; 0 when the integer is not whole or malformed.
    bool malformed = false;  ///< A fifth byte would follow, or a shorter form exists.
};

namespace detail {

constexpr variable_byte_integer read_longer_integer(const std::byte* first,
                                                    const std::byte* last) noexcept {
    std::uint32_t value = 0;
    for (std::uint8_t i = 0; i < 4; ++i) {
        if (first + i == last) return {};
        const auto byte = std::to_integer<std::uint32_t>(first[i]);
        value |= (byte & 127) << (7 * i);
        if (byte < 128) {
            if (byte == 0 && i > 0) return {.malformed = true};
            return {.value = value, .size = static_cast<std::uint8_t>(i + 1)};
        }
    }
    return {.malformed = true};
}

}  // namespace detail

/// Reads an integer from the start of the bytes; never looks at a fifth byte.
constexpr variable_byte_integer read_variable_byte_integer(const std::byte* first,
                                                           const std::byte* last) noexcept {
    // Nearly all are of one byte: that is read in place, without a call.
    if (first != last && std::to_integer<std::uint8_t>(*first) < 128) {
        return {.value = std::to_integer<std::uint8_t>(*first), .size = 1};
    }
    return detail::read_longer_integer(first, last);
}

}  // namespace asio_mqtt
