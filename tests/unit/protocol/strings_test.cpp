// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <algorithm>

#include "unit/protocol/check_codec.hpp"
#include "unit/protocol/places.hpp"

// Every string and binary field of every packet, with text that may not stand there.

using namespace asio_mqtt;
using namespace test;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

// C0 80 and C0 AF: over-long; ED A0 80: a surrogate; F4 90 80 80: above U+10FFFF; then U+0000, and
// a lead without its continuation.
const char* const bad_strings[] = {"00 02 C0 80",       "00 02 C0 AF",      "00 03 ED A0 80",
                                   "00 04 F4 90 80 80", "00 03 'a' 00 'b'", "00 02 'a' C3"};

// A string field of a packet outside the properties.
struct field {
    const char* name;
    bool in_3;  // the version of the codec
    const char* first_byte;
    const char* before;
    const char* after;
};
const field fields[] = {
    {"client_id", true, "10", "00 04 'MQTT' 04 02 00 00", ""},
    {"client_id", false, "10", "00 04 'MQTT' 05 02 00 00 00", ""},
    {"will topic", true, "10", "00 04 'MQTT' 04 06 00 00 00 00", "00 00"},
    {"will topic", false, "10", "00 04 'MQTT' 05 06 00 00 00 00 00 00", "00 00"},
    {"user_name", true, "10", "00 04 'MQTT' 04 82 00 00 00 00", ""},
    {"user_name", false, "10", "00 04 'MQTT' 05 82 00 00 00 00 00", ""},
    {"topic", true, "30", "", "'payload'"},
    {"topic", false, "30", "", "00 'payload'"},
    {"topic filter", true, "82", "00 01 00 01 'a' 00", "00"},
    {"topic filter", false, "82", "00 01 00 00 01 'a' 00", "00"},
    {"topic filter", true, "A2", "00 01 00 01 'a'", ""},
    {"topic filter", false, "A2", "00 01 00 00 01 'a'", ""},
};

}  // namespace

TEST_CASE("strings received: ill-formed UTF-8 is refused in every field [immune-20]") {
    for (const field& each : fields) {
        for (const std::string text : bad_strings) {
            std::vector<std::byte> body = hex(each.before);
            const std::size_t at = 2 + body.size();
            append(body, hex(text));
            append(body, hex(each.after));
            std::vector<std::byte> bytes = hex(each.first_byte);
            append(bytes, with_length(body));
            if (each.in_3) {
                check_refused<v3>(bytes, decode_errc::invalid_utf8, at, each.name);
            } else {
                check_refused<v5>(bytes, decode_errc::invalid_utf8, at, each.name);
            }
        }
    }
}

TEST_CASE("strings received: ill-formed UTF-8 is refused in every property [immune-20]") {
    struct property {
        const char* id;
        const char* name;
        std::vector<std::string> places;
    };
    const property properties[] = {
        {"03", "content_type", {"PUBLISH", "will"}},
        {"08", "response_topic", {"PUBLISH", "will"}},
        {"12", "assigned_client_identifier", {"CONNACK"}},
        {"15", "authentication_method", {"CONNECT", "CONNACK", "AUTH"}},
        {"1A", "response_information", {"CONNACK"}},
        {"1C", "server_reference", {"CONNACK", "DISCONNECT"}},
        {"1F",
         "reason_string",
         {"CONNACK", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBACK", "UNSUBACK", "DISCONNECT",
          "AUTH"}},
    };
    for (const property_place& place : property_places) {
        const std::size_t value = block_offset(place) + 1;
        for (const std::string text : bad_strings) {
            for (const property& each : properties) {
                if (std::ranges::count(each.places, place.name) == 0) continue;
                check_refused<v5>(packet_with(place, each.id + " "s + text),
                                  decode_errc::invalid_utf8, value, each.name);
            }
            // [MQTT-1.5.7-1]: both halves of a user property
            check_refused<v5>(packet_with(place, "26 " + text + " 00 00"),
                              decode_errc::invalid_utf8, value, "user_property");
            check_refused<v5>(packet_with(place, "26 00 01 'k' " + text), decode_errc::invalid_utf8,
                              value + 3, "user_property");
        }
    }
}

