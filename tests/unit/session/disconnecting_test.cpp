// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("disconnecting: DISCONNECT is the last packet [immune-66]") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.acknowledges = false;
    driver.go_online();
    driver.receive(version == v3 ? "32 05 00 01 't' 00 07" : "32 06 00 01 't' 00 07 00");
    driver.acknowledge(0);
    driver.publish("zero", qos_0, "t");
    driver.publish("one", qos_1, "t");
    CHECK_FALSE(driver.core.disconnect({}, driver.now));
    driver.publish("late", qos_0, "t");
    driver.receive(version == v3 ? "34 05 00 01 't' 00 08" : "34 06 00 01 't' 00 08 00");
    // What was due before leaves before; nothing follows [MQTT-3.14.4-1].
    CHECK(driver.written() ==
          to_hex(hex(version == v3 ? "40 02 00 07 30 03 00 01 't' 32 05 00 01 't' 00 01 E0 00"
                                   : "40 02 00 07 30 04 00 01 't' 00 32 06 00 01 't' 00 01 00"
                                     "E0 00")));
    CHECK(driver.events() == "zero done");
    CHECK(driver.written() == "");
    CHECK(driver.core.deadline() == never);
    CHECK_FALSE(driver.core.is_online());
    CHECK_FALSE(driver.core.disconnect({}, driver.now));  // twice is once
    CHECK(driver.written() == "");
    // The session goes on later.
    driver.resume();
    CHECK(driver.written() == to_hex(hex(version == v3 ? "3A 05 00 01 't' 00 01 30 03 00 01 't'"
                                                       : "3A 06 00 01 't' 00 01 00"
                                                         "30 04 00 01 't' 00")));
}

TEST_CASE("disconnecting: reason and properties (3.14.2)") {
    session_driver driver{v5};
    driver.go_online();
    disconnect_packet packet;
    packet.reason = reason_code::disconnect_with_will_message;
    packet.properties.reason_string = "bye";
    CHECK_FALSE(driver.core.disconnect(packet, driver.now));
    CHECK(driver.written() == to_hex(hex("E0 08 04 06 1F 00 03 'bye'")));
}

TEST_CASE("disconnecting: a Session Expiry Interval of zero ends the session, too") {
    session_driver driver{v5};
    driver.go_online();
    disconnect_packet packet;
    packet.properties.session_expiry_interval = 0;
    CHECK_FALSE(driver.core.disconnect(packet, driver.now));
    CHECK(driver.written() == "E0 07 00 05 11 00 00 00 00");
    driver.lose();
    CHECK(driver.connect().substr(0, 29) == "10 13 00 04 4D 51 54 54 05 02");  // Clean Start
}

TEST_CASE("disconnecting: what may not be sent is refused, and the connection goes on") {
    session_driver driver{v5};
    connect_packet connect;
    connect.client_id = "c";
    driver.connect(connect);
    driver.receive("20 08 00 00 05 27 00 00 00 14");  // Maximum Packet Size 20
    disconnect_packet packet;
    // (3.14.2.2.2) Not after a CONNECT without one.
    packet.properties.session_expiry_interval = 60;
    CHECK(driver.core.disconnect(packet, driver.now) == errc::invalid_property_value);
    packet = {};
    packet.properties.reason_string = "more than twenty bytes";
    CHECK(driver.core.disconnect(packet, driver.now) == errc::packet_too_large);
    packet = {};
    packet.reason = reason_code::granted_qos_1;
    CHECK(driver.core.disconnect(packet, driver.now) == errc::invalid_reason_code);
    CHECK(driver.core.is_online());
    CHECK(driver.written() == "");

    session_driver old{v3};
    old.go_online();
    packet.reason = reason_code::disconnect_with_will_message;
    CHECK(old.core.disconnect(packet, old.now) == errc::not_in_this_version);
}

TEST_CASE("disconnecting: without a connection nothing happens") {
    session_driver driver{v5};
    CHECK_FALSE(driver.core.disconnect({}, driver.now));
    CHECK(driver.written() == "");
    driver.go_online();
    driver.lose();
    CHECK_FALSE(driver.core.disconnect({}, driver.now));
    CHECK(driver.written() == "");
}

