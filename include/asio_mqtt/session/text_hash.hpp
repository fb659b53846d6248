// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/words.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace asio_mqtt::detail {

/// Quick, and no more: whoever chooses the texts can make them collide. But where seeds are
/// numbered as the texts are, one number does not make up for the other.
inline std::uint64_t hash_of(std::string_view text, std::uint64_t seed) noexcept {
    constexpr std::uint64_t multiplier = 0x9E37'79B9'7F4A'7C15;
    std::uint64_t hash = seed * multiplier ^ text.size();
    const auto mix = [&](std::uint64_t bytes) {
        hash = (hash ^ bytes) * multiplier;
        hash ^= hash >> 32;
        return true;
    };
    text.empty() ? mix(0) : all_words(text, mix);
    return hash;
}

/// Where a hash belongs in a table whose size is a power of two, and not 1. Texts that differ only
/// at their end, such as names with numbers, may have all but the highest bits in common.
inline std::size_t place_of(std::uint64_t hash, std::size_t table_size) noexcept {
    return static_cast<std::size_t>(hash >> std::countl_zero(std::uint64_t{table_size - 1}));
}

}  // namespace asio_mqtt::detail
