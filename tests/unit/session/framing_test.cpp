// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

/// One of everything that a broker may send, and what comes of it.
struct conversation {
    std::string bytes;
    std::string events;
    std::string answers;
};

conversation conversation_of(protocol_version version) {
    if (version == v3) {
        return {
            "20 02 00 00"                 // CONNACK (3.2)
            "30 05 00 01 't' 'xy'"        // PUBLISH, QoS 0 (3.3)
            "32 07 00 01 't' 00 07 'xy'"  // QoS 1
            "34 05 00 01 't' 00 08"       // QoS 2
            "62 02 00 08"                 // PUBREL (3.6)
            "40 02 00 02"                 // PUBACK (3.4)
            "50 02 00 03 70 02 00 03"     // PUBREC, PUBCOMP (3.5, 3.7)
            "90 03 00 01 01"              // SUBACK (3.9)
            "D0 00",                      // PINGRESP (3.13)
            "connected, message t=xy >handler, message t=xy >handler, message t= >handler, "
            "one done, two done, subscribe done",
            ""};
    }
    return {
        "20 0A 00 00 07 1F 00 01 'r' 21 00 0A"  // CONNACK: reason string, receive maximum 10
        "30 06 00 01 't' 00 'xy'"
        "32 08 00 01 't' 00 07 00 'xy'"
        "34 06 00 01 't' 00 08 00"
        "62 03 00 08 00"  // PUBREL with a reason code, without property length (3.6.2.1)
        "40 04 00 02 00 00"
        "50 02 00 03 70 04 00 03 00 00"
        "90 04 00 01 00 01"
        "D0 00",
        "connected, message t=xy >handler, message t=xy >handler, message t= >handler, "
        "one done, two done, subscribe done",
        ""};
}

/// A session that waits for all that the conversation brings, its identifiers given out by the
/// first read.
void prepare(session_driver& driver) {
    driver.subscribe("subscribe", {{.filter = "t", .qos = qos_1}}, "handler");
    driver.publish("one", qos_1, "a");
    driver.publish("two", qos_2, "b");
    driver.connect();
}

/// PUBREL must find its PUBREC sent, and acknowledgements their packets: so write after each read.
std::string receive_in_reads(session_driver& driver, std::span<const std::byte> bytes,
                             const std::vector<std::size_t>& ends) {
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
        std::span<const std::byte> piece = bytes.subspan(begin, end - begin);
        while (!piece.empty()) {
            driver.feed(piece);
            driver.take_events();
            driver.written();
        }
        begin = end;
    }
    return driver.events();
}

}  // namespace

TEST_CASE("framing: one byte at a time [immune-1]") {
    const auto version = GENERATE(v3, v5);
    const conversation expected = conversation_of(version);
    const std::vector<std::byte> bytes = hex(expected.bytes);
    session_driver driver{version};
    prepare(driver);
    std::vector<std::size_t> ends;
    for (std::size_t end = 1; end <= bytes.size(); ++end)
        ends.push_back(end);
    CHECK(receive_in_reads(driver, bytes, ends) == expected.events);
}

TEST_CASE("framing: split at every boundary [immune-1]") {
    const auto version = GENERATE(v3, v5);
    const conversation expected = conversation_of(version);
    const std::vector<std::byte> bytes = hex(expected.bytes);
    const std::size_t connack = version == v3 ? 4 : 12;
    for (std::size_t first = connack; first < bytes.size(); ++first) {
        for (std::size_t second = first + 1; second < bytes.size(); ++second) {
            session_driver driver{version};
            prepare(driver);
            // The CONNACK alone: what it lets go must be sent before it can be acknowledged.
            const std::string events =
                receive_in_reads(driver, bytes, {connack, first, second, bytes.size()});
            if (events != expected.events) {
                INFO("split at " << first << " and " << second);
                CHECK(events == expected.events);
            }
        }
    }
}

