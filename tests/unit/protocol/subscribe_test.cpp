// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <algorithm>

#include "unit/protocol/check_codec.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

subscribe_packet with(const std::vector<topic_subscription>& subscriptions) {
    return {.packet_id = 10, .subscriptions = subscriptions};
}

}  // namespace

TEST_CASE("SUBSCRIBE: the example of section 3.8.3") {
    // Figure 3.23 of 3.1.1, figure 3-21 of 5.0: a/b at QoS 1 and c/d at QoS 2
    const std::vector<topic_subscription> subscriptions{{"a/b", qos::at_least_once},
                                                        {"c/d", qos::exactly_once}};
    check_both_ways<v3>(with(subscriptions), "82 0E 00 0A 00 03 'a/b' 01 00 03 'c/d' 02");
    check_both_ways<v5>(with(subscriptions), "82 0F 00 0A 00 00 03 'a/b' 01 00 03 'c/d' 02");
}

TEST_CASE("SUBSCRIBE: options and properties") {
    const std::vector<topic_subscription> subscriptions{
        {.filter = "#"},
        {.filter = "+", .no_local = true},
        {.filter = "a", .retain_as_published = true},
        {.filter = "b", .retain_handling = retain_handling::send_if_new},
        {.filter = "c",
         .qos = qos::exactly_once,
         .no_local = true,
         .retain_as_published = true,
         .retain_handling = retain_handling::do_not_send},
    };
    const std::vector<user_property_view> user{{"k", "v"}};
    subscribe_packet packet = with(subscriptions);
    packet.properties = {.subscription_identifier = 268'435'455, .user_properties = user};
    check_both_ways<v5>(packet,  // 3.8.2.1, 3.8.3.1
                        "82 23 00 0A 0C 0B FF FF FF 7F 26 00 01 'k' 00 01 'v'"
                        "00 01 '#' 00 00 01 '+' 04 00 01 'a' 08 00 01 'b' 10 00 01 'c' 2E");
    const std::vector<topic_subscription> shared{{"$share/g/a/#", qos::at_least_once}};
    check_both_ways<v5>(with(shared), "82 12 00 0A 00 00 0C '$share/g/a/#' 01");
}

TEST_CASE("SUBSCRIBE: malformed ones are refused") {
    using enum decode_errc;
    check_refused<v3>("82 02 00 0A", empty_list, 4, "payload");  // [MQTT-3.8.3-2]
    check_refused<v5>("82 03 00 0A 00", empty_list, 5, "payload");
    check_refused<v3>("82 00", truncated, 2, "packet_id");
    check_refused<v3>("82 06 00 00 00 01 'a' 00", invalid_packet_id, 2, "packet_id");
    check_refused<v3>("82 05 00 0A 00 01 'a'", truncated, 7, "subscription options");
    check_refused<v3>("82 06 00 0A 00 02 'ab'", truncated, 8, "subscription options");
    check_refused<v3>("82 06 00 0A 00 03 'a' 00", truncated, 4, "topic filter");
    check_refused<v3>("82 07 00 0A 00 01 'a' 00 00", truncated, 8, "topic filter");
    check_refused<v3>("82 07 00 0A 00 02 C0 AF 00", invalid_utf8, 4, "topic filter");
    // Reserved bits of the options: 3.8.3.1, [MQTT-3-8.3-4] of 3.1.1
    for (const auto options : {"04", "08", "10", "20", "40", "80"}) {
        check_refused<v3>("82 06 00 0A 00 01 'a' " + std::string{options}, invalid_flags, 7,
                          "subscription options");
    }
    for (const auto options : {"40", "80", "C0"}) {
        check_refused<v5>("82 07 00 0A 00 00 01 'a' " + std::string{options}, invalid_flags, 8,
                          "subscription options");
    }
    check_refused<v3>("82 06 00 0A 00 01 'a' 03", invalid_subscription_options, 7, "maximum QoS");
    check_refused<v5>("82 07 00 0A 00 00 01 'a' 03", invalid_subscription_options, 8,
                      "maximum QoS");
    check_refused<v5>("82 07 00 0A 00 00 01 'a' 30", invalid_subscription_options, 8,
                      "retain handling");
    check_refused<v5>("82 10 00 0A 00 00 0A '$share/g/x' 04", invalid_subscription_options, 17,
                      "no local");  // [MQTT-3.8.3-4]
    CHECK(to_reason_code(invalid_subscription_options) == reason_code::protocol_error);
    CHECK(to_reason_code(empty_list) == reason_code::protocol_error);
}

