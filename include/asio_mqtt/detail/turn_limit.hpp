// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/time_point.hpp>

#include <algorithm>
#include <chrono>

namespace asio_mqtt::detail {

/// Keeps handlers that go on and on from holding up writes, and whoever else waits for the thread:
/// they have as many turns as one read brings small messages, and not for long.
class turn_limit {
public:
    /// Another turn has ended.
    bool is_reached(time_point now) noexcept {
        until_ = std::min(until_, now + std::chrono::milliseconds{1});
        return --turns_ == 0 || now >= until_;
    }

private:
    int turns_ = 2'048;
    time_point until_ = never;
};

}  // namespace asio_mqtt::detail
