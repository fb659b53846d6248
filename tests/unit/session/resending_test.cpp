// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("resending: PUBREL, then PUBLISH, each in order, new ones behind [immune-41]") {
    session_driver driver{v3};
    driver.go_online();
    driver.publish("a", qos_1, "a");
    driver.publish("b", qos_2, "b");
    driver.publish("c", qos_2, "c");
    driver.publish("d", qos_1, "d");
    CHECK(driver.written() == to_hex(hex("32 05 00 01 'a' 00 01 34 05 00 01 'b' 00 02"
                                         "34 05 00 01 'c' 00 03 32 05 00 01 'd' 00 04")));
    driver.receive("50 02 00 02");
    CHECK(driver.written() == "62 02 00 02");
    driver.lose();
    driver.publish("e", qos_1, "e");
    driver.go_online(resumed[v3]);
    // [MQTT-4.4.0-1] with DUP [MQTT-3.3.1-1]; never PUBLISH after PUBREC [MQTT-4.3.3-6] [immune-36]
    CHECK(driver.written() ==
          to_hex(hex("62 02 00 02 3A 05 00 01 'a' 00 01"
                     "3C 05 00 01 'c' 00 03 3A 05 00 01 'd' 00 04 32 05 00 01 'e' 00 05")));
    CHECK(driver.receive("40 02 00 01 70 02 00 02 50 02 00 03 40 02 00 04 40 02 00 05") ==
          "a done, b done, d done, e done");
    CHECK(driver.written() == "62 02 00 03");
    CHECK(driver.receive("70 02 00 03") == "c done");
}

TEST_CASE("resending: what was acknowledged is not sent again") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("a", qos_1, "a");
    driver.publish("b", qos_2, "b");
    driver.written();
    driver.receive("40 02 00 01 50 02 00 02 70 02 00 02");
    driver.resume();
    CHECK(driver.written() == "");
}

TEST_CASE("resending: only when the connection is new, and only once on it") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("a", qos_1, "a");
    driver.written();
    driver.pass(3'600s);
    CHECK(driver.written() == "");  // [MQTT-4.4.0-1]
    driver.resume();
    CHECK(driver.written() == to_hex(hex("3A 06 00 01 'a' 00 01 00")));
    CHECK(driver.written() == "");
}

TEST_CASE("resending: a PUBREC whose PUBREL was not written is enough [immune-36]") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("a", qos_2, "a");
    driver.written();
    driver.receive("50 02 00 01");
    driver.resume();
    CHECK(driver.written() == "62 02 00 01");
}

TEST_CASE("resending: the connection is lost again in the middle [immune-42]") {
    session_driver driver{v5};
    driver.go_online();
    for (const char* topic : {"a", "b", "c"})
        driver.publish(topic, qos_1, topic);
    driver.written();
    driver.lose();
    driver.go_online("20 06 01 00 03 21 00 01");  // Receive Maximum 1: one at a time
    CHECK(driver.written() == to_hex(hex("3A 06 00 01 'a' 00 01 00")));
    driver.publish("d", qos_1, "d");
    driver.resume();
    CHECK(driver.written() ==
          to_hex(hex("3A 06 00 01 'a' 00 01 00 3A 06 00 01 'b' 00 02 00 3A 06 00 01 'c' 00 03 00"
                     "32 06 00 01 'd' 00 04 00")));
    CHECK(driver.receive("40 02 00 01 40 02 00 02 40 02 00 03 40 02 00 04") ==
          "a done, b done, c done, d done");
}

TEST_CASE("resending: QoS 0 that was not handed to a write waits for the next connection") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("a", qos_0, "a");
    driver.lose();
    CHECK(driver.events() == "");
    driver.go_online(resumed[v5]);
    CHECK(driver.written() == to_hex(hex("30 04 00 01 'a' 00")));
    CHECK(driver.events() == "a done");
    driver.resume();
    CHECK(driver.written() == "");
}

TEST_CASE("resending: a broker that lost the session gets everything as new [immune-44]") {
    session_driver driver{v3};
    driver.go_online();
    driver.publish("one", qos_1, "a");
    driver.publish("done", qos_2, "b");
    driver.publish("two", qos_2, "c");
    driver.written();
    driver.receive("50 02 00 02");
    driver.written();
    driver.lose();
    driver.publish("later", qos_1, "d");
    driver.connect();
    // The broker had taken over what it answered with PUBREC.
    CHECK(driver.receive(accepted[v3]) == "connected, done done");
    // Without DUP [immune-40], under identifiers of this session, before what came later.
    CHECK(driver.written() ==
          to_hex(hex("32 05 00 01 'a' 00 04 34 05 00 01 'c' 00 05 32 05 00 01 'd' 00 06")));
    CHECK(driver.receive("40 02 00 04 50 02 00 05 70 02 00 05 40 02 00 06") ==
          "one done, two done, later done");
}

TEST_CASE("resending: a cancelled publish goes on in the session, and dies with it") {
    const bool is_kept = GENERATE(true, false);
    session_driver driver{v5};
    driver.go_online();
    driver.core.cancel(*driver.publish("not sent", qos_1, "x"));
    outbound_publish* const one = driver.publish("one", qos_1, "a");
    outbound_publish* const two = driver.publish("two", qos_2, "b");
    driver.written();
    driver.receive("50 02 00 02");
    driver.written();
    driver.core.cancel(*one);
    driver.core.cancel(*two);
    driver.lose();
    driver.go_online(is_kept ? resumed[v5] : accepted[v5]);
    CHECK(driver.written() == (is_kept ? to_hex(hex("62 02 00 02 3A 06 00 01 'a' 00 01 00")) : ""));
    CHECK(driver.receive("40 02 00 01 70 02 00 02") == "");
}

TEST_CASE("resending: limits that have changed end what they forbid [immune-47]") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("large", qos_1, "t", std::string(100, 'x'));
    driver.publish("two", qos_2, "t");
    driver.publish("one", qos_1, "t");
    driver.written();
    driver.lose();
    driver.publish("queued", qos_2, "t");
    driver.publish("retained", qos_0, "t", "x", true);
    driver.connect();
    // Maximum QoS 1, Retain Available 0, Maximum Packet Size 50 (3.2.2.3)
    CHECK(driver.receive("20 0C 01 00 09 24 01 25 00 27 00 00 00 32") == "connected");
    CHECK(driver.written() == to_hex(hex("3A 06 00 01 't' 00 03 00")));
    CHECK(driver.events() ==
          "large: " + make_error_code(errc::packet_too_large).message() +
              ", two: " + make_error_code(errc::qos_not_supported).message() +
              ", queued: " + make_error_code(errc::qos_not_supported).message() +
              ", retained: " + make_error_code(errc::retain_not_supported).message());
    driver.resume();
    CHECK(driver.written() == to_hex(hex("3A 06 00 01 't' 00 03 00")));  // not again and again
}
