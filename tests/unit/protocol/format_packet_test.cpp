// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/format_packet.hpp>

#include <algorithm>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/exact_bytes.hpp"
#include "support/hex.hpp"
#include "unit/protocol/valid_packets.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

std::string line_of(protocol_version version, std::span<const std::byte> bytes) {
    const exact_bytes block{bytes};
    return format_packet(version, block.span());
}
std::string line_5(std::string_view bytes) {
    return line_of(protocol_version::v5, hex(bytes));
}
std::string line_3(std::string_view bytes) {
    return line_of(protocol_version::v3_1_1, hex(bytes));
}

}  // namespace

TEST_CASE("format_packet: CONNECT (3.1)") {
    CHECK(line_3("10 0D 00 04 'MQTT' 04 02 00 3C 00 01 'c'") ==
          R"(CONNECT client_id="c" keep_alive=60 clean_start=1)");
    CHECK(line_3("10 1F 00 04 'MQTT' 04 CC 00 0A 00 03 'abc' 00 03 'w/t' 00 03 'bye' 00 01 'u'"
                 "00 01 'p'") ==
          R"(CONNECT client_id="abc" keep_alive=10 clean_start=0 user_name="u" password=***)"
          R"( will qos=1 topic="w/t" payload=bye (3 bytes))");
    // All properties (3.1.2.11).
    CHECK(line_5("10 37 00 04 'MQTT' 05 02 FF FF 2A 11 FF FF FF FF 21 00 14 27 00 00 10 00 22 00 0A"
                 "19 01 17 00 26 00 01 'k' 00 01 'v' 26 00 01 'k' 00 00 15 00 01 'm' 16 00 02 00 FF"
                 "00 00") ==
          R"(CONNECT client_id="" keep_alive=65535 clean_start=1)"
          R"( session_expiry_interval=4294967295 receive_maximum=20 maximum_packet_size=4096)"
          R"( topic_alias_maximum=10 request_response_information=1)"
          R"( request_problem_information=0 user_property="k":"v" user_property="k":"")"
          R"( authentication_method="m" authentication_data=***)");
    // All properties of a will (3.1.3.2).
    CHECK(line_5("10 3A 00 04 'MQTT' 05 F4 00 3C 00 00 01 'c' 20 18 00 00 00 05 01 01 02 00 00 0E"
                 "10 03 00 01 't' 08 00 01 'r' 09 00 02 00 FF 26 00 01 'k' 00 01 'v' 00 01 'w'"
                 "00 00 00 01 'u' 00 01 'p'") ==
          R"(CONNECT client_id="c" keep_alive=60 clean_start=0 user_name="u" password=***)"
          R"( will qos=2 retain=1 topic="w" will_delay_interval=5 payload_format_indicator=1)"
          R"( message_expiry_interval=3600 content_type="t" response_topic="r")"
          R"( correlation_data="\x00\xFF" user_property="k":"v" payload= (0 bytes))");
}

TEST_CASE("format_packet: CONNACK (3.2)") {
    CHECK(line_3("20 02 01 00") == R"(CONNACK session_present=1 reason="Success")");
    // 3.2.2.3 of 3.1.1: 5 is "not authorized".
    CHECK(line_3("20 02 00 05") == R"(CONNACK session_present=0 reason="Not authorized")");
    CHECK(line_5("20 03 00 87 00") == R"(CONNACK session_present=0 reason="Not authorized")");
    // All properties (3.2.2.3).
    CHECK(line_5("20 43 00 00 40 11 00 00 00 0A 21 00 14 24 01 25 00 27 00 01 00 00 12 00 02 'id'"
                 "22 00 0A 1F 00 02 'ok' 26 00 01 'k' 00 01 'v' 28 00 29 00 2A 00 13 00 1E"
                 "1A 00 02 'ri' 1C 00 02 'sr' 15 00 01 'm' 16 00 01 FF") ==
          R"(CONNACK session_present=0 reason="Success" session_expiry_interval=10)"
          R"( receive_maximum=20 maximum_qos=1 retain_available=0 maximum_packet_size=65536)"
          R"( assigned_client_identifier="id" topic_alias_maximum=10 reason_string="ok")"
          R"( user_property="k":"v" wildcard_subscription_available=0)"
          R"( subscription_identifier_available=0 shared_subscription_available=0)"
          R"( server_keep_alive=30 response_information="ri" server_reference="sr")"
          R"( authentication_method="m" authentication_data=***)");
}

