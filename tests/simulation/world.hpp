// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/testing/manual_clock.hpp>

#include "simulation/random.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace simulation {

namespace mqtt = asio_mqtt;
using mqtt::testing::manual_clock;
using mqtt::testing::manual_timer;
using namespace std::chrono_literals;

/// What a handler of a schedule throws.
struct thrown_by_handler {};

/// What a seed decides for the whole of a schedule.
struct conditions {
    explicit conditions(random& from)
        : version{from.chance(50) ? mqtt::protocol_version::v5 : mqtt::protocol_version::v3_1_1},
          loses_sessions{from.chance(25)},
          falls_back{is_v5() && from.chance(15)},
          changes_limits{is_v5() && !falls_back && from.chance(30)},
          sends_garbage{from.chance(20)},
          handlers_throw{from.chance(15)},
          has_other_brokers{from.chance(25)},
          broker_maximum{from.pick<std::uint16_t>({1, 2, 5, 65'535})},
          assumed_maximum{from.pick<std::uint16_t>({1, 2, 5, 20})},
          queue_size{from.chance(50) ? 67'108'864 : 300 + from.below(5'000)},
          in_flight_size{from.chance(50) ? 67'108'864 : 100 + from.below(3'000)},
          receive_buffer_size{from.chance(50) ? 16'777'216 : 100 + from.below(2'000)},
          diligence{from.chance(50) ? 0U : 30U},
          carelessness{from.chance(70) ? 0U : 10U} {}

    bool is_v5() const noexcept { return version == mqtt::protocol_version::v5; }
    bool has_small_queue() const noexcept { return queue_size < 67'108'864; }

    const mqtt::protocol_version version;
    const bool loses_sessions;           ///< The broker, now and then.
    const bool falls_back;               ///< The broker knows 5.0 only at times.
    const bool changes_limits;           ///< The broker, from one connection to another.
    const bool sends_garbage;            ///< The broker, now and then.
    const bool handlers_throw;           ///< Now and then.
    const bool has_other_brokers;        ///< Of which one is not there, and one leads to the first.
    const std::uint16_t broker_maximum;  ///< Receive Maximum.
    const std::uint16_t assumed_maximum;  ///< The same for 3.1.1.
    const std::size_t queue_size;
    const std::size_t in_flight_size;
    const std::size_t receive_buffer_size;
    const std::uint32_t maximum_packet_size = 1'000;
    const unsigned diligence;     ///< Percent of the messages that wait to be acknowledged by hand,
                                  ///< in each step.
    const unsigned carelessness;  ///< Percent of these that are given up instead.
};

/// What the parts of a schedule share.
struct world {
    explicit world(std::uint64_t seed) : chance{seed}, given{chance} {}

    random chance;
    const conditions given;
    asio::io_context io;
    bool is_calm = true;
    std::string verdict;  ///< What went wrong first; empty when nothing did.

    void fail(const std::string& text) {
        if (verdict.empty()) verdict = text;
    }
    /// In a handler, at its end.
    void maybe_throw() {
        if (given.handlers_throw && !is_calm && chance.chance(5)) throw thrown_by_handler{};
    }

    // --- Time

    /// Runs up to so many handlers.
    void poll(std::uint64_t count) {
        io.restart();
        for (std::uint64_t i = 0; i < count && poll_one(); ++i) {
        }
    }
    /// Runs all that can run now.
    void settle() {
        io.restart();
        for (int i = 0; i < 200'000; ++i) {
            if (!poll_one()) return;
        }
        fail("it never comes to rest");
    }

private:
    bool poll_one() {
        try {
            return io.poll_one() != 0;
        } catch (const thrown_by_handler&) {
            return true;
        }
    }
};

}  // namespace simulation
