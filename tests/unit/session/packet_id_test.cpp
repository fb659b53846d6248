// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

std::string hex_of(unsigned id) {
    return to_hex(
        std::vector<std::byte>{static_cast<std::byte>(id >> 8), static_cast<std::byte>(id & 0xFF)});
}

std::string publish_one(unsigned id, std::string_view first = "32") {
    return std::string{first} + " 06 00 01 74 " + hex_of(id) + " 00";
}

}  // namespace

TEST_CASE("packet identifiers: counting on, wrapping past zero, never one in use [immune-28]") {
    session_driver driver{v5};
    driver.go_online();
    outbound_publish* const stays = driver.publish("stays", qos_1, "t");
    CHECK(driver.written() == publish_one(1));
    unsigned before = 1;
    int wraps = 0;
    for (int i = 0; i < 70'000; ++i) {
        outbound_publish* const publish = driver.publish("", qos_1, "t");
        const std::string written = driver.written();
        const unsigned id = publish->packet_id;
        REQUIRE(written == publish_one(id));
        REQUIRE(id != 0);                 // [MQTT-2.2.1-3]
        REQUIRE(id != stays->packet_id);  // [MQTT-2.2.1-4]
        // Not the lowest that is free: a late acknowledgement must not meet a new owner.
        if (id <= before) ++wraps;
        before = id;
        REQUIRE(driver.receive("40 02" + hex_of(id)) == "");
    }
    CHECK(wraps == 1);
    CHECK(driver.receive("40 02 00 01") == "stays done");
}

TEST_CASE("packet identifiers: SUBSCRIBE and UNSUBSCRIBE take from the same [immune-28]") {
    session_driver driver{v3};
    driver.go_online();
    driver.subscribe("s", {{.filter = "a"}});
    driver.publish("p", qos_1, "t");
    driver.unsubscribe("u", {"a"});
    CHECK(driver.written() == to_hex(hex("82 06 00 01 00 01 'a' 00 A2 05 00 02 00 01 'a'"
                                         "32 05 00 01 't' 00 03")));
    CHECK(driver.receive("90 03 00 01 00 40 02 00 03 B0 02 00 02") == "s done, p done, u done");
}

TEST_CASE("packet identifiers: 65,535 in flight, the next waits [immune-29]") {
    session_driver driver{v5};
    driver.go_online();
    for (int i = 0; i < 65'535; ++i)
        driver.publish("", qos_1, "t");
    CHECK(driver.written().size() == 65'535 * 3 * 8 - 1);
    driver.publish("waits", qos_1, "t");
    driver.subscribe("waits, too", {{.filter = "a"}});
    driver.publish("zero", qos_0, "t");
    CHECK(driver.written() == "");
    // Order is kept: QoS 0 does not overtake.
    CHECK(driver.receive("40 02 30 39") == "");
    CHECK(driver.written() == to_hex(hex("82 09 30 39 02 0B 01 00 01 'a' 00")));
    CHECK(driver.receive("40 02 00 07") == "");
    CHECK(driver.written() == publish_one(7) + ' ' + to_hex(hex("30 04 00 01 't' 00")));
    CHECK(driver.events() == "zero done");
    CHECK(driver.receive("40 02 00 07") == "waits done");
}

TEST_CASE("packet identifiers: with all in flight at QoS 2, PUBREC does not free one") {
    session_driver driver{v5};
    driver.go_online();
    for (int i = 0; i < 65'535; ++i)
        driver.publish("", qos_2, "t");
    driver.written();
    driver.publish("waits", qos_2, "t");
    driver.receive("50 02 00 07");
    CHECK(driver.written() == "62 02 00 07");
    driver.receive("70 02 00 07");
    CHECK(driver.written() == publish_one(7, "34"));
}

TEST_CASE(
    "packet identifiers: with all in flight at QoS 2, PUBREC with an error frees one [immune-35]") {
    session_driver driver{v5};
    driver.go_online();
    for (int i = 0; i < 65'535; ++i)
        driver.publish("", qos_2, "t");
    driver.written();
    driver.publish("waits", qos_2, "t");
    CHECK(driver.written() == "");
    driver.receive("50 03 00 07 97");  // 3.5.2.1: Quota exceeded
    CHECK(driver.written() == publish_one(7, "34"));
    CHECK(driver.receive("50 02 00 07") == "");
    CHECK(driver.written() == "62 02 00 07");
    CHECK(driver.receive("70 02 00 07") == "waits done");
}

TEST_CASE(
    "packet identifiers: a cancelled publish keeps its own until the acknowledgement [immune-30]") {
    session_driver driver{v5};
    driver.go_online();
    outbound_publish* const first = driver.publish("cancelled", qos_1, "t");
    outbound_publish* const second = driver.publish("cancelled, too", qos_2, "t");
    driver.written();
    driver.core.cancel(*first);
    driver.core.cancel(*second);
    for (int i = 0; i < 70'000; ++i) {
        outbound_publish* const other = driver.publish("", qos_1, "t");
        driver.written();
        const unsigned id = other->packet_id;
        REQUIRE(id > 2);
        driver.receive("40 02" + hex_of(id));
    }
    // The handshakes go on, and nobody is told.
    CHECK(driver.receive("40 02 00 01 50 02 00 02") == "");
    CHECK(driver.written() == "62 02 00 02");
    CHECK(driver.receive("70 02 00 02") == "");
    CHECK(driver.core.is_online());
}

TEST_CASE("packet identifiers: those of the peer are its own") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("mine", qos_2, "t");
    driver.written();
    CHECK(driver.receive("34 06 00 01 't' 00 01 00") == "message t=");
    CHECK(driver.written() == "50 02 00 01");
    CHECK(driver.receive("50 02 00 01 62 02 00 01") == "");
    CHECK(driver.written() == "62 02 00 01 70 02 00 01");
    CHECK(driver.receive("70 02 00 01") == "mine done");
}