TEST_CASE("format_packet: PUBLISH (3.3)") {
    CHECK(line_3("30 06 00 03 'a/b' 'x'") == R"(PUBLISH qos=0 topic="a/b" payload=x (1 byte))");
    CHECK(line_3("3B 07 00 03 'a/b' 00 0A") ==
          R"(PUBLISH packet_id=10 dup=1 qos=1 retain=1 topic="a/b" payload= (0 bytes))");
    // All properties (3.3.2.3).
    CHECK(line_5("34 38 00 01 't' 12 34 2F 01 01 02 00 00 00 3C 23 00 05 08 00 01 'r' 09 00 02"
                 "00 FF 26 00 01 'k' 00 01 'v' 0B 01 26 00 00 00 00 0B FF FF FF 7F 26 00 00 00 00"
                 "03 00 01 't' 'pay'") ==
          R"(PUBLISH packet_id=4660 qos=2 topic="t" payload_format_indicator=1)"
          R"( message_expiry_interval=60 topic_alias=5 response_topic="r")"
          R"( correlation_data="\x00\xFF" user_property="k":"v" user_property="":"")"
          R"( user_property="":"" subscription_identifier=1 subscription_identifier=268435455)"
          R"( content_type="t" payload=pay (3 bytes))");
    CHECK(line_5("30 06 00 00 03 23 00 01") ==
          R"(PUBLISH qos=0 topic="" topic_alias=1 payload= (0 bytes))");
}

TEST_CASE("format_packet: PUBACK, PUBREC, PUBREL, PUBCOMP (3.4 to 3.7)") {
    CHECK(line_3("40 02 12 34") == "PUBACK packet_id=4660");
    CHECK(line_3("50 02 12 34") == "PUBREC packet_id=4660");
    CHECK(line_3("62 02 12 34") == "PUBREL packet_id=4660");
    CHECK(line_3("70 02 12 34") == "PUBCOMP packet_id=4660");
    CHECK(line_5("40 02 00 0A") == R"(PUBACK packet_id=10 reason="Success")");
    CHECK(line_5("40 10 00 0A 10 0C 1F 00 02 'no' 26 00 01 'k' 00 01 'v'") ==
          R"(PUBACK packet_id=10 reason="No matching subscribers" reason_string="no")"
          R"( user_property="k":"v")");
    CHECK(line_5("50 03 00 0A 97") == R"(PUBREC packet_id=10 reason="Quota exceeded")");
    CHECK(line_5("62 03 00 0A 92") ==
          R"(PUBREL packet_id=10 reason="Packet Identifier not found")");
    CHECK(line_5("70 03 00 0A 92") ==
          R"(PUBCOMP packet_id=10 reason="Packet Identifier not found")");
}

