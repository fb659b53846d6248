// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>

#include <algorithm>
#include <string>
#include <utility>

using namespace asio_mqtt;
using test::manual_clock;
using test::scripted_fixture;
using namespace std::chrono_literals;

namespace {

struct timeouts_fixture : scripted_fixture {
    test::plain_outcome ran;

    void advance(manual_clock::duration by) {
        manual_clock::advance(by);
        settle();
    }
    /// True when the client has sent nothing that was not received.
    bool is_silent(peer& from) {
        std::byte byte{};
        bool came = false;
        from.stream().async_read_some(
            asio::buffer(&byte, 1),
            asio::bind_cancellation_slot(
                stop_reading_.slot(), [&came](error_code error, std::size_t) { came = !error; }));
        settle();
        stop_reading_.emit(asio::cancellation_type::terminal);
        settle();
        return !came;
    }

private:
    asio::cancellation_signal stop_reading_;
};

}  // namespace

TEST_CASE_METHOD(timeouts_fixture, "timeouts: connecting never ends [immune-60]") {
    connector.never_connect();
    auto wanted = options();
    wanted.brokers = {"mqtt://a", "mqtt://b"};
    auto c = make(wanted);
    c.async_run(ran.handler());
    settle();
    advance(29'999ms);
    CHECK(connector.cancelled() == 0);
    advance(1ms);
    CHECK(connector.cancelled() == 1);
    advance(500ms);
    CHECK(connector.attempts() == std::vector<std::string>{"a", "b"});
    advance(30s);
    CHECK(connector.cancelled() == 2);
    advance(1s);
    CHECK(connector.attempts() == std::vector<std::string>{"a", "b", "a"});
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(
    timeouts_fixture,
    "timeouts: an attempt that cannot be cancelled is left behind [immune-60] [immune-67]") {
    connector.get_stuck();
    auto wanted = options();
    // A wait is random from nothing on: of an hour it is not nothing.
    wanted.minimum_reconnect_delay = 1h;
    wanted.maximum_reconnect_delay = 1h;
    auto c = make(wanted);
    c.async_run(ran.handler());
    settle();
    SECTION("and the next one connects") {
        advance(30s);
        connector.connect_again();
        advance(1h);
        CHECK(connector.attempts().size() == 2);
        auto broker = accept_5();
        connector.finish_stuck();
        auto late = accept();
        CHECK(late.is_closed());  // it was sent nothing
        c.async_publish("t", "", qos::at_most_once, asio::detached);
        CHECK(broker.receive(6) == test::to_hex(test::hex("30 04 00 01 't' 00")));
        advance(30s);
        CHECK(connector.attempts().size() == 2);
        CHECK(ran.calls == 0);
    }
    SECTION("and ends while the client waits for the next one") {
        advance(30s);
        connector.finish_stuck();
        auto late = accept();
        CHECK(late.is_closed());
        connector.connect_again();
        advance(1h);
        CHECK(connector.attempts().size() == 2);
        auto broker = accept_5();
        CHECK(ran.calls == 0);
    }
    SECTION("and does not hold up the end") {
        test::plain_outcome disconnected;
        c.async_disconnect(disconnected.handler());
        settle();
        CHECK(disconnected.succeeded());
        CHECK(ran.succeeded());
        CHECK(connector.cancelled_in_vain() == 1);
        connector.finish_stuck();
        auto late = accept();
        CHECK(late.is_closed());
    }
    SECTION("and is cancelled no more once it has ended, before the client knows of that") {
        test::plain_outcome disconnected;
        connector.finish_stuck();
        c.async_disconnect(disconnected.handler());
        settle();
        CHECK(disconnected.succeeded());
        CHECK(ran.succeeded());
        CHECK(connector.cancelled_in_vain() == 0);
        auto late = accept();
        CHECK(late.is_closed());
    }
}

TEST_CASE_METHOD(timeouts_fixture, "timeouts: CONNACK never comes [immune-60]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make(options(version));
    c.async_run(ran.handler());
    auto broker = accept();
    broker.receive(version == protocol_version::v5 ? 26 : 15);
    SECTION("nor anything else") {}
    SECTION("only its start") {
        broker.send("20");
    }
    advance(9'999ms);
    CHECK(is_silent(broker));
    CHECK(connector.attempts().size() == 1);
    advance(1ms);
    CHECK(broker.is_closed());
    advance(500ms);
    CHECK(connector.attempts().size() == 2);
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(timeouts_fixture,
                 "timeouts: PINGREQ when nothing was sent for a keep-alive (3.12)") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make(options(version));
    c.async_run(ran.handler());
    auto broker = accept(version);
    for (int i = 0; i < 3; ++i) {
        advance(59s);
        CHECK(is_silent(broker));
        advance(1s);
        CHECK(broker.receive(2) == "C0 00");
        broker.send("D0 00");
        settle();
    }
    CHECK(connector.attempts().size() == 1);
}

TEST_CASE_METHOD(timeouts_fixture, "timeouts: PINGRESP never comes") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make(options(version));
    c.async_run(ran.handler());
    test::publish_outcome published;
    auto broker = accept(version);
    c.async_publish("t", "", qos::at_least_once, published.handler());
    broker.receive(version == protocol_version::v5 ? 8 : 7);
    advance(60s);
    CHECK(broker.receive(2) == "C0 00");
    advance(9'999ms);
    CHECK(is_silent(broker));
    advance(1ms);
    if (version == protocol_version::v5) CHECK(broker.receive(3) == "E0 01 80");
    CHECK(broker.is_closed());
    auto next = accept(version);
    CHECK(published.calls == 0);
    CHECK(next.receive(2) == (version == protocol_version::v5 ? "32 06" : "32 05"));
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(timeouts_fixture,
                 "timeouts: the broker's keep-alive counts, 0 is none [immune-56]") {
    SECTION("lower") {
        auto c = make();
        c.async_run(ran.handler());
        auto broker = accept_5("20 06 00 00 03 13 00 05");
        advance(5s);
        CHECK(broker.receive(2) == "C0 00");
    }
    SECTION("higher") {
        auto c = make();
        c.async_run(ran.handler());
        auto broker = accept_5("20 06 00 00 03 13 00 64");
        advance(99s);
        CHECK(is_silent(broker));
        advance(1s);
        CHECK(broker.receive(2) == "C0 00");
    }
    SECTION("none by the broker's word") {
        auto c = make();
        c.async_run(ran.handler());
        auto broker = accept_5("20 06 00 00 03 13 00 00");
        advance(48h);
        CHECK(is_silent(broker));
    }
    SECTION("none by the client's") {
        auto wanted = options();
        wanted.keep_alive = 0s;
        auto c = make(wanted);
        c.async_run(ran.handler());
        auto broker = accept_5();
        advance(48h);
        CHECK(is_silent(broker));
    }
}

TEST_CASE_METHOD(timeouts_fixture,
                 "timeouts: a half-open link is noticed while sending [immune-53]") {
    auto c = make();
    c.async_run(ran.handler());
    auto broker = accept_5();
    for (int i = 0; i < 12; ++i) {
        c.async_publish("t", "", qos::at_most_once, asio::detached);
        advance(5s);
    }
    broker.receive(12 * 6);
    CHECK(broker.receive(2) == "C0 00");
    advance(10s);
    CHECK(broker.receive(3) == "E0 01 80");
    CHECK(broker.is_closed());
}

TEST_CASE_METHOD(timeouts_fixture,
                 "timeouts: a blocked write does not hide a dead peer [immune-54]") {
    auto c = make();
    c.async_run(ran.handler());
    auto broker = accept_5();
    test::publish_outcome published;
    c.async_publish("t", std::string(1'000'000, 'x'), qos::at_least_once, published.handler());
    settle();
    advance(60s);  // the PINGREQ has to wait
    advance(10s);  // and so has the DISCONNECT
    advance(5s);   // but not for ever
    advance(500ms);
    CHECK(connector.attempts().size() == 2);
    CHECK(published.calls == 0);
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(timeouts_fixture, "timeouts: a slow large packet is no dead peer [immune-55]") {
    auto c = make();
    c.async_run(ran.handler());
    test::outcome<message> received;
    c.async_subscribe("t", qos::at_most_once, asio::detached);
    c.async_receive(received.handler());
    auto broker = accept_5();
    broker.receive(11);
    broker.send("90 04 00 01 00 00  30 54 00 01 't' 00");  // 80 bytes of payload follow
    for (int i = 0; i < 80; ++i) {
        advance(9s);
        CHECK(connector.attempts().size() == 1);
        broker.send("'x'");
    }
    settle();
    REQUIRE(received.succeeded());
    CHECK(received.result().payload == std::string(80, 'x'));
}

TEST_CASE_METHOD(timeouts_fixture, "timeouts: who takes in a large packet slowly is no dead peer") {
    auto c = make();
    c.async_run(ran.handler());
    auto broker = accept_5();
    c.async_publish("t", std::string(2'000'000, 'x'), qos::at_most_once, asio::detached);
    settle();
    for (int i = 0; i < 19; ++i) {
        advance(9s);
        broker.receive(100'000);
        settle();
    }
    broker.receive(2'000'000 + 8 - 19 * 100'000);
    settle();
    CHECK(broker.receive(2) == "C0 00");  // one ping, and those that followed while it had to wait
    CHECK(connector.attempts().size() == 1);
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(timeouts_fixture, "timeouts: a machine that slept for a day reconnects at once") {
    auto c = make();
    c.async_run(ran.handler());
    auto broker = accept_5();
    advance(24h);
    CHECK(broker.receive(2) == "C0 00");
    advance(10s);
    CHECK(broker.receive(3) == "E0 01 80");
    advance(500ms);
    CHECK(connector.attempts().size() == 2);
}

namespace {

/// The longest of the next waits before a reconnect; `serve` deals with each connection.
template <class Serve>
manual_clock::duration longest_wait(timeouts_fixture& f, int attempts, Serve&& serve) {
    manual_clock::duration longest{};
    for (int i = 0; i < attempts; ++i) {
        const auto start = manual_clock::now();
        auto broker = f.accept();
        longest = std::max(longest, manual_clock::now() - start);
        serve(broker);
        broker.stream().close();
        f.settle();
    }
    return longest;
}

}  // namespace

TEST_CASE_METHOD(timeouts_fixture, "timeouts: the back-off grows, and starts over [immune-59]") {
    auto c = make();
    c.async_run(ran.handler());
    const auto leave_at_once = [](auto&) {};
    const auto accept_and_leave = [this](auto& broker) {
        broker.receive(26);
        broker.send(connack_5);
        settle();
    };
    const auto stay_for_an_hour = [&](auto& broker) {
        accept_and_leave(broker);
        for (int i = 0; i < 60; ++i) {
            advance(60s);
            broker.receive(2);
            broker.send("D0 00");
            settle();
        }
    };
    // A wait is random between nothing and a limit: 20 times below a fifteenth of it is as good as
    // never.
    CHECK(longest_wait(*this, 1, leave_at_once) == 0s);
    CHECK(longest_wait(*this, 1, leave_at_once) <= 500ms);
    CHECK(longest_wait(*this, 1, leave_at_once) <= 1s);
    CHECK(longest_wait(*this, 1, leave_at_once) <= 2s);
    SECTION("when the broker closes at once") {
        longest_wait(*this, 5, leave_at_once);
        const auto longest = longest_wait(*this, 20, leave_at_once);
        CHECK(longest > 2s);
        CHECK(longest <= 30s);
    }
    SECTION("when it accepts the client before") {
        longest_wait(*this, 5, accept_and_leave);
        const auto longest = longest_wait(*this, 20, accept_and_leave);
        CHECK(longest > 2s);
        CHECK(longest <= 30s);
    }
    longest_wait(*this, 1, stay_for_an_hour);
    CHECK(longest_wait(*this, 1, leave_at_once) <= 500ms);
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(timeouts_fixture, "timeouts: async_disconnect() does not wait for ever") {
    auto c = make();
    test::plain_outcome disconnected;
    test::publish_outcome published;
    c.async_run(ran.handler());
    c.async_publish("t", "", qos::at_least_once, published.handler());
    SECTION("for an acknowledgement") {
        auto broker = accept_5();
        broker.receive(8);
        c.async_disconnect(disconnected.handler());
        settle();
        advance(4'999ms);
        CHECK(is_silent(broker));
        CHECK(disconnected.calls == 0);
        advance(1ms);
        CHECK(broker.receive(2) == "E0 00");
        settle();
    }
    SECTION("for a blocked write") {
        auto broker = accept_5();
        broker.receive(8);
        c.async_publish("t", std::string(1'000'000, 'x'), qos::at_most_once, asio::detached);
        settle();
        c.async_disconnect(disconnected.handler());
        settle();
        broker.send("40 02 00 01");
        settle();
        advance(5s);  // to drain
        advance(5s);  // to write
    }
    SECTION("for a connection that was lost meanwhile") {
        auto broker = accept_5();
        broker.receive(8);
        c.async_disconnect(disconnected.handler());
        settle();
        connector.never_connect();
        broker.stream().close();
        settle();
        advance(5s);
    }
    CHECK(disconnected.succeeded());
    CHECK(ran.succeeded());
    CHECK(published.calls == 1);
}

TEST_CASE_METHOD(timeouts_fixture, "timeouts: async_disconnect() need not wait at all") {
    auto wanted = options();
    wanted.disconnect_timeout = 0ms;
    auto c = make(wanted);
    test::plain_outcome disconnected;
    c.async_run(ran.handler());
    c.async_publish("t", "", qos::at_least_once, asio::detached);
    auto broker = accept_5();
    broker.receive(8);
    c.async_disconnect(disconnected.handler());
    settle();
    CHECK(broker.receive(2) == "E0 00");
    CHECK(disconnected.succeeded());
    CHECK(ran.succeeded());
}

TEST_CASE_METHOD(timeouts_fixture,
                 "timeouts: a peer that has read no answers, and goes silent, is dead") {
    auto c = make();
    c.async_run(ran.handler());
    auto broker = accept_5();
    // PUBREL for an unknown identifier, each of which is answered (3.6.2.1), until nothing more is
    // taken.
    std::string many;
    for (int i = 0; i < 1'000; ++i)
        many += "62 02 00 09";
    const auto flood = test::hex(many);
    std::size_t written = 0;
    bool is_taken = true;  // outlives the last write, which ends with the stream
    while (is_taken && written < 4'000'000) {
        is_taken = false;
        broker.stream().async_write_some(asio::buffer(flood) + written % flood.size(),
                                         [&](error_code, std::size_t size) {
                                             is_taken = true;
                                             written += size;
                                         });
        settle();
    }
    REQUIRE(written < 4'000'000);
    advance(60s);
    CHECK(connector.attempts().size() == 1);
    advance(10s);
    advance(5s);  // the DISCONNECT cannot be written
    advance(500ms);
    CHECK(connector.attempts().size() == 2);
    CHECK(ran.calls == 0);
    broker.stream().close();
}

TEST_CASE_METHOD(timeouts_fixture, "timeouts: who does not read cannot blame the peer") {
    auto wanted = options();
    wanted.receive_buffer_size = 1;
    auto c = make(wanted);
    c.async_run(ran.handler());
    c.async_subscribe("t", qos::at_most_once, asio::detached);
    auto broker = accept_5();
    broker.receive(11);
    broker.send("90 04 00 01 00 00  30 05 00 01 't' 00 'a'  30 05 00 01 't' 00 'b'");
    settle();
    for (int i = 0; i < 60; ++i) {
        advance(60s);
        CHECK(broker.receive(2) == "C0 00");
        broker.send("D0 00");  // behind a message for which there is no room
        settle();
    }
    CHECK(connector.attempts().size() == 1);
    test::outcome<message> first, second;
    c.async_receive(first.handler());
    c.async_receive(second.handler());
    settle();
    CHECK(second.succeeded());
}

namespace {

/// A memory_stream one direction of which can be ended alone, as of a socket; the peer hears
/// nothing of that.
struct half_closing_stream : testing::memory_stream {
    enum shutdown_type { shutdown_send };
    void shutdown(shutdown_type, error_code& error) { error = {}; }
};

/// Makes such streams of those of a scripted_connector.
struct half_closing_connector {
    using stream_type = half_closing_stream;
    test::scripted_connector inner;

    template <class Token>
    auto async_connect(const broker_address& broker, Token&& token) {
        return asio::async_initiate<Token, void(error_code, half_closing_stream)>(
            [](auto handler, test::scripted_connector with, broker_address to) {
                const auto on = asio::get_associated_executor(handler);
                with.async_connect(
                    to, asio::bind_executor(
                            on, [handler = std::move(handler)](
                                    error_code error, testing::memory_stream stream) mutable {
                                std::move(handler)(error, half_closing_stream{std::move(stream)});
                            }));
            },
            token, inner, broker);
    }
};

/// A client whose peers never close a connection, and that would wait for an hour when it
/// disconnects.
struct closing_fixture : timeouts_fixture {
    using client = basic_client<half_closing_connector, testing::manual_timer>;
    int connections = 0;
    int ends = 0;
    error_code error;
    unsigned attempt = 0;
    std::chrono::milliseconds delay{};

    client make_telling(client_options wanted) {
        wanted.disconnect_timeout = 1h;
        wanted.on_connection = [this](const connection_event& event) {
            if (event.what == connection_event::kind::connected) ++connections;
            if (event.what != connection_event::kind::disconnected) return;
            ++ends;
            error = event.error;
            attempt = event.attempt;
            delay = event.delay;
        };
        return {io.get_executor(), std::move(wanted), half_closing_connector{connector}};
    }
};

}  // namespace

TEST_CASE_METHOD(closing_fixture, "timeouts: a failed connection is closed within a second") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const bool is_v5 = version == protocol_version::v5;
    auto c = make_telling(options(version));
    c.async_run(ran.handler());
    SECTION("CONNACK never comes") {
        auto broker = accept();
        advance(10s);
        advance(1s);
        CHECK(ends == 1);
        CHECK(error == errc::connect_timeout);
    }
    SECTION("PINGRESP never comes") {
        auto broker = accept(version);
        advance(60s);
        advance(10s);
        advance(1s);
        CHECK(ends == 1);
        CHECK(error == errc::keep_alive_timeout);
        CHECK(broker.receive(2) == "C0 00");
        if (is_v5) CHECK(broker.receive(3) == "E0 01 80");
        CHECK(broker.is_closed());
    }
    SECTION("nor is anything read") {
        auto broker = accept(version);
        c.async_publish("t", std::string(1'000'000, 'x'), qos::at_least_once, asio::detached);
        settle();
        advance(60s);
        advance(10s);
        advance(1s);
        CHECK(ends == 1);
        CHECK(error == errc::keep_alive_timeout);
    }
    SECTION("after an error of the peer") {
        auto broker = accept(version);
        broker.send("F0 00");  // AUTH, which was not asked for
        settle();
        advance(1s);
        CHECK(ends == 1);
    }
    SECTION("refused") {
        auto broker = accept();
        broker.receive(is_v5 ? 26 : 15);
        broker.send(is_v5 ? "20 03 00 88 00" : "20 02 00 03");  // Server unavailable
        settle();
        advance(1s);
        CHECK(ends == 1);
    }
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(closing_fixture, "timeouts: a connection does not last while it is closed") {
    auto wanted = options();
    wanted.stable_period = 1ms;
    auto c = make_telling(wanted);
    c.async_run(ran.handler());
    for (unsigned i = 1; i <= 5; ++i) {
        auto broker = accept_5();
        REQUIRE(connections == static_cast<int>(i));
        broker.send("E0 01 89");  // DISCONNECT: Server busy; and it does not close
        settle();
        advance(1s);
        REQUIRE(ends == static_cast<int>(i));
        CHECK(attempt == i);
        advance(delay);
    }
    // One that lasted starts over.
    auto broker = accept_5();
    advance(1ms);
    broker.send("E0 01 89");
    settle();
    advance(1s);
    CHECK(attempt == 0);
}
