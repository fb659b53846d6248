// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace simulation {

/// Random numbers that are the same on each machine for one seed (SplitMix64).
class random {
public:
    explicit random(std::uint64_t seed) noexcept : state_{seed} {}

    std::uint64_t next() noexcept {
        state_ += 0x9E37'79B9'7F4A'7C15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ mixed >> 30) * 0xBF58'476D'1CE4'E5B9;
        mixed = (mixed ^ mixed >> 27) * 0x94D0'49BB'1331'11EB;
        return mixed ^ mixed >> 31;
    }
    /// 0 to `limit` - 1.
    std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }
    bool chance(unsigned percent) noexcept { return below(100) < percent; }
    template <class T>
    T pick(std::initializer_list<T> from) noexcept {
        return from.begin()[static_cast<std::size_t>(below(from.size()))];
    }

private:
    std::uint64_t state_;
};

}  // namespace simulation
