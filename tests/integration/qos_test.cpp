// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/test_client.hpp"

#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>

namespace mqtt = asio_mqtt;
using mqtt::qos;
using mqtt::reason_code;

TEST_CASE("Messages of every QoS reach subscriptions of every QoS in order and once") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), version)};
    test::test_client subscriber{io, test::options_for(broker.url(), version)};
    constexpr std::size_t count = 15;
    for (const qos published : test::every_qos) {
        for (const qos granted : test::every_qos) {
            CAPTURE(published, granted);
            subscriber.messages().clear();
            const std::string topic = "qos/" + std::to_string(static_cast<int>(granted));
            const auto [refused, subscribed] = subscriber.subscribe(topic, granted);
            REQUIRE_FALSE(refused);
            // The granted QoS is the reason code (3.9.3), in 3.1.1 the return code.
            REQUIRE(subscribed.reasons ==
                    std::vector{static_cast<reason_code>(static_cast<int>(granted))});

            std::size_t completed = 0;
            for (std::size_t i = 0; i < count; ++i) {
                publisher.client.async_publish(
                    topic, std::to_string(i), published,
                    [&](mqtt::error_code error, const mqtt::publish_result& result) {
                        CHECK_FALSE(error);
                        CHECK(result.reason == reason_code::success);
                        ++completed;
                    });
            }
            CHECK(subscriber.receive(count));
            CHECK(test::run_until(io, [&] { return completed == count; }));
            // One more behind them would come after a second copy of any.
            CHECK_FALSE(publisher.publish(topic, "last", published).error);
            REQUIRE(subscriber.receive(count + 1));
            REQUIRE(subscriber.messages().size() == count + 1);
            for (std::size_t i = 0; i < count; ++i) {
                const mqtt::message& message = subscriber.messages()[i];
                CHECK(message.payload == std::to_string(i));
                CHECK(message.topic == topic);
                CHECK(message.qos == std::min(published, granted));  // (3.8.4)
                CHECK_FALSE(message.dup);
                CHECK_FALSE(message.retain);
            }
            CHECK_FALSE(subscriber.unsubscribe(topic).error);
        }
    }
    CHECK(publisher.disconnect() == mqtt::error_code{});
    CHECK(subscriber.disconnect() == mqtt::error_code{});
}

// A 5.0 broker announces how many messages it takes at once (3.2.2.3.3). In 3.1.1 nothing does:
// Mosquitto 2.0.11 takes 20 at QoS 2, and acknowledges the others just so, but drops them.
TEST_CASE("No message is lost when many are published at once") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), version)};
    test::test_client subscriber{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(subscriber.subscribe("a", qos::at_most_once).error);
    constexpr std::size_t count = 200;
    std::size_t completed = 0;
    for (std::size_t i = 0; i < count; ++i) {
        publisher.client.async_publish("a", std::to_string(i), qos::exactly_once,
                                       [&](mqtt::error_code error, const mqtt::publish_result&) {
                                           CHECK_FALSE(error);
                                           ++completed;
                                       });
    }
    REQUIRE(test::run_until(io, [&] { return completed == count; }));
    REQUIRE_FALSE(publisher.publish("a", "last", qos::exactly_once).error);
    REQUIRE(test::run_until(io, [&] {
        return !subscriber.messages().empty() && subscriber.messages().back().payload == "last";
    }));
    CHECK(subscriber.messages().size() == count + 1);
}

TEST_CASE("A 5.0 broker tells when nobody has subscribed") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), mqtt::protocol_version::v5)};
    // Mosquitto 2.0 tells so at QoS 1 only.
    const auto [error, result] = client.publish("to/nobody", "", qos::at_least_once);
    CHECK_FALSE(error);
    CHECK(result.reason == reason_code::no_matching_subscribers);  // 0x10 (3.4.2.1)
}

TEST_CASE("After unsubscribing no message comes") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(client.subscribe("a", qos::at_least_once).error);
    REQUIRE_FALSE(client.subscribe("b", qos::at_least_once).error);
    REQUIRE_FALSE(client.publish("a", "1", qos::at_least_once).error);
    REQUIRE(client.receive(1));

    const auto [error, result] = client.unsubscribe("a");
    CHECK_FALSE(error);
    CHECK(result.reasons == (version == mqtt::protocol_version::v5
                                 ? std::vector{reason_code::success}
                                 : std::vector<reason_code>{}));
    CHECK_FALSE(client.publish("a", "2", qos::at_least_once).error);
    CHECK_FALSE(client.publish("b", "3", qos::at_least_once).error);
    REQUIRE(client.receive(2));
    CHECK(client.messages()[1].payload == "3");

    const auto [again_error, again] = client.unsubscribe("a");
    CHECK_FALSE(again_error);
    if (version == mqtt::protocol_version::v5) {
        CHECK(again.reasons == std::vector{reason_code::no_subscription_existed});
    }
}

TEST_CASE("An idle connection is kept alive") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    // The broker closes after 1.5 times the interval without a packet (3.1.2.10).
    test::mosquitto broker;
    asio::io_context io;
    auto options = test::options_for(broker.url(), version, "idle");
    options.keep_alive = std::chrono::seconds{1};
    test::test_client client{io, options};
    REQUIRE_FALSE(client.subscribe("a", qos::at_least_once).error);
    asio::steady_timer look{io};
    const std::function<void(mqtt::error_code)> look_again = [&](mqtt::error_code) {
        look.expires_after(std::chrono::milliseconds{20});
        look.async_wait(look_again);
    };
    look_again({});
    CHECK(test::run_until(io,
                          [&] { return broker.count_in_log("Received PINGREQ from idle") >= 2; }));
    look.cancel();
    CHECK(broker.count_in_log("New client connected") == 1);
}
