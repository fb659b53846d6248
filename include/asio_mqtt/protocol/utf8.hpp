// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/words.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace asio_mqtt {

/// The longest string or binary value that fits its two-byte length (1.5.4).
inline constexpr std::size_t max_string_size = 65'535;

namespace detail {

/// True for most texts that are ASCII without U+0000; false for all that are not.
constexpr bool is_plain_ascii(std::string_view text) noexcept {
    if (std::is_constant_evaluated() || text.empty()) return false;
    return all_words(text, [](std::uint64_t bytes) {
        return ((bytes | (bytes - each_byte(0x01))) & each_byte(0x80)) == 0;
    });
}

}  // namespace detail

/// True when `text` may stand in a packet as a UTF-8 Encoded String (1.5.4): well-formed UTF-8
/// without surrogates, over-long forms and U+0000. The length is not looked at.
constexpr bool is_valid_utf8(std::string_view text) noexcept {
    if (detail::is_plain_ascii(text)) return true;
    const std::size_t size = text.size();
    std::size_t i = 0;
    const auto byte = [&text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    const auto continues = [&](std::size_t at) { return at < size && (byte(at) & 0xC0) == 0x80; };
    while (i < size) {
        const std::uint8_t lead = byte(i);
        if (lead < 0x80) {
            if (lead == 0) return false;
            ++i;
        } else if (lead >= 0xC2 && lead <= 0xDF) {
            if (!continues(i + 1)) return false;
            i += 2;
        } else if (lead >= 0xE0 && lead <= 0xEF) {
            if (!continues(i + 1) || !continues(i + 2)) return false;
            if (lead == 0xE0 && byte(i + 1) < 0xA0) return false;  // over-long
            if (lead == 0xED && byte(i + 1) > 0x9F) return false;  // surrogate
            i += 3;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            if (!continues(i + 1) || !continues(i + 2) || !continues(i + 3)) return false;
            if (lead == 0xF0 && byte(i + 1) < 0x90) return false;  // over-long
            if (lead == 0xF4 && byte(i + 1) > 0x8F) return false;  // above U+10FFFF
            i += 4;
        } else {
            return false;  // a continuation byte, 0xC0, 0xC1 or above 0xF4
        }
    }
    return true;
}

}  // namespace asio_mqtt
