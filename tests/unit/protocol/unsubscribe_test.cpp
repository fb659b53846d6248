// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <algorithm>

#include "unit/protocol/check_codec.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("UNSUBSCRIBE: the example of section 3.10.3") {
    // Figure 3.30 of 3.1.1, figure 3-29 of 5.0: a/b and c/d
    const std::vector<std::string_view> filters{"a/b", "c/d"};
    const unsubscribe_packet packet{.packet_id = 10, .filters = filters};
    check_both_ways<v3>(packet, "A2 0C 00 0A 00 03 'a/b' 00 03 'c/d'");
    check_both_ways<v5>(packet, "A2 0D 00 0A 00 00 03 'a/b' 00 03 'c/d'");
}

TEST_CASE("UNSUBSCRIBE: all properties") {
    const std::vector<std::string_view> filters{"#"};
    const std::vector<user_property_view> user{{"k", "v"}};
    const unsubscribe_packet packet{
        .packet_id = 10, .properties = {.user_properties = user}, .filters = filters};
    check_both_ways<v5>(packet, "A2 0D 00 0A 07 26 00 01 'k' 00 01 'v' 00 01 '#'");  // 3.10.2.1
    check_not_sent<v3>(packet, errc::not_in_this_version, "properties");
}

TEST_CASE("UNSUBSCRIBE: malformed ones are refused [immune-25]") {
    using enum decode_errc;
    check_refused<v3>("A2 02 00 0A", empty_list, 4, "payload");  // [MQTT-3.10.3-2]
    check_refused<v5>("A2 03 00 0A 00", empty_list, 5, "payload");
    check_refused<v5>("A2 02 00 0A", truncated, 4, "property length");
    check_refused<v3>("A2 01 00", truncated, 2, "packet_id");
    check_refused<v3>("A2 05 00 00 00 01 'a'", invalid_packet_id, 2, "packet_id");
    check_refused<v3>("A2 05 00 0A 00 02 'a'", truncated, 4, "topic filter");
    check_refused<v3>("A2 06 00 0A 00 01 'a' 00", truncated, 7, "topic filter");
    check_refused<v3>("A2 04 00 0A 00 00", invalid_topic_filter, 4, "topic filter");
    check_refused<v3>("A2 06 00 0A 00 02 'a#'", invalid_topic_filter, 4, "topic filter");
    check_refused<v5>("A2 06 00 0A 00 00 01 00", invalid_utf8, 5, "topic filter");
}

TEST_CASE("UNSUBSCRIBE: what may not be sent [immune-25]") {
    check_not_sent<v3>(unsubscribe_packet{.packet_id = 1}, errc::empty_list, "filters");
    const std::vector<std::string_view> good{"a"};
    check_not_sent<v5>(unsubscribe_packet{.filters = good}, errc::invalid_packet_id, "packet_id");
    for (const std::string_view filter : {"", "#/", "a+", "$share//x", "$share/g/", "\xFF"}) {
        const std::vector<std::string_view> filters{"ok", filter};
        check_not_sent<v5>(unsubscribe_packet{.packet_id = 1, .filters = filters},
                           errc::invalid_topic_filter, "topic filter");
    }
}

TEST_CASE("UNSUBACK: 3.1.1 has no codes, 5.0 one for each filter [immune-11] [immune-12]") {
    check_both_ways<v3>(unsuback_packet{.packet_id = 10}, "B0 02 00 0A");  // 3.11 of 3.1.1
    const std::vector<reason_code> codes{reason_code::success,
                                         reason_code::no_subscription_existed};
    const unsuback_packet packet{.packet_id = 10, .reasons = codes};
    check_both_ways<v5>(packet, "B0 05 00 0A 00 00 11");  // 3.11
    check_not_sent<v3>(packet, errc::not_in_this_version, "reasons");
    check_not_sent<v5>(unsuback_packet{.packet_id = 10}, errc::empty_list, "reasons");
    check_refused<v5>("B0 02 00 0A", decode_errc::truncated, 4, "property length");
    check_refused<v5>("B0 03 00 0A 00", decode_errc::empty_list, 5, "payload");
    check_refused<v3>("B0 03 00 0A 00", decode_errc::trailing_bytes, 4, "packet");
}

TEST_CASE("UNSUBACK: all properties") {
    const std::vector<user_property_view> user{{"k", "v"}};
    const std::vector<reason_code> codes{reason_code::success};
    check_both_ways<v5>(
        unsuback_packet{.packet_id = 10,
                        .properties = {.reason_string = "ok", .user_properties = user},
                        .reasons = codes},
        "B0 10 00 0A 0C 1F 00 02 'ok' 26 00 01 'k' 00 01 'v' 00");  // 3.11.2.1
    check_not_sent<v3>(unsuback_packet{.packet_id = 10, .properties = {.reason_string = "ok"}},
                       errc::not_in_this_version, "properties");
}

TEST_CASE("UNSUBACK: the listed codes, no others") {
    const unsigned listed[] = {0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91};  // table 3-9
    for (unsigned code = 0; code <= 0xFF; ++code) {
        const std::byte reason[] = {static_cast<std::byte>(code)};
        const std::vector<reason_code> codes{static_cast<reason_code>(code)};
        const unsuback_packet packet{.packet_id = 1, .reasons = codes};
        const std::string text = "B0 04 00 01 00 " + to_hex(reason);
        if (std::ranges::count(listed, code) == 1) {
            check_both_ways<v5>(packet, text);
        } else {
            check_refused<v5>(text, decode_errc::invalid_reason_code, 5, "reason");
            check_not_sent<v5>(packet, errc::invalid_reason_code, "reasons");
        }
    }
}

TEST_CASE("UNSUBACK: too short [immune-9]") {
    using enum decode_errc;
    check_refused<v3>("B0 00", truncated, 2, "packet_id");
    check_refused<v5>("B0 01 00", truncated, 2, "packet_id");
    check_refused<v3>("B0 02 00 00", invalid_packet_id, 2, "packet_id");
    check_refused<v5>("B0 04 00 01 09 00", truncated, 4, "property length");
}
