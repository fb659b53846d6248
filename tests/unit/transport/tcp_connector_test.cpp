// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/transport/tcp_connector.hpp>

#include "support/catch.hpp"
#include "unit/client/outcome.hpp"
#include "unit/testing/wire_client.hpp"
#include "unit/transport/scripted_names.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

using namespace asio_mqtt;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

const error_code aborted = asio::error::operation_aborted;
const error_code refused = asio::error::connection_refused;
const error_code timed_out = asio::error::timed_out;

tcp::endpoint any_port() {
    return {asio::ip::address_v4::loopback(), 0};
}

/// Connections to it are made, and wait to be accepted.
struct listener {
    explicit listener(asio::io_context& io, int room = 10) : acceptor{io, tcp::v4()} {
        acceptor.bind(any_port());
        acceptor.listen(room);
    }

    tcp::endpoint address() const { return acceptor.local_endpoint(); }

    /// Somebody has connected.
    bool has_one() {
        acceptor.non_blocking(true);
        error_code error;
        acceptor.accept(error);
        return !error;
    }

    tcp::acceptor acceptor;
};

/// Answers with a reset, since nobody listens.
struct refuser {
    explicit refuser(asio::io_context& io) : socket{io, any_port()} {}

    tcp::endpoint address() const { return socket.local_endpoint(); }

    tcp::socket socket;
};

/// Does not answer: Linux drops a SYN while more connections than `room` wait to be accepted.
struct black_hole : listener {
    explicit black_hole(asio::io_context& io) : listener{io, 0}, only{io} {
        only.connect(address());
        acceptor.wait(tcp::acceptor::wait_read);
    }

    tcp::socket only;
};

broker_address broker(const std::string& host, std::uint16_t port = 1) {
    return {.scheme = "mqtt", .host = host, .port = std::to_string(port)};
}

struct tcp_connector_fixture {
    asio::io_context io;
    test::scripted_names names;
    listener answers{io};
    refuser refuses{io};
    black_hole swallows{io};
    asio::cancellation_signal cancelled;

    /// The far end of the connection that was made.
    using outcome = test::outcome<tcp::endpoint>;

    static auto handler(outcome& of) {
        return [to = of.handler()](error_code error, tcp::socket made) {
            to(error, error ? tcp::endpoint{} : made.remote_endpoint());
        };
    }

    bool run_until_ended(const outcome& connected) {
        return test::run_until(io, [&] { return connected.calls != 0; });
    }

    bool run_until_idle() {
        return test::run_until(io, [&] { return io.stopped(); });
    }

    outcome connect(const broker_address& to, tcp_connector_options options = {}) {
        outcome connected;
        tcp_connector{io.get_executor(), options}.async_connect(to, handler(connected));
        CHECK(connected.calls == 0);
        REQUIRE(run_until_ended(connected));
        io.restart();
        io.poll();
        CHECK(connected.calls == 1);
        return connected;
    }
};

constexpr tcp_connector_options patient{.resolve_timeout = 1h, .connect_timeout = 1h};
constexpr tcp_connector_options hasty{.resolve_timeout = 1h, .connect_timeout = 20ms};

}  // namespace

TEST_CASE_METHOD(tcp_connector_fixture,
                 "TCP: an address that does not answer is passed over [immune-60]") {
    SECTION("when it is the first") {
        names.add("several", {swallows.address(), answers.address()});
    }
    SECTION("when it is the second") {
        names.add("several", {refuses.address(), swallows.address(), answers.address()});
    }
    const outcome connected = connect(broker("several"), hasty);
    REQUIRE(connected.succeeded());
    CHECK(connected.result() == answers.address());
}

TEST_CASE_METHOD(tcp_connector_fixture, "TCP: each round begins with another address") {
    listener also_answers{io};
    names.add("several", {answers.address(), also_answers.address()});
    names.add("half-dead", {answers.address(), refuses.address()});
    const auto in_round = [&](const std::string& host, unsigned round) {
        broker_address to = broker(host);
        to.round = round;
        return connect(to).result();
    };
    CHECK(in_round("several", 0) == answers.address());
    CHECK(in_round("several", 1) == also_answers.address());
    CHECK(in_round("several", 2) == answers.address());
    CHECK(in_round("half-dead", 1) == answers.address());  // behind the last comes the first
}

TEST_CASE_METHOD(tcp_connector_fixture, "TCP: small packets do not wait for others [immune-80]") {
    bool has_no_delay = false;
    tcp_connector{io.get_executor()}.async_connect(broker("127.0.0.1", answers.address().port()),
                                                   [&](error_code error, tcp::socket made) {
                                                       REQUIRE_FALSE(error);
                                                       tcp::no_delay option;
                                                       made.get_option(option);
                                                       has_no_delay = option.value();
                                                   });
    CHECK(run_until_idle());
    CHECK(has_no_delay);
}

TEST_CASE_METHOD(tcp_connector_fixture, "TCP: the error is that of the last address") {
    names.add("refuses-last", {swallows.address(), refuses.address()});
    names.add("swallows-last", {refuses.address(), swallows.address()});
    CHECK(connect(broker("refuses-last"), hasty).failed_with(refused));
    CHECK(connect(broker("swallows-last"), hasty).failed_with(timed_out));
    CHECK(error_code{timed_out} == fault::network);
}

