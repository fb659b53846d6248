// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// Bytes as one writes them down: pairs of hexadecimal digits, and text between single quotes as it
/// is. `hex("00 03 'a/b'")` is 00 03 61 2F 62.
inline std::vector<std::byte> hex(std::string_view text) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        throw std::invalid_argument{"hex: not a hexadecimal digit"};
    };
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ' ' || text[i] == '\n') continue;
        if (text[i] == '\'') {
            for (++i; text.at(i) != '\''; ++i)
                bytes.push_back(static_cast<std::byte>(text[i]));
        } else {
            bytes.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text.at(i + 1))));
            ++i;
        }
    }
    return bytes;
}

/// The reverse, without quotes, for messages and comparisons.
inline std::string to_hex(std::span<const std::byte> bytes) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string text;
    for (const std::byte byte : bytes) {
        if (!text.empty()) text += ' ';
        text += digits[std::to_integer<unsigned>(byte) >> 4];
        text += digits[std::to_integer<unsigned>(byte) & 0x0F];
    }
    return text;
}

}  // namespace test
