// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <cstdlib>
#include <memory>

#include "unit/protocol/check_codec.hpp"

using namespace asio_mqtt;
using namespace test;
using namespace std::string_view_literals;

TEST_CASE("PUBLISH: the example of section 3.3.2") {
    // Topic a/b and packet identifier 10; figure 3.11 of 3.1.1, figure 3-9 of 5.0.
    const publish_packet packet{.qos = qos::at_least_once, .topic = "a/b", .packet_id = 10};
    check_both_ways<v3>(packet, "32 07 00 03 'a/b' 00 0A");
    check_both_ways<v5>(packet, "32 08 00 03 'a/b' 00 0A 00");
}

TEST_CASE("PUBLISH: flags of every kind") {
    struct row {
        publish_packet packet;
        const char* bytes;
    };
    const row rows[] = {
        // 3.3.1; no identifier at QoS 0 [MQTT-2.2.1-2]
        {{.topic = "t", .payload = "x"}, "30 04 00 01 't' 'x'"},
        {{.retain = true, .topic = "t", .payload = "x"}, "31 04 00 01 't' 'x'"},
        {{.qos = qos::at_least_once, .topic = "t", .packet_id = 1, .payload = "x"},
         "32 06 00 01 't' 00 01 'x'"},
        {{.qos = qos::at_least_once, .retain = true, .topic = "t", .packet_id = 0x1234},
         "33 05 00 01 't' 12 34"},
        {{.qos = qos::exactly_once, .topic = "t", .packet_id = 65'535}, "34 05 00 01 't' FF FF"},
        {{.qos = qos::exactly_once, .retain = true, .topic = "t", .packet_id = 1},
         "35 05 00 01 't' 00 01"},
        {{.dup = true, .qos = qos::at_least_once, .topic = "t", .packet_id = 1},
         "3A 05 00 01 't' 00 01"},
        {{.dup = true, .qos = qos::at_least_once, .retain = true, .topic = "t", .packet_id = 1},
         "3B 05 00 01 't' 00 01"},
        {{.dup = true, .qos = qos::exactly_once, .topic = "t", .packet_id = 1},
         "3C 05 00 01 't' 00 01"},
        {{.dup = true, .qos = qos::exactly_once, .retain = true, .topic = "t", .packet_id = 1},
         "3D 05 00 01 't' 00 01"},
    };
    for (const row& each : rows)
        check_both_ways<v3>(each.packet, each.bytes);
}

TEST_CASE("PUBLISH: all properties, user properties in order with their empty values [immune-22]") {
    const std::vector<user_property_view> user{{"k", "v"}, {"", ""}, {"k", "w"}, {"k", "v"}};
    const std::vector<std::uint32_t> identifiers{1, 268'435'455};
    const publish_packet packet{.qos = qos::exactly_once,
                                .topic = "t",
                                .packet_id = 0x1234,
                                .properties = {.payload_format_indicator = payload_format::utf8,
                                               .message_expiry_interval = 60,
                                               .topic_alias = 5,
                                               .response_topic = "r",
                                               .correlation_data = "\x00\xFF"sv,
                                               .user_properties = user,
                                               .subscription_identifiers = identifiers,
                                               .content_type = "t"},
                                .payload = "pay"};
    check_both_ways<v5>(packet,  // 3.3.2.3
                        "34 41 00 01 't' 12 34 38"
                        "01 01  02 00 00 00 3C  23 00 05  08 00 01 'r'  09 00 02 00 FF"
                        "26 00 01 'k' 00 01 'v'  26 00 00 00 00"
                        "26 00 01 'k' 00 01 'w'  26 00 01 'k' 00 01 'v'"
                        "0B 01  0B FF FF FF 7F  03 00 01 't' 'pay'");
    // On the wire the properties may stand in any order, those of a list between others.
    check_decodes<v5>(
        "34 41 00 01 't' 12 34 38"
        "26 00 01 'k' 00 01 'v'  0B 01  03 00 01 't'  26 00 00 00 00  23 00 05"
        "0B FF FF FF 7F  26 00 01 'k' 00 01 'w'  09 00 02 00 FF  08 00 01 'r'"
        "26 00 01 'k' 00 01 'v'  02 00 00 00 3C  01 01 'pay'",
        packet);
    check_not_sent<v3>(packet, errc::not_in_this_version, "properties");
}

TEST_CASE("PUBLISH: an empty payload, and one of zeros [immune-23]") {
    check_both_ways<v3>(publish_packet{.topic = "t"}, "30 03 00 01 't'");
    check_both_ways<v5>(publish_packet{.topic = "t"}, "30 04 00 01 't' 00");
    check_both_ways<v5>(publish_packet{.topic = "t", .payload = "\0\0"sv},
                        "30 06 00 01 't' 00 00 00");
}

TEST_CASE("PUBLISH: the topic is kept as it is") {
    // [MQTT-1.5.4-3]
    check_both_ways<v5>(publish_packet{.topic = "\xEF\xBB\xBF"
                                                "a"},
                        "30 07 00 04 EF BB BF 61 00");
}

TEST_CASE("PUBLISH: a topic alias stands for an empty topic") {
    check_both_ways<v5>(publish_packet{.topic = "", .properties = {.topic_alias = 1}},
                        "30 06 00 00 03 23 00 01");  // 3.3.2.3.4
    check_refused<v5>("30 03 00 00 00", decode_errc::missing_topic_name, 2, "topic");
    check_refused<v3>("30 02 00 00", decode_errc::missing_topic_name, 2, "topic");
    check_not_sent<v5>(publish_packet{}, errc::invalid_topic_name, "topic");
    check_not_sent<v3>(publish_packet{}, errc::invalid_topic_name, "topic");
    CHECK(to_reason_code(decode_errc::missing_topic_name) == reason_code::protocol_error);
    // 3.3.2.3.4: alias 0 [MQTT-3.3.2-8]
    check_refused<v5>("30 07 00 01 't' 03 23 00 00", decode_errc::invalid_topic_alias, 7,
                      "topic_alias");
    check_not_sent<v5>(publish_packet{.topic = "t", .properties = {.topic_alias = 0}},
                       errc::invalid_property_value, "topic_alias");
    CHECK(to_reason_code(decode_errc::invalid_topic_alias) == reason_code::topic_alias_invalid);
}

TEST_CASE("PUBLISH: a topic longer than the packet is refused [immune-14]") {
    check_refused<v5>("30 04 00 05 't' 00", decode_errc::truncated, 2, "topic");
    check_refused<v3>("30 02 FF FF", decode_errc::truncated, 2, "topic");
    check_refused<v3>("30 01 00", decode_errc::truncated, 2, "topic");
    check_refused<v3>("30 00", decode_errc::truncated, 2, "topic");
    check_refused<v5>("30 03 00 01 't'", decode_errc::truncated, 5, "property length");
    check_refused<v5>("30 04 00 01 't' 01", decode_errc::truncated, 5, "property length");
    check_refused<v3>("32 04 00 01 't' 00", decode_errc::truncated, 5, "packet_id");
}

TEST_CASE("PUBLISH: malformed ones are refused") {
    using enum decode_errc;
    check_refused<v3>("32 05 00 01 't' 00 00", invalid_packet_id, 5,
                      "packet_id");  // [MQTT-2.2.1-4]
    check_refused<v5>("34 06 00 01 't' 00 00 00", invalid_packet_id, 5, "packet_id");
    check_refused<v3>("30 03 00 01 '+'", invalid_topic_name, 2, "topic");  // [MQTT-3.3.2-2]
    check_refused<v5>("30 06 00 03 'a/#' 00", invalid_topic_name, 2, "topic");
    check_refused<v5>("30 04 00 01 00 00", invalid_utf8, 2, "topic");
    check_refused<v3>("30 05 00 03 ED A0 80", invalid_utf8, 2, "topic");
    check_refused<v5>("30 08 00 01 't' 04 08 00 01 '#'", invalid_topic_name, 7,
                      "response_topic");  // [MQTT-3.3.2-14]
    check_refused<v5>("30 07 00 01 't' 03 08 00 00", invalid_topic_name, 7, "response_topic");
    CHECK(to_reason_code(invalid_topic_name) == reason_code::malformed_packet);
    CHECK(to_reason_code(invalid_utf8) == reason_code::malformed_packet);
    CHECK(to_reason_code(truncated) == reason_code::malformed_packet);
}

TEST_CASE("PUBLISH: what may not be sent [immune-26]") {
    check_not_sent<v3>(publish_packet{.qos = static_cast<qos>(3), .topic = "t", .packet_id = 1},
                       errc::invalid_qos, "qos");
    check_not_sent<v5>(publish_packet{.qos = qos::at_least_once, .topic = "t"},
                       errc::invalid_packet_id, "packet_id");
    check_not_sent<v5>(publish_packet{.topic = "a/+"}, errc::invalid_topic_name, "topic");
    check_not_sent<v5>(publish_packet{.topic = "\xC0\xAF"}, errc::invalid_topic_name, "topic");
    check_not_sent<v5>(publish_packet{.topic = "t", .properties = {.response_topic = "r/#"}},
                       errc::invalid_topic_name, "response_topic");
    // Over what a Remaining Length can say: no byte of the payload is looked at to tell.
    const std::size_t size = 268'435'456;
    const std::unique_ptr<char, decltype(&std::free)> zeros{
        static_cast<char*>(std::calloc(size, 1)), &std::free};
    REQUIRE(zeros);
    publish_packet largest{.topic = "t", .payload = {zeros.get(), 268'435'455 - 3}};
    CHECK(codec_v3_1_1::measure(largest).remaining_length == 268'435'455);
    CHECK(codec_v3_1_1::measure(largest).packet_size() == 268'435'460);
    CHECK(codec_v3_1_1::measure(largest));
    CHECK(codec_v5::measure(largest).error == errc::packet_too_large);  // one byte more
    largest.payload = {zeros.get(), 268'435'455 - 2};
    CHECK(codec_v3_1_1::measure(largest).error == errc::packet_too_large);
    CHECK(codec_v3_1_1::measure(largest).field == "packet"sv);
    std::vector<std::byte> out;
    CHECK_FALSE(codec_v3_1_1::encode(largest, out));
    CHECK(out.empty());
    // Many properties can be too much alone.
    const std::string text(65'535, 'x');
    const std::vector<user_property_view> user(2'049, user_property_view{text, text});
    const measure_result measured =
        codec_v5::measure(publish_packet{.topic = "t", .properties = {.user_properties = user}});
    CHECK(measured.error == errc::packet_too_large);
    CHECK(measured.field == "properties"sv);
}

TEST_CASE("PUBLISH: Remaining Length at its boundaries") {
    struct row {
        std::size_t remaining_length;
        const char* fixed_header;
    };
    const row rows[] = {
        // 1.5.5, table 1-1
        {127, "30 7F"},          {128, "30 80 01"},          {16'383, "30 FF 7F"},
        {16'384, "30 80 80 01"}, {2'097'151, "30 FF FF 7F"}, {2'097'152, "30 80 80 80 01"},
    };
    for (const row& each : rows) {
        INFO(each.remaining_length);
        const std::string payload(each.remaining_length - 3, 'x');
        auto expected = hex(each.fixed_header);
        const auto topic = hex("00 01 't'");
        expected.insert(expected.end(), topic.begin(), topic.end());
        expected.resize(expected.size() + payload.size(), std::byte{'x'});
        const publish_packet packet{.topic = "t", .payload = payload};
        std::vector<std::byte> encoded;
        const measure_result measured = codec_v3_1_1::encode(packet, encoded);
        REQUIRE(measured);
        CHECK(measured.remaining_length == each.remaining_length);
        CHECK((encoded == expected));
        any_packet decoded;
        REQUIRE(codec_v3_1_1::decode(expected, decoded));
        CHECK((std::get<publish_packet>(decoded).payload == payload));
    }
}

TEST_CASE("PUBLISH: the property length at its boundaries") {
    // 3.3.2.3.1: names of 122 and 123 bytes make blocks of 127 and 128.
    for (const std::size_t size : {122U, 123U}) {
        const std::string name(size, 'n');
        const std::vector<user_property_view> user{{name, ""}};
        const publish_packet packet{.topic = "t", .properties = {.user_properties = user}};
        const std::string quoted = "'" + name + "'";
        check_both_ways<v5>(packet, size == 122
                                        ? "30 83 01 00 01 't' 7F 26 00 7A " + quoted + " 00 00"
                                        : "30 85 01 00 01 't' 80 01 26 00 7B " + quoted + " 00 00");
    }
}

TEST_CASE("encode appends to any container of bytes, decode forgets what the packet held before") {
    const publish_packet packet{.topic = "t", .payload = "x"};
    std::string text = "#";
    REQUIRE(codec_v3_1_1::encode(packet, text));
    CHECK(text == "#\x30\x04\x00\x01tx"sv);
    std::vector<std::uint8_t> bytes;
    REQUIRE(codec_v3_1_1::encode(packet, bytes));
    CHECK(bytes == std::vector<std::uint8_t>{0x30, 4, 0, 1, 't', 'x'});

    publish_packet used{.dup = true, .topic = "old", .properties = {.topic_alias = 9}};
    const auto body = hex("00 01 't' 03 23 00 01");
    REQUIRE(codec_v5::decode(read_fixed_header(hex("30 07")).header, body, used));
    CHECK(describe(used) ==
          describe(publish_packet{.topic = "t", .properties = {.topic_alias = 1}}));
}
