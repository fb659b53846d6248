// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/bind_executor.hpp>
#include <asio/detached.hpp>

#include <stdexcept>

using namespace asio_mqtt;
using test::manual_clock;
using test::scripted_fixture;

namespace {

struct thrown : std::runtime_error {
    thrown() : std::runtime_error{"by a handler"} {}
};

/// Handlers that throw: io.run() lets the exception out, and goes on when it is called again.
struct exceptions_fixture : scripted_fixture {
    client c = make();
    int throws = 0;

    auto throwing() {
        return [this](error_code, auto&&...) -> void {
            ++throws;
            throw thrown{};
        };
    }

    /// Runs until nothing is left to do; returns how many exceptions came out.
    int settle_with_exceptions() {
        int caught = 0;
        for (;;) {
            try {
                settle();
                return caught;
            } catch (const thrown&) {
                ++caught;
            }
        }
    }
};

}  // namespace

TEST_CASE_METHOD(exceptions_fixture, "exceptions: of handlers that are called at the start") {
    test::publish_outcome published, refused;
    c.async_publish("#", "", qos::at_most_once, throwing());
    c.async_publish("#", "", qos::at_most_once, refused.handler());
    c.async_run(asio::detached);
    c.async_run(throwing());
    c.async_publish("t", "", qos::at_least_once, published.handler());
    c.async_publish("#", "", qos::at_most_once, throwing());
    CHECK(settle_with_exceptions() == 3);
    CHECK(refused.failed_with(errc::invalid_topic_name));
    auto broker = accept_5();
    CHECK(broker.receive(8).starts_with("32 06"));
    broker.send("40 02 00 01");
    settle();
    CHECK(published.succeeded());
}

TEST_CASE_METHOD(exceptions_fixture, "exceptions: of completion handlers") {
    test::publish_outcome published[3];
    c.async_run(asio::detached);
    auto broker = accept_5();
    for (int i = 0; i < 3; ++i) {
        c.async_publish("t", "", static_cast<qos>(i), throwing());
        c.async_publish("t", "", static_cast<qos>(i), published[i].handler());
    }
    CHECK(settle_with_exceptions() == 1);  // at QoS 0
    CHECK(broker.receive(2 * 6 + 4 * 8).starts_with("30 04"));
    const auto acks = test::hex(
        "40 02 00 01  40 02 00 02  50 02 00 03  50 02 00 04"
        "70 02 00 03  70 02 00 04");
    broker.stream().async_write_some(asio::buffer(acks), asio::detached);
    CHECK(settle_with_exceptions() == 2);
    for (const auto& each : published)
        CHECK(each.succeeded());
    CHECK(connector.attempts().size() == 1);
}

TEST_CASE_METHOD(exceptions_fixture,
                 "exceptions: of message handlers, the message is acknowledged") {
    c.async_run(asio::detached);
    const bool has_executor = GENERATE(false, true);
    const auto handler = [this](const message_view&) {
        if (++throws == 1) throw thrown{};
    };
    if (has_executor) {
        c.async_subscribe("t", qos::at_least_once, asio::bind_executor(io.get_executor(), handler),
                          asio::detached);
    } else {
        c.async_subscribe("t", qos::at_least_once, handler, asio::detached);
    }
    auto broker = accept_5();
    broker.receive(11);
    broker.send("90 04 00 01 00 01");
    const auto bytes = test::hex("32 06 00 01 't' 00 01 00  32 06 00 01 't' 00 02 00");
    broker.stream().async_write_some(asio::buffer(bytes), asio::detached);
    CHECK(settle_with_exceptions() == 1);
    CHECK(throws == 2);
    CHECK(broker.receive(8) == "40 02 00 01 40 02 00 02");
}

TEST_CASE_METHOD(exceptions_fixture, "exceptions: of handlers that are called at the end") {
    test::publish_outcome published;
    test::outcome<message> received;
    test::plain_outcome disconnected, after;
    c.async_publish("t", "", qos::at_least_once, throwing());
    c.async_publish("t", "", qos::at_least_once, published.handler());
    c.async_receive(throwing());
    c.async_receive(received.handler());
    c.async_run(throwing());
    settle();
    error_code expected = asio::error::operation_aborted;
    SECTION("by async_disconnect()") {
        c.async_disconnect(throwing());
        c.async_disconnect(disconnected.handler());
        CHECK(settle_with_exceptions() == 4);
        CHECK(disconnected.succeeded());
    }
    SECTION("by destruction") {
        { auto gone = std::move(c); }
        CHECK(settle_with_exceptions() == 3);
        CHECK(published.failed_with(expected));
        CHECK(received.failed_with(expected));
        return;
    }
    SECTION("by a refusal") {
        auto broker = accept();
        broker.receive(26);
        const auto bytes = test::hex("20 03 00 87 00");
        broker.stream().async_write_some(asio::buffer(bytes), asio::detached);
        CHECK(settle_with_exceptions() == 3);
        expected = reason_code::not_authorized;
    }
    CHECK(published.failed_with(expected));
    CHECK(received.failed_with(expected));
    // The client is as good as new.
    connector.peers().clear();
    c.async_run(after.handler());
    auto broker = accept_5();
    CHECK(after.calls == 0);
}

TEST_CASE_METHOD(exceptions_fixture, "exceptions: at the end, when connecting failed for good") {
    asio::io_context tcp;
    asio_mqtt::client other{tcp, {.brokers = {"no-scheme-of-tcp://127.0.0.1"}}};
    test::publish_outcome published;
    other.async_publish("t", "", qos::at_least_once, throwing());
    other.async_publish("t", "", qos::at_least_once, published.handler());
    other.async_run(throwing());
    int caught = 0;
    while (published.calls == 0 || throws < 2) {
        try {
            tcp.restart();
            if (tcp.run_for(std::chrono::seconds{10}) == 0) break;
        } catch (const thrown&) {
            ++caught;
        }
    }
    CHECK(caught == 2);
    CHECK(throws == 2);
    CHECK(published.failed_with(errc::invalid_broker_address));
}

TEST_CASE_METHOD(exceptions_fixture, "exceptions: at the end, when a time-out made it") {
    test::publish_outcome published;
    c.async_run(throwing());
    auto broker = accept_5();
    c.async_publish("t", std::string(1'000'000, 'x'), qos::at_most_once, asio::detached);
    c.async_publish("t", "", qos::at_least_once, throwing());
    c.async_publish("t", "", qos::at_least_once, published.handler());
    c.async_disconnect(asio::detached);
    settle();
    manual_clock::advance(std::chrono::seconds{5});
    settle();
    manual_clock::advance(std::chrono::seconds{5});
    CHECK(settle_with_exceptions() == 2);
    CHECK(throws == 2);
    CHECK(published.failed_with(asio::error::operation_aborted));
}