TEST_CASE("framing: inside a Remaining Length of every size [immune-1]") {
    struct row {
        std::size_t payload;
        std::string_view head;  // up to the payload; QoS 0, topic "t" (3.3)
    };
    const row rows[] = {{124, "30 7F 00 01 't'"},
                        {125, "30 80 01 00 01 't'"},
                        {16'380, "30 FF 7F 00 01 't'"},
                        {16'381, "30 80 80 01 00 01 't'"},
                        {2'097'149, "30 80 80 80 01 00 01 't'"}};
    for (const row& each : rows) {
        const std::string payload(each.payload, 'p');
        std::vector<std::byte> bytes = hex(each.head);
        const std::size_t head = bytes.size();
        bytes.resize(head + payload.size(), static_cast<std::byte>('p'));
        for (std::size_t split = 1; split <= head; ++split) {
            session_driver driver{v3};
            driver.go_online();
            const std::span<const std::byte> all{bytes};
            CHECK(driver.receive(all.first(split)) == (payload.empty() ? "?" : ""));
            CHECK(driver.receive(all.subspan(split)) == "message t=" + payload);
        }
    }
}

TEST_CASE("framing: many packets in one read, and half of the next [immune-2]") {
    session_driver driver{v5};
    driver.go_online();
    // Two and a half PUBLISH packets (3.3), the other half, and a fourth.
    CHECK(driver.receive("30 05 00 01 'a' 00 '1' 30 05 00 01 'b' 00 '2' 30 05 00") ==
          "message a=1, message b=2");
    CHECK(driver.receive("01 'c' 00 '3' 30 05 00 01 'd' 00 '4'") == "message c=3, message d=4");
}

TEST_CASE("framing: a CONNACK, a packet and half of the next in one read [immune-2]") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.connect();
    // Two PUBLISH packets (3.3), the second of them in two reads.
    const in_versions first{"20 02 00 00 30 04 00 01 'a' '1' 30 04 00",
                            "20 03 00 00 00 30 05 00 01 'a' 00 '1' 30 05 00"};
    const in_versions second{"01 'b' '2'", "01 'b' 00 '2'"};
    CHECK(driver.receive(first[version]) == "connected, message a=1");
    CHECK(driver.receive(second[version]) == "message b=2");
}

TEST_CASE("framing: a thousand packets in one stream of reads") {
    session_driver driver{v5};
    driver.go_online();
    std::string bytes;
    std::string expected;
    for (int i = 0; i < 1'000; ++i) {
        bytes += "30 05 00 01 'a' 00 'x'";
        expected += expected.empty() ? "message a=x" : ", message a=x";
    }
    CHECK(driver.receive(bytes) == expected);
}

TEST_CASE("framing: a bad first byte is refused before its length is there") {
    session_driver driver{v5};
    driver.go_online();
    CHECK(driver.receive("06") == "closed: invalid packet type");
    CHECK(driver.written() == "E0 01 82");  // (3.14.2.1) Protocol Error
}

TEST_CASE("framing: a length of five bytes is malformed at its fourth [immune-3]") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.connect();
    CHECK(driver.receive("20 80 80 80") == "");
    CHECK(driver.receive("80") == "closed: malformed variable byte integer");
    CHECK(driver.written() == "");
    driver.lose();
    driver.go_online();
    CHECK(driver.receive("30 FF FF FF") == "");
    CHECK(driver.receive("FF") == "closed: malformed variable byte integer");
    CHECK(driver.written() == (version == v5 ? "E0 01 81" : ""));  // Malformed Packet
}

TEST_CASE("framing: a topic that runs past its packet is not read from the next [immune-14]") {
    const auto version = GENERATE(v3, v5);
    for (const std::string_view bytes :
         {"30 03 00 05 't' 30 07 00 05 'topic'", "32 05 FF FF 't' 00 01 D0 00 D0 00",
          "30 01 00 30 04 00 01 't' 00", "30 00 30 04 00 01 't' 00"}) {
        INFO(bytes);
        session_driver driver{version};
        driver.go_online();
        CHECK(driver.receive(bytes) == "closed: field runs past the end of the packet");
        CHECK(driver.written() == (version == v5 ? "E0 01 81" : ""));
    }
}

TEST_CASE("framing: first bytes that are malformed [immune-15] [immune-16] [immune-17]") {
    // 2.1.3, table 2-2: refused before the length is there, DUP at QoS 0 and type 0 among them.
    // Which of the other types are a client's is seen later.
    const auto version = GENERATE(v3, v5);
    const std::string_view allowed =
        "10 20 30 31 32 33 34 35 3A 3B 3C 3D 40 50 62 70 82 90 A2 B0 C0 D0 E0 F0";
    for (unsigned first = 0; first <= 0xFF; ++first) {
        const std::byte bytes[] = {static_cast<std::byte>(first)};
        INFO(to_hex(bytes));
        session_driver driver{version};
        driver.go_online();
        const std::string events = driver.receive(bytes);
        if (allowed.find(to_hex(bytes)) != std::string_view::npos) {
            CHECK(events == "");
            continue;
        }
        const bool is_qos_3 = (first & 0xF6) == 0x36;
        CHECK(events == (first < 0x10 ? "closed: invalid packet type"
                         : is_qos_3   ? "closed: invalid QoS"
                                      : "closed: reserved or contradicting flags"));
        // 4.13.1: Protocol Error for what is no packet type, Malformed Packet for flags.
        CHECK(driver.written() == (version == v3 ? "" : first < 0x10 ? "E0 01 82" : "E0 01 81"));
    }
}
