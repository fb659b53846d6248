// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/detached.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace asio_mqtt;
using test::manual_clock;
using test::scripted_fixture;
using namespace std::chrono_literals;

namespace {

/// A client that tells the test what becomes of its connection.
struct events_fixture : scripted_fixture {
    std::vector<std::string> events;
    std::chrono::milliseconds delay{};

    client make_telling(client_options wanted = options()) {
        wanted.on_connection = [this](const connection_event& event) { tell(event); };
        return make(std::move(wanted));
    }
    std::vector<std::string> take() { return std::exchange(events, {}); }

private:
    static std::string because(const connection_event& event) {
        return (event.reason_string.empty() ? "" : " because ") + std::string{event.reason_string};
    }
    void tell(const connection_event& event) {
        using kind = connection_event::kind;
        const std::string attempt =
            ' ' + std::string{event.broker} + " #" + std::to_string(event.attempt);
        switch (event.what) {
            case kind::connecting: events.push_back("connecting" + attempt); break;
            case kind::connected:
                events.push_back("connected" + attempt +
                                 (event.connack->session_present ? ", resumed" : ""));
                break;
            case kind::disconnected:
                delay = event.delay;
                events.push_back("disconnected" + attempt + ": " + event.error.message() +
                                 because(event));
                break;
            case kind::subscription_lost:
                events.push_back("lost " + std::string{event.filter} + ": " +
                                 event.error.message());
                break;
            case kind::stopped:
                events.push_back("stopped: " + event.error.message() + because(event));
                break;
        }
    }
};

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE_METHOD(events_fixture, "connection events: the whole life") {
    auto wanted = options();
    wanted.brokers = {"mqtt://a", "mqtt://b"};
    wanted.minimum_reconnect_delay = wanted.maximum_reconnect_delay = 1h;
    auto c = make_telling(wanted);
    c.async_run(asio::detached);
    auto broker = accept();
    broker.receive(26);
    CHECK(take() == texts{"connecting mqtt://a #1"});
    // CONNACK: Server busy, with a Reason String (3.2.2.3.9).
    broker.send("20 09 00 89 06 1F 00 03 'why'");
    broker.stream().close();
    settle();
    CHECK(take() == texts{"disconnected mqtt://a #1: Server busy because why"});
    CHECK(delay > 0ms);
    CHECK(delay <= 1h);
    manual_clock::advance(delay - 1ms);
    settle();
    CHECK(events.empty());
    manual_clock::advance(1ms);
    settle();
    CHECK(take() == texts{"connecting mqtt://b #2"});
    auto next = accept_5();
    CHECK(take() == texts{"connected mqtt://b #2"});
    // DISCONNECT: Server shutting down, with a Reason String (3.14.2.2.3).
    next.send("E0 08 8B 06 1F 00 03 'bye'");
    next.stream().close();
    settle();
    CHECK(take() == texts{"disconnected mqtt://b #2: Server shutting down because bye"});
    manual_clock::advance(delay);
    auto last = accept_5("20 03 01 00 00");
    CHECK(take() == texts{"connecting mqtt://a #3", "connected mqtt://a #3, resumed"});
    c.async_disconnect(asio::detached);
    last.receive(2);
    last.stream().close();
    settle();
    CHECK(take() == texts{"stopped: Success"});
}

TEST_CASE_METHOD(events_fixture, "connection events: a refusal that ends async_run()") {
    auto c = make_telling();
    c.async_run(asio::detached);
    auto broker = accept_5("20 03 00 87 00");
    broker.stream().close();
    settle();
    CHECK(take() == texts{"connecting mqtt://a #1", "stopped: Not authorized"});
}

TEST_CASE_METHOD(events_fixture, "connection events: a subscription that is not made again") {
    auto c = make_telling();
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_most_once, asio::detached);
    auto broker = accept_5();
    broker.send("90 04 00 01 00 00");
    settle();
    broker.stream().close();
    auto next = accept_5();
    take();
    next.send("90 04 00 02 00 87");
    settle();
    CHECK(take() == texts{"lost t: Not authorized"});
}

