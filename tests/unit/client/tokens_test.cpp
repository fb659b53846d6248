// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/deferred.hpp"
#include "unit/client/client_fixture.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <functional>
#include <future>
#include <memory>
#include <optional>

using namespace asio_mqtt;
using test::client_fixture;

namespace {

template <class T>
bool is_ready(const std::future<T>& future) {
    return future.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
}

}  // namespace

TEST_CASE_METHOD(client_fixture, "tokens: callbacks, move-only ones too") {
    auto c = make("a");
    test::plain_outcome ran, disconnected;
    test::subscribe_outcome subscribed, unsubscribed;
    test::publish_outcome published;
    test::outcome<message> received;
    // What a move-only handler holds is freed with it.
    const auto held = std::make_shared<int>();
    const auto move_only = [&held](auto& outcome) {
        return [owned = std::make_unique<std::shared_ptr<int>>(held), inner = outcome.handler()](
                   auto... arguments) mutable { inner(std::move(arguments)...); };
    };
    c.async_run(move_only(ran));
    c.async_subscribe("t", qos::at_least_once, move_only(subscribed));
    c.async_receive(move_only(received));
    settle();
    c.async_publish("t", "hello", qos::at_least_once, move_only(published));
    settle();
    CHECK(subscribed.succeeded());
    CHECK(published.succeeded());
    REQUIRE(received.succeeded());
    CHECK(received.result().payload == "hello");
    c.async_unsubscribe("t", move_only(unsubscribed));
    settle();
    CHECK(unsubscribed.succeeded());
    c.async_disconnect(move_only(disconnected));
    settle();
    CHECK(disconnected.succeeded());
    CHECK(ran.succeeded());
    CHECK(held.use_count() == 1);
}

TEST_CASE_METHOD(client_fixture, "tokens: a handler that is an lvalue is copied") {
    auto c = make("a");
    test::plain_outcome ran;
    const auto constant = ran.handler();
    c.async_run(constant);
    int called = 0;
    std::function<void(error_code)> handler = [&](error_code) { ++called; };
    std::function<void(error_code, const subscribe_result&)> answered =
        [&](error_code, const subscribe_result&) { ++called; };
    std::function<void(error_code, const publish_result&)> published =
        [&](error_code, const publish_result&) { ++called; };
    for (int i = 0; i < 2; ++i) {
        c.async_wait_for_room(handler);
        c.async_subscribe("t", qos::at_most_once, answered);
        c.async_publish("t", "x", qos::at_most_once, published);
    }
    settle();
    CHECK(called == 6);
    c.async_disconnect(handler);
    settle();
    CHECK(called == 7);
    CHECK(ran.succeeded());
}

TEST_CASE_METHOD(client_fixture, "tokens: use_future gives results, and throws errors") {
    auto c = make("a");
    std::future<void> run = c.async_run(asio::use_future);
    std::future<subscribe_result> subscribed =
        c.async_subscribe("t", qos::exactly_once, asio::use_future);
    std::future<message> received = c.async_receive(asio::use_future);
    std::future<publish_result> published =
        c.async_publish("t", "hello", qos::exactly_once, asio::use_future);
    std::future<publish_result> refused =
        c.async_publish("t/+", "hello", qos::exactly_once, asio::use_future);
    REQUIRE(test::run_until(io, [&] { return is_ready(received) && is_ready(published); }));
    CHECK(subscribed.get().reasons == std::vector{reason_code::granted_qos_2});
    CHECK(published.get().reason == reason_code::success);
    CHECK(received.get().payload == "hello");
    REQUIRE(is_ready(refused));
    try {
        refused.get();
        FAIL("no exception");
    } catch (const std::system_error& thrown) {
        CHECK(thrown.code() == errc::invalid_topic_name);
    }
    std::future<subscribe_result> unsubscribed = c.async_unsubscribe("t", asio::use_future);
    REQUIRE(test::run_until(io, [&] { return is_ready(unsubscribed); }));
    CHECK(unsubscribed.get().reasons == std::vector{reason_code::success});
    std::future<void> disconnected = c.async_disconnect(asio::use_future);
    REQUIRE(test::run_until(io, [&] { return is_ready(disconnected) && is_ready(run); }));
    CHECK_NOTHROW(disconnected.get());
    CHECK_NOTHROW(run.get());
}

