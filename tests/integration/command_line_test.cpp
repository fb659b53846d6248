// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/command_line_client.hpp"
#include "integration/mosquitto.hpp"
#include "integration/test_client.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;

namespace {

std::string to_string(qos level) {
    return std::to_string(static_cast<int>(level));
}

}  // namespace

TEST_CASE("mosquitto_sub receives what the client publishes") {
    const auto version = BOTH_VERSIONS;
    const auto their_version = BOTH_VERSIONS;
    CAPTURE(version, their_version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    // It writes this once it has subscribed.
    REQUIRE_FALSE(
        client.publish("ours/state", "ready", {.qos = qos::exactly_once, .retain = true}).error);
    test::command_line_client subscriber{
        io,
        "mosquitto_sub",
        broker,
        their_version,
        {"-q", "2", "-t", "ours/#", "-C", "5", "-W", "20", "-F", "%t %q %r [%p]"}};
    REQUIRE(subscriber.has_written("ready"));
    for (const qos level : test::every_qos) {
        REQUIRE_FALSE(
            client.publish("ours/" + to_string(level), "\u00FC " + to_string(level), level).error);
    }
    REQUIRE_FALSE(client.publish("ours/empty", "", qos::exactly_once).error);
    CHECK(subscriber.wait() == 0);
    CHECK(subscriber.output() ==
          "ours/state 2 1 [ready]\n"
          "ours/0 0 0 [\u00FC 0]\n"
          "ours/1 1 0 [\u00FC 1]\n"
          "ours/2 2 0 [\u00FC 2]\n"
          "ours/empty 2 0 []\n");
}

TEST_CASE("mosquitto_sub receives the properties that the client publishes") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(client
                      .publish("a", "1",
                               {.qos = qos::exactly_once,
                                .retain = true,
                                .payload_format_indicator = mqtt::payload_format::utf8,
                                .message_expiry_interval = std::chrono::seconds{4'000'000'000},
                                .response_topic = "answers/1",
                                .correlation_data = "question 1",
                                .content_type = "text/plain",
                                .user_properties = {{"key", "1"}, {"key", "2"}}})
                      .error);
    test::command_line_client subscriber{
        io,
        "mosquitto_sub",
        broker,
        protocol_version::v5,
        {"-q", "2", "-t", "a", "-C", "1", "-W", "20", "-F", "%F %R %D %C %P [%p]"}};
    CHECK(subscriber.wait() == 0);
    CHECK(subscriber.output() == "1 answers/1 question 1 text/plain key:1 key:2 [1]\n");
}

TEST_CASE("The client receives what mosquitto_pub publishes") {
    const auto version = BOTH_VERSIONS;
    const auto their_version = BOTH_VERSIONS;
    CAPTURE(version, their_version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(client.subscribe("theirs/+", qos::exactly_once).error);
    std::size_t count = 0;
    for (const qos level : test::every_qos) {
        CAPTURE(level);
        const std::string number = to_string(level);
        test::command_line_client publisher{
            io,
            "mosquitto_pub",
            broker,
            their_version,
            {"-q", number, "-t", "theirs/" + number, "-m", "\u00FC " + number, "-r"}};
        CHECK(publisher.wait() == 0);
        CHECK(publisher.output().empty());
        REQUIRE(client.receive(++count));
        const mqtt::message& message = client.messages().back();
        CHECK(message.topic == "theirs/" + number);
        CHECK(message.payload == "\u00FC " + number);
        CHECK(message.qos == level);
        CHECK_FALSE(message.retain);
    }
    test::command_line_client publisher{
        io, "mosquitto_pub", broker, their_version, {"-q", "2", "-t", "theirs/empty", "-n"}};
    CHECK(publisher.wait() == 0);
    REQUIRE(client.receive(++count));
    CHECK(client.messages().back().payload.empty());

    // What it had retained is there for a later subscription, too.
    test::test_client later{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(later.subscribe("theirs/#", qos::exactly_once).error);
    REQUIRE(later.receive(3));
    for (const mqtt::message& message : later.messages())
        CHECK(message.retain);
}

TEST_CASE("The client receives the properties that mosquitto_pub publishes") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(client.subscribe("a", qos::exactly_once).error);
    test::command_line_client publisher{io,
                                        "mosquitto_pub",
                                        broker,
                                        protocol_version::v5,
                                        {"-q",
                                         "1",
                                         "-t",
                                         "a",
                                         "-m",
                                         "1",
                                         "-D",
                                         "publish",
                                         "payload-format-indicator",
                                         "1",
                                         "-D",
                                         "publish",
                                         "message-expiry-interval",
                                         "1000",
                                         "-D",
                                         "publish",
                                         "response-topic",
                                         "answers/1",
                                         "-D",
                                         "publish",
                                         "correlation-data",
                                         "question 1",
                                         "-D",
                                         "publish",
                                         "content-type",
                                         "text/plain",
                                         "-D",
                                         "publish",
                                         "user-property",
                                         "key",
                                         "1",
                                         "-D",
                                         "publish",
                                         "user-property",
                                         "key",
                                         "2"}};
    CHECK(publisher.wait() == 0);
    REQUIRE(client.receive(1));
    const mqtt::message& message = client.messages()[0];
    CHECK(message.payload == "1");
    CHECK(message.qos == qos::at_least_once);
    CHECK(message.payload_format_indicator == mqtt::payload_format::utf8);
    CHECK(message.message_expiry_interval.value_or(0) > 0);
    CHECK(message.message_expiry_interval.value_or(0) <= 1000);
    CHECK(message.response_topic == "answers/1");
    CHECK(message.correlation_data == "question 1");
    CHECK(message.content_type == "text/plain");
    CHECK(message.user_properties == std::vector<mqtt::user_property>{{"key", "1"}, {"key", "2"}});
}

TEST_CASE("The client receives a large file that mosquitto_pub sends") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    std::string content;
    for (std::size_t i = 0; content.size() < 5'000'000; ++i) {
        content += static_cast<char>(i * i >> 3 & 0xFF);
    }
    test::mosquitto broker{test::mosquitto::open_to_all, {{"large", content}}};
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(client.subscribe("a", qos::exactly_once).error);
    test::command_line_client publisher{
        io,
        "mosquitto_pub",
        broker,
        version,
        {"-q", "2", "-t", "a", "-f", broker.path("large").string()}};
    REQUIRE(client.receive(1));
    CHECK(publisher.wait() == 0);
    const bool is_equal = client.messages()[0].payload == content;
    CHECK(is_equal);
}
