// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio/basic_waitable_timer.hpp>
#include <asio/wait_traits.hpp>

#include <atomic>
#include <chrono>

namespace asio_mqtt::testing {

/// A clock that stands still until a test moves it, so that hours cost nothing. The whole program
/// shares one, and all threads may use it.
///
/// Timers notice that it moved when their execution context is polled or run next. A context that
/// is run while a manual_timer waits does not sleep: it looks at the clock again and again.
class manual_clock {
public:
    using duration = std::chrono::steady_clock::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<manual_clock>;
    static constexpr bool is_steady = true;

    static time_point now() noexcept { return time_point{duration{now_.load()}}; }
    static void advance(duration by) noexcept { now_ += by.count(); }

private:
    static inline std::atomic<rep> now_{0};
};

/// For `basic_client<Connector, manual_timer>`.
using manual_timer = asio::basic_waitable_timer<manual_clock>;

}  // namespace asio_mqtt::testing

/// How long Asio may sleep before it looks at the clock again: not at all.
template <>
struct asio::wait_traits<asio_mqtt::testing::manual_clock> {
    using clock = asio_mqtt::testing::manual_clock;
    static clock::duration to_wait_duration(const clock::duration&) { return {}; }
    static clock::duration to_wait_duration(const clock::time_point&) { return {}; }
};
