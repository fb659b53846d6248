// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

using namespace asio_mqtt;
using namespace std::chrono_literals;
using test::scripted_fixture;

namespace {

std::atomic<long> wall_clock_offset{0};  // seconds

}  // namespace

/// Goes before that of the C library, so that a test can set the wall clock without harm to others.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
    const long result = ::syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec += wall_clock_offset;
    return static_cast<int>(result);
}

TEST_CASE_METHOD(scripted_fixture, "wall clock: nothing happens when it is set [immune-57]") {
    using wall_clock = std::chrono::system_clock;
    const long jump = GENERATE(3'600, -3'600, 10 * 365 * 24 * 3'600);
    const auto set_wall_clock = [this](long offset) {
        const auto before = wall_clock::now();
        wall_clock_offset += offset;
        const auto difference = wall_clock::now() - before - std::chrono::seconds{offset};
        REQUIRE(difference > -60s);
        REQUIRE(difference < 60s);
        // A timer that ends makes the context look at all of them.
        asio::steady_timer look{io, 1ms};
        bool has_looked = false;
        look.async_wait([&](error_code) { has_looked = true; });
        REQUIRE(test::run_until(io, [&] { return has_looked; }));
        settle();
    };
    struct restore {
        ~restore() { wall_clock_offset = 0; }
    } restored;

    // With the timer that users have, not with the manual clock of other tests.
    basic_client<test::scripted_connector> c{io.get_executor(), options(), connector};
    test::plain_outcome ran;
    test::publish_outcome published;
    connector.get_stuck();
    c.async_run(ran.handler());
    settle();
    set_wall_clock(jump);  // connecting
    CHECK(connector.attempts().size() == 1);
    connector.finish_stuck();
    auto broker = accept();
    CHECK(broker.receive(26) == connect_5);
    set_wall_clock(jump);  // waiting for the CONNACK
    broker.send(connack_5);
    settle();
    set_wall_clock(jump);  // idle, with a ping to come
    c.async_publish("t", "", qos::at_least_once, published.handler());
    CHECK(broker.receive(8) == test::to_hex(test::hex("32 06 00 01 't' 00 01 00")));
    set_wall_clock(-jump);  // waiting for the PUBACK
    broker.send("40 02 00 01");
    settle();
    CHECK(published.succeeded());
    c.async_publish("t", "", qos::at_most_once, asio::detached);
    CHECK(broker.receive(6) == test::to_hex(test::hex("30 04 00 01 't' 00")));
    CHECK(connector.attempts().size() == 1);
    CHECK(ran.calls == 0);
}