TEST_CASE("binary fields hold any bytes") {
    const std::string_view any_bytes = "\x00\xC0\xAF\xED\xA0\x80\xFF"sv;
    check_both_ways<v3>(connect_packet{.will = will{.topic = "w", .payload = any_bytes},
                                       .user_name = "u",
                                       .password = any_bytes},
                        "10 24 00 04 'MQTT' 04 C6 00 00 00 00 00 01 'w' 00 07 00 C0 AF ED A0 80 FF"
                        "00 01 'u' 00 07 00 C0 AF ED A0 80 FF");
    check_both_ways<v5>(
        publish_packet{
            .topic = "t", .properties = {.correlation_data = any_bytes}, .payload = any_bytes},
        "30 15 00 01 't' 0A 09 00 07 00 C0 AF ED A0 80 FF 00 C0 AF ED A0 80 FF");
}

TEST_CASE("user properties: empty names and values, repeated ones, in their order [immune-22]") {
    const std::vector<user_property_view> user{
        {"", ""}, {"b", ""}, {"a", "1"}, {"b", "2"}, {"", "3"}};
    const char* block =
        "26 00 00 00 00 26 00 01 'b' 00 00 26 00 01 'a' 00 01 '1'"
        "26 00 01 'b' 00 01 '2' 26 00 00 00 01 '3'";
    check_both_ways<v5>(disconnect_packet{.properties = {.user_properties = user}},
                        "E0 21 00 1F "s + block);
    // At every place they are read the same.
    for (const property_place& place : property_places) {
        INFO(place.name);
        const auto bytes = packet_with(place, block);
        any_packet packet;
        REQUIRE(codec_v5::decode(bytes, packet));
        CHECK(describe(packet).find(R"({ user_property="": "" user_property="b": "" )"
                                    R"(user_property="a": "1" user_property="b": "2" )"
                                    R"(user_property="": "3" })") != std::string::npos);
    }
}

