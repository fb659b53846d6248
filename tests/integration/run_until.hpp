// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio/io_context.hpp>

#include <chrono>

namespace test {

/// Runs handlers until the condition holds; false when it does not within 10 s, or cannot any more.
template <class Condition>
bool run_until(asio::io_context& io, Condition&& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    io.restart();
    while (!holds()) {
        if (io.run_one_until(deadline) == 0) return holds();
    }
    return true;
}

}  // namespace test
