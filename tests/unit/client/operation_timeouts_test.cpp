// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/detached.hpp>

#include <string>

using namespace asio_mqtt;
using test::manual_clock;
using test::scripted_fixture;
using namespace std::chrono_literals;

TEST_CASE_METHOD(scripted_fixture, "time-outs of operations: touch that operation only") {
    auto c = make();
    test::publish_outcome short_, long_, none;
    test::subscribe_outcome subscribed, unsubscribed;
    test::outcome<message> received;
    const auto expired = [this](const auto& one, std::chrono::milliseconds at) {
        manual_clock::advance(at - 1ms);
        settle();
        CHECK(one.calls == 0);
        manual_clock::advance(1ms);
        settle();
        CHECK(one.failed_with(errc::operation_timeout));
    };
    c.async_publish("1", "", {.qos = qos::at_least_once, .timeout = 9s}, long_.handler());
    c.async_publish("2", "", {.qos = qos::at_least_once, .timeout = 2s}, short_.handler());
    c.async_publish("3", "", qos::at_least_once, none.handler());
    c.async_subscribe("t", {.timeout = 3s}, subscribed.handler());
    c.async_unsubscribe("t", {.timeout = 4s}, unsubscribed.handler());
    c.async_receive(5s, received.handler());
    settle();
    expired(short_, 2s);  // also while there is no connection, and no async_run()
    expired(subscribed, 1s);
    expired(unsubscribed, 1s);
    expired(received, 1s);
    c.async_run(asio::detached);
    auto broker = accept_5();
    // What expired was not sent.
    CHECK(broker.receive(16) ==
          test::to_hex(test::hex("32 06 00 01 '1' 00 01 00  32 06 00 01 '3' 00 02 00")));
    expired(long_, 4s);
    // Its identifier is taken until the broker has answered [MQTT-2.2.1-3].
    c.async_publish("4", "", qos::at_least_once, asio::detached);
    CHECK(broker.receive(8) == test::to_hex(test::hex("32 06 00 01 '4' 00 03 00")));
    broker.send("40 02 00 01  40 02 00 02");
    settle();
    CHECK(none.succeeded());
    CHECK(long_.calls == 1);
}

TEST_CASE_METHOD(scripted_fixture, "time-outs of operations: one that completes in time") {
    auto c = make();
    c.async_run(asio::detached);
    test::publish_outcome published;
    c.async_publish("t", "", {.qos = qos::at_least_once, .timeout = 2s}, published.handler());
    auto broker = accept_5();
    broker.receive(8);
    broker.send("40 02 00 01");
    settle();
    CHECK(published.succeeded());
    manual_clock::advance(1h);
    settle();
    CHECK(published.calls == 1);
}

TEST_CASE_METHOD(scripted_fixture, "time-outs of operations: a time that is over already") {
    auto c = make();
    test::publish_outcome published;
    c.async_publish("t", "", {.timeout = -1s}, published.handler());
    CHECK(pass_time_until([&] { return published.calls != 0; }));
    CHECK(published.failed_with(errc::operation_timeout));
}
