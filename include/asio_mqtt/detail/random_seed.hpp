// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <chrono>
#include <cstdint>

namespace asio_mqtt::detail {

/// Differs between the objects of one process, and between processes that start at the same moment.
/// No more is needed to keep the reconnects of clients apart.
inline std::uint64_t random_seed(const void* object) noexcept {
    const auto ticks = std::chrono::system_clock::now().time_since_epoch().count() ^
                       std::chrono::steady_clock::now().time_since_epoch().count();
    return static_cast<std::uint64_t>(ticks) ^ reinterpret_cast<std::uintptr_t>(object);
}

}  // namespace asio_mqtt::detail
