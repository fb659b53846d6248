// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace data_sync {

/// Versions go up to here, so that a JavaScript number holds each of them exactly.
inline constexpr std::uint64_t maximum_version = (std::uint64_t{1} << 53) - 1;

/// What a node wrote about one key.
///
/// Of two records of a key the greater one holds, on every node. The order of the members is that
/// rule: the higher version; on a tie the higher node id, compared byte by byte. The rest only
/// decides between nodes that share an id, which they should not.
struct record {
    std::uint64_t version = 0;  ///< 1 to maximum_version.
    std::string node{};         ///< Who wrote it: see is_node_id().
    bool deleted = false;       ///< A tombstone: the key is gone, its version is still known.
    std::string value{};        ///< Any bytes; empty in a tombstone.

    friend std::strong_ordering operator<=>(const record&, const record&) = default;
};

/// 1 to 64 letters and digits of ASCII, `.`, `_` and `-`.
inline bool is_node_id(std::string_view text) noexcept {
    constexpr std::string_view allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return !text.empty() && text.size() <= 64 &&
           text.find_first_not_of(allowed) == std::string_view::npos;
}

// --- The payload of a message
// ----------------------------------------------------------------------
//
// One line, then the value, byte for byte, up to the end of the payload:
//
//     data_sync/1 VERSION NODE set\n
//     VALUE
//
// and `data_sync/1 VERSION NODE deleted\n` for a tombstone. Single spaces, VERSION in decimal
// digits.

inline std::string to_payload(const record& of) {
    return "data_sync/1 " + std::to_string(of.version) + ' ' + of.node +
           (of.deleted ? " deleted\n" : " set\n") + of.value;
}

/// Nothing when the payload is not exactly of that form.
inline std::optional<record> parse_payload(std::string_view payload) {
    const std::size_t line_end = payload.find('\n');
    if (line_end == std::string_view::npos) return std::nullopt;
    std::string_view line = payload.substr(0, line_end);
    const auto next_word = [&line] {
        const std::size_t size = line.find(' ');
        const std::string_view word = line.substr(0, size);
        line.remove_prefix(size == std::string_view::npos ? line.size() : size + 1);
        return word;
    };
    const std::string_view format = next_word();
    const std::string_view version = next_word();
    const std::string_view node = next_word();
    const std::string_view state = line;  // to its end: further words make it another one

    record parsed;
    const char* const version_end = version.data() + version.size();
    const auto [stop, error] = std::from_chars(version.data(), version_end, parsed.version);
    const bool is_version = error == std::errc{} && stop == version_end && parsed.version != 0 &&
                            parsed.version <= maximum_version;
    if (format != "data_sync/1" || !is_version || !is_node_id(node)) return std::nullopt;
    parsed.node = node;
    parsed.deleted = state == "deleted";
    parsed.value = payload.substr(line_end + 1);
    const bool is_state = parsed.deleted ? parsed.value.empty() : state == "set";
    return is_state ? std::optional{std::move(parsed)} : std::nullopt;
}

// --- The topic level of a key
// ------------------------------------------------------------------------
//
// Keys are any bytes; a level of a topic name is not: `+`, `#`, `/`, NUL and what is not UTF-8 may
// not be in it. So all but RFC 3986's unreserved characters are percent-encoded, with capital
// digits, which is what PHP's rawurlencode() does.

inline std::string encode_key(std::string_view key) {
    constexpr std::string_view unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr char digits[] = "0123456789ABCDEF";
    std::string level;
    for (const char c : key) {
        if (unreserved.find(c) != std::string_view::npos) {
            level += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            level += {'%', digits[byte >> 4U], digits[byte & 0x0FU]};
        }
    }
    return level;
}

/// Nothing when encode_key() makes this of no key. One key has one topic: `%61` is not taken for
/// `a`.
inline std::optional<std::string> decode_key(std::string_view level) {
    std::string key;
    for (std::size_t i = 0; i < level.size(); ++i) {
        if (level[i] != '%') {
            key += level[i];
            continue;
        }
        const std::string_view digits = level.substr(i + 1, 2);
        unsigned char byte = 0;
        const auto [stop, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (error != std::errc{} || stop != digits.data() + 2) return std::nullopt;
        key += static_cast<char>(byte);
        i += 2;
    }
    return encode_key(key) == level ? std::optional{std::move(key)} : std::nullopt;
}

}  // namespace data_sync