TEST_CASE_METHOD(tcp_connector_fixture, "TCP: an address does not wait behind a name") {
    names.hang();
    outcome hanging;
    tcp_connector{io.get_executor(), patient}.async_connect(broker("name"), handler(hanging));
    io.poll();
    REQUIRE(names.wait_until_asked());
    const outcome connected = connect(broker("127.0.0.1", answers.address().port()), patient);
    REQUIRE(connected.succeeded());
    CHECK(connected.result() == answers.address());
    // Whether there is IPv6 on this machine or not, there is an end to it.
    connect(broker("::1", refuses.address().port()), patient);
    CHECK(hanging.calls == 0);
}

TEST_CASE_METHOD(tcp_connector_fixture, "TCP: cancelled in each step") {
    outcome connected;
    const auto start = [&](const broker_address& to) {
        tcp_connector{io.get_executor(), patient}.async_connect(
            to, asio::bind_cancellation_slot(cancelled.slot(), handler(connected)));
    };
    SECTION("that has not begun") {
        start(broker("127.0.0.1", answers.address().port()));
    }
    SECTION("while the resolver hangs") {
        names.hang();
        start(broker("name"));
        io.poll();
        REQUIRE(names.wait_until_asked());
    }
    SECTION("while an address does not answer") {
        start(broker("127.0.0.1", swallows.address().port()));
        io.poll();
    }
    cancelled.emit(asio::cancellation_type::terminal);
    CHECK(connected.calls == 0);
    REQUIRE(run_until_ended(connected));
    CHECK(connected.failed_with(aborted));
    names.release();
    REQUIRE(run_until_idle());
    CHECK(connected.calls == 1);
    cancelled.emit(asio::cancellation_type::terminal);  // finds nobody
}

TEST_CASE_METHOD(tcp_connector_fixture, "TCP: what cannot be connected to") {
    broker_address other = broker("127.0.0.1");
    other.scheme = "http";
    CHECK(connect(other).failed_with(errc::unknown_broker_scheme));
    for (const auto none : {0ms, -1ms}) {
        CHECK(connect(broker("127.0.0.1"), {.resolve_timeout = none})
                  .failed_with(errc::invalid_timeout));
        CHECK(connect(broker("127.0.0.1"), {.connect_timeout = none})
                  .failed_with(errc::invalid_timeout));
    }
}

namespace {

/// Outlives what `io` still has for it.
struct handler_context {
    asio::io_context handlers;
};

/// Runs handlers when the test says so. Until then, what has ended on `io` waits in its order.
struct tcp_race_fixture : handler_context, tcp_connector_fixture {
    outcome connected;

    template <class Handler>
    void start(const broker_address& to, tcp_connector_options options, Handler on_end) {
        tcp_connector{io.get_executor(), options}.async_connect(
            to, asio::bind_executor(handlers.get_executor(), std::move(on_end)));
        handle();
    }
    void handle() {
        handlers.restart();
        handlers.poll();
    }
    bool handle_until_ended() {
        return test::run_until(io, [&] {
            handle();
            return connected.calls != 0;
        });
    }
};

}  // namespace

TEST_CASE_METHOD(tcp_race_fixture, "TCP: a resolver that hangs is given up [immune-60]") {
    names.add("late", {answers.address()});
    names.hang();
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> is_held = held;
    auto on_end = [held = std::move(held), report = handler(connected)](
                      error_code error, tcp::socket made) { report(error, std::move(made)); };
    start(broker("late"), {.resolve_timeout = 10ms}, std::move(on_end));
    REQUIRE(names.wait_until_asked());
    REQUIRE(handle_until_ended());
    CHECK(connected.failed_with(timed_out));
    CHECK(is_held.expired());  // although the resolver still has a say
    names.release();
    REQUIRE(run_until_idle());
    handle();
    CHECK(connected.calls == 1);
    CHECK_FALSE(answers.has_one());  // nothing was made of what it said in the end
}

TEST_CASE_METHOD(tcp_race_fixture, "TCP: a time-out behind the end of its step") {
    names.add("name", {answers.address()});
    start(broker("name"), {.resolve_timeout = 50ms, .connect_timeout = 1h}, handler(connected));
    REQUIRE(names.wait_until_asked());  // what it answers is there before the timer is looked at
    REQUIRE(run_until_idle());
    REQUIRE(handle_until_ended());
    CHECK(connected.succeeded());
}

TEST_CASE_METHOD(tcp_race_fixture, "TCP: a connection that is made behind its time-out") {
    start(broker("127.0.0.1", swallows.address().port()), hasty, handler(connected));
    asio::steady_timer later{io, hasty.connect_timeout};
    bool is_late = false;
    later.async_wait([&](error_code) { is_late = true; });
    REQUIRE(test::run_until(io, [&] { return is_late; }));
    swallows.acceptor.accept();  // makes room: the next SYN is answered
    REQUIRE(run_until_idle());
    CHECK(swallows.has_one());
    handle();
    CHECK(connected.failed_with(timed_out));
}

TEST_CASE_METHOD(tcp_connector_fixture, "TCP: timers and connections on several threads") {
    names.add("name", {swallows.address(), refuses.address(), swallows.address()});
    constexpr int count = 100;
    std::atomic<int> ended = 0;
    asio::thread_pool pool{4};
    for (int i = 0; i < count; ++i) {
        tcp_connector{pool.get_executor(), {.connect_timeout = 1ms}}.async_connect(
            broker("name"), [&](error_code error, const tcp::socket&) {
                if (error == asio::error::timed_out) ++ended;
            });
    }
    pool.join();
    CHECK(ended == count);
}
