// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/test_client.hpp"

#include <string>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;

TEST_CASE("A retained message is there for later subscribers until it is deleted") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), version)};
    test::test_client present{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(present.subscribe("retained/#", qos::exactly_once).error);

    for (const qos level : test::every_qos) {
        CAPTURE(level);
        const std::string topic = "retained/" + std::to_string(static_cast<int>(level));
        REQUIRE_FALSE(publisher.publish(topic, "kept", {.qos = level, .retain = true}).error);

        // Who was there gets it as any message: RETAIN is 0 [MQTT-3.3.1-9], in 5.0 [MQTT-3.3.1-12].
        REQUIRE(present.receive(1));
        CHECK(present.messages()[0].payload == "kept");
        CHECK(present.messages()[0].qos == level);
        CHECK_FALSE(present.messages()[0].retain);
        present.messages().clear();

        // Who comes later gets it with RETAIN 1 [MQTT-3.3.1-8], and its QoS.
        test::test_client later{io, test::options_for(broker.url(), version)};
        REQUIRE_FALSE(later.subscribe(topic, qos::exactly_once).error);
        REQUIRE(later.receive(1));
        CHECK(later.messages()[0].payload == "kept");
        CHECK(later.messages()[0].qos == level);
        CHECK(later.messages()[0].retain);

        // An empty one deletes it (3.3.1.3): a subscriber then gets what follows only.
        REQUIRE_FALSE(publisher.publish(topic, "", {.qos = level, .retain = true}).error);
        REQUIRE(present.receive(1));
        CHECK(present.messages()[0].payload.empty());
        present.messages().clear();
        test::test_client last{io, test::options_for(broker.url(), version)};
        REQUIRE_FALSE(last.subscribe(topic, qos::exactly_once).error);
        REQUIRE_FALSE(publisher.publish(topic, "live", level).error);
        REQUIRE(last.receive(1));
        CHECK(last.messages()[0].payload == "live");
        CHECK_FALSE(last.messages()[0].retain);
        REQUIRE(present.receive(1));
        present.messages().clear();
    }
}

TEST_CASE("Retain as published keeps the flag") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(
        client.subscribe("a", {.qos = qos::at_least_once, .retain_as_published = true}).error);
    REQUIRE_FALSE(client.publish("a", "1", {.qos = qos::at_least_once, .retain = true}).error);
    REQUIRE_FALSE(client.publish("a", "2", qos::at_least_once).error);
    REQUIRE(client.receive(2));
    CHECK(client.messages()[0].retain);  // [MQTT-3.3.1-13]
    CHECK_FALSE(client.messages()[1].retain);
}

TEST_CASE("Retain handling decides whether a subscription gets the retained messages") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(
        publisher.publish("a", "kept", {.qos = qos::at_least_once, .retain = true}).error);

    test::test_client client{io, test::options_for(broker.url(), protocol_version::v5)};
    const auto subscribe = [&](mqtt::retain_handling handling) {
        client.messages().clear();
        REQUIRE_FALSE(
            client.subscribe("a", {.qos = qos::at_least_once, .retain_handling = handling}).error);
        // Behind what the subscription brings comes this.
        REQUIRE_FALSE(publisher.publish("a", "live", qos::at_least_once).error);
        REQUIRE(test::run_until(io, [&] {
            return !client.messages().empty() && client.messages().back().payload == "live";
        }));
        return client.messages().size() == 2;
    };
    CHECK_FALSE(subscribe(mqtt::retain_handling::do_not_send));  // [MQTT-3.3.1-11]
    CHECK(subscribe(mqtt::retain_handling::send));               // [MQTT-3.3.1-9]
    CHECK_FALSE(subscribe(mqtt::retain_handling::send_if_new));  // [MQTT-3.3.1-10]
    REQUIRE_FALSE(client.unsubscribe("a").error);
    CHECK(subscribe(mqtt::retain_handling::send_if_new));
}
