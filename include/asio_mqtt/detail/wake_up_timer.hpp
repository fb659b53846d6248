// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/time_point.hpp>

#include <utility>

namespace asio_mqtt::detail {

/// An Asio timer that is set for the earliest of many deadlines.
///
/// Deadlines move with every packet. So the timer is set anew only for one that is earlier than
/// what it is set for; when it fires too early for the others, it is set again.
template <class Timer>
class wake_up_timer {
public:
    template <class Executor>
    explicit wake_up_timer(const Executor& executor) : timer_{executor} {}

    static time_point now() { return time_point{Timer::clock_type::now().time_since_epoch()}; }

    /// Calls `handler(error_code)` at `due`, or earlier; call fired() first when there is no error.
    template <class Handler>
    void set(time_point due, Handler&& handler) {
        if (due >= set_for_) return;
        set_for_ = due;
        timer_.expires_at(typename Timer::time_point{due.time_since_epoch()});
        timer_.async_wait(std::forward<Handler>(handler));
    }
    void fired() noexcept { set_for_ = never; }

    void cancel() {
        set_for_ = never;
        timer_.cancel();
    }

private:
    Timer timer_;
    time_point set_for_ = never;
};

}  // namespace asio_mqtt::detail
