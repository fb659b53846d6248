// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/connect_version.hpp>

#include "unit/protocol/check_codec.hpp"

using namespace asio_mqtt;
using namespace test;
using namespace std::string_view_literals;

TEST_CASE("CONNECT: the shortest") {
    check_both_ways<v3>(connect_packet{}, "10 0C 00 04 'MQTT' 04 02 00 00 00 00");  // 3.1 of 3.1.1
    check_both_ways<v5>(connect_packet{}, "10 0D 00 04 'MQTT' 05 02 00 00 00 00 00");  // 3.1
}

TEST_CASE("CONNECT: the example of figure 3.6, with the payload in order") {
    // 3.1.2.10 of 3.1.1, 3.1.2.12 of 5.0; order of the payload: [MQTT-3.1.3-1]
    connect_packet packet{.clean_start = true,
                          .keep_alive = 10,
                          .client_id = "abc",
                          .will = will{.topic = "w/t", .payload = "bye", .qos = qos::at_least_once},
                          .user_name = "u",
                          .password = "p"};
    check_both_ways<v3>(packet,
                        "10 1F 00 04 'MQTT' 04 CE 00 0A"
                        "00 03 'abc' 00 03 'w/t' 00 03 'bye' 00 01 'u' 00 01 'p'");
    packet.properties.session_expiry_interval = 10;
    check_both_ways<v5>(packet,
                        "10 26 00 04 'MQTT' 05 CE 00 0A 05 11 00 00 00 0A"
                        "00 03 'abc' 00 00 03 'w/t' 00 03 'bye' 00 01 'u' 00 01 'p'");
}

TEST_CASE("CONNECT: all properties") {
    const std::vector<user_property_view> user{{"k", "v"}, {"k", ""}};
    const connect_packet packet{.keep_alive = 65'535,
                                .properties = {.session_expiry_interval = 0xFFFFFFFF,
                                               .receive_maximum = 20,
                                               .maximum_packet_size = 4096,
                                               .topic_alias_maximum = 10,
                                               .request_response_information = true,
                                               .request_problem_information = false,
                                               .user_properties = user,
                                               .authentication_method = "m",
                                               .authentication_data = "\x00\xFF"sv}};
    check_both_ways<v5>(packet,  // 3.1.2.11
                        "10 37 00 04 'MQTT' 05 02 FF FF 2A"
                        "11 FF FF FF FF  21 00 14  27 00 00 10 00  22 00 0A  19 01  17 00"
                        "26 00 01 'k' 00 01 'v'  26 00 01 'k' 00 00  15 00 01 'm'  16 00 02 00 FF"
                        "00 00");
}

TEST_CASE("CONNECT: all will properties, and an empty will payload [immune-24]") {
    const std::vector<user_property_view> user{{"k", "v"}};
    const connect_packet packet{
        .clean_start = false,
        .keep_alive = 60,
        .client_id = "c",
        .will = will{.topic = "w",
                     .payload = "",
                     .qos = qos::exactly_once,
                     .retain = true,
                     .properties = {.will_delay_interval = 5,
                                    .payload_format_indicator = payload_format::utf8,
                                    .message_expiry_interval = 3600,
                                    .content_type = "t",
                                    .response_topic = "r",
                                    .correlation_data = "\x00\xFF"sv,
                                    .user_properties = user}}};
    check_both_ways<v5>(packet,  // 3.1.3.2
                        "10 34 00 04 'MQTT' 05 34 00 3C 00 00 01 'c' 20"
                        "18 00 00 00 05  01 01  02 00 00 0E 10  03 00 01 't'  08 00 01 'r'"
                        "09 00 02 00 FF  26 00 01 'k' 00 01 'v'  00 01 'w' 00 00");
    CHECK_FALSE(will{}.retain);
    check_both_ways<v3>(connect_packet{.will = will{.topic = "w"}},
                        "10 11 00 04 'MQTT' 04 06 00 00 00 00 00 01 'w' 00 00");
}

