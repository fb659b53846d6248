// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/client_fixture.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio_mqtt/coroutine_handler.hpp>

#include <asio/awaitable.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <functional>
#include <string>

using namespace asio_mqtt;
using test::client_fixture;
using test::manual_clock;
using test::scripted_fixture;
using namespace std::chrono_literals;

TEST_CASE_METHOD(scripted_fixture, "queue: an endless stream to nobody stays within its size") {
    connector.never_connect();
    auto wanted = options();
    wanted.queue_size = 100'000;
    auto c = make(wanted);
    c.async_run(asio::detached);
    int rejected = 0;
    for (int i = 0; i < 2'000; ++i) {
        c.async_publish("t", std::string(1'000, 'x'), static_cast<qos>(i % 3),
                        [&rejected](error_code error, const publish_result&) {
                            if (error == errc::queue_full) ++rejected;
                        });
        if (i % 10 == 0) settle();
    }
    test::outcome<counters> counted;
    c.async_counters(counted.handler());
    settle();
    REQUIRE(counted.succeeded());
    CHECK(counted.result().queued_bytes <= 100'000);
    CHECK(counted.result().queued_messages + static_cast<std::size_t>(rejected) == 2'000);
}

TEST_CASE_METHOD(client_fixture,
                 "queue: who waits for room publishes as fast as the broker takes it") {
    auto wanted = options("c");
    wanted.queue_size = 20'000;
    auto c = make(wanted);
    int published = 0;
    int succeeded = 0;
    const std::function<void(error_code)> publish = [&](error_code error) {
        if (error || published == 1'000) return;
        ++published;
        c.async_publish("t", std::string(1'000, 'x'), qos::exactly_once,
                        [&](error_code failure, const publish_result&) { succeeded += !failure; });
        c.async_wait_for_room(publish);
    };
    publish({});
    settle();
    CHECK(published < 20);  // half of the queue is full
    c.async_run(asio::detached);
    CHECK(pass_time_until([&] { return succeeded == 1'000; }));
}

TEST_CASE_METHOD(scripted_fixture,
                 "queue: waiting for room ends with the client, or when cancelled") {
    auto wanted = options();
    wanted.queue_size = 1'500;
    auto c = std::make_unique<client>(make(wanted));
    c->async_publish("t", std::string(1'000, 'x'), qos::at_most_once, asio::detached);
    test::plain_outcome waited;
    c->async_wait_for_room(waited.handler());
    settle();
    CHECK(waited.calls == 0);
    c.reset();
    settle();
    CHECK(waited.failed_with(asio::error::operation_aborted));
}

TEST_CASE_METHOD(scripted_fixture, "queue: messages expire without a connection") {
    connector.never_connect();
    auto c = make();
    c.async_run(asio::detached);
    test::publish_outcome published;
    c.async_publish("t", "", {.qos = qos::at_least_once, .message_expiry_interval = 60s},
                    published.handler());
    settle();
    manual_clock::advance(59'999ms);
    settle();
    CHECK(published.calls == 0);
    manual_clock::advance(1ms);
    settle();
    CHECK(published.failed_with(errc::message_expired));
}

TEST_CASE_METHOD(scripted_fixture, "counters: what went through a client") {
    auto c = make();
    test::outcome<counters> before, after;
    c.async_counters(before.handler());
    settle();
    CHECK(before.succeeded());
    CHECK(before.result().connections == 0);
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::exactly_once, asio::detached);
    c.async_publish("t", "", qos::at_least_once, asio::detached);
    auto broker = accept_5();
    broker.receive(11 + 8);
    // QoS 2 twice, QoS 0 once; nobody receives them.
    broker.send(
        "90 04 00 01 00 02  34 06 00 01 't' 00 01 00  3C 06 00 01 't' 00 01 00"
        "30 04 00 01 't' 00");
    settle();
    broker.stream().close();
    auto next = accept_5("20 03 01 00 00");
    next.receive(8);
    c.async_counters(after.handler());
    settle();
    const counters& counted = after.result();
    CHECK(counted.connections == 2);
    CHECK(counted.bytes_sent == 26 + 11 + 8 + 26 + 8);
    CHECK(counted.bytes_received == 5 + 6 + 8 + 8 + 6 + 5);
    CHECK(counted.messages_sent == 1);
    CHECK(counted.messages_resent == 1);
    CHECK(counted.messages_received == 2);
    CHECK(counted.duplicates_received == 1);
    CHECK(counted.in_flight_messages == 1);
    CHECK(counted.in_flight_bytes > 0);
    CHECK(counted.queued_messages == 0);
    CHECK(counted.waiting_bytes > 0);
}

TEST_CASE_METHOD(scripted_fixture,
                 "check_connection: connects at once, or asks the broker [immune-58]") {
    auto wanted = options();
    wanted.minimum_reconnect_delay = wanted.maximum_reconnect_delay = 1h;
    auto c = make(wanted);
    c.check_connection();  // it does not run: nothing to do
    settle();
    CHECK(connector.attempts().empty());
    c.async_run(asio::detached);
    accept_5().stream().close();
    settle();
    CHECK(connector.attempts().size() == 1);
    c.check_connection();
    settle();
    CHECK(connector.attempts().size() == 2);
    auto broker = accept_5("20 03 01 00 00");
    c.check_connection();
    CHECK(broker.receive(2) == "C0 00");
    manual_clock::advance(10s);
    CHECK(broker.receive(2) == "E0 01");  // DISCONNECT: no answer to the ping
}

TEST_CASE_METHOD(client_fixture, "queue: all that wait for room find it") {
    auto wanted = options("c");
    wanted.queue_size = 10'000;
    auto c = make(wanted);
    int waited = 0;
    int succeeded = 0;
    int failed = 0;
    const bool is_full_at_first = GENERATE(false, true);
    if (is_full_at_first) {
        c.async_publish("t", std::string(8'000, 'x'), qos::at_least_once, asio::detached);
    }
    for (int i = 0; i < 20; ++i) {
        c.async_wait_for_room([&](error_code error) {
            if (error) return;
            ++waited;
            c.async_publish("t", std::string(1'000, 'x'), qos::at_least_once,
                            [&](error_code failure, const publish_result&) {
                                ++(failure ? failed : succeeded);
                            });
        });
    }
    settle();
    if (is_full_at_first) {
        CHECK(waited == 0);
    } else {
        CHECK(waited >= 4);  // half of the queue
        CHECK(waited < 9);
    }
    CHECK(failed == 0);
    c.async_run(asio::detached);
    CHECK(pass_time_until([&] { return succeeded + failed == 20; }));
    CHECK(succeeded == 20);
    CHECK(failed == 0);
}

TEST_CASE_METHOD(scripted_fixture, "queue: who waits for room again at once holds up nobody") {
    auto c = make();
    int waited = 0;
    bool has_enough = false;
    const std::function<void(error_code)> wait = [&](error_code error) {
        if (error || has_enough || waited == 10'000) return;
        ++waited;
        c.async_wait_for_room(wait);
    };
    wait({});
    io.poll_one();
    asio::post(io, [&] { has_enough = true; });
    settle();
    CHECK(waited < 10'000);
}

TEST_CASE_METHOD(scripted_fixture,
                 "queue: what a loop publishes that waits for room leaves together") {
    auto c = make();
    c.async_run(asio::detached);
    auto broker = accept_5();
    int published = 0;
    const std::function<void(error_code)> publish = [&](error_code error) {
        if (error || published == 200) return;
        ++published;
        c.async_publish("t", "", qos::at_most_once, asio::detached);
        c.async_wait_for_room(publish);
    };
    c.async_wait_for_room(publish);
    io.restart();
    CHECK(io.poll() < 20);  // turns of the event loop, of which each message would take two
    CHECK(published == 200);
    CHECK(broker.receive(200 * 6).size() == 200 * 6 * 3 - 1);
}

TEST_CASE_METHOD(scripted_fixture, "queue: a slow loop does not keep back what it has published") {
    auto c = make();
    c.async_run(asio::detached);
    auto broker = accept_5();
    int published = 0;
    int at_first_byte = 0;
    const std::function<void(error_code)> publish = [&](error_code error) {
        if (error || published == 100) return;
        ++published;
        manual_clock::advance(1ms);  // it takes its time
        c.async_publish("t", "", qos::at_most_once, [&](error_code, const publish_result&) {
            if (at_first_byte == 0) at_first_byte = published;
        });
        c.async_wait_for_room(publish);
    };
    c.async_wait_for_room(publish);
    settle();
    CHECK(published == 100);
    CHECK(at_first_byte < 5);
}

TEST_CASE_METHOD(scripted_fixture, "queue: who waits for room finds none once the client is gone") {
    auto c = std::make_unique<client>(make());
    c->async_run(asio::detached);
    auto broker = accept_5();
    int found = 0;
    int aborted = 0;
    for (int i = 0; i < 5; ++i) {
        c->async_wait_for_room([&](error_code error) {
            ++(error == asio::error::operation_aborted ? aborted : found);
            c.reset();
        });
    }
    settle();
    CHECK(found == 1);
    CHECK(aborted == 4);
}

TEST_CASE_METHOD(scripted_fixture, "queue: room that a new connection's limits make is found") {
    auto wanted = options();
    wanted.queue_size = 2'000;
    auto c = make(wanted);
    test::publish_outcome refused;
    test::plain_outcome waited;
    c.async_publish("t", std::string(1'500, 'x'), qos::at_least_once, refused.handler());
    c.async_wait_for_room(waited.handler());
    settle();
    CHECK(waited.calls == 0);
    c.async_run(asio::detached);
    auto broker = accept_5("20 05 00 00 02 24 00");  // Maximum QoS 0 (3.2.2.3.4)
    settle();
    CHECK(refused.failed_with(errc::qos_not_supported));
    CHECK(waited.succeeded());
}

TEST_CASE(
    "queue: a handler that waits for room and for acknowledgements is not held up by messages "
    "[immune-71]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    client_fixture f{{.receive_maximum = 1}};
    auto wanted = client_fixture::options("c", version);
    wanted.assumed_receive_maximum = 1;
    wanted.queue_size = 3'000;
    wanted.receive_buffer_size = 1;  // full with one message, while the broker sends all of them
    auto c = f.make(wanted);
    c.async_run(asio::detached);
    int handled = 0;
    int failed = 0;
    const auto handle = [&](message) -> asio::awaitable<void> {
        co_await c.async_wait_for_room(asio::use_awaitable);
        // More than half of the queue, behind one that is in flight.
        for (int i = 0; i < 3; ++i) {
            c.async_publish("t", std::string(800, 'x'), qos::at_least_once,
                            [&](error_code error, const publish_result&) { failed += !!error; });
        }
        co_await c.async_wait_for_room(asio::use_awaitable);
        const publish_options options{.qos = qos::exactly_once};
        co_await c.async_publish("t", "", options, asio::use_awaitable);
        ++handled;
    };
    c.async_subscribe("request", qos::exactly_once, coroutine_handler{f.io.get_executor(), handle},
                      asio::detached);
    f.settle();
    for (int i = 0; i < 50; ++i)
        f.broker.publish("request", "", i % 2 == 0 ? qos::at_least_once : qos::exactly_once);
    CHECK(f.pass_time_until([&] { return handled == 50; }));
    CHECK(failed == 0);
}
