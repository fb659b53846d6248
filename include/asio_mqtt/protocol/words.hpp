// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Short texts eight bytes at a time: for those in an MQTT packet, the functions of the standard
// library take longer to begin than these to end.

namespace asio_mqtt::detail {

template <class Word>
Word load_word(const char* from) noexcept {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// The first and the last `part` bytes, which may overlap.
template <std::size_t part>
void copy_ends(std::byte* to, std::string_view from) noexcept {
    struct block {
        char bytes[part];
    };
    const auto first = load_word<block>(from.data());
    const auto last = load_word<block>(from.data() + from.size() - part);
    std::memcpy(to, &first, part);
    std::memcpy(to + from.size() - part, &last, part);
}

/// std::memcpy(), without its call for what is as short as most topics and small payloads.
// As a function of its own it would cost a publish 10 to 20 instructions.
[[gnu::always_inline]] inline void copy_bytes(std::byte* to, std::string_view from) noexcept {
    const std::size_t size = from.size();
    if (size - 8 <= 8) {
        copy_ends<8>(to, from);
    } else if (size - 16 <= 16) {
        copy_ends<16>(to, from);
    } else if (size != 0) {
        std::memcpy(to, from.data(), size);
    }
}

/// Calls `test(eight_bytes)` for all of a text, eight bytes at a time; true when each call was.
/// Bytes may come more than once, and a short text is filled up with 'x'. It must not be empty.
template <class Test>
bool all_words(std::string_view text, Test&& test) noexcept {
    const char* const first = text.data();
    const char* const last = first + text.size();
    if (text.size() < 4) {
        const auto byte = [&](const char* at) {
            return std::uint64_t{load_word<std::uint8_t>(at)};
        };
        return test(byte(first) | byte(first + text.size() / 2) << 8 | byte(last - 1) << 16 |
                    0x7878'7878'7800'0000);
    }
    if (text.size() < 8) {
        return test(load_word<std::uint32_t>(first) |
                    std::uint64_t{load_word<std::uint32_t>(last - 4)} << 32);
    }
    for (const char* at = first; at < last - 8; at += 8) {
        if (!test(load_word<std::uint64_t>(at))) return false;
    }
    return test(load_word<std::uint64_t>(last - 8));
}

/// A byte in each of eight.
constexpr std::uint64_t each_byte(unsigned char value) noexcept {
    return 0x0101'0101'0101'0101U * value;  // a signed product would overflow
}

/// Where the first '/' stands; the size of the text when there is none.
inline std::size_t find_slash(std::string_view text) noexcept {
    std::size_t at = 0;
    if constexpr (std::endian::native == std::endian::little) {
        for (; at + 8 <= text.size(); at += 8) {
            const std::uint64_t bytes = load_word<std::uint64_t>(text.data() + at) ^ each_byte('/');
            // The lowest mark is right, those above it may not be.
            const std::uint64_t marks = (bytes - each_byte(0x01)) & ~bytes & each_byte(0x80);
            if (marks != 0) return at + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
        }
    }
    while (at != text.size() && text[at] != '/')
        ++at;
    return at;
}

// As a function of its own it would cost each received message 8 instructions of its 250.
[[gnu::always_inline]] inline bool is_same(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    const std::size_t size = a.size();
    if (size >= 8) {
        // The end first: where topics are not the same, their beginnings often are.
        if (load_word<std::uint64_t>(a.data() + size - 8) !=
            load_word<std::uint64_t>(b.data() + size - 8)) {
            return false;
        }
        for (std::size_t at = 0; at < size - 8; at += 8) {
            if (load_word<std::uint64_t>(a.data() + at) !=
                load_word<std::uint64_t>(b.data() + at)) {
                return false;
            }
        }
        return true;
    }
    if (size >= 4) {
        return load_word<std::uint32_t>(a.data()) == load_word<std::uint32_t>(b.data()) &&
               load_word<std::uint32_t>(a.data() + size - 4) ==
                   load_word<std::uint32_t>(b.data() + size - 4);
    }
    for (std::size_t at = 0; at != size; ++at) {
        if (a[at] != b[at]) return false;
    }
    return true;
}

}  // namespace asio_mqtt::detail
