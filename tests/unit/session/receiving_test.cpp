// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

/// PUBLISH to "t" with an empty payload (3.3).
std::string publish(protocol_version version, std::string_view head, std::string_view id) {
    return std::string{head} + (version == v3 ? " 05 00 01 't' " : " 06 00 01 't' ") +
           std::string{id} + (version == v3 ? "" : " 00 ");
}

}  // namespace

TEST_CASE("receiving: QoS 0 asks for no acknowledgement") {
    session_driver driver{v5};
    driver.go_online();
    CHECK(driver.receive("31 05 00 01 't' 00 'x'") == "message t=x");
    CHECK_FALSE(driver.tokens.at(0));
    CHECK(driver.written() == "");
}

TEST_CASE("receiving: what another client got wrong is left out") {
    // After the topic: the length of the properties, Payload Format Indicator 2 (3.3.2.3.2), a
    // Response Topic with a wildcard or without a character [MQTT-3.3.2-14], a Content Type.
    const std::string_view message =
        GENERATE(as<std::string_view>{}, "32 10 00 01 't' 00 01 0A 01 02 08 00 01 '#' 03 00 01 'x'",
                 "32 0F 00 01 't' 00 01 09 01 02 08 00 00 03 00 01 'x'");
    session_driver driver{v5};
    driver.go_online();
    auto bytes = hex(message);
    std::span<const std::byte> unread{bytes};
    driver.feed(unread);
    const session_event event = driver.core.next_event();
    REQUIRE(event.what == session_event::kind::message);
    CHECK(event.message->qos == qos_1);
    CHECK(event.message->topic == "t");
    CHECK_FALSE(event.message->properties.payload_format_indicator);
    CHECK_FALSE(event.message->properties.response_topic);
    CHECK(event.message->properties.content_type == "x");
    driver.core.acknowledge(event.token);
    CHECK(driver.written() == "40 02 00 01");
    // All else is refused as ever: here a Response Topic that is no UTF-8.
    CHECK(driver.receive("30 09 00 01 't' 05 08 00 02 C3 28") ==
          "closed: " + make_error_code(decode_errc::invalid_utf8).message());
}

TEST_CASE("receiving: nothing of a message is left for the next one") {
    session_driver driver{v5};
    driver.go_online();
    // Retained and sent again at QoS 1, with a Message Expiry Interval of 5 s (3.3.2.3.3); plain
    // at QoS 1, then at QoS 0; the first one again; plain.
    const auto bytes = hex(
        "3B 0B 00 01 't' 00 01 05 02 00 00 00 05  32 07 00 01 'u' 00 02 00 'x'  30 04 00 01 'v' 00"
        "3B 0B 00 01 't' 00 01 05 02 00 00 00 05  30 04 00 01 'v' 00");
    std::span<const std::byte> unread{bytes};
    driver.feed(unread);
    const auto next = [&driver]() -> const publish_packet& {
        const session_event event = driver.core.next_event();
        REQUIRE(event.what == session_event::kind::message);
        return *event.message;
    };
    for (const std::size_t plain_ones : {2U, 1U}) {
        const publish_packet& first = next();
        CHECK(first.properties.message_expiry_interval == 5U);
        CHECK(first.packet_id == 1);
        CHECK((first.dup && first.retain));
        for (std::size_t i = 0; i < plain_ones; ++i) {
            const publish_packet& plain = next();
            CHECK_FALSE(wire::is_set(plain.properties));
            CHECK(plain.packet_id == (plain.qos == qos_1 ? 2 : 0));
            CHECK_FALSE((plain.dup || plain.retain));
            CHECK(plain.payload == (plain.topic == "u" ? "x" : ""));
        }
    }
    CHECK(driver.core.next_event().what == session_event::kind::need_data);
}