TEST_CASE("CONNECT: the flags say what follows") {
    struct row {
        connect_packet packet;
        const char* bytes;
    };
    const will quiet{.topic = "w", .payload = "x"};
    will retained = quiet;
    retained.retain = true;
    will at_least_once = quiet;
    at_least_once.qos = qos::at_least_once;
    will exactly_once = quiet;
    exactly_once.qos = qos::exactly_once;
    const row rows[] = {
        // 3.1.2.3
        {{.clean_start = false, .client_id = "c"}, "10 0D 00 04 'MQTT' 04 00 00 00 00 01 'c'"},
        {{.user_name = ""}, "10 0E 00 04 'MQTT' 04 82 00 00 00 00 00 00"},
        {{.user_name = "", .password = ""}, "10 10 00 04 'MQTT' 04 C2 00 00 00 00 00 00 00 00"},
        {{.user_name = "u", .password = "\x00\xFF"sv},
         "10 13 00 04 'MQTT' 04 C2 00 00 00 00 00 01 'u' 00 02 00 FF"},
        {{.will = quiet}, "10 12 00 04 'MQTT' 04 06 00 00 00 00 00 01 'w' 00 01 'x'"},
        {{.will = at_least_once}, "10 12 00 04 'MQTT' 04 0E 00 00 00 00 00 01 'w' 00 01 'x'"},
        {{.will = exactly_once}, "10 12 00 04 'MQTT' 04 16 00 00 00 00 00 01 'w' 00 01 'x'"},
        {{.will = retained}, "10 12 00 04 'MQTT' 04 26 00 00 00 00 00 01 'w' 00 01 'x'"},
    };
    for (const row& each : rows)
        check_both_ways<v3>(each.packet, each.bytes);
    // 5.0 has a password without user name (3.1.2.9).
    check_both_ways<v5>(connect_packet{.password = "p"},
                        "10 10 00 04 'MQTT' 05 42 00 00 00 00 00 00 01 'p'");
}

TEST_CASE("CONNECT: an empty client id, in 3.1.1 with a clean session alone [immune-23]") {
    check_both_ways<v5>(connect_packet{.clean_start = false},
                        "10 0D 00 04 'MQTT' 05 00 00 00 00 00 00");
    check_both_ways<v3>(connect_packet{.clean_start = true},
                        "10 0C 00 04 'MQTT' 04 02 00 00 00 00");  // [MQTT-3.1.3-7] of 3.1.1
    check_not_sent<v3>(connect_packet{.clean_start = false}, errc::client_id_required, "client_id");
    // A server answers it with return code 2 [MQTT-3.1.3-8]: well-formed it is.
    check_decodes<v3>("10 0C 00 04 'MQTT' 04 00 00 00 00 00", connect_packet{.clean_start = false});
}

