// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/allocation_counter.hpp"
#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("connecting: CONNECT is the first packet and alone until CONNACK") {
    session_driver driver{v5};
    driver.publish("early", qos_0, "t");
    connect_packet packet;
    packet.client_id = "c";
    packet.keep_alive = 60;
    // 3.1: protocol name, version 5, Clean Start, keep alive, no properties, client id
    CHECK(driver.connect(packet) == to_hex(hex("10 0E 00 04 'MQTT' 05 02 00 3C 00 00 01 'c'")));
    CHECK(driver.written() == "");
    CHECK_FALSE(driver.core.is_online());
    CHECK(driver.receive("20 03 00 00 00") == "connected");
    CHECK(driver.core.is_online());
    CHECK(driver.written() == to_hex(hex("30 04 00 01 't' 00")));
    CHECK(driver.events() == "early done");
}

TEST_CASE("connecting: CONNECT of 3.1.1") {
    session_driver driver{v3};
    connect_packet packet;
    packet.client_id = "c";
    CHECK(driver.connect(packet) == to_hex(hex("10 0D 00 04 'MQTT' 04 02 00 00 00 01 'c'")));
    CHECK(driver.receive("20 02 00 00") == "connected");
}

TEST_CASE("connecting: a CONNECT that may not be sent begins nothing [immune-23]") {
    session_driver driver{v3};
    connect_packet packet;
    packet.clean_start = false;  // without a client id [MQTT-3.1.3-8 of 3.1.1]
    CHECK(driver.core.connect(packet, driver.now) == errc::client_id_required);
    CHECK(driver.written() == "");
    CHECK(driver.core.deadline() == never);
    packet.client_id = "c";
    packet.properties.receive_maximum = 1;
    CHECK(driver.core.connect(packet, driver.now) == errc::not_in_this_version);
}

TEST_CASE("connecting: CONNACK cut short at every length [immune-5]") {
    struct row {
        protocol_version version;
        std::string_view bytes;
        std::string_view events;
    };
    const row rows[] = {
        {v3, "20 00", "closed: field runs past the end of the packet"},
        {v3, "20 01 00", "closed: field runs past the end of the packet"},
        {v3, "20 03 00 00 00", "closed: bytes left after the last field"},
        {v5, "20 00", "closed: field runs past the end of the packet"},
        {v5, "20 01 00", "closed: field runs past the end of the packet"},
        {v5, "20 02 00 00", "closed: field runs past the end of the packet"},
        {v5, "20 03 02 00 00", "closed: reserved or contradicting flags"},  // [MQTT-3.2.2-1]
    };
    for (const row& each : rows) {
        INFO(each.bytes);
        session_driver driver{each.version};
        driver.connect();
        CHECK(driver.receive(each.bytes) == each.events);
        CHECK(driver.written() == "");  // nothing follows CONNECT before the CONNACK
        driver.lose();
        driver.go_online();  // and the next attempt is not hurt
    }
}

TEST_CASE("connecting: a first packet that announces 256 MiB is refused at once [immune-6]") {
    const auto version = GENERATE(v3, v5);
    for (const std::string_view text : {"20 FF FF FF 7F", "30 FF FF FF 7F", "20 80 80 20"}) {
        INFO(text);
        session_driver driver{version};
        driver.connect();
        const std::vector<std::byte> bytes = hex(text);
        std::span<const std::byte> rest{bytes};
        driver.core.prepare_read();  // its room is there before anything is announced
        const std::size_t before = allocation_count();
        driver.feed(rest);
        const session_event event = driver.core.next_event();
        const std::size_t after = allocation_count();
        CHECK(after == before);
        CHECK(event.what == session_event::kind::closed);
        CHECK(event.error == decode_errc::packet_too_large);
        CHECK(driver.written() == "");
    }
}

