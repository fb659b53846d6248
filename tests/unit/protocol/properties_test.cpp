// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/properties.hpp>

#include <algorithm>
#include <map>

#include "unit/protocol/check_codec.hpp"
#include "unit/protocol/places.hpp"

using namespace asio_mqtt;
using namespace test;
using namespace std::string_literals;
using enum decode_errc;

namespace {

struct property {
    unsigned id;
    const char* name;
    const char* bytes;   // identifier and a value that is allowed
    const char* places;  // of table 2-4, separated by spaces
};

// Table 2-4
const property table[] = {
    {0x01, "payload_format_indicator", "01 01", "PUBLISH will"},
    {0x02, "message_expiry_interval", "02 00 00 00 00", "PUBLISH will"},
    {0x03, "content_type", "03 00 01 'x'", "PUBLISH will"},
    {0x08, "response_topic", "08 00 01 'x'", "PUBLISH will"},
    {0x09, "correlation_data", "09 00 01 FF", "PUBLISH will"},
    {0x0B, "subscription_identifier", "0B 80 01", "PUBLISH SUBSCRIBE"},
    {0x11, "session_expiry_interval", "11 FF FF FF FF", "CONNECT CONNACK DISCONNECT"},
    {0x12, "assigned_client_identifier", "12 00 01 'x'", "CONNACK"},
    {0x13, "server_keep_alive", "13 00 00", "CONNACK"},
    {0x15, "authentication_method", "15 00 01 'x'", "CONNECT CONNACK AUTH"},
    {0x16, "authentication_data", "16 00 01 FF", "CONNECT CONNACK AUTH"},
    {0x17, "request_problem_information", "17 00", "CONNECT"},
    {0x18, "will_delay_interval", "18 00 00 00 00", "will"},
    {0x19, "request_response_information", "19 01", "CONNECT"},
    {0x1A, "response_information", "1A 00 01 'x'", "CONNACK"},
    {0x1C, "server_reference", "1C 00 01 'x'", "CONNACK DISCONNECT"},
    {0x1F, "reason_string", "1F 00 01 'x'",
     "CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH"},
    {0x21, "receive_maximum", "21 FF FF", "CONNECT CONNACK"},
    {0x22, "topic_alias_maximum", "22 00 00", "CONNECT CONNACK"},
    {0x23, "topic_alias", "23 FF FF", "PUBLISH"},
    {0x24, "maximum_qos", "24 01", "CONNACK"},
    {0x25, "retain_available", "25 00", "CONNACK"},
    {0x26, "user_property", "26 00 01 'x' 00 01 'y'",
     "CONNECT CONNACK PUBLISH will PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE "
     "UNSUBACK "
     "DISCONNECT AUTH"},
    {0x27, "maximum_packet_size", "27 00 00 00 01", "CONNECT CONNACK"},
    {0x28, "wildcard_subscription_available", "28 00", "CONNACK"},
    {0x29, "subscription_identifier_available", "29 01", "CONNACK"},
    {0x2A, "shared_subscription_available", "2A 00", "CONNACK"},
};

bool stands_in(const property& p, const property_place& place) {
    return (" "s + p.places + " ").find(" "s + place.name + " ") != std::string::npos;
}

// Authentication data need a method before them in CONNECT and AUTH.
std::string preface(const property& p, const property_place& place) {
    const bool needs_method = p.id == 0x16 && place.name != "CONNACK"s;
    return needs_method ? "15 00 01 'm' " : "";
}

const property_place& place_of(const std::string& name) {
    return *std::ranges::find_if(property_places, [&](const auto& p) { return p.name == name; });
}

}  // namespace

TEST_CASE("properties: each stands where table 2-4 says and nowhere else [immune-19]") {
    for (const property_place& place : property_places) {
        for (const property& p : table) {
            INFO(p.name << " in " << place.name);
            const std::string block = preface(p, place) + p.bytes;
            const auto bytes = packet_with(place, block);
            if (stands_in(p, place)) {
                any_packet packet;
                CHECK(describe(codec_v5::decode(exact_bytes{bytes}.span(), packet)) == "no error");
                check_truncated_anywhere<v5>(bytes);
            } else {
                const std::size_t at = block_offset(place) + hex(preface(p, place)).size();
                if (preface(p, place).empty()) {
                    check_refused<v5>(bytes, misplaced_property, at, p.name);
                }
            }
        }
    }
    CHECK(to_reason_code(misplaced_property) == reason_code::malformed_packet);  // 2.2.2.2
}