TEST_CASE("format_packet: SUBSCRIBE, SUBACK (3.8, 3.9)") {
    CHECK(line_3("82 0E 00 0A 00 03 'a/b' 01 00 03 '+/#' 02") ==
          R"(SUBSCRIBE packet_id=10 filter="a/b" qos=1 filter="+/#" qos=2)");
    CHECK(line_5("82 26 00 0A 0C 0B FF FF FF 7F 26 00 01 'k' 00 01 'v' 00 01 '#' 00"
                 "00 0C '$share/g/a/+' 09 00 01 'c' 2E") ==
          R"(SUBSCRIBE packet_id=10 subscription_identifier=268435455 user_property="k":"v")"
          R"( filter="#" qos=0 filter="$share/g/a/+" qos=1 retain_as_published=1)"
          R"( filter="c" qos=2 no_local=1 retain_as_published=1 retain_handling=2)");
    CHECK(line_3("90 05 00 0A 00 02 80") ==
          R"(SUBACK packet_id=10 reason="Granted QoS 0" reason="Granted QoS 2")"
          R"( reason="Unspecified error")");
    CHECK(line_5("90 12 00 0A 0C 1F 00 02 'ok' 26 00 01 'k' 00 01 'v' 01 8F A2") ==
          R"(SUBACK packet_id=10 reason_string="ok" user_property="k":"v" reason="Granted QoS 1")"
          R"( reason="Topic Filter invalid" reason="Wildcard Subscriptions not supported")");
}

TEST_CASE("format_packet: UNSUBSCRIBE, UNSUBACK (3.10, 3.11)") {
    CHECK(line_3("A2 0C 00 0A 00 03 'a/b' 00 03 'c/d'") ==
          R"(UNSUBSCRIBE packet_id=10 filter="a/b" filter="c/d")");
    CHECK(line_5("A2 0D 00 0A 07 26 00 01 'k' 00 01 'v' 00 01 '#'") ==
          R"(UNSUBSCRIBE packet_id=10 user_property="k":"v" filter="#")");
    CHECK(line_3("B0 02 00 0A") == "UNSUBACK packet_id=10");
    CHECK(line_5("B0 11 00 0A 0C 1F 00 02 'ok' 26 00 01 'k' 00 01 'v' 00 11") ==
          R"(UNSUBACK packet_id=10 reason_string="ok" user_property="k":"v" reason="Success")"
          R"( reason="No subscription existed")");
}

TEST_CASE("format_packet: PINGREQ, PINGRESP, DISCONNECT, AUTH (3.12 to 3.15)") {
    CHECK(line_3("C0 00") == "PINGREQ");
    CHECK(line_5("D0 00") == "PINGRESP");
    CHECK(line_3("E0 00") == "DISCONNECT");
    CHECK(line_5("E0 00") == R"(DISCONNECT reason="Normal disconnection")");
    CHECK(line_5("E0 18 9D 16 11 00 00 00 0A 1F 00 02 'go' 26 00 01 'k' 00 01 'v' 1C 00 02 'sr'") ==
          R"(DISCONNECT reason="Server moved" session_expiry_interval=10 reason_string="go")"
          R"( user_property="k":"v" server_reference="sr")");
    CHECK(line_5("F0 16 18 14 15 00 01 'm' 16 00 01 FF 1F 00 02 'ok' 26 00 01 'k' 00 01 'v'") ==
          R"(AUTH reason="Continue authentication" authentication_method="m")"
          R"( authentication_data=*** reason_string="ok" user_property="k":"v")");
}

TEST_CASE("format_packet: what cannot be printed is escaped") {
    SECTION("in strings") {
        // A line's end, an escape sequence, a quotation mark, a backslash, DEL.
        CHECK(line_3("30 0C 00 0A 'a' 0A 1B '[m' 22 5C 7F 'b' 09") ==
              R"(PUBLISH qos=0 topic="a\x0A\x1B[m\"\\\x7Fb\x09" payload= (0 bytes))");
        // U+009B, with which some terminals begin a command, and U+00A0, with which none does.
        CHECK(line_3("30 06 00 04 C2 9B C2 A0") ==
              "PUBLISH qos=0 topic=\"\\xC2\\x9B\xC2\xA0\" payload= (0 bytes)");
        // From 2, 3 and 4 bytes.
        CHECK(line_3("30 0B 00 09 C3 BC E2 82 AC F0 9F 8C A1") ==
              "PUBLISH qos=0 topic=\"\xC3\xBC\xE2\x82\xAC\xF0\x9F\x8C\xA1\" payload= (0 bytes)");
    }
    SECTION("in payloads, where quotation marks end nothing") {
        CHECK(line_3("30 0D 00 01 't' '{' 22 'a' 22 ':' 5C 0A 00 7D C2") ==
              R"(PUBLISH qos=0 topic="t" payload={"a":\\\x0A\x00}\xC2 (10 bytes))");
        CHECK(line_3("30 06 00 01 't' C3 BC 'x'") ==
              "PUBLISH qos=0 topic=\"t\" payload=\xC3\xBCx (3 bytes)");
        CHECK(line_3("30 07 00 01 't' C3 BC 'x' FF") ==
              R"(PUBLISH qos=0 topic="t" payload=\xC3\xBCx\xFF (4 bytes))");
    }
}

TEST_CASE("format_packet: of a long payload the beginning") {
    const std::string_view forty = "'0123456789012345678901234567890123456789'";
    const std::string_view head = R"(PUBLISH qos=0 topic="t" payload=)";
    const auto publish = [](std::string_view length, std::string_view most, std::string_view end) {
        return line_3("30 " + std::string{length} + "00 01 't'" + std::string{most} +
                      std::string{end});
    };
    CHECK(publish("2B", forty, "") ==
          std::string{head} + "0123456789012345678901234567890123456789 (40 bytes)");
    CHECK(publish("2C", forty, "'x'") ==
          std::string{head} + "0123456789012345678901234567890123456789... (41 bytes)");
    SECTION("which does not end within a character") {
        const std::string_view all_but_1 = "'012345678901234567890123456789012345678'";
        const std::string_view all_but_3 = "'0123456789012345678901234567890123456'";
        CHECK(publish("2C", all_but_1, "C3 BC") ==
              std::string{head} + "012345678901234567890123456789012345678... (41 bytes)");
        CHECK(publish("2C", all_but_3, "F0 9F 8C A1") ==
              std::string{head} + "0123456789012345678901234567890123456... (41 bytes)");
    }
    SECTION("of bytes that would all continue one") {
        std::vector<std::byte> bytes = hex("30 2C 00 01 't'");
        bytes.resize(46, std::byte{0x80});
        CHECK(line_of(protocol_version::v3_1_1, bytes).ends_with("\\x80\\x80... (41 bytes)"));
    }
}

TEST_CASE("format_packet: a payload that lies elsewhere") {
    const auto head = hex("32 08 00 01 't' 00 07 00");
    const auto payload = hex("'xy'");
    CHECK(format_packet(protocol_version::v5, head, payload) ==
          R"(PUBLISH packet_id=7 qos=1 topic="t" payload=xy (2 bytes))");
    // Not what the packet announces; not the packet that has a payload; a packet that is wrong.
    CHECK(format_packet(protocol_version::v5, head, hex("'xyz'")) ==
          "PUBLISH (11 bytes) cannot be decoded: field runs past the end of the packet "
          "(packet, byte 8)");
    CHECK(format_packet(protocol_version::v5, hex("C0 00"), hex("'x'")) == "PINGREQ");
    CHECK(format_packet(protocol_version::v5, hex("32 08 00 01 '#' 00 07 00"), payload) ==
          "PUBLISH (10 bytes) cannot be decoded: invalid topic name (topic, byte 2)");
}

TEST_CASE("format_packet: what cannot be decoded") {
    CHECK(line_5("") ==
          "RESERVED (0 bytes) cannot be decoded: field runs past the end of the packet "
          "(packet, byte 0)");
    CHECK(line_5("00") ==
          "RESERVED (1 byte) cannot be decoded: invalid packet type (fixed header, byte 0)");
    CHECK(line_5("D1 00") ==
          "PINGRESP (2 bytes) cannot be decoded: reserved or contradicting flags "
          "(fixed header, byte 0)");
    CHECK(line_5("30 FF FF FF FF 7F") ==
          "PUBLISH (6 bytes) cannot be decoded: malformed variable byte integer "
          "(remaining length, byte 1)");
    CHECK(line_5("20 03 00 01 00") ==
          "CONNACK (5 bytes) cannot be decoded: reason code not allowed in this packet "
          "(reason, byte 3)");
    CHECK(line_5("C0 00 C0 00") ==
          "PINGREQ (4 bytes) cannot be decoded: bytes left after the last field "
          "(packet, byte 2)");
    CHECK(line_3("F0 00") ==
          "AUTH (2 bytes) cannot be decoded: invalid packet type (packet, byte 0)");
}

TEST_CASE("format_packet: secrets are not printed, also when the packet is cut off") {
    const auto connect =
        hex("10 25 00 04 'MQTT' 05 C2 00 3C 0E 15 00 01 'm' 16 00 07 'secret!'"
            "00 00 00 01 'u' 00 05 'hush!'");
    const auto auth = hex("F0 10 18 0E 15 00 01 'm' 16 00 07 'secret!'");
    CHECK(line_of(protocol_version::v5, connect).find("password=***") != std::string::npos);
    for (const auto& bytes : {connect, auth}) {
        for (std::size_t size = 0; size <= bytes.size(); ++size) {
            const std::string line = line_of(protocol_version::v5, std::span{bytes}.first(size));
            INFO(line);
            CHECK(line.find("secret") == std::string::npos);
            CHECK(line.find("hush") == std::string::npos);
        }
    }
}

TEST_CASE("format_packet: any bytes give one line that can be printed") {
    std::size_t lines = 0;
    std::size_t undecoded = 0;
    const auto check = [&](std::span<const std::byte> bytes) {
        for (const auto version : {protocol_version::v3_1_1, protocol_version::v5}) {
            const std::string line = line_of(version, bytes);
            const bool is_clean = std::none_of(line.begin(), line.end(), [](char c) {
                return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
            });
            if (line.empty() || !is_clean || !is_valid_utf8(line)) {
                FAIL(to_hex(bytes) << " gave: " << line);
            }
            ++lines;
            undecoded += line.find("cannot be decoded") != std::string::npos ? 1 : 0;
        }
    };
    for (const valid_packet& each : valid_packets) {
        auto bytes = hex(each.bytes);
        CHECK(line_of(each.version, bytes).find("cannot be decoded") == std::string::npos);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            check(std::span{bytes}.first(size));
        for (std::byte& byte : bytes) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                byte ^= static_cast<std::byte>(1U << bit);
                check(bytes);
                byte ^= static_cast<std::byte>(1U << bit);
            }
        }
    }
    // Neither outcome may have become rare.
    CHECK(lines > 10'000);
    CHECK(undecoded > 1'000);
    CHECK(lines - undecoded > 1'000);
}
