// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>

namespace test {

/// How often the program has called operator new so far, in all threads.
std::size_t allocation_count() noexcept;

/// While there is one, operator new throws after so many calls. Not under ThreadSanitizer.
class memory_limit {
public:
    explicit memory_limit(std::size_t calls) noexcept;
    ~memory_limit();
    memory_limit(const memory_limit&) = delete;
    memory_limit& operator=(const memory_limit&) = delete;
};

}  // namespace test
