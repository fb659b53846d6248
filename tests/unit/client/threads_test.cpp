// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/client.hpp>
#include <asio_mqtt/testing/broker.hpp>

#include "support/catch.hpp"
#include "support/deferred.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/parallel_group.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <thread>

using namespace asio_mqtt;
using namespace std::chrono_literals;

namespace {

constexpr int starters = 4;
constexpr int each_starts = 200;

/// A context that several threads run, and a broker on a strand of it, over TCP.
struct threads_fixture {
    asio::io_context io;
    asio::any_io_executor broker_strand = asio::make_strand(io);
    testing::broker broker{broker_strand};
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{
        io.get_executor()};
    std::vector<std::thread> runners;

    threads_fixture() {
        REQUIRE_FALSE(broker.listen());
        for (int i = 0; i < 4; ++i)
            runners.emplace_back([this] { io.run(); });
    }
    ~threads_fixture() {
        asio::post(broker_strand, [this] { broker.stop(); });
        work.reset();
        for (std::thread& each : runners)
            each.join();
    }

    client_options options() const { return {.brokers = {broker.url()}, .client_id = "a"}; }

    /// Calls `start(n)` each_starts times in each of several threads at once.
    template <class Start>
    void start_from_all(Start start) {
        std::vector<std::thread> threads;
        for (int i = 0; i < starters; ++i) {
            threads.emplace_back([start] {
                for (int n = 0; n < each_starts; ++n)
                    start(n);
            });
        }
        for (std::thread& each : threads)
            each.join();
    }
};

/// Counts down to the moment that a test waits for.
class countdown {
public:
    explicit countdown(int count) : left_{count} {}
    void tick() {
        if (--left_ == 0) done_.set_value();
    }
    bool wait() { return done_.get_future().wait_for(30s) == std::future_status::ready; }

private:
    std::atomic<int> left_;
    std::promise<void> done_;
};

}  // namespace

TEST_CASE_METHOD(threads_fixture, "threads: operations from several at once") {
    constexpr int count = starters * each_starts;
    countdown published{count};
    countdown delivered{count};
    std::atomic<int> failures{0};
    std::optional<client> c{std::in_place, io, options()};
    const auto ran = c->async_run(asio::use_future);
    // Handlers without an executor run on the client's strand: one at a time.
    int in_handlers = 0;
    c->async_subscribe(
         "t/#", qos::exactly_once,
         [&](const message_view&) {
             ++in_handlers;
             delivered.tick();
         },
         asio::use_future)
        .get();
    start_from_all([&](int n) {
        c->async_publish("t/" + std::to_string(n), "x", static_cast<qos>(n % 3),
                         [&](error_code error, const publish_result&) {
                             ++in_handlers;
                             if (error) ++failures;
                             published.tick();
                         });
    });
    CHECK(published.wait());
    CHECK(delivered.wait());
    CHECK(failures == 0);
    c->async_disconnect(asio::use_future).get();
    ran.wait();
    CHECK(in_handlers == 2 * count);
}

TEST_CASE_METHOD(threads_fixture, "threads: every operation ends once when the client goes") {
    std::atomic<int> calls{0};
    std::atomic<int> aborted{0};
    countdown ended{starters * each_starts + 1};
    {
        client c{io, options()};
        c.async_run([&](error_code) { ended.tick(); });
        start_from_all([&](int n) {
            const auto handler = [&](error_code error, const auto&) {
                ++calls;
                if (error == asio::error::operation_aborted) ++aborted;
                ended.tick();
            };
            if (n % 4 == 0) {
                c.async_receive(handler);
            } else if (n % 4 == 1) {
                c.async_subscribe("s/" + std::to_string(n), qos::at_most_once, handler);
            } else {
                c.async_publish("t", "x", qos::exactly_once, handler);
            }
        });
    }
    CHECK(ended.wait());
    CHECK(calls == starters * each_starts);
    CHECK(aborted >= starters * each_starts / 4);  // the receives at least
}