TEST_CASE("strings sent: over 65535 bytes, or not UTF-8, is refused in every field [immune-21]") {
    // [MQTT-1.5.4-1]; 65535 bytes are allowed (1.5.4).
    const std::string longest(65'535, 'x');
    const std::string too_long(65'536, 'x');
    const auto check = [&](auto make, const char* name, errc of_long = errc::string_too_long,
                           errc of_bad = errc::invalid_utf8) {
        INFO(name);
        CHECK(codec_v5::measure(make(longest)));
        check_not_sent<v5>(make(too_long), of_long, name);
        if (of_bad == errc{}) return;  // binary
        check_not_sent<v5>(make("\xED\xA0\x80"sv), of_bad, name);
        check_not_sent<v5>(make("a\0b"sv), of_bad, name);
    };
    using text = std::string_view;
    const errc binary{};
    check([](text t) { return connect_packet{.client_id = t}; }, "client_id");
    check([](text t) { return connect_packet{.user_name = t}; }, "user_name");
    check([](text t) { return connect_packet{.password = t}; }, "password", errc::string_too_long,
          binary);
    check([](text t) { return connect_packet{.will = will{.topic = t}}; }, "will topic",
          errc::invalid_topic_name, errc::invalid_topic_name);
    check([](text t) { return connect_packet{.will = will{.topic = "w", .payload = t}}; },
          "will payload", errc::string_too_long, binary);
    check([](text t) { return publish_packet{.topic = t}; }, "topic", errc::invalid_topic_name,
          errc::invalid_topic_name);

    const auto of_connect = [](connect_properties p) { return connect_packet{.properties = p}; };
    check([&](text t) { return of_connect({.authentication_method = t}); },
          "authentication_method");
    check(
        [&](text t) {
            return of_connect({.authentication_method = "m", .authentication_data = t});
        },
        "authentication_data", errc::string_too_long, binary);

    const auto of_will = [](will_properties p) {
        return connect_packet{.will = will{.topic = "w", .properties = p}};
    };
    check([&](text t) { return of_will({.content_type = t}); }, "content_type");
    check([&](text t) { return of_will({.response_topic = t}); }, "response_topic");
    check([&](text t) { return of_will({.correlation_data = t}); }, "correlation_data",
          errc::string_too_long, binary);

    const auto of_connack = [](connack_properties p) { return connack_packet{.properties = p}; };
    check([&](text t) { return of_connack({.assigned_client_identifier = t}); },
          "assigned_client_identifier");
    check([&](text t) { return of_connack({.reason_string = t}); }, "reason_string");
    check([&](text t) { return of_connack({.response_information = t}); }, "response_information");
    check([&](text t) { return of_connack({.server_reference = t}); }, "server_reference");

    const auto of_publish = [](publish_properties p) {
        return publish_packet{.topic = "t", .properties = p};
    };
    check([&](text t) { return of_publish({.content_type = t}); }, "content_type");
    check([&](text t) { return of_publish({.response_topic = t}); }, "response_topic");
    check([&](text t) { return of_publish({.correlation_data = t}); }, "correlation_data",
          errc::string_too_long, binary);

    std::vector<user_property_view> user(1);
    const auto with_user = [&](text name, text value) {
        user[0] = {name, value};
        return of_publish({.user_properties = user});
    };
    check([&](text t) { return with_user(t, ""); }, "user_property");
    check([&](text t) { return with_user("", t); }, "user_property");

    std::vector<topic_subscription> subscriptions(1);
    check(
        [&](text t) {
            subscriptions[0].filter = t;
            return subscribe_packet{.packet_id = 1, .subscriptions = subscriptions};
        },
        "topic filter", errc::invalid_topic_filter, errc::invalid_topic_filter);
    std::vector<std::string_view> filters(1);
    check(
        [&](text t) {
            filters[0] = t;
            return unsubscribe_packet{.packet_id = 1, .filters = filters};
        },
        "topic filter", errc::invalid_topic_filter, errc::invalid_topic_filter);
}

TEST_CASE("strings sent in 3.1.1: over 65535 bytes, or not UTF-8, is refused [immune-21]") {
    const std::string too_long(65'536, 'x');  // 1.5.3 of 3.1.1
    for (const std::string_view text : {std::string_view{too_long}, "\xED\xA0\x80"sv, "a\0b"sv}) {
        const errc error = text == too_long ? errc::string_too_long : errc::invalid_utf8;
        check_not_sent<v3>(connect_packet{.client_id = text}, error, "client_id");
        check_not_sent<v3>(connect_packet{.user_name = text}, error, "user_name");
        check_not_sent<v3>(connect_packet{.will = will{.topic = text}}, errc::invalid_topic_name,
                           "will topic");
        check_not_sent<v3>(publish_packet{.topic = text}, errc::invalid_topic_name, "topic");
        const std::vector<topic_subscription> subscriptions{{.filter = text}};
        check_not_sent<v3>(subscribe_packet{.packet_id = 1, .subscriptions = subscriptions},
                           errc::invalid_topic_filter, "topic filter");
        const std::vector<std::string_view> filters{text};
        check_not_sent<v3>(unsubscribe_packet{.packet_id = 1, .filters = filters},
                           errc::invalid_topic_filter, "topic filter");
    }
    check_not_sent<v3>(connect_packet{.user_name = "u", .password = too_long},
                       errc::string_too_long, "password");
    check_not_sent<v3>(connect_packet{.will = will{.topic = "w", .payload = too_long}},
                       errc::string_too_long, "will payload");
}

TEST_CASE("strings of 65535 bytes go both ways") {
    const std::string longest(65'535, 'x');
    std::vector<std::byte> encoded;
    REQUIRE(codec_v3_1_1::encode(publish_packet{.topic = longest, .payload = "y"}, encoded));
    CHECK(to_hex(std::span{encoded}.first(7)) == "30 82 80 04 FF FF 78");  // 65538 bytes follow
    CHECK(encoded.size() == 4 + 65'538);
    any_packet decoded;
    REQUIRE(codec_v3_1_1::decode(encoded, decoded));
    CHECK((std::get<publish_packet>(decoded).topic == longest));
    CHECK(std::get<publish_packet>(decoded).payload == "y");
}
