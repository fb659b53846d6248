// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/allocation_counter.hpp"
#include "support/catch.hpp"
#include "unit/client/outcome.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

// There is no memory just once, each time for another of the allocations: the exception comes out
// of io.run(), the client gives its connection up, and the next one makes good what was lost.

using namespace asio_mqtt;
using namespace std::chrono_literals;
using test::memory_limit;

namespace {

/// Calls `attempt(allocations)`, each time with one allocation more before the one that fails,
/// until it returns true: they were enough. Returns how often that was.
template <class Attempt>
std::size_t with_ever_more_memory(Attempt&& attempt) {
    for (std::size_t allocations = 0;; ++allocations) {
        INFO("with " << allocations << " allocations");
        if (attempt(allocations)) return allocations + 1;
    }
}

/// Does all that can be done now; false when there was no memory for some of it.
bool settle_with(asio::io_context& io, std::size_t allocations) {
    const memory_limit limit{allocations, memory_limit::fails::once};
    io.restart();
    try {
        while (io.poll_one() != 0) {
        }
    } catch (const std::bad_alloc&) {
    }
    return !limit.has_failed();
}

struct fixture : test::scripted_fixture {
    client c = make();

    fixture() { c.async_run(asio::detached); }

    bool settle_with(std::size_t allocations) { return ::settle_with(io, allocations); }

    /// Without waiting for the client to take it.
    static void send(peer& from, const std::string& bytes) {
        const auto kept = std::make_shared<std::vector<std::byte>>(test::hex(bytes));
        asio::async_write(from.stream(), asio::buffer(*kept), [kept](error_code, std::size_t) {});
    }

    /// Soon, and not only when a time-out is over.
    bool connects_again() {
        const auto until = test::manual_clock::now() + 2s;
        pass_time_until(
            [&] { return !connector.peers().empty() || test::manual_clock::now() > until; });
        return !connector.peers().empty();
    }
    peer accept_resumed() { return accept_5("20 03 01 00 00"); }
    /// Where it goes on: on another connection, if there was not enough memory on this one.
    peer goes_on_with(peer& broker, bool is_enough) {
        REQUIRE((is_enough || connects_again()));
        return is_enough ? std::move(broker) : accept_resumed();
    }
};

// Longer than what a string has room for in itself.
const std::string content(40, 'x');

}  // namespace

TEST_CASE("out of memory: a client connects, or ends") {
    const std::size_t rounds = with_ever_more_memory([&](std::size_t allocations) {
        test::scripted_fixture f;
        auto options = test::scripted_fixture::options();
        options.brokers = {"mqtt://a.name.that.is.long"};
        // No strand, as with tcp_connector: one of Asio's without memory for its post stands still.
        options.single_threaded = true;
        auto c = f.make(options);
        test::plain_outcome ended, again;
        c.async_run(ended.handler());
        const bool is_enough = settle_with(f.io, allocations);
        if (ended.calls != 0) {
            CHECK(ended.failed_with(asio::error::no_memory));
            c.async_run(again.handler());
        }
        REQUIRE(f.pass_time_until([&] { return !f.connector.peers().empty(); }));
        auto broker = f.accept_5();
        CHECK(again.calls == 0);
        return is_enough;
    });
    CHECK(rounds > 3);
}

TEST_CASE("out of memory: a message that arrives is handed over once (4.3.3)") {
    const std::string to = GENERATE("a handler", "a handler on an executor",
                                    "a handler that acknowledges", "async_receive");
    CAPTURE(to);
    const std::size_t rounds = with_ever_more_memory([&](std::size_t allocations) {
        fixture f;
        int received = 0;
        const auto count = [&received](const message_view&) { ++received; };
        if (to == "a handler") {
            f.c.async_subscribe("t", qos::exactly_once, count, asio::detached);
        } else if (to == "a handler on an executor") {
            f.c.async_subscribe("t", qos::exactly_once,
                                asio::bind_executor(f.io.get_executor(), count), asio::detached);
        } else if (to == "a handler that acknowledges") {
            f.c.async_subscribe(
                "t", qos::exactly_once,
                [&](const message_view&, manual_acknowledgement acknowledgement) {
                    ++received;
                    acknowledgement.acknowledge();
                },
                asio::detached);
        } else {
            f.c.async_subscribe("t", qos::exactly_once, asio::detached);
            f.c.async_receive([&](error_code error, const message&) { received += !error; });
        }
        auto broker = f.accept_5();
        REQUIRE(broker.receive(11).starts_with("82 09"));
        broker.send("90 04 00 01 00 02");
        f.settle();
        f.send(broker, "34 2E 00 01 't' 00 05 00 '" + content + '\'');
        const bool is_enough = f.settle_with(allocations);
        if (is_enough) {
            CHECK(received == 1);
        } else {
            // What there was no memory to post is done with the next event, on the same connection.
            auto next = f.connects_again() ? f.accept_resumed() : std::move(broker);
            next.send("3C 2E 00 01 't' 00 05 00 '" + content + '\'');
            CHECK(next.receive(4) == "50 02 00 05");
            CHECK(received == 1);
        }
        return is_enough;
    });
    CHECK(rounds > 2);
}

