// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <chrono>

namespace asio_mqtt {

/// An instant on the monotonic clock of whoever drives a session, which reads no clock of its own.
/// With another clock than steady_clock, convert by time_since_epoch().
using time_point = std::chrono::steady_clock::time_point;

/// The deadline that never comes.
inline constexpr time_point never = time_point::max();

}  // namespace asio_mqtt