TEST_CASE_METHOD(client_fixture, "tokens: use_awaitable gives results, and throws errors") {
    auto c = make("a");
    test::plain_outcome ran;
    c.async_run(ran.handler());
    std::vector<std::string> payloads;
    error_code thrown;
    const auto main = [&]() -> asio::awaitable<void> {
        const subscribe_result granted =
            co_await c.async_subscribe("t", qos::exactly_once, asio::use_awaitable);
        CHECK(granted.reasons == std::vector{reason_code::granted_qos_2});
        for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
            const publish_result result =
                co_await c.async_publish("t", "hello", level, asio::use_awaitable);
            CHECK(result.reason == reason_code::success);
            const message received = co_await c.async_receive(asio::use_awaitable);
            CHECK(received.qos == level);
            payloads.push_back(received.payload);
        }
        try {
            co_await c.async_publish("", "hello", qos::at_most_once, asio::use_awaitable);
        } catch (const std::system_error& error) {
            thrown = error.code();
        }
        co_await c.async_unsubscribe("t", asio::use_awaitable);
        co_await c.async_disconnect(asio::use_awaitable);
    };
    std::optional<std::exception_ptr> ended;
    asio::co_spawn(io, main(), [&](std::exception_ptr error) { ended = error; });
    settle();
    REQUIRE(ended.has_value());
    CHECK(*ended == nullptr);
    CHECK(payloads == std::vector<std::string>(3, "hello"));
    CHECK(thrown == errc::invalid_topic_name);
    CHECK(ran.succeeded());
}

// GCC 12 destroys such temporaries twice when they own something: see borrowed_string.
TEST_CASE_METHOD(client_fixture, "tokens: options in braces within co_await") {
    auto c = make("a");
    c.async_run(asio::detached);
    std::optional<message> received;
    const auto main = [&]() -> asio::awaitable<void> {
        co_await c.async_subscribe("t", {.qos = qos::exactly_once, .retain_as_published = true},
                                   asio::use_awaitable);
        co_await c.async_publish("t", "hello",
                                 {.qos = qos::at_least_once,
                                  .retain = true,
                                  .message_expiry_interval = std::chrono::seconds{60},
                                  .response_topic = "answers",
                                  .correlation_data = "a question that is not short",
                                  .content_type = "text/plain"},
                                 asio::use_awaitable);
        received = co_await c.async_receive(asio::use_awaitable);
        co_await c.async_disconnect(asio::use_awaitable);
    };
    std::optional<std::exception_ptr> ended;
    asio::co_spawn(io, main(), [&](std::exception_ptr error) { ended = error; });
    settle();
    REQUIRE(ended.has_value());
    CHECK(*ended == nullptr);
    REQUIRE(received.has_value());
    CHECK(received->payload == "hello");
    CHECK(received->retain);
    CHECK(received->response_topic == "answers");
    CHECK(received->correlation_data == "a question that is not short");
    CHECK(received->content_type == "text/plain");
}

TEST_CASE_METHOD(client_fixture, "tokens: detached") {
    auto c = make("a");
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_least_once, asio::detached);
    c.async_publish("t", "hello", qos::at_least_once, asio::detached);
    test::outcome<message> received;
    c.async_receive(received.handler());
    settle();
    REQUIRE(received.succeeded());
    CHECK(received.result().payload == "hello");
    c.async_unsubscribe("t", asio::detached);
    c.async_disconnect(asio::detached);
    settle();
    CHECK(broker.connection_count() == 0);
}

TEST_CASE_METHOD(client_fixture, "tokens: deferred starts when it is called, or never") {
    using test::deferred;
    auto c = make("a");
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_least_once, asio::detached);
    test::outcome<message> received;
    c.async_receive(received.handler());
    auto never_called = c.async_publish("t", "never", qos::at_least_once, deferred);
    auto publish = c.async_publish("t", "hello", qos::at_least_once, deferred);
    settle();
    CHECK(received.calls == 0);
    test::publish_outcome published;
    std::move(publish)(published.handler());
    settle();
    CHECK(published.succeeded());
    REQUIRE(received.succeeded());
    CHECK(received.result().payload == "hello");
    // What has no packet may be started more than once.
    const auto receive = c.async_receive(deferred);
    test::outcome<message> first, second;
    receive(first.handler());
    receive(second.handler());
    c.async_publish("t", "1", qos::at_least_once, asio::detached);
    c.async_publish("t", "2", qos::at_least_once, asio::detached);
    settle();
    REQUIRE(first.succeeded());
    REQUIRE(second.succeeded());
    CHECK(first.result().payload == "1");
    CHECK(second.result().payload == "2");
}
