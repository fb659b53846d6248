// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>

namespace test {

/// How often the program has called operator new or realloc() so far, in all threads.
std::size_t allocation_count() noexcept;

/// While there is one, these and aligned_alloc() fail after so many calls: all of them, or the next
/// one alone. Not under ThreadSanitizer.
class memory_limit {
public:
    enum class fails { always, once };
    explicit memory_limit(std::size_t calls_before, fails how = fails::always) noexcept;
    ~memory_limit();
    /// The one that had to fail `once` has.
    bool has_failed() const noexcept;
    memory_limit(const memory_limit&) = delete;
    memory_limit& operator=(const memory_limit&) = delete;
};

}  // namespace test
