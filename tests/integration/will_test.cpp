// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/tcp_relay.hpp"
#include "integration/test_client.hpp"

#include <optional>
#include <string>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;

namespace {

mqtt::client_options with_will(mqtt::client_options options) {
    options.will = mqtt::will_options{
        .topic = "wills/kitchen",
        .payload = "gone",
        .qos = qos::exactly_once,
        .retain = true,
    };
    return options;
}

}  // namespace

TEST_CASE("The will is published when the connection is lost") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::tcp_relay network{io, broker.port()};
    test::test_client witness{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(witness.subscribe("wills/+", qos::exactly_once).error);

    auto options = with_will(test::options_for(network.url(), version, "kitchen"));
    if (version == protocol_version::v5) {
        options.will->content_type = "text/plain";
        options.will->response_topic = "answers";
        options.will->correlation_data = std::string{"\0\xFF", 2};
        options.will->payload_format_indicator = mqtt::payload_format::utf8;
        options.will->user_properties = {{"a", "1"}, {"a", "2"}};
    }
    test::test_client client{io, options};
    REQUIRE_FALSE(client.publish("here", "", qos::at_least_once).error);
    network.set_down(true);

    REQUIRE(witness.receive(1));
    const mqtt::message& will = witness.messages()[0];
    CHECK(will.topic == "wills/kitchen");
    CHECK(will.payload == "gone");
    CHECK(will.qos == qos::exactly_once);
    CHECK(will.content_type == options.will->content_type);
    CHECK(will.response_topic == options.will->response_topic);
    CHECK(will.correlation_data == options.will->correlation_data);
    CHECK(will.payload_format_indicator == options.will->payload_format_indicator);
    CHECK(will.user_properties == options.will->user_properties);

    // It was to be retained.
    test::test_client later{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(later.subscribe("wills/kitchen", qos::exactly_once).error);
    REQUIRE(later.receive(1));
    CHECK(later.messages()[0].retain);

    // Each connection has it anew.
    network.set_down(false);
    REQUIRE_FALSE(client.publish("here", "again", qos::at_least_once).error);
    network.cut();
    CHECK(witness.receive(2));
}

TEST_CASE("The will is published when the client is destroyed without a disconnect") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client witness{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(witness.subscribe("wills/+", qos::exactly_once).error);
    {
        test::test_client client{io, with_will(test::options_for(broker.url(), version))};
        REQUIRE_FALSE(client.publish("here", "", qos::at_least_once).error);
    }
    REQUIRE(witness.receive(1));
    CHECK(witness.messages()[0].payload == "gone");
}

TEST_CASE("The will is not published after a disconnect") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client witness{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(witness.subscribe("#", qos::exactly_once).error);

    // The session of the first client ends without its will; that of the second, with it, comes
    // after.
    test::test_client first{io, with_will(test::options_for(broker.url(), version, "first"))};
    REQUIRE_FALSE(first.publish("here", "", qos::at_least_once).error);
    REQUIRE(first.disconnect() == mqtt::error_code{});
    auto options = with_will(test::options_for(broker.url(), version, "second"));
    options.will->topic = "wills/second";
    std::optional<test::test_client> second{std::in_place, io, options};
    REQUIRE_FALSE(second->publish("here", "", qos::at_least_once).error);
    second.reset();

    REQUIRE(witness.receive(3));
    CHECK(witness.messages()[0].topic == "here");
    CHECK(witness.messages()[1].topic == "here");
    CHECK(witness.messages()[2].topic == "wills/second");
}
