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

namespace detail {

/// `span` later than `from`; `never` for a span that reaches beyond the end of the clock.
template <class Rep, class Period>
constexpr time_point after(time_point from, std::chrono::duration<Rep, Period> span) noexcept {
    const auto left = std::chrono::duration_cast<std::chrono::duration<Rep, Period>>(never - from);
    return span < left ? from + span : never;
}

}  // namespace detail

}  // namespace asio_mqtt
