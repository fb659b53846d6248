// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio_mqtt/coroutine_handler.hpp>

#include <asio/bind_executor.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace asio_mqtt;
using test::scripted_fixture;

namespace {

/// A client with a subscription for "t", whose messages are acknowledged later.
struct acknowledgement_fixture : scripted_fixture {
    client c = make();
    std::vector<std::string> received;
    std::vector<manual_acknowledgement> pending;

    auto by_hand() {
        return [this](const message_view& message, manual_acknowledgement acknowledgement) {
            received.emplace_back(message.payload);
            pending.push_back(std::move(acknowledgement));
        };
    }
    template <class Handler>
    peer subscribe(Handler handler) {
        c.async_run(asio::detached);
        c.async_subscribe("t", qos::exactly_once, std::move(handler), asio::detached);
        auto broker = accept_5();
        broker.receive(11);
        broker.send("90 04 00 01 00 02");
        return broker;
    }
    /// Nothing was written: the answer to a PUBREL for an unknown identifier is next (3.6).
    static bool is_silent(peer& broker) {
        broker.send("62 02 00 09");
        return broker.receive(5) == "70 03 00 09 92";
    }
};

constexpr const char* two_messages = "32 07 00 01 't' 00 05 00 'a'  34 07 00 01 't' 00 06 00 'b'";

}  // namespace

TEST_CASE_METHOD(acknowledgement_fixture, "acknowledging by hand: in any order, in any thread") {
    auto broker = subscribe(by_hand());
    broker.send(two_messages);
    settle();
    REQUIRE(received == std::vector<std::string>{"a", "b"});
    CHECK(is_silent(broker));
    std::thread{[this] { pending[1].acknowledge(); }}.join();
    settle();
    CHECK(is_silent(broker));  // [MQTT-4.6.0-2] the first message comes first
    pending[0].acknowledge();
    pending[0].acknowledge();  // once is enough
    CHECK(broker.receive(8) == "40 02 00 05 50 02 00 06");
}

TEST_CASE_METHOD(acknowledgement_fixture, "acknowledging by hand: within the handler") {
    auto broker = subscribe([](const message_view&, manual_acknowledgement acknowledgement) {
        acknowledgement.acknowledge();
    });
    broker.send(two_messages);
    CHECK(broker.receive(8) == "40 02 00 05 50 02 00 06");
}

TEST_CASE_METHOD(acknowledgement_fixture,
                 "acknowledging by hand: not at all, and the message comes again") {
    auto broker = subscribe(by_hand());
    broker.send(two_messages);
    settle();
    pending.clear();
    settle();
    CHECK(is_silent(broker));
    broker.stream().close();
    auto next = accept_5("20 03 01 00 00");
    next.send("3A 07 00 01 't' 00 05 00 'a'");
    settle();
    CHECK(received == std::vector<std::string>{"a", "b", "a"});
}

TEST_CASE_METHOD(acknowledgement_fixture,
                 "acknowledging by hand: never on a later connection [immune-43]") {
    auto broker = subscribe(by_hand());
    broker.send(two_messages);
    settle();
    broker.stream().close();
    auto next = accept_5("20 03 01 00 00");
    for (manual_acknowledgement& each : pending)
        each.acknowledge();
    settle();
    CHECK(is_silent(next));
    // (4.3.3) The message at QoS 2 was taken over: its copy is answered, and not delivered.
    next.send("3C 07 00 01 't' 00 06 00 'b'");
    CHECK(next.receive(4) == "50 02 00 06");
    CHECK(received.size() == 2);
}

TEST_CASE_METHOD(acknowledgement_fixture, "acknowledging by hand: after the client is gone") {
    {
        client gone = std::move(c);
        c = make();
        std::swap(gone, c);
        auto broker = subscribe(by_hand());
        broker.send(two_messages);
        settle();
        c = make();
    }
    settle();
    for (manual_acknowledgement& each : pending)
        each.acknowledge();
    settle();
    CHECK(received.size() == 2);
}

TEST_CASE_METHOD(acknowledgement_fixture,
                 "acknowledging by hand: what waits counts, and stops the reading") {
    auto wanted = options();
    wanted.receive_buffer_size = 1'000;
    c = make(wanted);
    auto broker = subscribe(by_hand());
    settle();
    for (int i = 0; i < 100; ++i)
        broker.send("30 CC 01 00 01 't' 00 '" + std::string(200, 'x') + '\'');
    settle();
    const std::size_t before = received.size();
    CHECK(before < 10);
    pending.clear();
    settle();
    CHECK(received.size() > before);
    CHECK(received.size() < 20);
}

TEST_CASE_METHOD(acknowledgement_fixture,
                 "acknowledging: not before all handlers of a message are done") {
    // Two filters that match, each with a handler that takes the message over elsewhere.
    asio::io_context first, second;
    const auto nothing = [](const message_view&) {};
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_least_once, asio::bind_executor(first, nothing), asio::detached);
    c.async_subscribe("+", qos::at_least_once, asio::bind_executor(second, nothing),
                      asio::detached);
    auto broker = accept_5();
    broker.receive(22);
    // One copy with both Subscription Identifiers (3.3.2.3.8).
    broker.send("90 04 00 01 00 01  90 04 00 02 00 01  32 0A 00 01 't' 00 05 04 0B 01 0B 02");
    settle();
    first.poll();
    settle();
    CHECK(is_silent(broker));
    second.poll();
    CHECK(broker.receive(4) == "40 02 00 05");
}

