// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

struct row {
    std::string_view connack;
    errc error;
    void (*command)(session_driver&);
};

const row rows[] = {
    // Maximum QoS 1 and 0 [MQTT-3.2.2-11], Retain Available [MQTT-3.2.2-14] (3.2.2.3)
    {"20 05 00 00 02 24 01", errc::qos_not_supported,
     [](session_driver& driver) { driver.publish("x", qos_2, "t"); }},
    {"20 05 00 00 02 24 00", errc::qos_not_supported,
     [](session_driver& driver) { driver.publish("x", qos_1, "t"); }},
    {"20 05 00 00 02 25 00", errc::retain_not_supported,
     [](session_driver& driver) { driver.publish("x", qos_0, "t", "x", true); }},
    // Wildcard, Shared and Subscription Identifier Available (3.2.2.3.11 to 13)
    {"20 05 00 00 02 28 00", errc::wildcard_not_supported,
     [](session_driver& driver) {
         driver.subscribe("x", {{.filter = "a"}, {.filter = "a/+"}});
     }},
    {"20 05 00 00 02 28 00", errc::wildcard_not_supported,
     [](session_driver& driver) { driver.subscribe("x", {{.filter = "$share/g/#"}}); }},
    {"20 05 00 00 02 2A 00", errc::shared_subscription_not_supported,
     [](session_driver& driver) { driver.subscribe("x", {{.filter = "$share/g/a"}}); }},
    {"20 05 00 00 02 29 00", errc::subscription_identifier_not_supported,
     [](session_driver& driver) { driver.subscribe("x", {{.filter = "a"}}, "h", 1); }},
    // Maximum Packet Size 20 [MQTT-3.2.2-15]
    {"20 08 00 00 05 27 00 00 00 14", errc::packet_too_large,
     [](session_driver& driver) { driver.publish("x", qos_0, "t", "0123456789ABCDE"); }},
    {"20 08 00 00 05 27 00 00 00 14", errc::packet_too_large,
     [](session_driver& driver) { driver.subscribe("x", {{.filter = "0123456789AB"}}); }},
    {"20 08 00 00 05 27 00 00 00 14", errc::packet_too_large,
     [](session_driver& driver) { driver.unsubscribe("x", {"0123456789ABCD"}); }},
};

}  // namespace

TEST_CASE("limits: refused at the call while the connection is there [immune-52]") {
    for (const row& each : rows) {
        INFO(each.connack << ": " << to_string(each.error));
        session_driver driver{v5};
        driver.go_online(each.connack);
        each.command(driver);
        CHECK(driver.refusal == each.error);
        CHECK(driver.written() == "");
        CHECK(driver.events() == "");
        driver.lose();
        driver.go_online();
        CHECK(driver.written() == "");  // nothing was queued
    }
}

TEST_CASE("limits: what was queued without a connection ends with the same error [immune-47]") {
    for (const row& each : rows) {
        INFO(each.connack << ": " << to_string(each.error));
        session_driver driver{v5};
        each.command(driver);
        CHECK_FALSE(driver.refusal);
        driver.go_online(each.connack);
        CHECK(driver.written() == "");
        CHECK(driver.events() == "x: " + make_error_code(each.error).message());
        driver.lose();
        driver.go_online();
        CHECK(driver.written() == "");  // not queued again [immune-26]
        CHECK(driver.receive("30 04 00 01 'a' 00") == "message a=");  // no handler is left
    }
}

TEST_CASE("limits: what just fits is sent") {
    session_driver driver{v5};
    driver.go_online("20 08 00 00 05 27 00 00 00 14");  // 20 bytes
    driver.publish("p", qos_0, "t", "0123456789ABCD");
    CHECK(driver.written().size() == 20 * 3 - 1);
    driver.unsubscribe("u", {"0123456789ABC"});
    CHECK(driver.written().size() == 20 * 3 - 1);
    CHECK(driver.core.limits().maximum_packet_size == 20);
}