TEST_CASE("receiving: messages that follow each other are told without asking for each") {
    session_driver driver{v5};
    driver.go_online();
    // QoS 1, QoS 0, QoS 2, its copy (3.3.1.1); QoS 0; PINGRESP; QoS 0, twice.
    const auto bytes =
        hex("32 06 00 01 'a' 00 01 00  30 04 00 01 'b' 00  34 06 00 01 'c' 00 02 00"
            "3C 06 00 01 'c' 00 02 00  30 04 00 01 'd' 00  D0 00  30 04 00 01 'e' 00"
            "30 04 00 01 'f' 00");
    std::span<const std::byte> unread{bytes};
    driver.feed(unread);
    session_event event = driver.core.next_event();
    const auto topic = [&] { return event.message->topic; };
    CHECK(topic() == "a");
    CHECK(event.token);
    REQUIRE(driver.core.next_message(event));
    CHECK(topic() == "b");
    CHECK_FALSE(event.token);
    REQUIRE(driver.core.next_message(event));
    CHECK(topic() == "c");
    CHECK(event.token);
    CHECK_FALSE(driver.core.next_message(event));  // the copy is told to nobody
    event = driver.core.next_event();
    CHECK(topic() == "d");
    CHECK_FALSE(driver.core.next_message(event));
    event = driver.core.next_event();
    CHECK(topic() == "e");
    CHECK_FALSE(driver.core.disconnect({}, driver.now));
    CHECK_FALSE(driver.core.next_message(event));  // nor what comes behind the end
    CHECK(driver.core.next_event().what == session_event::kind::need_data);
}

TEST_CASE("receiving: a topic name is checked also behind one that is valid") {
    // With a wildcard [MQTT-3.3.2-2]; without a character, and without an alias (3.3.2.1).
    const std::string_view wrong =
        GENERATE(as<std::string_view>{}, "30 04 00 01 '+' 00", "30 03 00 00 00");
    session_driver driver{v5};
    driver.go_online();
    if (GENERATE(false, true)) {
        CHECK(driver.receive("30 04 00 01 't' 00 30 04 00 01 't' 00") == "message t=, message t=");
    }
    CHECK(driver.receive(wrong).starts_with("closed: "));
}

TEST_CASE("receiving: Subscription Identifiers, alone and with others (3.3.2.3.8)") {
    session_driver driver{v5};
    driver.go_online();
    // Of each length (1.5.5); two; one behind a Payload Format Indicator; one at QoS 1; twice one
    // on a topic that is not ASCII. Behind each a message without any.
    const std::vector<std::pair<std::string, std::vector<std::uint32_t>>> messages{
        {"30 06 00 01 't' 02 0B 01", {1}},
        {"30 07 00 01 't' 03 0B 80 01", {128}},
        {"30 08 00 01 't' 04 0B 80 80 01", {16'384}},
        {"30 09 00 01 't' 05 0B FF FF FF 7F", {268'435'455}},
        {"30 08 00 01 't' 04 0B 01 0B 02", {1, 2}},
        {"30 08 00 01 't' 04 01 01 0B 03", {3}},
        {"32 08 00 01 't' 00 01 02 0B 04", {4}},
        {"30 07 00 02 C3 A9 02 0B 05", {5}},
        {"30 07 00 02 C3 A9 02 0B 05", {5}},
    };
    const auto identifiers = [&](const std::string& packet) {
        const auto bytes = hex(packet);
        std::span<const std::byte> unread{bytes};
        driver.feed(unread);
        const session_event event = driver.core.next_event();
        REQUIRE(event.what == session_event::kind::message);
        CHECK(event.message->payload.empty());
        std::vector<std::uint32_t> found;
        for (const std::uint32_t each : event.message->properties.subscription_identifiers)
            found.push_back(each);
        return found;
    };
    for (const auto& [packet, expected] : messages) {
        CAPTURE(packet);
        CHECK(identifiers(packet) == expected);
        CHECK(identifiers("30 04 00 01 't' 00").empty());
        CHECK(identifiers(packet) == expected);
        CHECK(identifiers(packet) == expected);
    }
    // 0 (3.3.2.3.8); of five bytes; longer than the packet; without an end; none; at QoS 1
    // with the packet identifier 0 [MQTT-2.2.1-3].
    const std::string wrong = GENERATE(as<std::string>{}, "30 06 00 01 't' 02 0B 00",
                                       "30 0A 00 01 't' 06 0B FF FF FF FF 7F",
                                       "30 06 00 01 't' 03 0B 01", "30 06 00 01 't' 02 0B 81",
                                       "30 05 00 01 't' 01 0B", "32 08 00 01 't' 00 00 02 0B 01");
    CAPTURE(wrong);
    CHECK(driver.receive(wrong).starts_with("closed: "));
}

TEST_CASE("receiving: QoS 1 is acknowledged when the application has it (4.3.2)") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.acknowledges = false;
    driver.go_online();
    CHECK(driver.receive(publish(version, "32", "12 34")) == "message t=");
    CHECK(driver.written() == "");
    driver.acknowledge(0);
    CHECK(driver.written() == "40 02 12 34");
    driver.acknowledge(0);  // late and twice
    CHECK(driver.written() == "");
}

TEST_CASE("receiving: QoS 2 is acknowledged in two steps (4.3.3)") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.acknowledges = false;
    driver.go_online();
    CHECK(driver.receive(publish(version, "34", "12 34")) == "message t=");
    CHECK(driver.written() == "");
    driver.acknowledge(0);
    CHECK(driver.written() == "50 02 12 34");
    CHECK(driver.receive("62 02 12 34") == "");
    CHECK(driver.written() == "70 02 12 34");
    // [MQTT-4.3.3-12] The identifier may carry another message now.
    CHECK(driver.receive(publish(version, "34", "12 34")) == "message t=");
}

