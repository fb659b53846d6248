// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// What the drivers of libraries with threads of their own share: all after the start happens in the
// library's callbacks, each completion starting the next message.

#pragma once

#include "driver.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>

namespace bench {

class callback_driver {
public:
    explicit callback_driver(const task& given)
        : task_{given}, times_{given.what == "ping" ? given.count : 0} {}
    callback_driver(const callback_driver&) = delete;
    callback_driver& operator=(const callback_driver&) = delete;

    void wait() { has_ended_.get_future().wait(); }

protected:
    ~callback_driver() = default;

    /// Publishes the message of the task.
    virtual void publish() = 0;
    /// Publishes an empty message at QoS 1. At QoS 0 it tells that the broker has read all before.
    virtual void publish_last() = 0;

    void start_receiving() { watch_.start(); }
    void start_publishing() {
        watch_.start();
        for (std::uint32_t i = 0; i < task_.window; ++i)
            publish_next();
    }
    /// QoS 0: there and back again; else until the acknowledgement.
    void ping() {
        times_.sent();
        publish();
    }

    void published() {
        if (task_.what == "ping" && task_.qos != 0) return answered();
        if (task_.what != "publish") return;
        publish_next();
        const std::uint64_t done = done_.fetch_add(1) + 1;
        if (done == task_.count) publish_last();
        if (done == task_.count + 1) end();
    }

    void received(std::size_t size) {
        if (size != task_.size) fail("a wrong message");
        if (task_.what == "ping") return answered();
        if (task_.what == "relay") publish_next();
        if (++received_ == task_.count) end();
    }

    const task& task_;

private:
    void publish_next() {
        if (started_.fetch_add(1) < task_.count) publish();
    }
    void answered() {
        times_.answered();
        if (times_.count() < task_.count) return ping();
        times_.print();
        has_ended_.set_value();
    }
    void end() {
        watch_.stop(task_.count);
        has_ended_.set_value();
    }

    // The first window and what follows may be published by different threads, and completions come
    // from several.
    std::atomic<std::uint64_t> started_{0};
    std::atomic<std::uint64_t> done_{0};
    std::uint64_t received_ = 0;
    stopwatch watch_;
    round_trips times_;
    std::promise<void> has_ended_;
};

}  // namespace bench