TEST_CASE("SUBSCRIBE: filters that break section 4.7 are refused, sent or received [immune-25]") {
    using enum decode_errc;
    check_refused<v3>("82 05 00 0A 00 00 00", invalid_topic_filter, 4, "topic filter");
    check_refused<v3>("82 07 00 0A 00 02 '#/' 00", invalid_topic_filter, 4, "topic filter");
    check_refused<v5>("82 08 00 0A 00 00 02 'a+' 00", invalid_topic_filter, 5, "topic filter");
    check_refused<v5>("82 0F 00 0A 00 00 09 '$share//x' 00", invalid_topic_filter, 5,
                      "topic filter");
    check_refused<v5>("82 0F 00 0A 00 00 09 '$share/g/' 00", invalid_topic_filter, 5,
                      "topic filter");
    for (const auto filter :
         {"", "#/", "a+", "$share//x", "$share/g/", "$share/g", "\xED\xA0\x80"}) {
        INFO(filter);
        const std::vector<topic_subscription> subscriptions{{.filter = "ok"}, {.filter = filter}};
        check_not_sent<v3>(with(subscriptions), errc::invalid_topic_filter, "topic filter");
        check_not_sent<v5>(with(subscriptions), errc::invalid_topic_filter, "topic filter");
    }
    CHECK(to_reason_code(invalid_topic_filter) == reason_code::malformed_packet);
}

TEST_CASE("SUBSCRIBE: what may not be sent") {
    check_not_sent<v3>(subscribe_packet{.packet_id = 1}, errc::empty_list, "subscriptions");
    check_not_sent<v5>(subscribe_packet{.packet_id = 1}, errc::empty_list, "subscriptions");
    const std::vector<topic_subscription> plain{{.filter = "a"}};
    check_not_sent<v5>(subscribe_packet{.subscriptions = plain}, errc::invalid_packet_id,
                       "packet_id");
    subscribe_packet identified = with(plain);
    for (const std::uint32_t identifier : {0U, 268'435'456U, 0xFFFFFFFFU}) {
        identified.properties.subscription_identifier = identifier;
        check_not_sent<v5>(identified, errc::invalid_property_value, "subscription_identifier");
    }
    check_not_sent<v3>(identified, errc::not_in_this_version, "properties");

    const auto refused = [](topic_subscription wanted, errc error, const char* field) {
        const std::vector<topic_subscription> subscriptions{wanted};
        check_not_sent<v5>(with(subscriptions), error, field);
    };
    refused({"a", static_cast<qos>(3)}, errc::invalid_qos, "maximum QoS");
    refused({.filter = "a", .retain_handling = static_cast<retain_handling>(3)},
            errc::invalid_property_value, "retain handling");
    refused({.filter = "$share/g/x", .no_local = true}, errc::no_local_on_shared, "no local");

    for (const topic_subscription& of_5 :
         {topic_subscription{.filter = "a", .no_local = true},
          topic_subscription{.filter = "a", .retain_as_published = true},
          topic_subscription{.filter = "a", .retain_handling = retain_handling::do_not_send}}) {
        const std::vector<topic_subscription> subscriptions{of_5};
        check_not_sent<v3>(with(subscriptions), errc::not_in_this_version, "subscription options");
    }
}

TEST_CASE("SUBACK: one code for each filter, in order [immune-12]") {
    // Figure 3.26 of 3.1.1: QoS 0, QoS 2, failure
    const std::vector<reason_code> codes{reason_code::granted_qos_0, reason_code::granted_qos_2,
                                         reason_code::unspecified_error};
    const suback_packet packet{.packet_id = 10, .reasons = codes};
    check_both_ways<v3>(packet, "90 05 00 0A 00 02 80");
    check_both_ways<v5>(packet, "90 06 00 0A 00 00 02 80");
    // Whether they are as many as the filters is the session's to say: the count is there for it.
    any_packet decoded;
    const auto bytes = hex("90 04 00 0A 00 02");
    REQUIRE(codec_v3_1_1::decode(bytes, decoded));
    CHECK(std::get<suback_packet>(decoded).reasons.size() == 2);
}