TEST_CASE("receiving: acknowledgements leave in the order of the messages") {
    // [MQTT-4.6.0-2] [MQTT-4.6.0-3]
    session_driver driver{v5};
    driver.acknowledges = false;
    driver.go_online();
    driver.receive(publish(v5, "32", "00 05") + publish(v5, "34", "00 03") +
                   publish(v5, "32", "00 09") + publish(v5, "34", "00 04"));
    driver.acknowledge(2);
    driver.acknowledge(3);
    CHECK(driver.written() == "");
    driver.acknowledge(0);
    CHECK(driver.written() == "40 02 00 05");
    driver.acknowledge(1);
    CHECK(driver.written() == "50 02 00 03 40 02 00 09 50 02 00 04");
}

TEST_CASE("receiving: duplicates at QoS 2 are answered each time and delivered once [immune-37]") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    CHECK(driver.receive(publish(version, "34", "00 07")) == "message t=");
    CHECK(driver.written() == "50 02 00 07");
    for (int i = 0; i < 3; ++i) {
        CHECK(driver.receive(publish(version, "3C", "00 07")) == "");
        CHECK(driver.written() == "50 02 00 07");  // [MQTT-4.3.3-10]
    }
    CHECK(driver.receive("62 02 00 07") == "");
    CHECK(driver.written() == "70 02 00 07");
}

TEST_CASE("receiving: a duplicate before the application is done is answered when it is") {
    session_driver driver{v5};
    driver.acknowledges = false;
    driver.go_online();
    driver.receive(publish(v5, "34", "00 07"));
    CHECK(driver.receive(publish(v5, "3C", "00 07")) == "");
    CHECK(driver.written() == "");
    driver.acknowledge(0);
    CHECK(driver.written() == "50 02 00 07");
}

TEST_CASE("receiving: duplicates on a resumed connection [immune-38]") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    driver.receive(publish(version, "34", "00 07"));
    SECTION("PUBREC was sent") {
        CHECK(driver.written() == "50 02 00 07");
    }
    SECTION("PUBREC was not sent") {}
    driver.resume();
    CHECK(driver.written() == "");  // of itself PUBREC is not sent again [MQTT-4.4.0-1]
    SECTION("the broker sends PUBLISH again") {
        CHECK(driver.receive(publish(version, "3C", "00 07")) == "");
        CHECK(driver.written() == "50 02 00 07");
    }
    SECTION("without DUP [immune-40]") {
        CHECK(driver.receive(publish(version, "34", "00 07")) == "");
        CHECK(driver.written() == "50 02 00 07");
    }
    CHECK(driver.receive("62 02 00 07") == "");
    CHECK(driver.written() == "70 02 00 07");
    CHECK(driver.receive(publish(version, "34", "00 07")) == "message t=");
}

TEST_CASE("receiving: a message that the application still had when the connection was lost") {
    session_driver driver{v5};
    driver.acknowledges = false;
    driver.go_online();
    driver.receive(publish(v5, "34", "00 07") + publish(v5, "32", "00 08"));
    driver.resume();
    SECTION("is acknowledged on the copy, when it is done later") {
        CHECK(driver.receive(publish(v5, "3C", "00 07")) == "");
        CHECK(driver.written() == "");
        driver.acknowledge(0);
        CHECK(driver.written() == "50 02 00 07");
    }
    SECTION("is acknowledged on the copy, when it is done before") {
        driver.acknowledge(0);
        CHECK(driver.written() == "");  // [immune-43]
        CHECK(driver.receive(publish(v5, "3C", "00 07")) == "");
        CHECK(driver.written() == "50 02 00 07");
    }
    SECTION("at QoS 1 comes again, and the old acknowledgement is not taken for it [immune-43]") {
        driver.acknowledge(1);
        CHECK(driver.written() == "");
        CHECK(driver.receive(publish(v5, "3A", "00 08")) == "message t=");
        driver.acknowledge(1);
        CHECK(driver.written() == "");
        driver.acknowledge(2);
        CHECK(driver.written() == "40 02 00 08");
    }
}

