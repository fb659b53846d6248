// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/test_client.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::qos;

namespace {

/// Raises the limit of open files for this process and the broker it starts.
void allow_open_files(rlim_t count) {
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = std::max(limit.rlim_cur, std::min(count, limit.rlim_max));
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    INFO("the hard limit of open files is too low: raise it with `ulimit -n`");
    REQUIRE(limit.rlim_cur >= count);
}

struct one_of_many {
    explicit one_of_many(asio::io_context& io, const mqtt::client_options& options)
        : client{io, options} {}

    mqtt::client client;
    std::vector<std::string> got;
};

}  // namespace

TEST_CASE("A thousand clients live in one process") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    constexpr std::size_t count = 1000;
    allow_open_files(count + 100);
    test::mosquitto broker;
    asio::io_context io;
    std::vector<std::unique_ptr<one_of_many>> clients;
    std::size_t subscribed = 0, received = 0, ended = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = "client/" + std::to_string(i);
        auto& each = *clients.emplace_back(
            std::make_unique<one_of_many>(io, test::options_for(broker.url(), version, name)));
        each.client.async_run([&](mqtt::error_code error) {
            CHECK_FALSE(error);
            ++ended;
        });
        each.client.async_subscribe(
            std::vector<mqtt::subscription>{{.filter = name, .qos = qos::exactly_once},
                                            {.filter = "all", .qos = qos::at_least_once}},
            [&](const mqtt::message_view& message) {
                each.got.emplace_back(message.payload);
                ++received;
            },
            [&](mqtt::error_code error, const mqtt::subscribe_result&) {
                CHECK_FALSE(error);
                ++subscribed;
            });
    }
    REQUIRE(test::run_until(io, [&] { return subscribed == count; }));

    // Each publishes to its neighbour, and one to all.
    for (std::size_t i = 0; i < count; ++i) {
        clients[i]->client.async_publish(
            "client/" + std::to_string((i + 1) % count), std::to_string(i), qos::exactly_once,
            [](mqtt::error_code error, const mqtt::publish_result&) { CHECK_FALSE(error); });
    }
    REQUIRE(test::run_until(io, [&] { return received == count; }));
    clients[0]->client.async_publish(
        "all", "hello", qos::at_least_once,
        [](mqtt::error_code error, const mqtt::publish_result&) { CHECK_FALSE(error); });
    REQUIRE(test::run_until(io, [&] { return received == 2 * count; }));
    for (std::size_t i = 0; i < count; ++i) {
        const std::vector<std::string> expected = {std::to_string((i + count - 1) % count),
                                                   "hello"};
        if (clients[i]->got != expected) CHECK(clients[i]->got == expected);
    }

    for (const auto& each : clients)
        each->client.async_disconnect([](mqtt::error_code) {});
    CHECK(test::run_until(io, [&] { return ended == count; }));
}
