// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/bind_executor.hpp>
#include <asio/detached.hpp>

using namespace asio_mqtt;
using test::client_fixture;
using test::scripted_fixture;

TEST_CASE_METHOD(client_fixture, "receive: a small buffer stops the reading, and loses nothing") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto wanted = options("a", version);
    wanted.receive_buffer_size = 2'000;
    auto c = make(wanted);
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::exactly_once, asio::detached);
    settle();
    const int count = 200;
    for (int i = 0; i < count; ++i) {
        broker.publish("t", std::to_string(i) + std::string(1'000, '.'), static_cast<qos>(i % 3));
    }
    settle();
    for (int i = 0; i < count; ++i) {
        test::outcome<message> received;
        c.async_receive(received.handler());
        REQUIRE(test::run_until(io, [&] { return received.calls != 0; }));
        REQUIRE(received.succeeded());
        REQUIRE(received.result().payload.starts_with(std::to_string(i) + '.'));
    }
}

TEST_CASE_METHOD(scripted_fixture, "receive: a message is acknowledged when it is handed over") {
    auto c = make();
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_least_once, asio::detached);
    auto broker = accept_5();
    broker.receive(11);
    broker.send("90 04 00 01 00 01  32 06 00 01 't' 00 05 00  32 06 00 01 't' 00 06 00");
    settle();
    // Nothing was written before the messages are taken: an answer to what comes after is next.
    test::outcome<message> first, second;
    broker.send("62 02 00 09");
    CHECK(broker.receive(5) == "70 03 00 09 92");
    c.async_receive(first.handler());
    CHECK(broker.receive(4) == "40 02 00 05");
    c.async_receive(second.handler());
    CHECK(broker.receive(4) == "40 02 00 06");
    CHECK(first.succeeded());
    CHECK(second.succeeded());
}

TEST_CASE_METHOD(scripted_fixture, "receive: operations in their order, messages in theirs") {
    auto c = make();
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_most_once, asio::detached);
    std::string seen;
    for (int i = 0; i < 3; ++i) {
        c.async_receive(
            [&seen, i](error_code, const message& m) { seen += std::to_string(i) + m.payload; });
    }
    auto broker = accept_5();
    broker.send("90 04 00 01 00 00  30 05 00 01 't' 00 'a'  30 05 00 01 't' 00 'b'");
    broker.send("30 05 00 01 't' 00 'c'");
    settle();
    CHECK(seen == "0a1b2c");
}

TEST_CASE_METHOD(scripted_fixture, "receive: a loop takes in one turn what has come together") {
    auto c = make();
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_most_once, asio::detached);
    int received = 0;
    const std::function<void(error_code, message)> receive = [&](error_code error, const message&) {
        if (error) return;
        ++received;
        c.async_receive(receive);
    };
    c.async_receive(receive);
    auto broker = accept_5();
    broker.send("90 04 00 01 00 00");
    settle();
    std::string many;
    for (int i = 0; i < 16; ++i)
        many += "30 04 00 01 't' 00 ";
    broker.send(many);
    io.restart();
    CHECK(io.poll() < 8);  // turns of the event loop
    CHECK(received == 16);
}

TEST_CASE_METHOD(scripted_fixture, "receive: a message handler's executor delays the PUBACK") {
    auto c = make();
    asio::io_context other;
    const auto work = asio::make_work_guard(other);
    c.async_run(asio::detached);
    int calls = 0;
    c.async_subscribe(
        "t", qos::at_least_once,
        asio::bind_executor(other.get_executor(), [&](const message_view&) { ++calls; }),
        asio::detached);
    auto broker = accept_5();
    broker.receive(11);
    broker.send("90 04 00 01 00 01  32 06 00 01 't' 00 05 00  62 02 00 09");
    CHECK(broker.receive(5) == "70 03 00 09 92");  // 5 is not acknowledged yet
    CHECK(calls == 0);
    other.poll();
    CHECK(calls == 1);
    CHECK(broker.receive(4) == "40 02 00 05");
}

TEST_CASE_METHOD(scripted_fixture, "receive: a QoS 0 publish ends also while nobody receives") {
    auto wanted = options();
    wanted.receive_buffer_size = 1;
    auto c = make(wanted);
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_most_once, asio::detached);
    auto broker = accept_5();
    broker.receive(11);
    broker.send("90 04 00 01 00 00  30 05 00 01 't' 00 'a'  30 05 00 01 't' 00 'b'");
    settle();
    test::publish_outcome published;
    c.async_publish("t", "", qos::at_most_once, published.handler());
    settle();
    CHECK(broker.receive(6) == "30 04 00 01 74 00");
    CHECK(published.succeeded());
}

