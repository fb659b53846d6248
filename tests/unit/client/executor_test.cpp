// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/client_fixture.hpp"

#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/strand.hpp>
#include <asio/system_executor.hpp>

#include <memory>

using namespace asio_mqtt;
using test::client_fixture;

namespace {

/// Starts each kind of operation with `token_for()`, and ends with async_disconnect().
template <class Client, class MakeToken>
void start_all(Client& c, MakeToken&& token_for) {
    c.async_run(token_for());
    c.async_subscribe("t", qos::at_least_once, token_for());
    c.async_receive(token_for());
    c.async_publish("t", "at most once", qos::at_most_once, token_for());
    c.async_publish("t", "at least once", qos::at_least_once, token_for());
    c.async_publish("t", "exactly once", qos::exactly_once, token_for());
    c.async_publish("no/+", "wrong at the call", qos::exactly_once, token_for());
    c.async_unsubscribe("other", token_for());
}
constexpr int operation_count = 9;

/// Dispatching runs at once on the executor on which one is already.
template <class Executor>
bool runs_on(const Executor& executor) {
    const auto at_once = std::make_shared<bool>(false);
    asio::dispatch(executor, [at_once] { *at_once = true; });
    return *at_once;
}

}  // namespace

TEST_CASE_METHOD(client_fixture, "executor: handlers without one run on the client's") {
    auto c = make("a");
    int calls = 0;
    const auto token_for = [&] {
        return [&](auto&&...) {
            CHECK(runs_on(c.get_executor()));
            ++calls;
        };
    };
    CHECK_FALSE(runs_on(c.get_executor()));
    start_all(c, token_for);
    settle();
    c.async_disconnect(token_for());
    settle();
    CHECK(calls == operation_count);
}

TEST_CASE_METHOD(client_fixture, "executor: handlers run on the strand that they are bound to") {
    auto c = make("a");
    const auto strand = asio::make_strand(io);
    int calls = 0;
    const auto token_for = [&] {
        return asio::bind_executor(strand, [&](auto&&...) {
            CHECK(strand.running_in_this_thread());
            ++calls;
        });
    };
    start_all(c, token_for);
    settle();
    c.async_disconnect(token_for());
    settle();
    CHECK(calls == operation_count);
}

TEST_CASE_METHOD(client_fixture, "executor: handlers that are bound to the client's") {
    auto c = make("a");
    int calls = 0;
    const auto token_for = [&] {
        return asio::bind_executor(io.get_executor(), [&](auto&&...) {
            CHECK(io.get_executor().running_in_this_thread());
            ++calls;
        });
    };
    const auto erased_token_for = [&] {
        return asio::bind_executor(c.get_executor(), [&](auto&&...) {
            CHECK(runs_on(c.get_executor()));
            ++calls;
        });
    };
    SECTION("with its type") {
        start_all(c, token_for);
    }
    SECTION("without") {
        start_all(c, erased_token_for);
    }
    CHECK(calls == 0);  // never within the call
    settle();
    c.async_disconnect(token_for());
    settle();
    CHECK(calls == operation_count);
    io.restart();
    io.poll();
    CHECK(io.stopped());  // what is done is no work any more
}

TEST_CASE_METHOD(client_fixture, "executor: handlers run on the context that they are bound to") {
    auto c = make("a");
    asio::io_context other;
    int calls = 0;
    const auto token_for = [&] {
        return asio::bind_executor(other.get_executor(), [&](auto&&...) {
            CHECK(other.get_executor().running_in_this_thread());
            CHECK_FALSE(io.get_executor().running_in_this_thread());
            ++calls;
        });
    };
    start_all(c, token_for);
    other.poll();
    CHECK_FALSE(other.stopped());  // pending operations are work on the handler's executor
    settle();
    CHECK(calls == 0);
    other.poll();
    CHECK(calls == operation_count - 2);  // all but async_run() and async_disconnect()
    c.async_disconnect(token_for());
    settle();
    other.poll();
    CHECK(calls == operation_count);
    other.restart();
    other.poll();
    CHECK(other.stopped());
}

TEST_CASE_METHOD(client_fixture,
                 "executor: one that runs functions wherever they are given to it") {
    auto c = make("a");
    int calls = 0;
    const auto token_for = [&] {
        return asio::bind_executor(asio::system_executor{}, [&](auto&&...) { ++calls; });
    };
    start_all(c, token_for);
    CHECK(calls == 0);
    settle();
    c.async_disconnect(token_for());
    settle();
    CHECK(calls == operation_count);
}

TEST_CASE_METHOD(client_fixture, "executor: the client takes it as it is") {
    auto wanted = options("a");
    wanted.single_threaded = GENERATE(false, true);
    auto c = make(wanted);
    CHECK(c.get_executor() == asio::any_io_executor{io.get_executor()});
    int calls = 0;
    const auto token_for = [&] { return [&](auto&&...) { ++calls; }; };
    start_all(c, token_for);
    CHECK(calls == 0);
    settle();
    c.async_disconnect(token_for());
    settle();
    CHECK(calls == operation_count);
}

TEST_CASE_METHOD(client_fixture, "executor: a message handler runs on its own, and is awaited") {
    auto c = make("a");
    asio::io_context other;
    const auto work = asio::make_work_guard(other);
    c.async_run([](error_code) {});
    std::string seen;
    c.async_subscribe("t", qos::exactly_once,
                      asio::bind_executor(other.get_executor(),
                                          [&](const message_view& m) {
                                              CHECK(other.get_executor().running_in_this_thread());
                                              seen = m.topic;
                                              seen += '=';
                                              seen += m.payload;
                                          }),
                      [](error_code, const subscribe_result&) {});
    settle();
    CHECK_FALSE(broker.publish("t", "hello", qos::exactly_once));
    settle();
    CHECK(seen.empty());
    other.poll();
    CHECK(seen == "t=hello");
}
