// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <algorithm>

#include "unit/protocol/check_codec.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("CONNACK: 3.1.1 and 5.0") {
    check_both_ways<v3>(connack_packet{}, "20 02 00 00");  // 3.2 of 3.1.1
    check_both_ways<v3>(connack_packet{.session_present = true}, "20 02 01 00");
    check_both_ways<v5>(connack_packet{}, "20 03 00 00 00");  // 3.2
    check_both_ways<v5>(connack_packet{.session_present = true}, "20 03 01 00 00");
}

TEST_CASE("CONNACK: the return codes of 3.1.1 are those of table 3.1, the rest is reserved") {
    const reason_code meaning[] = {
        reason_code::success,
        reason_code::unsupported_protocol_version,
        reason_code::client_identifier_not_valid,
        reason_code::server_unavailable,
        reason_code::bad_user_name_or_password,
        reason_code::not_authorized,
    };
    for (unsigned code = 0; code <= 0xFF; ++code) {
        const std::byte bytes[] = {std::byte{0x20}, std::byte{2}, std::byte{0},
                                   static_cast<std::byte>(code)};
        if (code < 6) {
            check_both_ways<v3>(connack_packet{.reason = meaning[code]}, to_hex(bytes));
        } else {
            check_refused<v3>(bytes, decode_errc::invalid_reason_code, 3, "return code");
        }
    }
    check_not_sent<v3>(connack_packet{.reason = reason_code::server_busy},
                       errc::invalid_reason_code, "reason");
}

TEST_CASE("CONNACK: the reason codes of table 3-1, no others") {
    const unsigned listed[] = {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
                               0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
    for (unsigned code = 0; code <= 0xFF; ++code) {
        const std::byte bytes[] = {std::byte{0x20}, std::byte{3}, std::byte{0},
                                   static_cast<std::byte>(code), std::byte{0}};
        const connack_packet packet{.reason = static_cast<reason_code>(code)};
        if (std::ranges::count(listed, code) == 1) {
            check_both_ways<v5>(packet, to_hex(bytes));
        } else {
            check_refused<v5>(bytes, decode_errc::invalid_reason_code, 3, "reason");
            check_not_sent<v5>(packet, errc::invalid_reason_code, "reason");
        }
    }
}

TEST_CASE("CONNACK: all properties") {
    const std::vector<user_property_view> user{{"k", "v"}};
    const connack_packet packet{.session_present = false,
                                .reason = reason_code::success,
                                .properties = {.session_expiry_interval = 10,
                                               .receive_maximum = 20,
                                               .maximum_qos = std::uint8_t{1},
                                               .retain_available = false,
                                               .maximum_packet_size = 65'536,
                                               .assigned_client_identifier = "id",
                                               .topic_alias_maximum = 10,
                                               .reason_string = "ok",
                                               .user_properties = user,
                                               .wildcard_subscription_available = false,
                                               .subscription_identifier_available = false,
                                               .shared_subscription_available = false,
                                               .server_keep_alive = 30,
                                               .response_information = "ri",
                                               .server_reference = "sr",
                                               .authentication_method = "m",
                                               .authentication_data = "\xFF"}};
    check_both_ways<v5>(packet,  // 3.2.2.3
                        "20 43 00 00 40"
                        "11 00 00 00 0A  21 00 14  24 01  25 00  27 00 01 00 00  12 00 02 'id'"
                        "22 00 0A  1F 00 02 'ok'  26 00 01 'k' 00 01 'v'  28 00  29 00  2A 00"
                        "13 00 1E  1A 00 02 'ri'  1C 00 02 'sr'  15 00 01 'm'  16 00 01 FF");
    check_not_sent<v3>(connack_packet{.properties = {.server_keep_alive = 0}},
                       errc::not_in_this_version, "properties");
}

TEST_CASE("CONNACK: cut short at 0, 1 and 2 bytes [immune-5]") {
    using enum decode_errc;
    check_refused<v3>("20 00", truncated, 2, "session_present");
    check_refused<v5>("20 00", truncated, 2, "session_present");
    check_refused<v3>("20 01 00", truncated, 3, "return code");
    check_refused<v5>("20 01 00", truncated, 3, "reason");
    check_refused<v5>("20 02 00 00", truncated, 4, "property length");  // [MQTT-2.2.2-1]
    check_refused<v3>("20 03 00 00 00", trailing_bytes, 4, "packet");
    check_refused<v5>("20 04 00 00 00 00", trailing_bytes, 5, "packet");
    check_refused<v5>("20 03 00 00 01", truncated, 4, "property length");
}

TEST_CASE("CONNACK: reserved acknowledge flags are refused") {
    // [MQTT-3.2.2-1]
    for (const auto flags : {"02", "04", "80", "81", "FF"}) {
        check_refused<v3>("20 02 " + std::string{flags} + " 00", decode_errc::invalid_flags, 2,
                          "session_present");
        check_refused<v5>("20 03 " + std::string{flags} + " 00 00", decode_errc::invalid_flags, 2,
                          "session_present");
    }
}

TEST_CASE("CONNACK: a refusal with Session Present is not sent, received, it keeps its reason") {
    // [MQTT-3.2.2-6]: the receiver fails the connection either way, and the reason says more.
    const connack_packet packet{.session_present = true, .reason = reason_code::not_authorized};
    check_not_sent<v5>(packet, errc::invalid_flags, "session_present");
    check_not_sent<v3>(packet, errc::invalid_flags, "session_present");
    check_decodes<v5>("20 03 01 87 00", packet);
    check_decodes<v3>("20 02 01 05", packet);
}

TEST_CASE(
    "CONNACK: a second one is as good as the first, for the codec keeps no state [immune-18]") {
    // That the second is a protocol error [MQTT-3.2.0-2] is for the session to see, by its type.
    for (int i = 0; i < 2; ++i) {
        any_packet packet;
        REQUIRE(codec_v5::decode(hex("20 03 00 00 00"), packet));
        CHECK(std::holds_alternative<connack_packet>(packet));
    }
}