TEST_CASE_METHOD(scripted_fixture, "receive: waiting messages outlive a connection") {
    auto c = make();
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_least_once, asio::detached);
    auto broker = accept_5();
    broker.send("90 04 00 01 00 01  32 07 00 01 't' 00 05 00 'a'");
    settle();
    broker.stream().close();
    auto next = accept_5("20 03 01 00 00");
    test::outcome<message> received, again;
    c.async_receive(received.handler());
    settle();
    REQUIRE(received.succeeded());
    CHECK(received.result().payload == "a");
    // At QoS 1 the broker sends it again, since it was not acknowledged to it.
    next.send("3A 07 00 01 't' 00 05 00 'a'");
    c.async_receive(again.handler());
    CHECK(next.receive(4) == "40 02 00 05");
    CHECK(again.result().dup);
}

TEST_CASE_METHOD(
    scripted_fixture,
    "receive: who publishes between two messages is not held up by the second [immune-71]") {
    auto wanted = options();
    wanted.receive_buffer_size = 1'000;
    auto c = make(wanted);
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_most_once, asio::detached);
    auto broker = accept_5();
    broker.receive(11);
    broker.send("90 04 00 01 00 00");
    broker.send("30 04 00 01 't' 00  30 D4 0F 00 01 't' 00 '" + std::string(2'000, 'x') + '\'');
    settle();
    test::outcome<message> first;
    test::publish_outcome published;
    c.async_receive(first.handler());
    settle();
    REQUIRE(first.succeeded());
    c.async_publish("t", "", qos::at_least_once, published.handler());
    CHECK(broker.receive(8) == test::to_hex(test::hex("32 06 00 01 't' 00 02 00")));
    broker.send("40 02 00 02");
    settle();
    CHECK(published.succeeded());  // it does not call async_receive() before
}

TEST_CASE_METHOD(scripted_fixture, "receive: the properties of what waits count, too") {
    const bool is_for_handler = GENERATE(false, true);
    // 2,000 bytes of properties each (3.3.2.3).
    std::string properties;
    SECTION("User Properties") {
        for (int i = 0; i < 20; ++i)
            properties += "26 00 01 'k' 00 5E '" + std::string(94, 'v') + '\'';
    }
    SECTION("User Properties that are empty") {
        for (int i = 0; i < 400; ++i)
            properties += "26 00 00 00 00";
    }
    SECTION("Response Topic") {
        properties = "08 07 CD '" + std::string(1'997, 'r') + '\'';
    }
    SECTION("Correlation Data") {
        properties = "09 07 CD '" + std::string(1'997, 'c') + '\'';
    }
    SECTION("Content Type") {
        properties = "03 07 CD '" + std::string(1'997, 'c') + '\'';
    }
    auto wanted = options();
    wanted.receive_buffer_size = 10'000;
    auto c = make(wanted);
    c.async_run(asio::detached);
    asio::io_context other;
    int handled = 0;
    if (is_for_handler) {
        c.async_subscribe(
            "t", qos::at_most_once,
            asio::bind_executor(other.get_executor(), [&](const message_view&) { ++handled; }),
            asio::detached);
    } else {
        c.async_subscribe("t", qos::at_most_once, asio::detached);
    }
    auto broker = accept_5();
    broker.receive(11);
    broker.send("90 04 00 01 00 00");
    for (int i = 0; i < 20; ++i)
        broker.send("30 D5 0F 00 01 't' D0 0F" + properties);
    settle();
    test::outcome<counters> counted, at_end;
    c.async_counters(counted.handler());
    settle();
    CHECK(counted.result().messages_received >= 1);
    CHECK(counted.result().messages_received <= 6);
    CHECK(counted.result().waiting_bytes >= 2'000 * counted.result().messages_received);
    CHECK(counted.result().waiting_bytes < 200'000);
    // All of them come in the end, and none of their memory counts any more.
    for (int i = 0; i < 20; ++i) {
        if (!is_for_handler) c.async_receive([&](error_code, const message&) { ++handled; });
        other.restart();
        other.poll();
        settle();
    }
    CHECK(handled == 20);
    c.async_counters(at_end.handler());
    settle();
    CHECK(at_end.result().messages_received == 20);
    CHECK(at_end.result().waiting_bytes == 0);
}
