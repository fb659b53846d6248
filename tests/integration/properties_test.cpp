// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/test_client.hpp"
#include "support/hex.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;

TEST_CASE("All that 5.0 can say about a message goes through the broker") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), protocol_version::v5)};
    test::test_client subscriber{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(subscriber.subscribe("a/+", qos::exactly_once).error);
    for (const qos level : test::every_qos) {
        CAPTURE(level);
        const mqtt::publish_options options{
            .qos = level,
            .payload_format_indicator = mqtt::payload_format::utf8,
            .message_expiry_interval = std::chrono::seconds{1000},
            .response_topic = "answers/1",
            .correlation_data = std::string_view{"\0\x01\xFE\xFF", 4},
            .content_type = "text/plain",
            .user_properties = {{"key", "1"}, {"key", "2"}, {"", ""}, {"\u00E4", "\u20AC"}},
        };
        subscriber.messages().clear();
        REQUIRE_FALSE(publisher.publish("a/b", "\u00FC", options).error);
        REQUIRE(subscriber.receive(1));
        const mqtt::message& message = subscriber.messages()[0];
        CHECK(message.topic == "a/b");
        CHECK(message.payload == "\u00FC");
        CHECK(message.payload_format_indicator == options.payload_format_indicator);
        REQUIRE(message.message_expiry_interval.has_value());
        CHECK(*message.message_expiry_interval > 0);
        CHECK(*message.message_expiry_interval <= 1000);  // what is left [MQTT-3.3.2-6]
        CHECK(message.response_topic == "answers/1");
        CHECK(message.correlation_data == std::string{"\0\x01\xFE\xFF", 4});
        CHECK(message.content_type == "text/plain");
        CHECK(message.user_properties == options.user_properties);
        CHECK(message.subscription_identifiers.size() == 1);
    }
}

TEST_CASE("What another client got wrong, and the broker passes on, ends no connection") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client subscriber{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(subscriber.subscribe("a", qos::at_least_once).error);
    asio::ip::tcp::socket other{io};
    other.connect({asio::ip::address_v4::loopback(), broker.port()});
    // CONNECT, and a PUBLISH with the Payload Format Indicator 2 (3.3.2.3.2) and the Response Topic
    // "b/#" [MQTT-3.3.2-14].
    asio::write(other, asio::buffer(test::hex("10 0E 00 04 'MQTT' 05 02 00 3C 00 00 01 'o'")));
    asio::write(other,
                asio::buffer(test::hex("32 0F 00 01 'a' 00 01 08 01 02 08 00 03 'b/#' 'x'")));
    REQUIRE(subscriber.receive(1));
    CHECK(subscriber.messages()[0].payload == "x");
    CHECK_FALSE(subscriber.messages()[0].response_topic);
    CHECK_FALSE(subscriber.messages()[0].payload_format_indicator);
    REQUIRE_FALSE(subscriber.publish("a", "y", qos::at_least_once).error);  // it is still there
    REQUIRE(subscriber.receive(2));
    CHECK(subscriber.messages()[1].payload == "y");
}

TEST_CASE("A message without properties has none") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(client.subscribe("a", qos::exactly_once).error);
    REQUIRE_FALSE(client.publish("a", "", qos::exactly_once).error);
    REQUIRE(client.receive(1));
    const mqtt::message& message = client.messages()[0];
    CHECK_FALSE(message.payload_format_indicator);
    CHECK_FALSE(message.message_expiry_interval);
    CHECK_FALSE(message.response_topic);
    CHECK_FALSE(message.correlation_data);
    CHECK_FALSE(message.content_type);
    CHECK(message.user_properties.empty());
}

TEST_CASE("A message that expired while its receiver was away is not delivered") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), protocol_version::v5)};
    // A new subscriber each time, until the retained message is no longer there.
    const mqtt::publish_options short_lived{.qos = qos::at_least_once,
                                            .retain = true,
                                            .message_expiry_interval = std::chrono::seconds{1}};
    REQUIRE_FALSE(publisher.publish("a", "for a second", short_lived).error);
    std::size_t delivered = 0;
    bool has_expired = false;
    while (!has_expired && delivered < 10'000) {
        test::test_client subscriber{io, test::options_for(broker.url(), protocol_version::v5)};
        REQUIRE_FALSE(subscriber.subscribe("a", qos::at_least_once).error);
        REQUIRE_FALSE(publisher.publish("a", "live", qos::at_least_once).error);
        REQUIRE(test::run_until(io, [&] {
            return !subscriber.messages().empty() && subscriber.messages().back().payload == "live";
        }));
        has_expired = subscriber.messages().size() == 1;
        if (has_expired) break;
        ++delivered;
        CHECK(subscriber.messages()[0].payload == "for a second");
        REQUIRE(subscriber.messages()[0].message_expiry_interval.has_value());
        CHECK(*subscriber.messages()[0].message_expiry_interval <= 1);
    }
    CHECK(has_expired);
}

TEST_CASE("What only 5.0 has is refused at the call in 3.1.1") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), protocol_version::v3_1_1)};
    const mqtt::error_code refusal = mqtt::errc::not_in_this_version;
    CHECK(client.publish("a", "", {.content_type = "text/plain"}).error == refusal);
    CHECK(client.publish("a", "", {.user_properties = {{"a", "b"}}}).error == refusal);
    CHECK(client.subscribe("a", {.no_local = true}).error == refusal);
    CHECK(refusal == mqtt::fault::caller);
    CHECK_FALSE(client.publish("a", "", qos::exactly_once).error);
    CHECK(broker.count_in_log("Received SUBSCRIBE") == 0);
    CHECK(broker.count_in_log("Received PUBLISH") == 1);
}
