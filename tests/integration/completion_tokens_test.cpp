// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/test_client.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::qos;
using namespace std::chrono_literals;

TEST_CASE("The client works with callbacks") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    mqtt::client client{io, test::options_for(broker.url(), version)};
    std::vector<std::string> steps;
    client.async_subscribe(
        "a", qos::exactly_once,
        [&](const mqtt::message_view& message) {
            steps.push_back("handler " + std::string{message.payload});
            client.async_unsubscribe("a",
                                     [&](mqtt::error_code error, const mqtt::unsubscribe_result&) {
                                         CHECK_FALSE(error);
                                         steps.push_back("unsubscribed");
                                         client.async_disconnect([&](mqtt::error_code failure) {
                                             CHECK_FALSE(failure);
                                             steps.push_back("disconnected");
                                         });
                                     });
        },
        [&](mqtt::error_code error, const mqtt::subscribe_result&) {
            CHECK_FALSE(error);
            steps.push_back("subscribed");
            client.async_publish("a", "1", qos::at_least_once, asio::detached);
        });
    client.async_run([&](mqtt::error_code error) {
        CHECK_FALSE(error);
        steps.push_back("run ended");
    });
    REQUIRE(test::run_until(io, [&] { return steps.size() == 5; }));
    CHECK(std::vector(steps.begin(), steps.begin() + 3) ==
          std::vector<std::string>{"subscribed", "handler 1", "unsubscribed"});
    io.restart();
    io.run_for(10s);  // nothing keeps it running
    CHECK(io.stopped());
}

namespace {

template <class T>
T get(std::future<T> result) {
    if (result.wait_for(10s) != std::future_status::ready) throw std::runtime_error{"not in time"};
    return result.get();
}

/// Runs the io_context in a thread of its own.
class background {
public:
    explicit background(asio::io_context& io)
        : io_{io}, work_{io.get_executor()}, thread_{[&io] { io.run(); }} {}
    ~background() {
        io_.stop();
        thread_.join();
    }

private:
    asio::io_context& io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("The client works with futures, from another thread") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    mqtt::client client{io, test::options_for(broker.url(), version)};
    const background thread{io};
    std::future<void> run = client.async_run(asio::use_future);
    const mqtt::subscribe_result subscribed =
        get(client.async_subscribe("a", qos::exactly_once, asio::use_future));
    CHECK(subscribed.reasons == std::vector{mqtt::reason_code::granted_qos_2});
    std::vector<std::future<mqtt::publish_result>> published;
    for (int i = 0; i < 10; ++i) {
        published.push_back(
            client.async_publish("a", std::to_string(i), qos::exactly_once, asio::use_future));
    }
    for (auto& each : published)
        CHECK(get(std::move(each)).reason == mqtt::reason_code::success);
    for (int i = 0; i < 10; ++i) {
        CHECK(get(client.async_receive(asio::use_future)).payload == std::to_string(i));
    }
    CHECK_THROWS_AS(get(client.async_publish("a/#", "", qos::exactly_once, asio::use_future)),
                    std::system_error);
    CHECK_NOTHROW(get(client.async_unsubscribe("a", asio::use_future)));
    CHECK_NOTHROW(get(client.async_disconnect(asio::use_future)));
    CHECK_NOTHROW(get(std::move(run)));
}

namespace {

asio::awaitable<void> converse(mqtt::client& client, std::vector<std::string>& got) {
    co_await client.async_subscribe("a/#", qos::exactly_once, asio::use_awaitable);
    for (const qos level : test::every_qos) {
        co_await client.async_publish("a/b", "hello", level, asio::use_awaitable);
        const mqtt::message message = co_await client.async_receive(asio::use_awaitable);
        got.push_back(message.topic + " " + message.payload);
    }
    bool has_thrown = false;
    try {
        co_await client.async_publish("", "", qos::at_most_once, asio::use_awaitable);
    } catch (const std::system_error& error) {
        has_thrown = error.code() == mqtt::errc::invalid_topic_name;
    }
    CHECK(has_thrown);
    co_await client.async_unsubscribe("a/#", asio::use_awaitable);
    co_await client.async_disconnect(asio::use_awaitable);
}

}  // namespace

TEST_CASE("The client works with coroutines") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    mqtt::client client{io, test::options_for(broker.url(), version)};
    std::vector<std::string> got;
    int ended = 0;
    const auto on_end = [&](std::exception_ptr failure) {
        CHECK_FALSE(failure);
        ++ended;
    };
    asio::co_spawn(
        io, [&] { return client.async_run(asio::use_awaitable); }, on_end);
    asio::co_spawn(io, converse(client, got), on_end);
    REQUIRE(test::run_until(io, [&] { return ended == 2; }));
    CHECK(got == std::vector<std::string>{"a/b hello", "a/b hello", "a/b hello"});
}