TEST_CASE("connecting: memory is taken as bytes come, not as they are announced [immune-6]") {
    session_driver driver{v5};
    driver.go_online();
    CHECK(driver.receive("30 FF FF FF 7F 00 01 't' 00") == "");
    CHECK(driver.core.prepare_read().size() < 1'024);
}

TEST_CASE("connecting: a refusal is told with its packet") {
    session_driver driver{v5};
    driver.connect();
    const std::vector<std::byte> bytes = hex("20 07 00 87 04 1F 00 01 'r'");  // 3.2.2.2
    std::span<const std::byte> rest{bytes};
    driver.feed(rest);
    const session_event event = driver.core.next_event();
    CHECK(event.what == session_event::kind::closed);
    CHECK(event.error == reason_code::not_authorized);
    CHECK(event.reason == reason_code::not_authorized);
    REQUIRE(event.connack != nullptr);
    CHECK(event.connack->properties.reason_string == "r");
    CHECK(driver.events() == "");
    CHECK(driver.written() == "");

    session_driver old{v3};
    old.connect();
    CHECK(old.receive("20 02 00 05") == "closed: Not authorized");  // 3.2.2.3 of 3.1.1
}

TEST_CASE("connecting: AUTH of any length does not hang [immune-7] [immune-8]") {
    // Two bytes are a whole AUTH (3.15.2.1), here without a method; 3.1.1 has none at all.
    const auto version = GENERATE(v3, v5);
    const std::string closed =
        "closed: " + make_error_code(errc::unsolicited_authentication).message();
    for (const std::string_view bytes : {"F0 00", "F0 01 18", "F0 02 18 00"}) {
        INFO(bytes);
        session_driver driver{version};
        driver.connect();
        CHECK(driver.receive(bytes) == closed);
        CHECK(driver.written() == "");
        driver.lose();
        driver.go_online();
        CHECK(driver.receive(bytes) == closed);
        CHECK(driver.written() == (version == v5 ? "E0 01 82" : ""));  // [MQTT-4.12.0-6]
    }
}

TEST_CASE("connecting: any other first packet is a protocol error [immune-17]") {
    const auto version = GENERATE(v3, v5);
    for (const std::string_view bytes :
         {"30 04 00 01 't' 00", "40 02 00 01", "90 04 00 01 00 00", "D0 00", "C0 00", "82 02 00 01",
          "10 0D 00 04 'MQTT' 05 02 00 00 00 00 00"}) {
        INFO(bytes);
        session_driver driver{version};
        driver.connect();
        CHECK(driver.receive(bytes) == "closed: packet not allowed from a broker, or not now");
        CHECK(driver.written() == "");
    }
}

TEST_CASE("connecting: packets that only a client may send [immune-17]") {
    for (const std::string_view bytes :
         {"10 0D 00 04 'MQTT' 05 02 00 00 00 00 00", "82 07 00 01 00 00 01 'a' 00",
          "A2 06 00 01 00 00 01 'a'", "C0 00"}) {
        INFO(bytes);
        session_driver driver{v5};
        driver.go_online();
        CHECK(driver.receive(bytes) == "closed: packet not allowed from a broker, or not now");
        CHECK(driver.written() == "E0 01 82");              // (4.13.1) Protocol Error
        CHECK(driver.receive("30 04 00 01 't' 00") == "");  // nothing is believed any more
        CHECK(driver.written() == "");
    }
    // 3.1.1 has no DISCONNECT from the broker, and none for a protocol error.
    for (const std::string_view bytes :
         {"10 0C 00 04 'MQTT' 04 02 00 00 00 00", "82 06 00 01 00 01 'a' 00",
          "A2 05 00 01 00 01 'a'", "C0 00", "E0 00"}) {
        INFO(bytes);
        session_driver driver{v3};
        driver.go_online();
        CHECK(driver.receive(bytes) == "closed: packet not allowed from a broker, or not now");
        CHECK(driver.receive("30 03 00 01 't'") == "");
        CHECK(driver.written() == "");
    }
}

TEST_CASE("connecting: a second CONNACK is a protocol error [immune-18]") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    CHECK(driver.receive(accepted[version]) ==
          "closed: packet not allowed from a broker, or not now");
    CHECK(driver.written() == (version == v5 ? "E0 01 82" : ""));
}