TEST_CASE("SUBACK: all properties") {
    const std::vector<user_property_view> user{{"k", "v"}};
    const std::vector<reason_code> codes{reason_code::granted_qos_1};
    check_both_ways<v5>(
        suback_packet{.packet_id = 10,
                      .properties = {.reason_string = "ok", .user_properties = user},
                      .reasons = codes},
        "90 10 00 0A 0C 1F 00 02 'ok' 26 00 01 'k' 00 01 'v' 01");  // 3.9.2.1
    check_not_sent<v3>(
        suback_packet{.packet_id = 10, .properties = {.reason_string = "ok"}, .reasons = codes},
        errc::not_in_this_version, "properties");
}

TEST_CASE("SUBACK: the listed codes, no others") {
    // Table 3-8; 3.9.3 of 3.1.1 [MQTT-3.9.3-2]
    const unsigned listed_5[] = {0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2};
    const unsigned listed_3[] = {0, 1, 2, 0x80};
    for (unsigned code = 0; code <= 0xFF; ++code) {
        const std::byte reason[] = {static_cast<std::byte>(code)};
        const std::vector<reason_code> codes{static_cast<reason_code>(code)};
        const suback_packet packet{.packet_id = 1, .reasons = codes};
        const std::string bytes_3 = "90 03 00 01 " + to_hex(reason);
        const std::string bytes_5 = "90 04 00 01 00 " + to_hex(reason);
        if (std::ranges::count(listed_3, code) == 1) {
            check_both_ways<v3>(packet, bytes_3);
        } else {
            check_refused<v3>(bytes_3, decode_errc::invalid_reason_code, 4, "reason");
            check_not_sent<v3>(packet, errc::invalid_reason_code, "reasons");
        }
        if (std::ranges::count(listed_5, code) == 1) {
            check_both_ways<v5>(packet, bytes_5);
        } else {
            check_refused<v5>(bytes_5, decode_errc::invalid_reason_code, 5, "reason");
            check_not_sent<v5>(packet, errc::invalid_reason_code, "reasons");
        }
    }
}

TEST_CASE("SUBACK: too short, or in the form of 3.1.1 within 5.0 [immune-9] [immune-11]") {
    using enum decode_errc;
    check_refused<v3>("90 00", truncated, 2, "packet_id");
    check_refused<v5>("90 00", truncated, 2, "packet_id");
    check_refused<v3>("90 01 00", truncated, 2, "packet_id");
    check_refused<v5>("90 01 00", truncated, 2, "packet_id");
    check_refused<v3>("90 02 00 01", empty_list, 4, "payload");
    check_refused<v5>("90 02 00 01", truncated, 4, "property length");
    check_refused<v5>("90 03 00 01 00", empty_list, 5, "payload");
    check_refused<v5>("90 03 00 01 01", truncated, 4, "property length");
    check_refused<v5>("90 03 00 01 80", truncated, 4, "property length");
    check_refused<v3>("90 03 00 00 00", invalid_packet_id, 2, "packet_id");
    check_not_sent<v3>(suback_packet{.packet_id = 1}, errc::empty_list, "reasons");
}

TEST_CASE("SUBACK: properties longer than the packet are refused [immune-13]") {
    using enum decode_errc;
    check_refused<v5>("90 04 00 01 05 00", truncated, 4, "property length");
    check_refused<v5>("90 04 00 01 FF 7F", truncated, 4, "property length");
    check_refused<v5>("90 07 00 01 FF FF FF 7F 00", truncated, 4, "property length");
    // A property that reaches past its block, though not past the packet
    check_refused<v5>("90 08 00 01 04 1F 00 02 'o' 00", truncated, 6, "reason_string");
}
