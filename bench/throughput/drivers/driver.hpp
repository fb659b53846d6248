// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// What all drivers share: the task on their command line, and the line of figures that they print.

#pragma once

#include "../../processor_time.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace bench {

/// DRIVER publish|receive|ping|relay PORT VERSION QOS COUNT WINDOW SIZE [VARIANT]
///
/// All but `ping` keep WINDOW messages going. `relay` publishes to a topic to which it has
/// subscribed: a message is done when it has come back.
struct task {
    std::string what;
    std::uint16_t port = 0;
    unsigned version = 5;  // 4 is 3.1.1, as on the wire
    unsigned qos = 0;
    std::uint64_t count = 0;
    std::uint32_t window = 1;
    std::size_t size = 16;
    std::string variant;

    /// See ideal_broker.cpp.
    std::string client_id() const {
        if (what != "receive") return "driver-" + std::to_string(port);
        const bool has_many_topics = variant == "topics" || variant == "subscriptions";
        return (has_many_topics ? "sources-" : "source-") + std::to_string(qos) + '-' +
               std::to_string(count) + '-' + std::to_string(window) + '-' + std::to_string(size);
    }
};

inline task read_task(int argc, char** argv) {
    if (argc < 8) {
        std::fprintf(stderr,
                     "Usage: %s publish|receive|ping|relay PORT VERSION QOS COUNT WINDOW SIZE "
                     "[VARIANT]\n",
                     argv[0]);
        std::exit(2);
    }
    const auto number = [&](int at) { return std::strtoull(argv[at], nullptr, 10); };
    task given;
    given.what = argv[1];
    given.port = static_cast<std::uint16_t>(number(2));
    given.version = static_cast<unsigned>(number(3));
    given.qos = static_cast<unsigned>(number(4));
    given.count = number(5);
    given.window = static_cast<std::uint32_t>(number(6));
    given.size = number(7);
    if (argc > 8) given.variant = argv[8];
    return given;
}

[[noreturn]] inline void fail(const char* why) {
    std::fprintf(stderr, "driver: %s\n", why);
    std::exit(1);
}

/// Wall time, and the processor time of this process, from start() to stop().
class stopwatch {
public:
    void start() {
        cpu_ = cpu_seconds();
        wall_ = std::chrono::steady_clock::now();
    }
    /// Prints them, for so many messages.
    void stop(std::uint64_t count) {
        const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
        std::printf("{\"count\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n",
                    static_cast<unsigned long long>(count), wall.count(), cpu_seconds() - cpu_);
    }

private:
    std::chrono::steady_clock::time_point wall_;
    double cpu_ = 0;
};

/// The times of round trips, one after the other.
class round_trips {
public:
    explicit round_trips(std::uint64_t count) { times_.reserve(count); }
    void sent() { sent_ = std::chrono::steady_clock::now(); }
    void answered() { times_.push_back(std::chrono::steady_clock::now() - sent_); }
    std::uint64_t count() const { return times_.size(); }
    void print() {
        std::sort(times_.begin(), times_.end());
        const auto microseconds = [&](double part) {
            const auto at = static_cast<std::size_t>(part * static_cast<double>(times_.size()));
            return std::chrono::duration<double, std::micro>(times_[at]).count();
        };
        std::printf("{\"count\": %zu, \"p50_us\": %.2f, \"p99_us\": %.2f}\n", times_.size(),
                    microseconds(0.50), microseconds(0.99));
    }

private:
    std::chrono::steady_clock::time_point sent_;
    std::vector<std::chrono::steady_clock::duration> times_;
};

}  // namespace bench