TEST_CASE("connecting: no CONNACK in time") {
    session_driver driver{v5, {.connack_timeout = 3s}};
    driver.connect();
    CHECK(driver.core.deadline() == driver.now + 3s);
    driver.pass(2'999ms);
    CHECK(driver.events() == "");
    driver.pass(1ms);
    CHECK(driver.events() == "closed: " + make_error_code(errc::connect_timeout).message());
    CHECK(driver.written() == "");
    CHECK(driver.core.deadline() == never);
}

TEST_CASE("connecting: Clean Start the first time, resuming from then on") {
    session_driver driver{v5};
    // 3.1.2.4: flags 02, later 00; session expiry 3,600 s
    CHECK(driver.connect() ==
          to_hex(hex("10 13 00 04 'MQTT' 05 02 00 00 05 11 00 00 0E 10 00 01 'c'")));
    CHECK(driver.receive("20 03 00 00 00") == "connected");
    driver.lose();
    CHECK(driver.connect() ==
          to_hex(hex("10 13 00 04 'MQTT' 05 00 00 00 05 11 00 00 0E 10 00 01 'c'")));
    CHECK(driver.receive("20 03 01 00 00") == "connected");
}

TEST_CASE("connecting: a session that ends with its connection begins clean each time") {
    session_driver driver{v5};
    connect_packet packet;
    packet.client_id = "c";
    const std::string clean = to_hex(hex("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'c'"));
    CHECK(driver.connect(packet) == clean);
    CHECK(driver.receive("20 03 00 00 00") == "connected");
    driver.lose();
    CHECK(driver.connect(packet) == clean);
    // (3.2.2.3.2) The broker may also refuse to keep what it was asked to keep.
    driver.lose();
    driver.connect();
    CHECK(driver.receive("20 08 00 00 05 11 00 00 00 00") == "connected");
    driver.lose();
    CHECK(driver.connect(packet) == clean);
}

TEST_CASE("connecting: Session Present without a session of our own is refused [immune-44]") {
    session_driver driver{v5};
    connect_packet packet = kept_session(v5);
    packet.clean_start = false;
    driver.connect(packet);
    CHECK(driver.receive("20 03 01 00 00") ==
          "closed: " + make_error_code(errc::session_state_missing).message());  // [MQTT-3.2.2-4]
    CHECK(driver.written() == "E0 01 82");
    driver.lose();
    // So that it does not happen again, the next CONNECT has Clean Start.
    CHECK(driver.connect(packet) ==
          to_hex(hex("10 13 00 04 'MQTT' 05 02 00 00 05 11 00 00 0E 10 00 01 'c'")));
    CHECK(driver.receive("20 03 00 00 00") == "connected");
}

TEST_CASE("connecting: Session Present after Clean Start is refused") {
    session_driver driver{v5};
    driver.connect();
    CHECK(driver.receive("20 03 01 00 00") ==
          "closed: " + make_error_code(errc::session_state_missing).message());  // [MQTT-3.2.2-2]
    CHECK(driver.written() == "E0 01 82");
}

TEST_CASE("connecting: 3.1.1 takes over the session of an earlier process") {
    session_driver driver{v3};
    driver.connect();
    CHECK(driver.receive("20 02 01 00") == "connected");
}

TEST_CASE("connecting: after the fall-back to 3.1.1 a session is kept, whatever 5.0 has refused") {
    session_driver driver{v5};
    auto packet = kept_session(v5);
    packet.clean_start = false;
    driver.connect(packet);
    CHECK(driver.receive(resumed[v5]).starts_with("closed"));
    driver.lose();
    driver.core.use_version(v3);
    REQUIRE_FALSE(driver.core.connect(kept_session(v3), driver.now));
    // (3.1.2.4) Clean Session would have the broker forget what is sent on this connection.
    CHECK(driver.written() == to_hex(hex("10 0D 00 04 'MQTT' 04 00 00 00 00 01 'c'")));
    CHECK(driver.receive("20 02 01 00") == "connected");
}

TEST_CASE("connecting: the assigned client id is used from then on") {
    session_driver driver{v5};
    connect_packet packet = kept_session(v5);
    packet.client_id = "";
    CHECK(driver.connect(packet) ==
          to_hex(hex("10 12 00 04 'MQTT' 05 02 00 00 05 11 00 00 0E 10 00 00")));
    CHECK(driver.receive("20 08 00 00 05 12 00 02 'id'") == "connected");  // 3.2.2.3.7
    driver.lose();
    CHECK(driver.connect(packet) ==
          to_hex(hex("10 14 00 04 'MQTT' 05 00 00 00 05 11 00 00 0E 10 00 02 'id'")));
}

TEST_CASE("connecting: DISCONNECT of the broker, in every length [immune-7]") {
    session_driver driver{v5};
    driver.go_online();
    CHECK(driver.receive("E0 02 8B 00") == "closed: Server shutting down");
    CHECK(driver.written() == "");
    driver.lose();
    driver.go_online();
    CHECK(driver.receive("E0 01 8B") == "closed: Server shutting down");
    CHECK(driver.written() == "");
    driver.lose();
    driver.go_online();
    CHECK(driver.receive("E0 00") ==
          "closed: " + make_error_code(errc::connection_closed).message());
    driver.lose();
    driver.go_online();
    // [MQTT-3.14.2-2] A broker sends no Session Expiry Interval.
    CHECK(driver.receive("E0 07 00 05 11 00 00 00 00") ==
          "closed: property not allowed in this packet");
    CHECK(driver.written() == "E0 01 82");
    driver.lose();
    driver.connect();
    CHECK(driver.receive("E0 01 89") == "closed: Server busy");  // in place of a CONNACK
}

TEST_CASE("connecting: connect() without disconnected() before drops the old connection") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("kept", qos_1, "t");
    driver.written();
    driver.receive("30 05 00");  // half a packet
    driver.go_online(resumed[v5]);
    CHECK(driver.written() == to_hex(hex("3A 06 00 01 't' 00 01 00")));
}