TEST_CASE("disconnecting: while the CONNACK is awaited") {
    session_driver driver{v5};
    driver.connect();
    CHECK_FALSE(driver.core.disconnect({}, driver.now));
    CHECK(driver.written() == "E0 00");
    CHECK(driver.receive(accepted[v5]) == "");
    CHECK(driver.core.deadline() == never);
}

TEST_CASE("disconnecting: after an error the DISCONNECT is the last packet, too") {
    session_driver driver{v5};
    driver.go_online();
    driver.receive("32 06 00 01 't' 00 07 00");
    driver.publish("one", qos_1, "t");
    CHECK(driver.receive("C0 00").starts_with("closed"));
    CHECK(driver.written() == "E0 01 82");
    CHECK_FALSE(driver.core.disconnect({}, driver.now));
    driver.pass(1h);
    CHECK(driver.written() == "");
}

TEST_CASE("disconnecting: a session may go with everything unfinished") {
    // The address sanitizer would tell what is left behind, or freed twice.
    const auto end = GENERATE(std::string_view{"online"}, std::string_view{"offline"},
                              std::string_view{"resumed"}, std::string_view{"session lost"});
    session_driver driver{v5};
    driver.acknowledges = false;
    driver.go_online("20 06 00 00 03 21 00 02");
    driver.subscribe("s", {{.filter = "a"}}, "h");
    driver.publish("one", qos_1, "t");
    driver.publish("two", qos_2, "t");
    driver.written();
    driver.receive("50 02 00 03 34 06 00 01 't' 00 08 00");
    driver.publish("waits", qos_1, "t");
    driver.publish("zero", qos_0, "t");
    driver.unsubscribe("u", {"b"});
    if (end != "online") driver.lose();
    if (end == "resumed") driver.go_online(resumed[v5]);
    if (end == "session lost") {
        driver.connect();
        CHECK(driver.receive(accepted[v5]) == "connected, two done");
    }
    CHECK(driver.core.start_write(driver.now).empty() == (end == "offline"));
}

TEST_CASE("disconnecting: behind a write under way nothing counts as sent that may never be") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("a", qos_1, "t");
    CHECK_FALSE(driver.core.start_write(driver.now).empty());
    driver.publish("b", qos_1, "t");
    CHECK_FALSE(driver.core.disconnect({}, driver.now));
    driver.core.finish_write();
    CHECK(driver.written() == "E0 00");  // [MQTT-3.14.4-1]
    driver.resume();
    // Sent again with DUP, and for the first time without [MQTT-3.3.1-1].
    CHECK(driver.written() == to_hex(hex("3A 06 00 01 't' 00 01 00 32 06 00 01 't' 00 02 00")));
}

TEST_CASE("disconnecting: what the peer sends after the end takes no memory") {
    session_driver driver{v5};
    SECTION("which we said") {
        driver.go_online();
        CHECK_FALSE(driver.core.disconnect({}, driver.now));
    }
    SECTION("which the peer said") {
        driver.go_online();
        CHECK(driver.receive("E0 01 89").starts_with("closed"));
    }
    SECTION("of a connection that was not accepted") {
        driver.connect();
        CHECK(driver.receive("20 03 00 87 00").starts_with("closed"));
    }
    SECTION("after an error of the peer") {
        driver.go_online();
        CHECK(driver.receive("F0 00").starts_with("closed"));
    }
    SECTION("after a time-out") {
        driver.connect();
        driver.pass(1h);
        CHECK(driver.events().starts_with("closed"));
    }
    std::size_t total = 0;
    std::size_t largest = 0;
    while (total < 8'000'000 && largest <= 65'536) {
        const std::span<std::byte> room = driver.core.prepare_read();
        REQUIRE_FALSE(room.empty());
        std::memset(room.data(), 0x30, room.size());
        driver.core.received(room.size(), driver.now);
        CHECK(driver.events() == "");
        total += room.size();
        largest = std::max(largest, room.size());
    }
    CHECK(largest <= 65'536);
    // The next connection begins with none of it.
    driver.lose();
    driver.go_online();
    CHECK(driver.receive("30 05 00 01 't' 00 'x'") == "message t=x");
}