TEST_CASE_METHOD(events_fixture, "connection events: none after the client is destroyed") {
    auto c = std::make_unique<client>(make_telling());
    c->async_run(asio::detached);
    SECTION("while it connects") {
        settle();
    }
    SECTION("while it is connected") {
        accept_5();
    }
    SECTION("while it is losing the connection") {
        accept_5().stream().close();
    }
    SECTION("while it waits") {
        accept_5().stream().close();
        settle();
    }
    take();
    c.reset();
    settle();
    manual_clock::advance(1h);
    settle();
    CHECK(take().empty());
}

TEST_CASE_METHOD(events_fixture, "connection events: the handler may use and destroy the client") {
    std::unique_ptr<client> c;
    auto wanted = options();
    test::publish_outcome published;
    wanted.on_connection = [&](const connection_event& event) {
        if (event.what == connection_event::kind::connected) {
            c->async_publish("t", "", qos::at_least_once, published.handler());
        } else if (event.what == connection_event::kind::disconnected) {
            c.reset();
        }
    };
    c = std::make_unique<client>(make(wanted));
    test::plain_outcome ran;
    c->async_run(ran.handler());
    auto broker = accept_5();
    CHECK(broker.receive(8) == test::to_hex(test::hex("32 06 00 01 't' 00 01 00")));
    broker.stream().close();
    settle();
    CHECK(c == nullptr);
    CHECK(ran.failed_with(asio::error::operation_aborted));
    CHECK(published.failed_with(asio::error::operation_aborted));
}

TEST_CASE_METHOD(events_fixture, "reconnect policy: decides whether and when") {
    auto wanted = options();
    wanted.reconnect_policy = [](reconnect_plan& plan) {
        plan.try_again = plan.attempt < 3;
        plan.delay = 7s;
    };
    auto c = make_telling(wanted);
    test::plain_outcome ran;
    c.async_run(ran.handler());
    for (int attempt = 1; attempt <= 3; ++attempt) {
        // What would end async_run() otherwise.
        accept_5("20 03 00 87 00").stream().close();
        settle();
        CHECK(delay == 7s);
        manual_clock::advance(7s);
        settle();
    }
    CHECK(ran.failed_with(reason_code::not_authorized));
}

TEST_CASE_METHOD(events_fixture, "connection events: the end tells what the broker said about it") {
    auto wanted = options();
    const bool is_by_policy = GENERATE(false, true);
    if (is_by_policy) {
        wanted.reconnect_policy = [](reconnect_plan& plan) { plan.try_again = false; };
    }
    auto c = make_telling(wanted);
    c.async_run(asio::detached);
    SECTION("in its CONNACK") {
        // Not authorized, with a Reason String (3.2.2.3.9).
        auto broker = accept_5("20 09 00 87 06 1F 00 03 'why'");
        broker.stream().close();
        settle();
        CHECK(take() == texts{"connecting mqtt://a #1", "stopped: Not authorized because why"});
    }
    SECTION("in its DISCONNECT") {
        auto broker = accept_5();
        take();
        broker.send("E0 08 8E 06 1F 00 03 'bye'");  // Session taken over (3.14.2.2.3)
        broker.stream().close();
        settle();
        CHECK(take() == texts{"stopped: Session taken over because bye"});
    }
    // The next run has nothing of it.
    c.async_run(asio::detached);
    auto broker = accept_5();
    take();
    c.async_disconnect(asio::detached);
    broker.receive(2);
    broker.stream().close();
    settle();
    CHECK(take() == texts{"stopped: Success"});
}

TEST_CASE_METHOD(events_fixture, "connection events: each tells the version of its attempt") {
    auto wanted = options();
    wanted.fall_back_to_v3_1_1 = true;
    std::vector<protocol_version> versions;
    wanted.on_connection = [&](const connection_event& event) {
        versions.push_back(event.version);
    };
    auto c = make(wanted);
    c.async_run(asio::detached);
    constexpr auto v3 = protocol_version::v3_1_1;
    constexpr auto v5 = protocol_version::v5;
    auto broker = accept_5("20 03 00 84 00");  // Unsupported Protocol Version
    broker.stream().close();
    auto next = accept_3();
    // connecting, disconnected; connecting, connected
    CHECK(versions == std::vector{v5, v5, v3, v3});
    versions.clear();
    next.stream().close();
    settle();
    CHECK(versions == std::vector{v3});
}