TEST_CASE("properties: an identifier that the standard does not define is refused [immune-19]") {
    for (const property_place& place : property_places) {
        for (unsigned id = 0; id <= 0xFF; ++id) {
            if (std::ranges::any_of(table, [id](const property& p) { return p.id == id; }))
                continue;
            const std::byte identifier[] = {static_cast<std::byte>(id)};
            check_refused<v5>(packet_with(place, to_hex(identifier) + " 00 00 00 00 00"),
                              unknown_property, block_offset(place), "property");
        }
    }
    CHECK(to_reason_code(unknown_property) == reason_code::malformed_packet);  // 2.2.2.2
}

TEST_CASE("properties: only two may stand twice [immune-19]") {
    // User Property everywhere (2.2.2.2), Subscription Identifier in a PUBLISH (3.3.2.3.8)
    for (const property_place& place : property_places) {
        for (const property& p : table) {
            if (!stands_in(p, place)) continue;
            INFO(p.name << " twice in " << place.name);
            const std::string first = preface(p, place) + p.bytes;
            const auto bytes = packet_with(place, first + p.bytes);
            if (p.id == 0x26 || (p.id == 0x0B && place.name == "PUBLISH"s)) {
                any_packet packet;
                CHECK(describe(codec_v5::decode(bytes, packet)) == "no error");
            } else {
                check_refused<v5>(bytes, duplicate_property,
                                  block_offset(place) + hex(first).size(), p.name);
                // Also when another stands between them.
                const std::string between = first + " 26 00 00 00 00 ";
                check_refused<v5>(packet_with(place, between + p.bytes), duplicate_property,
                                  block_offset(place) + hex(between).size(), p.name);
            }
        }
    }
    CHECK(to_reason_code(duplicate_property) == reason_code::protocol_error);
}

TEST_CASE("properties: a value cut off by the end of its block is refused [immune-19]") {
    for (const property_place& place : property_places) {
        for (const property& p : table) {
            if (!stands_in(p, place)) continue;
            const auto whole = hex(p.bytes);
            for (std::size_t size = 1; size < whole.size(); ++size) {
                INFO(p.name << " in " << place.name << " cut after " << size);
                const std::string block = preface(p, place) + to_hex(std::span{whole}.first(size));
                any_packet packet;
                const auto bytes = packet_with(place, block);
                const decode_result result = codec_v5::decode(exact_bytes{bytes}.span(), packet);
                CHECK(to_string(result.error) == std::string_view{to_string(truncated)});
                CHECK(result.field == std::string_view{p.name});
            }
        }
    }
}

TEST_CASE("properties: values that their section forbids [immune-19]") {
    struct row {
        const char* place;
        const char* block;
        const char* field;
        decode_errc error = invalid_property_value;
    };
    const row rows[] = {
        {"PUBLISH", "01 02", "payload_format_indicator"},
        {"will", "01 FF", "payload_format_indicator"},
        {"CONNECT", "17 02", "request_problem_information"},
        {"CONNECT", "19 02", "request_response_information"},
        {"CONNECT", "21 00 00", "receive_maximum"},
        {"CONNACK", "21 00 00", "receive_maximum"},
        {"CONNECT", "27 00 00 00 00", "maximum_packet_size"},
        {"CONNACK", "27 00 00 00 00", "maximum_packet_size"},
        {"CONNACK", "24 02", "maximum_qos"},
        {"CONNACK", "25 02", "retain_available"},
        {"CONNACK", "28 02", "wildcard_subscription_available"},
        {"CONNACK", "29 02", "subscription_identifier_available"},
        {"CONNACK", "2A 02", "shared_subscription_available"},
        {"PUBLISH", "0B 00", "subscription_identifier"},
        {"SUBSCRIBE", "0B 00", "subscription_identifier"},
        {"PUBLISH", "23 00 00", "topic_alias", invalid_topic_alias},
        {"PUBLISH", "08 00 00", "response_topic", invalid_topic_name},
        {"PUBLISH", "08 00 01 '+'", "response_topic", invalid_topic_name},
        {"will", "08 00 01 '#'", "response_topic", invalid_topic_name},
    };
    for (const row& each : rows) {
        const property_place& place = place_of(each.place);
        // The fault lies in the value, one byte after the identifier.
        check_refused<v5>(packet_with(place, each.block), each.error, block_offset(place) + 1,
                          each.field);
    }
    CHECK(to_reason_code(invalid_property_value) == reason_code::protocol_error);
}

