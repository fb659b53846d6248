// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <algorithm>

#include "unit/protocol/check_codec.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

// The four acknowledgements differ in their first byte and in the reason codes that they may carry.
struct puback_traits {
    using packet = puback_packet;
    static constexpr const char* first = "40 ";
};
struct pubrec_traits {
    using packet = pubrec_packet;
    static constexpr const char* first = "50 ";
};
struct pubrel_traits {
    using packet = pubrel_packet;
    static constexpr const char* first = "62 ";
};
struct pubcomp_traits {
    using packet = pubcomp_packet;
    static constexpr const char* first = "70 ";
};

template <class Traits>
std::string bytes(const char* rest) {
    return std::string{Traits::first} + rest;
}

}  // namespace

TEMPLATE_TEST_CASE(
    "PUBACK, PUBREC, PUBREL, PUBCOMP: all lengths are accepted [immune-10] [immune-11]", "",
    puback_traits, pubrec_traits, pubrel_traits, pubcomp_traits) {
    using packet = typename TestType::packet;
    // 3.4, 3.5, 3.6, 3.7. Two bytes are what 3.1.1 has, and success without properties in 5.0.
    check_both_ways<v3>(packet{.packet_id = 0x1234}, bytes<TestType>("02 12 34"));
    check_both_ways<v5>(packet{.packet_id = 0x1234}, bytes<TestType>("02 12 34"));
    // Longer than needed, as some brokers send them.
    check_decodes<v5>(bytes<TestType>("03 12 34 00"), packet{.packet_id = 0x1234});
    check_decodes<v5>(bytes<TestType>("04 12 34 00 00"), packet{.packet_id = 0x1234});
    // All that they can carry (3.4.2.2), with and without a failure.
    const std::vector<user_property_view> user{{"k", "v"}};
    check_both_ways<v5>(
        packet{.packet_id = 10, .properties = {.reason_string = "no", .user_properties = user}},
        bytes<TestType>("10 00 0A 00 0C 1F 00 02 'no' 26 00 01 'k' 00 01 'v'"));
    check_both_ways<v5>(packet{.packet_id = 65'535, .properties = {.reason_string = ""}},
                        bytes<TestType>("07 FF FF 00 03 1F 00 00"));
}

TEMPLATE_TEST_CASE(
    "PUBACK, PUBREC, PUBREL, PUBCOMP: Remaining Length 0 and 1 are refused [immune-9]", "",
    puback_traits, pubrec_traits, pubrel_traits, pubcomp_traits) {
    check_refused<v3>(bytes<TestType>("00"), decode_errc::truncated, 2, "packet_id");
    check_refused<v5>(bytes<TestType>("00"), decode_errc::truncated, 2, "packet_id");
    check_refused<v3>(bytes<TestType>("01 00"), decode_errc::truncated, 2, "packet_id");
    check_refused<v5>(bytes<TestType>("01 00"), decode_errc::truncated, 2, "packet_id");
}

TEMPLATE_TEST_CASE("PUBACK, PUBREC, PUBREL, PUBCOMP: malformed ones are refused", "", puback_traits,
                   pubrec_traits, pubrel_traits, pubcomp_traits) {
    using enum decode_errc;
    using packet = typename TestType::packet;
    check_refused<v3>(bytes<TestType>("02 00 00"), invalid_packet_id, 2, "packet_id");
    check_refused<v5>(bytes<TestType>("02 00 00"), invalid_packet_id, 2, "packet_id");
    check_refused<v3>(bytes<TestType>("03 00 01 00"), trailing_bytes, 4, "packet");
    check_refused<v5>(bytes<TestType>("04 00 01 00 01"), truncated, 5, "property length");
    check_refused<v5>(bytes<TestType>("05 00 01 00 00 00"), trailing_bytes, 6, "packet");
    check_refused<v5>(bytes<TestType>("06 00 01 00 02 1F 00"), truncated, 7, "reason_string");
    check_refused<v5>(bytes<TestType>("08 00 01 00 03 1F 00 01 'x'"), truncated, 7,
                      "reason_string");
    check_not_sent<v3>(packet{}, errc::invalid_packet_id, "packet_id");
    check_not_sent<v5>(packet{}, errc::invalid_packet_id, "packet_id");
    check_not_sent<v3>(packet{.packet_id = 1, .reason = reason_code::packet_identifier_not_found},
                       errc::not_in_this_version, "reason");
    check_not_sent<v3>(packet{.packet_id = 1, .properties = {.reason_string = "x"}},
                       errc::not_in_this_version, "properties");
    check_not_sent<v5>(packet{.packet_id = 1, .properties = {.reason_string = "\xFF"}},
                       errc::invalid_utf8, "reason_string");
    CHECK(to_reason_code(invalid_packet_id) == reason_code::protocol_error);
    CHECK(to_reason_code(trailing_bytes) == reason_code::malformed_packet);
}

TEMPLATE_TEST_CASE("PUBACK, PUBREC, PUBREL, PUBCOMP: the listed reason codes, no others", "",
                   puback_traits, pubrec_traits, pubrel_traits, pubcomp_traits) {
    using packet = typename TestType::packet;
    const bool answers_publish =
        packet::type == packet_type::puback || packet::type == packet_type::pubrec;
    // Tables 3-4 and 3-5, tables 3-6 and 3-7
    const std::vector<unsigned> listed =
        answers_publish
            ? std::vector<unsigned>{0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}
            : std::vector<unsigned>{0x00, 0x92};
    for (unsigned code = 0; code <= 0xFF; ++code) {
        const std::byte reason[] = {static_cast<std::byte>(code)};
        const std::string text = bytes<TestType>("03 00 0A ") + to_hex(reason);
        const packet ack{.packet_id = 10, .reason = static_cast<reason_code>(code)};
        if (std::ranges::count(listed, code) == 0) {
            check_refused<v5>(text, decode_errc::invalid_reason_code, 4, "reason");
            check_not_sent<v5>(ack, errc::invalid_reason_code, "reason");
        } else if (code != 0) {
            check_both_ways<v5>(ack, text);
        }
    }
    CHECK(to_reason_code(decode_errc::invalid_reason_code) == reason_code::protocol_error);
}