TEST_CASE("connecting: a broker that knows only 3.1.1 says so in its own form") {
    session_driver driver{v5};
    driver.connect();
    // (3.1.1: 3.2.2.3) Return code 1, unacceptable protocol version.
    CHECK(driver.receive("20 02 00 01") ==
          "closed: " + make_error_code(reason_code::unsupported_protocol_version).message());
    CHECK(driver.written() == "");
    SECTION("and is talked to in 3.1.1 from then on") {
        driver.lose();
        std::string expiring = "expiring";
        publish_packet packet;
        packet.topic = "t";
        packet.properties.content_type = "text";
        errc error{};
        driver.core.publish(outbound_publish::make(v5, packet, error), &expiring, driver.now);
        driver.publish("plain", qos_1, "t");
        driver.subscribe("no local", {{.filter = "f", .no_local = true}});
        driver.subscribe("as well", {{.filter = "f"}});
        driver.core.use_version(v3);
        connect_packet connect = kept_session(v3);
        REQUIRE_FALSE(driver.core.connect(connect, driver.now));
        CHECK(driver.written() == to_hex(hex("10 0D 00 04 'MQTT' 04 00 00 00 00 01 'c'")));
        const std::string wrong = ": " + make_error_code(errc::not_in_this_version).message();
        CHECK(driver.receive("20 02 00 00") == "connected");
        CHECK(driver.written() == to_hex(hex("82 06 00 01 00 01 'f' 00 32 05 00 01 't' 00 02")));
        CHECK(driver.events() == "no local" + wrong + ", expiring" + wrong);
        driver.core.publish(outbound_publish::make(v5, packet, error), &expiring, driver.now);
    }
}