TEST_CASE(
    "receiving: answers that a lost connection left unwritten are not written on the next "
    "[immune-43]") {
    const auto version = GENERATE(v3, v5);
    const bool is_resumed = GENERATE(true, false);
    session_driver driver{version};
    driver.go_online();
    driver.receive(publish(version, "34", "00 07"));
    CHECK(driver.written() == "50 02 00 07");
    // PUBCOMP for 7, PUBACK for 5 and PUBREC for 6 are due.
    CHECK(driver.receive("62 02 00 07" + publish(version, "32", "00 05") +
                         publish(version, "34", "00 06")) == "message t=, message t=");
    driver.lose();
    CHECK(driver.connect().starts_with("10 "));  // [MQTT-3.1.0-1] CONNECT is the first packet
    driver.receive(is_resumed ? resumed[version] : accepted[version]);
    CHECK(driver.written() == "");
    // What the broker sends again is answered [MQTT-4.4.0-1].
    driver.receive("62 02 00 07" + publish(version, "3A", "00 05") +
                   publish(version, "3C", "00 06"));
    CHECK(driver.written() == (version == v3 ? "70 02 00 07" : "70 03 00 07 92") +
                                  std::string{" 40 02 00 05 50 02 00 06"});
}

TEST_CASE("receiving: with the session the identifiers are forgotten") {
    // [MQTT-3.2.2-5]
    session_driver driver{v5};
    driver.acknowledges = false;
    driver.go_online();
    driver.receive(publish(v5, "34", "00 07"));
    driver.lose();
    driver.go_online();
    CHECK(driver.receive(publish(v5, "34", "00 07")) == "message t=");
    driver.acknowledge(0);  // of the old session
    CHECK(driver.written() == "");
    driver.acknowledge(1);
    CHECK(driver.written() == "50 02 00 07");
}

TEST_CASE("receiving: PUBREL before PUBREC is a protocol error") {
    session_driver driver{v5};
    driver.acknowledges = false;
    driver.go_online();
    driver.receive(publish(v5, "34", "00 07"));
    CHECK(driver.receive("62 02 00 07") == "closed: packet not allowed from a broker, or not now");
    CHECK(driver.written() == "E0 01 82");
}

TEST_CASE("receiving: PUBREL once more") {
    session_driver driver{v5};
    driver.go_online();
    driver.receive(publish(v5, "34", "00 07"));
    driver.written();
    CHECK(driver.receive("62 02 00 07 62 02 00 07") == "");
    CHECK(driver.written() == "70 02 00 07 70 03 00 07 92");
}

TEST_CASE("receiving: more than the Receive Maximum closes with 0x93") {
    session_driver driver{v5};
    driver.acknowledges = false;
    connect_packet packet = kept_session(v5);
    packet.properties.receive_maximum = 2;
    driver.connect(packet);
    driver.receive(accepted[v5]);
    driver.receive(publish(v5, "34", "00 01") + publish(v5, "32", "00 02"));
    CHECK(driver.receive("30 04 00 01 't' 00") == "message t=");  // QoS 0 does not count
    SECTION("a third is refused") {                               // [MQTT-3.3.4-9]
        CHECK(driver.receive(publish(v5, "32", "00 03")) ==
              "closed: " + make_error_code(errc::receive_maximum_exceeded).message());
        CHECK(driver.written() == "E0 01 93");
    }
    SECTION("a duplicate is not a third [immune-45a]") {
        CHECK(driver.receive(publish(v5, "3C", "00 01")) == "");
    }
    SECTION("PUBACK makes room") {
        driver.acknowledge(0);
        driver.acknowledge(1);
        CHECK(driver.written() == "50 02 00 01 40 02 00 02");
        CHECK(driver.receive(publish(v5, "32", "00 03")) == "message t=");
        CHECK(driver.receive(publish(v5, "32", "00 04")).starts_with("closed"));
    }
    SECTION("so does PUBCOMP, and not PUBREC") {
        driver.acknowledge(0);
        driver.acknowledge(1);
        driver.written();
        driver.receive("62 02 00 01");
        CHECK(driver.receive(publish(v5, "32", "00 03")) == "message t=");
        CHECK(driver.receive(publish(v5, "32", "00 04")) == "message t=");
        CHECK(driver.receive(publish(v5, "32", "00 05")).starts_with("closed"));
    }
    SECTION("a new connection starts anew") {
        driver.lose();
        driver.connect(packet);
        driver.receive(resumed[v5]);
        CHECK(driver.receive(publish(v5, "3C", "00 01") + publish(v5, "3A", "00 02")) ==
              "message t=");
        CHECK(driver.receive(publish(v5, "32", "00 03")).starts_with("closed"));
    }
    SECTION("PUBREL of a message of the connection before makes none") {
        driver.acknowledge(0);
        driver.written();
        driver.lose();
        driver.connect(packet);
        driver.receive(resumed[v5]);
        driver.receive("62 02 00 01");
        CHECK(driver.written() == "70 02 00 01");
        CHECK(driver.receive(publish(v5, "32", "00 02") + publish(v5, "32", "00 03")) ==
              "message t=, message t=");
        CHECK(driver.receive(publish(v5, "32", "00 04")).starts_with("closed"));
    }
}

