// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/connect_with.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio_mqtt/detail/connecting.hpp>
#include <asio_mqtt/transport/tcp_connector.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace asio_mqtt;
using test::manual_clock;
using test::scripted_fixture;

namespace {

struct thrown : std::runtime_error {
    thrown() : std::runtime_error{"by a handler"} {}
};

/// Runs until nothing is left to do; returns how many exceptions came out.
int settle_with_exceptions(asio::io_context& io) {
    int caught = 0;
    for (;;) {
        try {
            test::settle(io);
            return caught;
        } catch (const thrown&) {
            ++caught;
        }
    }
}

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

    int settle_with_exceptions() { return ::settle_with_exceptions(io); }
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

TEST_CASE_METHOD(exceptions_fixture,
                 "exceptions: what was acknowledged behind one is not taken for unsent") {
    asio::cancellation_signal signal;
    test::publish_outcome second;
    c.async_run(asio::detached);
    c.async_publish("1", "", qos::at_least_once, [&](error_code, const publish_result&) {
        signal.emit(asio::cancellation_type::total);  // what was not sent
        throw thrown{};
    });
    c.async_publish("2", "", qos::at_least_once,
                    asio::bind_cancellation_slot(signal.slot(), second.handler()));
    settle();
    auto broker = accept_5();
    broker.receive(8 + 8);
    broker.send("40 02 00 01  40 02 00 02");
    CHECK(settle_with_exceptions() == 1);
    CHECK(second.succeeded());
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
    CHECK(published.failed_with(errc::unknown_broker_scheme));
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

TEST_CASE_METHOD(exceptions_fixture,
                 "exceptions: of one message handler, the others get the message nevertheless") {
    const int throwing_one = GENERATE(0, 1, 2);
    c.async_run(asio::detached);
    int calls[3] = {};
    const char* const filters[] = {"t", "+", "#"};
    for (int i = 0; i < 3; ++i) {
        c.async_subscribe(
            filters[i], qos::at_least_once,
            [i, throwing_one, &calls](const message_view&) {
                ++calls[i];
                if (i == throwing_one) throw thrown{};
            },
            asio::detached);
    }
    c.async_subscribe("t/#", qos::at_least_once, asio::detached);
    test::outcome<message> received;
    c.async_receive(received.handler());
    auto broker = accept_5();
    broker.receive(3 * 11 + 13);
    // One copy with all Subscription Identifiers (3.3.2.3.8).
    const auto bytes = test::hex(
        "90 04 00 01 00 01  90 04 00 02 00 01  90 04 00 03 00 01  90 04 00 04 00 01"
        "32 0F 00 01 't' 00 05 08 0B 01 0B 02 0B 03 0B 04 'x'");
    broker.stream().async_write_some(asio::buffer(bytes), asio::detached);
    CHECK(settle_with_exceptions() == 1);
    for (const int each : calls)
        CHECK(each == 1);
    CHECK(received.succeeded());
    CHECK(broker.receive(4) == "40 02 00 05");
}

TEST_CASE_METHOD(exceptions_fixture,
                 "exceptions: of one message handler, while another acknowledges by hand") {
    c.async_run(asio::detached);
    std::vector<manual_acknowledgement> kept;
    const auto keeps = [&](const message_view&, manual_acknowledgement acknowledgement) {
        kept.push_back(std::move(acknowledgement));
    };
    const auto throws_always = [this](const message_view&) {
        ++throws;
        throw thrown{};
    };
    // In either order.
    const bool keeps_first = GENERATE(false, true);
    c.async_subscribe(keeps_first ? "#" : "t", qos::at_least_once, throws_always, asio::detached);
    c.async_subscribe(keeps_first ? "t" : "#", qos::at_least_once, keeps, asio::detached);
    auto broker = accept_5();
    broker.receive(22);
    const auto bytes =
        test::hex("90 04 00 01 00 01  90 04 00 02 00 01  32 0A 00 01 't' 00 05 04 0B 01 0B 02");
    broker.stream().async_write_some(asio::buffer(bytes), asio::detached);
    CHECK(settle_with_exceptions() == 1);
    CHECK(throws == 1);
    REQUIRE(kept.size() == 1);
    // Nothing was written: the answer to a PUBREL for an unknown identifier is next (3.6).
    broker.send("62 02 00 09");
    CHECK(broker.receive(5) == "70 03 00 09 92");
    kept[0].acknowledge();
    CHECK(broker.receive(4) == "40 02 00 05");
}

TEST_CASE_METHOD(exceptions_fixture, "exceptions: of what is called when an attempt begins") {
    auto wanted = options();
    const bool is_asked = GENERATE(false, true);
    int attempts = 0;
    const auto throws_twice = [&] {
        if (++attempts <= 2) throw thrown{};
    };
    int ends = 0;
    wanted.on_connection = [&](const connection_event& event) {
        if (event.what == connection_event::kind::connecting && !is_asked) throws_twice();
        if (event.what == connection_event::kind::disconnected) ++ends;
    };
    if (is_asked) {
        wanted.ask_for_credentials = [&](credentials_answer answer) {
            throws_twice();
            answer({}, {});
        };
    }
    c = make(wanted);
    test::plain_outcome ran;
    c.async_run(ran.handler());
    CHECK(settle_with_exceptions() == 1);
    CHECK(attempts == 1);
    CHECK(ends == 1);  // the attempt was given up at once
    manual_clock::advance(std::chrono::milliseconds{500});
    CHECK(settle_with_exceptions() == 1);
    CHECK(attempts == 2);
    CHECK(ends == 2);
    manual_clock::advance(std::chrono::seconds{1});
    CHECK(settle_with_exceptions() == 0);
    CHECK(attempts == 3);
    CHECK(connector.attempts().size() == 1);
    auto broker = accept_5();
    CHECK(ends == 2);
    CHECK(ran.calls == 0);
}

TEST_CASE("exceptions: an attempt that there was no memory to begin can be given up") {
    asio::io_context io;
    detail::connecting<tcp_connector> connecting{io.get_executor(), false,
                                                 tcp_connector{io.get_executor()}};
    connecting.give_up();
    CHECK(io.poll() == 0);
}

TEST_CASE_METHOD(exceptions_fixture, "exceptions: what is submitted behind one is not forgotten") {
    const auto held = std::make_shared<int>();
    {
        scripted_fixture other;
        client late = other.make();
        late.async_publish("#", "", qos::at_most_once, throwing());
        late.async_publish("#", "", qos::at_most_once, [](error_code, const publish_result&) {});
        CHECK_THROWS_AS(other.io.poll(), thrown);
        late.async_publish("t", "", qos::at_most_once,
                           [held](error_code, const publish_result&) {});
    }
    CHECK(held.use_count() == 1);
}

namespace {

/// Its initiating functions may throw, as they do when there is no memory.
struct throwing_stream : testing::memory_stream {
    explicit throwing_stream(testing::memory_stream&& stream, int& throws)
        : memory_stream{std::move(stream)}, read_and_write{&throws} {}

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        throw_if(1);
        return memory_stream::async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        throw_if(2);
        return memory_stream::async_write_some(buffers, std::forward<Token>(token));
    }
    void throw_if(int which) {
        if (*read_and_write == which && std::exchange(*read_and_write, 0) != 0) throw thrown{};
    }

    int* read_and_write;  // 1: the next read throws; 2: the next write
};

struct throwing_connector {
    using stream_type = throwing_stream;

    template <class Token>
    auto async_connect(const broker_address&, Token&& token) {
        auto ends = testing::make_memory_stream_pair(executor);
        peers->push_back(std::move(ends.second));
        return test::connect_with(throwing_stream{std::move(ends.first), *throws},
                                  std::forward<Token>(token));
    }

    asio::any_io_executor executor;
    std::deque<testing::memory_stream>* peers;
    int* throws;
};

}  // namespace

TEST_CASE("exceptions: of a stream that cannot begin to read or write") {
    asio::io_context io;
    std::deque<testing::memory_stream> peers;
    int throws = GENERATE(1, 2);
    int caught = 0;
    test::plain_outcome ran;
    test::publish_outcome published;
    {
        basic_client<throwing_connector, testing::manual_timer> c{
            io.get_executor(), scripted_fixture::options(),
            throwing_connector{io.get_executor(), &peers, &throws}};
        c.async_run(ran.handler());
        c.async_publish("t", "", qos::at_least_once, published.handler());
        for (int i = 0; i < 60; ++i) {
            caught += settle_with_exceptions(io);
            manual_clock::advance(std::chrono::seconds{1});
        }
        CHECK(caught == 1);
        CHECK(peers.size() >= 2);  // it goes on: nobody answers, and so it tries again
    }
    CHECK(settle_with_exceptions(io) == 0);
    CHECK(ran.failed_with(asio::error::operation_aborted));
    CHECK(published.failed_with(asio::error::operation_aborted));
    peers.clear();
}