TEST_CASE_METHOD(threads_fixture, "threads: cancelling while operations end by themselves") {
    std::atomic<int> failures{0};
    countdown ended{starters * each_starts};
    client c{io, options()};
    c.async_run(asio::detached);
    start_from_all([&](int n) {
        // A signal is used on one strand: that of the handler.
        struct state {
            explicit state(asio::io_context& io) : strand{asio::make_strand(io)} {}
            asio::strand<asio::io_context::executor_type> strand;
            asio::cancellation_signal signal;
        };
        const auto own = std::make_shared<state>(io);
        asio::post(own->strand, [&, own, n] {
            c.async_publish("t", "x", static_cast<qos>(n % 3),
                            asio::bind_cancellation_slot(
                                own->signal.slot(),
                                asio::bind_executor(
                                    own->strand, [&, own](error_code error, const publish_result&) {
                                        if (error && error != asio::error::operation_aborted)
                                            ++failures;
                                        ended.tick();
                                    })));
            asio::post(own->strand, [own] { own->signal.emit(asio::cancellation_type::terminal); });
        });
    });
    CHECK(ended.wait());
    CHECK(failures == 0);
}

TEST_CASE_METHOD(threads_fixture, "threads: those who wait for room are called one at a time") {
    constexpr int count = starters * each_starts;
    countdown published{count};
    std::atomic<int> overlaps{0};
    std::atomic<bool> is_inside{false};
    int calls = 0;
    const auto enter = [&] {
        if (is_inside.exchange(true)) ++overlaps;
        ++calls;
        is_inside = false;
    };
    client c{io, options()};
    c.async_run(asio::detached);
    start_from_all([&](int) {
        c.async_wait_for_room([&](error_code) {
            enter();
            c.async_publish("t", "x", qos::at_most_once, [&](error_code, const publish_result&) {
                enter();
                published.tick();
            });
        });
    });
    CHECK(published.wait());
    CHECK(overlaps == 0);
    CHECK(calls == 2 * count);
}

TEST_CASE_METHOD(threads_fixture, "threads: a group cancels an operation that ends by itself") {
    client c{io, options()};
    asio::steady_timer timer{io};
    for (int round = 0; round < each_starts; ++round) {
        std::promise<void> ended;
        timer.expires_after(0s);
        asio::experimental::make_parallel_group(timer.async_wait(test::deferred),
                                                c.async_wait_for_room(test::deferred))
            .async_wait(asio::experimental::wait_for_one(), [&](auto&&...) { ended.set_value(); });
        REQUIRE(ended.get_future().wait_for(30s) == std::future_status::ready);
    }
}

TEST_CASE_METHOD(threads_fixture, "threads: a message handler on a strand of its own") {
    constexpr int count = starters * each_starts;
    const auto strand = asio::make_strand(io);
    countdown delivered{count};
    int seen = 0;
    client c{io, options()};
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::exactly_once,
                      asio::bind_executor(strand,
                                          [&](const message_view&) {
                                              ++seen;
                                              delivered.tick();
                                          }),
                      asio::use_future)
        .get();
    start_from_all([&](int) { c.async_publish("t", "x", qos::at_least_once, asio::detached); });
    REQUIRE(delivered.wait());
    CHECK(seen == count);
}

TEST_CASE_METHOD(threads_fixture, "threads: clients come and go in several") {
    start_from_all([&, turn = std::make_shared<std::atomic<int>>(0)](int n) {
        if (n % 20 != 0) return;
        auto wanted = options();
        wanted.client_id = "c" + std::to_string(++*turn);
        client c{io, wanted};
        c.async_run(asio::detached);
        auto published = c.async_publish("t", "x", qos::at_least_once, asio::use_future);
        if (n % 40 == 0) published.wait_for(30s);
        c.async_disconnect(asio::detached);
    });
    SUCCEED();
}
