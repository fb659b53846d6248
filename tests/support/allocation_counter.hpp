// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>

namespace test {

/// How often the program has called operator new so far, in all threads.
std::size_t allocation_count() noexcept;

}  // namespace test