TEST_CASE("limits: those of 3.1.1 are the defaults, but for what is assumed") {
    session_driver driver{v3};
    driver.go_online();
    const limits all = driver.core.limits();
    CHECK(all.receive_maximum == 20);
    CHECK(all.maximum_packet_size == 268'435'460);
    CHECK(all.maximum_qos == qos_2);
    CHECK(all.retain_available);
    CHECK(all.wildcard_subscription_available);
    CHECK(all.shared_subscription_available);
    CHECK_FALSE(all.subscription_identifier_available);
}

TEST_CASE("limits: every one of the CONNACK is read") {
    session_driver driver{v5};
    driver.go_online(
        "20 18 00 00 15"
        "21 00 05 24 01 25 00 27 00 00 01 00 22 00 07 28 00 29 00 2A 00");
    const limits all = driver.core.limits();
    CHECK(all.receive_maximum == 5);
    CHECK(all.maximum_packet_size == 256);
    CHECK(all.topic_alias_maximum == 7);
    CHECK(all.maximum_qos == qos_1);
    CHECK_FALSE(all.retain_available);
    CHECK_FALSE(all.wildcard_subscription_available);
    CHECK_FALSE(all.shared_subscription_available);
    CHECK_FALSE(all.subscription_identifier_available);
    driver.lose();
    CHECK(driver.core.limits().receive_maximum == 5);  // until the next is known
    driver.go_online();
    CHECK(driver.core.limits().receive_maximum == 65'535);
    CHECK(driver.core.limits().retain_available);
}

TEST_CASE("limits: an oversized publish in the queue does not hold up the rest [immune-26]") {
    session_driver driver{v5};
    driver.publish("large", qos_1, "t", std::string(50, 'x'));
    driver.publish("small", qos_1, "t");
    driver.go_online("20 08 00 00 05 27 00 00 00 14");
    CHECK(driver.written() == to_hex(hex("32 06 00 01 't' 00 01 00")));
    CHECK(driver.events() == "large: " + make_error_code(errc::packet_too_large).message());
    CHECK(driver.receive("40 02 00 01") == "small done");
}

TEST_CASE("limits: a subscription that grew too large is not renewed for ever [immune-26]") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("s", {{.filter = "0123456789AB"}}, "handler");
    driver.written();
    CHECK(driver.receive("90 04 00 01 00 00") == "s done");
    driver.lose();
    // The session is lost, and Maximum Packet Size 20 now (3.2.2.3.6).
    driver.go_online("20 08 00 00 05 27 00 00 00 14");
    CHECK(driver.written() == "");
    CHECK(driver.events() ==
          "lost 0123456789AB: " + make_error_code(errc::packet_too_large).message());
    driver.lose();
    driver.go_online();
    CHECK(driver.written() == "");
    CHECK(driver.events() == "");
}

TEST_CASE("limits: an incoming packet over our maximum closes with 0x95 [immune-27]") {
    session_driver driver{v5};
    connect_packet packet = kept_session(v5);
    packet.properties.maximum_packet_size = 10;
    driver.connect(packet);
    driver.receive(accepted[v5]);
    CHECK(driver.receive("30 08 00 01 't' 00 'xxxx'") == "message t=xxxx");  // 10 bytes
    // As soon as the length is known.
    CHECK(driver.receive("30 09") == "closed: packet larger than the maximum packet size");
    CHECK(driver.written() == "E0 01 95");
}

TEST_CASE("limits: the maximum of the settings holds in both versions [immune-27]") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version, {.maximum_packet_size = 10}};
    driver.go_online();
    CHECK(driver.receive(version == v3 ? "30 08 00 01 't' 'xxxxx'" : "30 08 00 01 't' 00 'xxxx'")
              .starts_with("message"));
    CHECK(driver.receive("30 09") == "closed: packet larger than the maximum packet size");
    CHECK(driver.written() == (version == v5 ? "E0 01 95" : ""));
}
