// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("cancelling: before it was sent nothing of it is left") {
    const auto level = GENERATE(qos_0, qos_1, qos_2);
    const bool is_online = GENERATE(true, false);
    session_driver driver{v5};
    if (is_online) driver.go_online();
    outbound_publish* const publish = driver.publish("x", level, "t");
    driver.publish("next", qos_0, "t");
    driver.core.cancel(*publish);
    if (!is_online) driver.go_online();
    CHECK(driver.written() == to_hex(hex("30 04 00 01 't' 00")));
    CHECK(driver.events() == "next done");
}

TEST_CASE("cancelling: QoS 1 and 2 in flight go on in silence") {
    session_driver driver{v5};
    driver.go_online("20 06 00 00 03 21 00 02");  // Receive Maximum 2
    outbound_publish* const one = driver.publish("one", qos_1, "t");
    outbound_publish* const two = driver.publish("two", qos_2, "t");
    driver.publish("next", qos_1, "t");
    driver.written();
    driver.core.cancel(*one);
    CHECK(driver.receive("50 02 00 02") == "");
    CHECK(driver.written() == "62 02 00 02");
    driver.core.cancel(*two);
    CHECK(driver.written() == "");  // their places are still taken
    CHECK(driver.receive("40 03 00 01 97 70 02 00 02") == "");
    CHECK(driver.written() == to_hex(hex("32 06 00 01 't' 00 03 00")));
}

TEST_CASE("cancelling: a queued publish that was in flight in a session that is lost") {
    session_driver driver{v5};
    driver.go_online();
    outbound_publish* const publish = driver.publish("x", qos_1, "t");
    driver.written();
    driver.lose();
    driver.go_online();
    driver.core.cancel(*publish);  // new again, and not sent
    CHECK(driver.written() == "");
    CHECK(driver.events() == "");
}

TEST_CASE("cancelling: what has failed and was not told yet") {
    session_driver driver{v5};
    outbound_publish* const publish = driver.publish("x", qos_2, "t");
    outbound_request* const request = driver.subscribe("s", {{.filter = "+"}});
    driver.go_online("20 07 00 00 04 24 00 28 00");  // Maximum QoS 0, no wildcards
    CHECK(driver.written() == "");
    driver.core.cancel(*publish);
    driver.core.cancel(*request);
    CHECK(driver.events() == "");
}

TEST_CASE("cancelling: QoS 0 and QoS 2 that are done and were not told yet") {
    session_driver driver{v5};
    driver.go_online();
    outbound_publish* const zero = driver.publish("zero", qos_0, "t");
    outbound_publish* const two = driver.publish("two", qos_2, "t");
    driver.written();
    driver.core.cancel(*zero);
    driver.receive("50 02 00 01");
    driver.lose();
    driver.connect();
    const std::vector<std::byte> bytes = hex(accepted[v5]);
    std::span<const std::byte> rest{bytes};
    driver.feed(rest);
    CHECK(driver.core.next_event().what == session_event::kind::connected);
    driver.core.cancel(*two);  // the session is lost, so it is done
    CHECK(driver.events() == "");
    CHECK(driver.written() == "");
}

TEST_CASE("cancelling: a subscribe that was not sent is forgotten") {
    session_driver driver{v5};
    outbound_request* const request = driver.subscribe("s", {{.filter = "a"}}, "h");
    driver.core.cancel(*request);
    driver.go_online();
    CHECK(driver.written() == "");
    CHECK(driver.receive("30 04 00 01 'a' 00") == "message a=");
}

TEST_CASE("cancelling: a subscribe in flight goes on") {
    session_driver driver{v5};
    driver.go_online();
    outbound_request* const request = driver.subscribe("s", {{.filter = "a"}}, "h");
    driver.written();
    driver.core.cancel(*request);
    SECTION("to its end") {
        CHECK(driver.receive("90 04 00 01 00 00") == "");
        CHECK(driver.receive("30 04 00 01 'a' 00") == "message a= >h");
    }
    SECTION("on the next connection of the session") {
        driver.resume();
        CHECK(driver.written() == to_hex(hex("82 09 00 02 02 0B 01 00 01 'a' 00")));
    }
    SECTION("unless the session is lost") {
        driver.lose();
        driver.go_online();
        CHECK(driver.written() == "");
        CHECK(driver.receive("30 04 00 01 'a' 00") == "message a=");
    }
}

TEST_CASE("cancelling: an unsubscribe, sent or not") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("", {{.filter = "a"}}, "h");
    driver.written();
    driver.receive("90 04 00 01 00 00");
    driver.core.cancel(*driver.unsubscribe("u", {"a"}));
    CHECK(driver.written() == "");
    outbound_request* const request = driver.unsubscribe("u", {"a"});
    CHECK(driver.written() == to_hex(hex("A2 06 00 02 00 00 01 'a'")));
    driver.core.cancel(*request);
    CHECK(driver.receive("30 04 00 01 'a' 00") == "message a= >h");
    CHECK(driver.receive("B0 04 00 02 00 00") == "");
    CHECK(driver.receive("30 04 00 01 'a' 00") == "message a=");
}

TEST_CASE("cancelling: one operation leaves the others alone [immune-70]") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("a", qos_1, "t");
    outbound_publish* const cancelled = driver.publish("b", qos_1, "t");
    driver.publish("c", qos_1, "t");
    driver.core.cancel(*cancelled);
    driver.written();
    CHECK(driver.receive("40 02 00 01 40 02 00 02") == "a done, c done");
}