TEST_CASE("out of memory: an operation begins, or throws") {
    const std::size_t rounds = with_ever_more_memory([&](std::size_t allocations) {
        fixture f;
        auto broker = f.accept_5();
        asio::cancellation_signal cancellation;
        test::publish_outcome published, again;
        bool has_thrown = false;
        bool is_enough = false;
        {
            const memory_limit limit{allocations, memory_limit::fails::once};
            try {
                f.c.async_publish(
                    "t", content, qos::at_least_once,
                    asio::bind_cancellation_slot(cancellation.slot(), published.handler()));
            } catch (const std::bad_alloc&) {
                has_thrown = true;
            }
            is_enough = !limit.has_failed();
        }
        CHECK(has_thrown == !is_enough);
        // What has not begun cannot be cancelled.
        if (has_thrown) cancellation.emit(asio::cancellation_type::total);
        f.c.async_publish("t", "", qos::at_least_once, again.handler());
        if (!has_thrown) CHECK(broker.receive(48).starts_with("32 2E"));
        CHECK(broker.receive(8).starts_with("32 06"));
        broker.send("40 02 00 01 40 02 00 02");
        f.settle();
        CHECK(published.calls == (has_thrown ? 0 : 1));
        CHECK((has_thrown ? again : published).succeeded());
        return is_enough;
    });
    CHECK(rounds > 2);
}

TEST_CASE("out of memory: what cannot be posted is done with the next event") {
    fixture f;
    auto broker = f.accept_5();
    {
        const memory_limit limit{1, memory_limit::fails::once};
        f.c.check_connection();
        CHECK(limit.has_failed());
    }
    f.settle();
    broker.send("30 04 00 01 't' 00");
    CHECK(broker.receive(2) == "C0 00");
}

TEST_CASE("out of memory: a message that is published arrives, or fails") {
    const auto level = GENERATE(qos::at_least_once, qos::exactly_once);
    CAPTURE(level);
    const std::size_t rounds = with_ever_more_memory([&](std::size_t allocations) {
        fixture f;
        auto broker = f.accept_5();
        test::publish_outcome published;
        f.c.async_publish("t", content, {.qos = level, .timeout = 1h}, published.handler());
        const bool is_enough = f.settle_with(allocations);
        if (published.calls != 0) {
            CHECK(published.failed_with(asio::error::no_memory));
            return is_enough;
        }
        auto next = f.goes_on_with(broker, is_enough);
        const bool is_qos_2 = level == qos::exactly_once;
        const std::string sent = next.receive(48);
        CHECK(sent.substr(3) ==
              test::to_hex(test::hex("2E 00 01 't' 00 01 00 '" + content + '\'')));
        CHECK((sent.substr(0, 2) == (is_qos_2 ? "34" : "32") ||
               (!is_enough && sent.substr(0, 2) == (is_qos_2 ? "3C" : "3A"))));
        next.send(is_qos_2 ? "50 02 00 01 70 02 00 01" : "40 02 00 01");
        f.settle();
        CHECK(published.succeeded());
        return is_enough;
    });
    CHECK(rounds > 2);
}

TEST_CASE("out of memory: a subscription is made, or fails") {
    const std::size_t rounds = with_ever_more_memory([&](std::size_t allocations) {
        fixture f;
        auto broker = f.accept_5();
        test::subscribe_outcome subscribed;
        f.c.async_subscribe("t", qos::exactly_once, subscribed.handler());
        const bool is_enough = f.settle_with(allocations);
        if (subscribed.calls != 0) {
            CHECK(subscribed.failed_with(asio::error::no_memory));
            return is_enough;
        }
        auto next = f.goes_on_with(broker, is_enough);
        const std::string subscribe = next.receive(11);
        CHECK(subscribe.starts_with("82 09"));
        const std::string packet_id = subscribe.substr(6, 5);
        next.send("90 04 " + packet_id + " 00 02");
        f.settle();
        CHECK(subscribed.succeeded());
        return is_enough;
    });
    CHECK(rounds > 1);
}

TEST_CASE("out of memory: what the broker answers ends an operation") {
    const std::size_t rounds = with_ever_more_memory([&](std::size_t allocations) {
        fixture f;
        auto broker = f.accept_5();
        test::publish_outcome published;
        test::subscribe_outcome subscribed;
        f.c.async_publish("t", "", qos::at_least_once, published.handler());
        f.c.async_subscribe("t", qos::exactly_once, subscribed.handler());
        REQUIRE(broker.receive(8 + 11).size() == 3 * (8 + 11) - 1);
        // SUBSCRIBE overtakes. Each with a Reason String (3.4.2.2.2, 3.9.2.1.2).
        const std::string text = "2B 1F 00 28 '" + content + '\'';
        f.send(broker, "40 2F 00 02 00 " + text + " 90 2F 00 01 " + text + " 02");
        const bool is_enough = f.settle_with(allocations);
        if (!is_enough && published.calls + subscribed.calls < 2) {
            REQUIRE(f.connects_again());
            auto next = f.accept_resumed();
            if (published.calls == 0) next.send("40 02 00 02");
            next.send("90 04 00 01 00 02  90 04 00 03 00 02");
            f.settle();
        }
        CHECK(published.succeeded());
        CHECK((subscribed.succeeded() || subscribed.failed_with(asio::error::no_memory)));
        return is_enough;
    });
    CHECK(rounds > 2);
}
