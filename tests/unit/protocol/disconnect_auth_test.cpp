// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <algorithm>

#include "unit/protocol/check_codec.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("DISCONNECT: empty, with a reason alone, with properties [immune-7]") {
    check_both_ways<v3>(disconnect_packet{}, "E0 00");  // 3.14 of 3.1.1
    check_both_ways<v5>(disconnect_packet{}, "E0 00");  // 3.14.2.1
    check_both_ways<v5>(disconnect_packet{.reason = reason_code::server_shutting_down}, "E0 01 8B");
    check_decodes<v5>("E0 01 00", disconnect_packet{});
    check_decodes<v5>("E0 02 00 00", disconnect_packet{});
    check_decodes<v5>("E0 02 8B 00",
                      disconnect_packet{.reason = reason_code::server_shutting_down});
    const std::vector<user_property_view> user{{"k", "v"}};
    check_both_ways<v5>(  // 3.14.2.2
        disconnect_packet{.reason = reason_code::server_moved,
                          .properties = {.session_expiry_interval = 10,
                                         .reason_string = "go",
                                         .user_properties = user,
                                         .server_reference = "sr"}},
        "E0 18 9D 16 11 00 00 00 0A 1F 00 02 'go' 26 00 01 'k' 00 01 'v' 1C 00 02 'sr'");
    check_both_ways<v5>(disconnect_packet{.properties = {.session_expiry_interval = 0}},
                        "E0 07 00 05 11 00 00 00 00");
}

TEST_CASE("DISCONNECT: the listed reason codes, no others") {
    // Table 3-10, and 0x8C of table 2-6
    const unsigned listed[] = {0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C,
                               0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
                               0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2};
    for (unsigned code = 1; code <= 0xFF; ++code) {
        const std::byte reason[] = {static_cast<std::byte>(code)};
        const std::string text = "E0 01 " + to_hex(reason);
        const disconnect_packet packet{.reason = static_cast<reason_code>(code)};
        if (std::ranges::count(listed, code) == 1) {
            check_both_ways<v5>(packet, text);
        } else {
            check_refused<v5>(text, decode_errc::invalid_reason_code, 2, "reason");
            check_not_sent<v5>(packet, errc::invalid_reason_code, "reason");
        }
    }
}

TEST_CASE("DISCONNECT: malformed ones, and what 3.1.1 does not have") {
    using enum decode_errc;
    check_refused<v3>("E0 01 00", trailing_bytes, 2, "packet");
    check_refused<v5>("E0 03 00 00 00", trailing_bytes, 4, "packet");
    check_refused<v5>("E0 02 00 01", truncated, 3, "property length");
    check_refused<v5>("E0 04 00 02 11 00", truncated, 5, "session_expiry_interval");
    check_refused<v5>("E1 00", invalid_flags, 0, "fixed header");  // [MQTT-3.14.1-1]
    check_not_sent<v3>(disconnect_packet{.reason = reason_code::disconnect_with_will_message},
                       errc::not_in_this_version, "reason");
    check_not_sent<v3>(disconnect_packet{.properties = {.session_expiry_interval = 0}},
                       errc::not_in_this_version, "properties");
}

TEST_CASE("AUTH: all lengths are accepted [immune-7] [immune-8]") {
    check_both_ways<v5>(auth_packet{}, "F0 00");  // 3.15.2.1
    check_decodes<v5>("F0 01 18", auth_packet{.reason = reason_code::continue_authentication});
    check_decodes<v5>("F0 01 00", auth_packet{});
    check_decodes<v5>("F0 02 00 00", auth_packet{});
    check_decodes<v5>("F0 02 19 00", auth_packet{.reason = reason_code::reauthenticate});
    check_both_ways<v5>(
        auth_packet{.reason = reason_code::continue_authentication,
                    .properties = {.authentication_method = "m", .authentication_data = "\xFF"}},
        "F0 0A 18 08 15 00 01 'm' 16 00 01 FF");
    const std::vector<user_property_view> user{{"k", "v"}};
    check_both_ways<v5>(auth_packet{.reason = reason_code::reauthenticate,  // 3.15.2.2
                                    .properties = {.authentication_method = "m",
                                                   .authentication_data = "",
                                                   .reason_string = "ok",
                                                   .user_properties = user}},
                        "F0 15 19 13 15 00 01 'm' 16 00 00 1F 00 02 'ok' 26 00 01 'k' 00 01 'v'");
    check_both_ways<v5>(auth_packet{.properties = {.authentication_method = "m"}},
                        "F0 06 00 04 15 00 01 'm'");
}

TEST_CASE("AUTH: the listed reason codes, no others") {
    for (unsigned code = 1; code <= 0xFF; ++code) {
        const std::byte reason[] = {static_cast<std::byte>(code)};
        const std::string text = "F0 06 " + to_hex(reason) + " 04 15 00 01 'm'";
        const auth_packet packet{.reason = static_cast<reason_code>(code),
                                 .properties = {.authentication_method = "m"}};
        if (code == 0x18 || code == 0x19) {  // table 3-11 [MQTT-3.15.2-1]
            check_both_ways<v5>(packet, text);
        } else {
            check_refused<v5>(text, decode_errc::invalid_reason_code, 2, "reason");
            check_not_sent<v5>(packet, errc::invalid_reason_code, "reason");
        }
    }
}

TEST_CASE("AUTH: without its method it is not sent, data without a method are not taken either") {
    // 3.15.2.2.2
    check_not_sent<v5>(auth_packet{.reason = reason_code::continue_authentication},
                       errc::authentication_method_required, "authentication_method");
    check_not_sent<v5>(auth_packet{.properties = {.reason_string = "x"}},
                       errc::authentication_method_required, "authentication_method");
    check_refused<v5>("F0 06 18 04 16 00 01 'x'", decode_errc::missing_authentication_method, 4,
                      "properties");
    check_refused<v5>("F0 03 18 00 00", decode_errc::trailing_bytes, 4, "packet");
    check_refused<v5>("F0 02 18 04", decode_errc::truncated, 3, "property length");
    // 3.1.1 has no AUTH.
    check_not_sent<v3>(auth_packet{}, errc::not_in_this_version, "packet");
    check_refused<v3>("F0 00", decode_errc::invalid_packet_type, 0, "packet");
}