TEST_CASE("properties: the least and the largest value that are allowed") {
    check_decodes<v5>(
        packet_with(place_of("CONNECT"), "21 00 01 27 00 00 00 01 11 00 00 00 00 22 FF FF"),
        connect_packet{.properties = {.session_expiry_interval = 0,
                                      .receive_maximum = 1,
                                      .maximum_packet_size = 1,
                                      .topic_alias_maximum = 65'535}});
    check_decodes<v5>(packet_with(place_of("CONNACK"), "24 00 25 01 27 FF FF FF FF 13 FF FF"),
                      connack_packet{.properties = {.maximum_qos = std::uint8_t{0},
                                                    .retain_available = true,
                                                    .maximum_packet_size = 0xFFFFFFFF,
                                                    .server_keep_alive = 65'535}});
    check_decodes<v5>(
        packet_with(place_of("PUBLISH"), "01 00 23 00 01"),
        publish_packet{.topic = "t",
                       .properties = {.payload_format_indicator = payload_format::unspecified,
                                      .topic_alias = 1}});
}

TEST_CASE("properties: values that may not be sent") {
    const auto connect = [](connect_properties p, errc error, const char* field) {
        check_not_sent<v5>(connect_packet{.properties = p}, error, field);
    };
    const auto connack = [](connack_properties p, errc error, const char* field) {
        check_not_sent<v5>(connack_packet{.properties = p}, error, field);
    };
    const auto publish = [](publish_properties p, errc error, const char* field) {
        check_not_sent<v5>(publish_packet{.topic = "t", .properties = p}, error, field);
    };
    using enum errc;
    connect({.receive_maximum = 0}, invalid_property_value, "receive_maximum");
    connect({.maximum_packet_size = 0}, invalid_property_value, "maximum_packet_size");
    connect({.authentication_method = "\xFF"}, invalid_utf8, "authentication_method");
    connack({.receive_maximum = 0}, invalid_property_value, "receive_maximum");
    connack({.maximum_qos = std::uint8_t{2}}, invalid_property_value, "maximum_qos");
    connack({.maximum_packet_size = 0}, invalid_property_value, "maximum_packet_size");
    publish({.payload_format_indicator = static_cast<payload_format>(2)}, invalid_property_value,
            "payload_format_indicator");
    publish({.topic_alias = 0}, invalid_property_value, "topic_alias");
    publish({.response_topic = ""}, invalid_topic_name, "response_topic");
    publish({.response_topic = "a/+"}, invalid_topic_name, "response_topic");
    const std::vector<std::uint32_t> zero{1, 0};
    publish({.subscription_identifiers = zero}, invalid_property_value, "subscription_identifier");
    const std::vector<std::uint32_t> large{268'435'456};
    publish({.subscription_identifiers = large}, invalid_property_value, "subscription_identifier");
}

TEST_CASE("properties: their length has to agree with the packet") {
    for (const property_place& place : property_places) {
        INFO(place.name);
        auto bytes = packet_with(place, "26 00 00 00 00");
        bytes.at(block_offset(place) - 1) = std::byte{0x7F};
        check_refused<v5>(bytes, truncated, block_offset(place) - 1, "property length");
        bytes.at(block_offset(place) - 1) = std::byte{0x04};  // one byte less than the property
        check_refused<v5>(bytes, truncated, block_offset(place) + 3, "user_property");
    }
}
