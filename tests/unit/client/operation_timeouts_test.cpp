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

TEST_CASE_METHOD(scripted_fixture,
                 "time-outs of operations: a time that is over already is refused") {
    auto c = make();
    test::publish_outcome published;
    c.async_publish("t", "", {.timeout = -1s}, published.handler());
    CHECK(pass_time_until([&] { return published.calls != 0; }));
    CHECK(published.failed_with(errc::invalid_operation_timeout));
}

TEST_CASE_METHOD(scripted_fixture, "time-outs of operations: the longest are as good as none") {
    manual_clock::advance(1s);
    const auto longest =
        GENERATE(std::chrono::milliseconds::max(), std::chrono::milliseconds::max() - 1ms,
                 std::chrono::milliseconds::max() / 1'000'000);
    auto c = make();
    test::outcome<message> received;
    test::publish_outcome published;
    test::subscribe_outcome subscribed, unsubscribed;
    c.async_receive(longest, received.handler());
    c.async_publish("t", "", {.qos = qos::at_least_once, .timeout = longest}, published.handler());
    c.async_subscribe("t", {.timeout = longest}, subscribed.handler());
    c.async_unsubscribe("t", {.timeout = longest}, unsubscribed.handler());
    settle();
    manual_clock::advance(1h);
    settle();
    CHECK(received.calls == 0);
    CHECK(published.calls == 0);
    CHECK(subscribed.calls == 0);
    CHECK(unsubscribed.calls == 0);
    c.async_run(asio::detached);
    auto broker = accept_5();
    broker.receive(11 + 8 + 8);
    broker.send("90 04 00 01 00 00  B0 04 00 02 00 00  40 02 00 03  30 04 00 01 't' 00");
    settle();
    CHECK(received.succeeded());
    CHECK(published.succeeded());
    CHECK(subscribed.succeeded());
    CHECK(unsubscribed.succeeded());
}

TEST_CASE_METHOD(scripted_fixture, "time-outs of a client: the longest are as good as none") {
    manual_clock::advance(1s);
    constexpr auto longest = std::chrono::milliseconds::max();
    auto wanted = options();
    wanted.connect_timeout = wanted.connack_timeout = wanted.ping_response_timeout = longest;
    wanted.disconnect_timeout = wanted.stable_period = longest;
    wanted.minimum_reconnect_delay = wanted.maximum_reconnect_delay = longest;
    std::chrono::milliseconds delay{-1};
    int ends = 0;
    wanted.on_connection = [&](const connection_event& event) {
        if (event.what != connection_event::kind::disconnected) return;
        delay = event.delay;
        ++ends;
    };
    auto c = make(wanted);
    const auto wait = [&](manual_clock::duration time) {
        manual_clock::advance(time);
        settle();
    };
    connector.get_stuck();
    test::plain_outcome ran, disconnected;
    c.async_run(ran.handler());
    settle();
    wait(1h);  // connecting
    CHECK(connector.attempts().size() == 1);
    connector.connect_again();
    connector.finish_stuck();
    auto broker = accept();
    broker.receive(26);
    wait(1h);  // for CONNACK
    CHECK(ends == 0);
    broker.send(connack_5);
    settle();
    wait(60s);
    CHECK(broker.receive(2) == "C0 00");
    wait(1h);  // for PINGRESP
    CHECK(ends == 0);
    broker.stream().close();
    settle();
    CHECK(ends == 1);
    CHECK(delay > 0ms);
    wait(1h);  // for the next attempt
    CHECK(connector.attempts().size() == 1);
    c.check_connection();
    auto next = accept_5("20 03 01 00 00");
    c.async_publish("t", "", qos::at_least_once, asio::detached);
    next.receive(8);
    c.async_disconnect(disconnected.handler());
    settle();
    wait(1h);  // for PUBACK
    CHECK(disconnected.calls == 0);
    CHECK(ends == 1);
    CHECK(next.receive(2) == "C0 00");
    next.send("40 02 00 01");
    CHECK(next.receive(2) == "E0 00");
    next.stream().close();
    settle();
    CHECK(disconnected.succeeded());
    CHECK(ran.succeeded());
}