TEST_CASE("CONNECT: malformed ones are refused") {
    using enum decode_errc;
    // Protocol name and version: 3.1.2.1, 3.1.2.2
    check_refused<v3>("10 0C 00 04 'MQTX' 04 02 00 00 00 00", invalid_protocol_name, 2,
                      "protocol name");
    check_refused<v5>("10 0C 00 04 'mqtt' 05 02 00 00 00 00", invalid_protocol_name, 2,
                      "protocol name");
    check_refused<v3>("10 0E 00 06 'MQIsdp' 03 02 00 00 00 00", invalid_protocol_name, 2,
                      "protocol name");
    check_refused<v3>("10 0C 00 FF 'MQTT' 04 02 00 00 00 00", truncated, 2, "protocol name");
    check_refused<v3>("10 0D 00 04 'MQTT' 05 02 00 00 00 00 00", unsupported_protocol_version, 8,
                      "protocol version");
    check_refused<v5>("10 0C 00 04 'MQTT' 04 02 00 00 00 00", unsupported_protocol_version, 8,
                      "protocol version");
    check_refused<v5>("10 0C 00 04 'MQTT' 06 02 00 00 00 00", unsupported_protocol_version, 8,
                      "protocol version");
    // Flags: 3.1.2.3
    check_refused<v3>("10 0C 00 04 'MQTT' 04 03 00 00 00 00", invalid_flags, 9, "connect flags");
    check_refused<v5>("10 0D 00 04 'MQTT' 05 03 00 00 00 00 00", invalid_flags, 9, "connect flags");
    for (const auto flags : {"0A", "12", "1A", "22"}) {  // will QoS or retain without a will
        check_refused<v5>("10 0D 00 04 'MQTT' 05 " + std::string{flags} + " 00 00 00 00 00",
                          invalid_flags, 9, "connect flags");
        check_refused<v3>("10 0C 00 04 'MQTT' 04 " + std::string{flags} + " 00 00 00 00",
                          invalid_flags, 9, "connect flags");
    }
    check_refused<v3>("10 12 00 04 'MQTT' 04 1E 00 00 00 00 00 01 'w' 00 01 'x'", invalid_qos, 9,
                      "will QoS");  // [MQTT-3.1.2-12]
    check_refused<v3>("10 0F 00 04 'MQTT' 04 42 00 00 00 00 00 01 'p'", invalid_flags, 9,
                      "connect flags");  // [MQTT-3.1.2-22] of 3.1.1
    // Payload: 3.1.3
    check_refused<v3>("10 12 00 04 'MQTT' 04 06 00 00 00 00 00 01 '#' 00 01 'x'",
                      invalid_topic_name, 14, "will topic");
    check_refused<v3>("10 10 00 04 'MQTT' 04 06 00 00 00 00 00 00 00 00", invalid_topic_name, 14,
                      "will topic");
    check_refused<v3>("10 0A 00 04 'MQTT' 04 02 00 00", truncated, 12, "client_id");
    check_refused<v3>("10 0C 00 04 'MQTT' 04 82 00 00 00 00", truncated, 14, "user_name");
    check_refused<v3>("10 0E 00 04 'MQTT' 04 C2 00 00 00 00 00 00", truncated, 16, "password");
    check_refused<v3>("10 0D 00 04 'MQTT' 04 02 00 00 00 00 00", trailing_bytes, 14, "packet");
    check_refused<v5>("10 0E 00 04 'MQTT' 05 02 00 00 00 00 00 00", trailing_bytes, 15, "packet");
    // 3.1.2.11.10: authentication data without a method
    check_refused<v5>("10 11 00 04 'MQTT' 05 02 00 00 04 16 00 01 'x' 00 00",
                      missing_authentication_method, 13, "properties");
    // 3.1.2.1: a server may answer both with 0x84.
    CHECK(to_reason_code(invalid_protocol_name) == reason_code::unsupported_protocol_version);
    CHECK(to_reason_code(unsupported_protocol_version) ==
          reason_code::unsupported_protocol_version);
    CHECK(to_reason_code(missing_authentication_method) == reason_code::protocol_error);
}

TEST_CASE("CONNECT: what may not be sent") {
    const auto with_will = [](will w) { return connect_packet{.client_id = "c", .will = w}; };
    check_not_sent<v5>(with_will({.topic = ""}), errc::invalid_topic_name, "will topic");
    check_not_sent<v5>(with_will({.topic = "a/#"}), errc::invalid_topic_name, "will topic");
    check_not_sent<v3>(with_will({.topic = "\xED\xA0\x80"}), errc::invalid_topic_name,
                       "will topic");
    check_not_sent<v5>(with_will({.topic = "w", .qos = static_cast<qos>(3)}), errc::invalid_qos,
                       "will QoS");
    check_not_sent<v3>(connect_packet{.password = "p"}, errc::user_name_required, "password");
    check_not_sent<v3>(connect_packet{.properties = {.receive_maximum = 1}},
                       errc::not_in_this_version, "properties");
    check_not_sent<v3>(with_will({.topic = "w", .properties = {.content_type = "t"}}),
                       errc::not_in_this_version, "will properties");
    check_not_sent<v5>(connect_packet{.properties = {.authentication_data = "x"}},
                       errc::authentication_method_required, "authentication_method");
}

TEST_CASE("CONNECT: its version can be told before the codec is chosen") {
    const auto peek = [](std::string_view text) {
        const exact_bytes block{hex(text)};
        return peek_connect_version(block.span());
    };
    CHECK(peek("00 04 'MQTT' 04 02 00 00 00 00") == 4);
    CHECK(peek("00 04 'MQTT' 05") == 5);
    CHECK(peek("00 04 'MQTT' 06 02") == 6);
    CHECK(peek("00 04 'MQTT'") == std::nullopt);
    CHECK(peek("00 04 'MQT'") == std::nullopt);
    CHECK(peek("00 06 'MQIsdp' 03 02") == std::nullopt);
    CHECK(peek("00 04 'MQTX' 05") == std::nullopt);
    CHECK(peek("") == std::nullopt);
}