TEST_CASE("receiving: thousands of QoS 2 messages leave nothing behind [immune-39]") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    connect_packet packet = kept_session(version);
    // One that still counted would be one too many.
    if (version == v5) packet.properties.receive_maximum = 1;
    driver.connect(packet);
    driver.receive(accepted[version]);
    // An identifier that was still known would make its second message a duplicate.
    for (int i = 0; i < 6'000; ++i) {
        const int number = 1 + i % 3'000;
        const std::string id = to_hex(std::vector<std::byte>{
            static_cast<std::byte>(number >> 8), static_cast<std::byte>(number & 0xFF)});
        REQUIRE(driver.receive(publish(version, "34", id)) == "message t=");
        REQUIRE(driver.written() == "50 02 " + id);
        REQUIRE(driver.receive("62 02 " + id) == "");
        REQUIRE(driver.written() == "70 02 " + id);
        driver.tokens.clear();
    }
}

TEST_CASE("receiving: a flood of duplicates behind an unfinished message is bounded [immune-33]") {
    session_driver driver{v5};
    driver.acknowledges = false;
    driver.go_online();
    driver.receive(publish(v5, "32", "00 01") + publish(v5, "34", "00 02"));
    driver.acknowledge(1);
    for (int i = 0; i < 10'000; ++i)
        driver.receive(publish(v5, "3C", "00 02"));
    driver.acknowledge(0);
    CHECK(driver.written() == "40 02 00 01 50 02 00 02");
}

TEST_CASE("receiving: a peer that sends and does not read is not answered for ever [immune-33]") {
    session_driver driver{v5};
    driver.go_online();
    std::string many;
    for (int i = 0; i < 1'000; ++i)
        many += "62 02 00 09";
    const std::vector<std::byte> bytes = hex(many);
    std::string events;
    std::size_t reads = 0;
    while (events != "paused" && ++reads < 1'000'000) {
        std::span<const std::byte> rest{bytes};
        driver.feed(rest);
        events = driver.events();
    }
    CHECK(events == "paused");
    CHECK(driver.written().size() < 3 * 1'100'000);  // 1 MiB, three characters a byte
    CHECK(driver.events() == "");                    // it goes on
}

TEST_CASE("receiving: topic aliases [immune-50]") {
    session_driver driver{v5};
    connect_packet packet = kept_session(v5);
    packet.properties.topic_alias_maximum = 2;
    driver.connect(packet);
    driver.receive(accepted[v5]);
    const std::string wrong = "closed: " + make_error_code(errc::topic_alias_invalid).message();
    CHECK(driver.receive("30 08 00 01 'a' 03 23 00 01 '1'") == "message a=1");
    CHECK(driver.receive("30 07 00 00 03 23 00 01 '2'") == "message a=2");
    CHECK(driver.receive("30 08 00 01 'b' 03 23 00 02 '3'") == "message b=3");
    CHECK(driver.receive("30 08 00 01 'c' 03 23 00 01 '4'") == "message c=4");
    CHECK(driver.receive("30 07 00 00 03 23 00 01 '5' 30 07 00 00 03 23 00 02 '6'") ==
          "message c=5, message b=6");
    SECTION("zero") {
        CHECK(driver.receive("30 07 00 01 'a' 03 23 00 00") == "closed: topic alias is zero");
        CHECK(driver.written() == "E0 01 94");
    }
    SECTION("over the maximum") {
        CHECK(driver.receive("30 07 00 01 'a' 03 23 00 03") == wrong);
        CHECK(driver.written() == "E0 01 94");
    }
    SECTION("unknown after a new connection [immune-48]") {
        driver.lose();
        driver.connect(packet);
        driver.receive(resumed[v5]);
        CHECK(driver.receive("30 06 00 00 03 23 00 01") == wrong);
        CHECK(driver.written() == "E0 01 82");  // (3.3.2.3.4) Protocol Error
    }
    SECTION("in a duplicate that is not delivered") {
        CHECK(driver.receive("34 09 00 01 'd' 00 01 03 23 00 01") == "message d=");
        driver.written();
        CHECK(driver.receive("3C 09 00 01 'e' 00 01 03 23 00 02") == "");
        CHECK(driver.receive("30 06 00 00 03 23 00 02") == "message e=");
    }
}

TEST_CASE(
    "receiving: no topic alias unless it was offered, the broker's maximum is its own "
    "[immune-51]") {
    session_driver driver{v5};
    driver.go_online("20 06 00 00 03 22 00 0A");  // CONNACK with Topic Alias Maximum 10
    CHECK(driver.receive("30 07 00 01 'a' 03 23 00 01").starts_with("closed"));
    CHECK(driver.written() == "E0 01 94");
}

TEST_CASE("receiving: what a lost session leaves behind does not hide a message later on") {
    session_driver driver{v5};
    driver.go_online();
    CHECK(driver.receive("34 07 00 01 't' 00 05 00 'a'") == "message t=a");
    CHECK(driver.written() == "50 02 00 05");
    driver.lose();
    driver.connect();  // its CONNACK, which tells that the session was lost, never comes
    driver.lose();
    driver.go_online(resumed[v5]);
    SECTION("on the next connection") {}
    SECTION("on the one after it") {
        driver.resume();
    }
    CHECK(driver.receive("34 07 00 01 't' 00 05 00 'b'") == "message t=b");
    SECTION("and a copy is still known as one") {
        CHECK(driver.receive("3C 07 00 01 't' 00 05 00 'b'") == "");
    }
}

TEST_CASE("receiving: a message that was given up comes again as new, on a later connection") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.acknowledges = false;
    driver.go_online();
    CHECK(driver.receive(publish(version, "34", "00 07") + publish(version, "32", "00 08")) ==
          "message t=, message t=");
    SECTION("given up on its own connection") {
        driver.abandon(0);
        driver.acknowledge(1);
        CHECK(driver.written() == "");  // [MQTT-4.6.0-2] nothing goes past it
        driver.resume();
    }
    SECTION("given up without a connection") {
        driver.lose();
        driver.abandon(0);
        driver.go_online(resumed[version]);
    }
    SECTION("given up on the next one, before the copy comes") {
        driver.resume();
        driver.abandon(0);
    }
    SECTION("given up on the next one, after the copy") {
        driver.resume();
        CHECK(driver.receive(publish(version, "3C", "00 07")) == "");
        driver.abandon(0);
        CHECK(driver.written() == "");
        driver.resume();
    }
    CHECK(driver.receive(publish(version, "3C", "00 07") + publish(version, "3A", "00 08")) ==
          "message t=, message t=");
    driver.acknowledge(0);  // of the first copy, which is not wanted any more
    driver.acknowledge(3);
    CHECK(driver.written() == "");
    driver.acknowledge(2);
    CHECK(driver.written() == "50 02 00 07 40 02 00 08");
    CHECK(driver.receive(publish(version, "3C", "00 07")) == "");
    CHECK(driver.written() == "50 02 00 07");
    CHECK(driver.receive("62 02 00 07") == "");
    CHECK(driver.written() == "70 02 00 07");
}

TEST_CASE("receiving: what is given up too late, or at another QoS, changes nothing") {
    session_driver driver{v5};
    driver.acknowledges = false;
    driver.go_online();
    driver.receive("30 04 00 01 't' 00" + publish(v5, "34", "00 07") + publish(v5, "32", "00 08"));
    driver.acknowledge(1);
    driver.abandon(0);
    driver.abandon(1);
    driver.abandon(2);
    CHECK(driver.written() == "50 02 00 07");
    driver.resume();
    CHECK(driver.receive(publish(v5, "3C", "00 07") + publish(v5, "3A", "00 08")) == "message t=");
    driver.acknowledge(3);
    CHECK(driver.written() == "50 02 00 07 40 02 00 08");
}