TEST_CASE_METHOD(acknowledgement_fixture,
                 "coroutine handlers: acknowledge when they have finished") {
    asio::steady_timer gate{io, asio::steady_timer::time_point::max()};
    auto broker = subscribe(coroutine_handler{
        io.get_executor(), [&](message m) -> asio::awaitable<void> {
            received.push_back(m.payload + " begins");
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            received.push_back(m.payload + " ends");
        }});
    broker.send(two_messages);
    settle();
    CHECK(received == std::vector<std::string>{"a begins"});  // one after the other
    CHECK(is_silent(broker));
    gate.cancel();
    CHECK(broker.receive(4) == "40 02 00 05");
    settle();
    CHECK(received == std::vector<std::string>{"a begins", "a ends", "b begins"});
    gate.cancel();
    CHECK(broker.receive(4) == "50 02 00 06");
}

TEST_CASE_METHOD(acknowledgement_fixture,
                 "coroutine handlers: an exception gets out, and the next message is handled") {
    auto broker =
        subscribe(coroutine_handler{io.get_executor(), [&](message m) -> asio::awaitable<void> {
                                        received.push_back(m.payload);
                                        if (m.payload == "a") throw std::runtime_error{"a"};
                                        co_return;
                                    }});
    settle();
    const auto sent = test::hex(two_messages);
    broker.stream().async_write_some(asio::buffer(sent), [](error_code, std::size_t) {});
    CHECK_THROWS_AS(settle(), std::runtime_error);
    CHECK(broker.receive(8) == "40 02 00 05 50 02 00 06");
    CHECK(received == std::vector<std::string>{"a", "b"});
}

TEST_CASE("coroutine handlers: are destroyed with the execution context") {
    const auto alive = std::make_shared<int>();
    {
        scripted_fixture f;
        auto c = f.make();
        c.async_run(asio::detached);
        c.async_subscribe(
            "t", qos::at_least_once,
            coroutine_handler{
                f.io.get_executor(),
                [&f, alive](message) -> asio::awaitable<void> {
                    asio::steady_timer timer{f.io, asio::steady_timer::time_point::max()};
                    co_await timer.async_wait(asio::use_awaitable);
                }},
            asio::detached);
        auto broker = f.accept_5();
        broker.send("90 04 00 01 00 01  32 07 00 01 't' 00 05 00 'a'");
        f.settle();
        CHECK(alive.use_count() > 1);
    }
    CHECK(alive.use_count() == 1);
}

TEST_CASE_METHOD(acknowledgement_fixture,
                 "acknowledging by hand: given up at QoS 2, and it comes again on the next "
                 "connection") {
    auto broker = subscribe(by_hand());
    broker.send(two_messages);
    settle();
    REQUIRE(pending.size() == 2);
    const auto give_up = [this] {
        pending[0].acknowledge();
        pending.clear();
        settle();
    };
    std::optional<peer> next;
    SECTION("given up before") {
        give_up();
        CHECK(broker.receive(4) == "40 02 00 05");
        CHECK(is_silent(broker));
        broker.stream().close();
        next.emplace(accept_5("20 03 01 00 00"));
    }
    SECTION("given up then, by another thread") {
        broker.stream().close();
        next.emplace(accept_5("20 03 01 00 00"));
        std::thread{[&] { pending.clear(); }}.join();
        settle();
    }
    SECTION("assigned to") {
        pending[0].acknowledge();
        pending[1] = std::move(pending[0]);
        settle();
        pending.clear();
        broker.stream().close();
        next.emplace(accept_5("20 03 01 00 00"));
    }
    next->send("3C 07 00 01 't' 00 06 00 'b'  32 07 00 01 't' 00 07 00 'c'");
    settle();
    CHECK(received == std::vector<std::string>{"a", "b", "b", "c"});
    REQUIRE(pending.size() == 2);
    pending[1].acknowledge();
    settle();
    CHECK(is_silent(*next));
    pending[0].acknowledge();
    CHECK(next->receive(8) == "50 02 00 06 40 02 00 07");
    next->send("62 02 00 06");
    CHECK(next->receive(4) == "70 02 00 06");
}

TEST_CASE_METHOD(acknowledgement_fixture, "acknowledging by hand: properties of what waits count") {
    auto wanted = options();
    wanted.receive_buffer_size = 10'000;
    c = make(wanted);
    auto broker = subscribe(by_hand());
    // 20 User Properties of 100 bytes (3.3.2.3.7).
    std::string properties;
    for (int i = 0; i < 20; ++i)
        properties += "26 00 01 'k' 00 5E '" + std::string(94, 'v') + '\'';
    for (int i = 0; i < 20; ++i)
        broker.send("30 D5 0F 00 01 't' D0 0F" + properties);
    settle();
    CHECK(received.size() <= 6);
    test::outcome<counters> counted;
    c.async_counters(counted.handler());
    settle();
    CHECK(counted.result().waiting_bytes >= 2'000 * received.size());
    while (!pending.empty()) {
        pending.clear();
        settle();
    }
    CHECK(received.size() == 20);
}
