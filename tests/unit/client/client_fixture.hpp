// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client.hpp>
#include <asio_mqtt/testing/manual_clock.hpp>
#include <asio_mqtt/testing/memory_connector.hpp>

#include "unit/client/outcome.hpp"
#include "unit/testing/wire_client.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace test {

namespace mqtt = asio_mqtt;
using namespace std::chrono_literals;
using asio_mqtt::testing::manual_clock;

/// The same waits before an attempt in each run of a test: left to chance, one in 501 of them is
/// nothing, and what a test does in the meantime comes too late.
inline constexpr std::uint64_t reconnect_seed = 1;

/// Runs all that can run now, without letting time pass.
inline void settle(asio::io_context& io) {
    io.restart();
    io.poll();
}

/// Runs the context until `done()`, and moves the manual clock on whenever nothing else happens;
/// returns `done()`.
inline bool pass_time_until(asio::io_context& io, const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
        io.restart();
        if (io.poll() == 0) manual_clock::advance(10ms);
    }
    return done();
}

/// A broker and clients in one thread, without a socket, on the manual clock.
struct client_fixture {
    using client = mqtt::basic_client<mqtt::testing::memory_connector, mqtt::testing::manual_timer>;

    explicit client_fixture(mqtt::testing::broker_options options = {})
        : broker{io.get_executor(), std::move(options)}, connector{broker} {}

    asio::io_context io;
    mqtt::testing::broker broker;
    mqtt::testing::memory_connector connector;

    static mqtt::client_options options(
        const std::string& id, mqtt::protocol_version version = mqtt::protocol_version::v5) {
        return {.brokers = {"mqtt://memory"},
                .version = version,
                .client_id = id,
                .reconnect_seed = reconnect_seed};
    }

    client make(mqtt::client_options with) {
        return {io.get_executor(), std::move(with), connector};
    }
    client make(const std::string& id,
                mqtt::protocol_version version = mqtt::protocol_version::v5) {
        return make(options(id, version));
    }

    void settle() { test::settle(io); }
    bool pass_time_until(const std::function<bool()>& done) {
        return test::pass_time_until(io, done);
    }
};

}  // namespace test
