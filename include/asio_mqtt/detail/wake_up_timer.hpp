// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/transport.hpp>
#include <asio_mqtt/session/time_point.hpp>

namespace asio_mqtt::detail {

/// The timer of a client, which is set for the earliest of many deadlines.
///
/// Deadlines move with every packet. So the timer is set anew only for one that is earlier than
/// what it is set for; when it fires too early for the others, it is set again.
class wake_up_timer {
public:
    explicit wake_up_timer(transport& transport) noexcept : transport_{transport} {}

    /// Calls `target.io_ended(io_event::timer, ...)` at `due`, or earlier; call fired() first when
    /// there is no error.
    void set(time_point due, io_target& target) {
        if (due >= set_for_) return;
        set_for_ = never;  // if it throws, the wait before is gone, too
        transport_.wait_until(due, target.when(io_event::timer));
        set_for_ = due;
    }
    void fired() noexcept { set_for_ = never; }

    void cancel() {
        set_for_ = never;
        transport_.cancel_wait();
    }

private:
    transport& transport_;
    time_point set_for_ = never;
};

}  // namespace asio_mqtt::detail
