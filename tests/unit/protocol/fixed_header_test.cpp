// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/fixed_header.hpp>

#include <initializer_list>

#include "unit/protocol/check_codec.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

fixed_header_result read(std::string_view text) {
    const exact_bytes block{hex(text)};
    return read_fixed_header(block.span());
}

}  // namespace

TEST_CASE("fixed header: type, flags and length") {
    const fixed_header_result result = read("3D C1 02 FF");
    CHECK(result.error == decode_errc{});
    CHECK_FALSE(result.need_more);
    CHECK(result.header.type == packet_type::publish);
    CHECK(result.header.flags == 0x0D);
    CHECK(result.header.remaining_length == 321);
    CHECK(result.header.size == 3);
    CHECK(result.header.packet_size() == 324);
}

TEST_CASE("fixed header: asks for more at every cut") {
    for (const auto bytes : {"", "20", "30 80", "30 FF FF", "30 FF FF FF"}) {
        INFO(bytes);
        CHECK(read(bytes).need_more);
        CHECK(read(bytes).error == decode_errc{});
    }
    CHECK_FALSE(read("C0 00").need_more);
    CHECK_FALSE(read("30 05").need_more);  // the body is the caller's matter
}

TEST_CASE("fixed header: each type accepts its own flags alone [immune-15]") {
    // 2.1.3, table 2-2: for each type the flags that may be. PUBLISH: QoS 3, and DUP at QoS 0, may
    // not.
    const std::initializer_list<unsigned> allowed[16] = {
        {},  {0}, {0}, {0, 1, 2, 3, 4, 5, 10, 11, 12, 13},
        {0}, {0}, {2}, {0},
        {2}, {0}, {2}, {0},
        {0}, {0}, {0}, {0},
    };
    for (unsigned type = 0; type < 16; ++type) {
        for (unsigned flags = 0; flags < 16; ++flags) {
            const std::byte bytes[] = {static_cast<std::byte>(type << 4 | flags), std::byte{0}};
            INFO(to_hex(bytes));
            bool expected = false;
            for (const unsigned each : allowed[type])
                expected = expected || each == flags;
            const fixed_header_result result = read_fixed_header(bytes);
            CHECK((result.error == decode_errc{}) == expected);
            if (expected) {
                CHECK(static_cast<unsigned>(result.header.type) == type);
                CHECK(result.header.flags == flags);
            }
        }
    }
    // [MQTT-2.1.3-1]: the flags are refused before anything else is waited for.
    CHECK(read("21").error == decode_errc::invalid_flags);
    CHECK(read("60").error == decode_errc::invalid_flags);  // [MQTT-3.6.1-1]
    CHECK(read("80").error == decode_errc::invalid_flags);  // [MQTT-3.8.1-1]
    CHECK(read("A0").error == decode_errc::invalid_flags);  // [MQTT-3.10.1-1]
    for (const auto bytes : {"36", "37", "3E", "3F"}) {     // [MQTT-3.3.1-4]
        CHECK(read(bytes).error == decode_errc::invalid_qos);
    }
    check_refused<v5>("36 05 00 01 't' 00 01", decode_errc::invalid_qos, 0, "fixed header");
    check_refused<v5>("D1 00", decode_errc::invalid_flags, 0, "fixed header");
    CHECK(to_reason_code(decode_errc::invalid_flags) == reason_code::malformed_packet);
    CHECK(to_reason_code(decode_errc::invalid_qos) == reason_code::malformed_packet);
}

TEST_CASE("fixed header: DUP at QoS 0 is refused in both directions [immune-16]") {
    // [MQTT-3.3.1-2]
    check_refused<v5>("38 04 00 01 't' 00", decode_errc::invalid_flags, 0, "fixed header");
    check_refused<v3>("39 03 00 01 't'", decode_errc::invalid_flags, 0, "fixed header");
    check_not_sent<v5>(publish_packet{.dup = true, .topic = "t"}, errc::invalid_flags, "dup");
    check_not_sent<v3>(publish_packet{.dup = true, .topic = "t"}, errc::invalid_flags, "dup");
}

TEST_CASE(
    "fixed header: type 0 never, AUTH on 5.0 alone, the others are told by type [immune-17]") {
    check_refused<v5>("00 00", decode_errc::invalid_packet_type, 0, "fixed header");
    check_refused<v3>("0F 00", decode_errc::invalid_packet_type, 0, "fixed header");
    check_refused<v3>("F0 00", decode_errc::invalid_packet_type, 0, "packet");
    check_both_ways<v5>(auth_packet{}, "F0 00");
    CHECK(to_reason_code(decode_errc::invalid_packet_type) == reason_code::protocol_error);
    // Which types a peer may send depends on its role: the header tells them before the body is
    // there.
    CHECK(read("10 FF FF FF 7F").header.type == packet_type::connect);
    CHECK(read("82 0A").header.type == packet_type::subscribe);
    CHECK(read("C0 00").header.type == packet_type::pingreq);
}

TEST_CASE("fixed header: an announced 256 MiB is told before a byte of it is there [immune-6]") {
    const fixed_header_result result = read("20 FF FF FF 7F");
    CHECK(result.error == decode_errc{});
    CHECK(result.header.remaining_length == max_variable_byte_integer);
    CHECK(result.header.packet_size() == 268'435'460);
    check_refused<v5>("20 FF FF FF 7F 00 00 00", decode_errc::truncated, 8, "packet");
}

TEST_CASE("fixed header: an over-long packet has its error and reason code [immune-27]") {
    // The limit is the framer's, who compares packet_size() with it; the codec names the fault.
    CHECK(read("30 80 80 01").header.packet_size() == 16'388);
    CHECK(to_reason_code(decode_errc::packet_too_large) == reason_code::packet_too_large);
}

TEST_CASE("PINGREQ and PINGRESP are two bytes") {
    check_both_ways<v3>(pingreq_packet{}, "C0 00");  // 3.12
    check_both_ways<v5>(pingreq_packet{}, "C0 00");
    check_both_ways<v3>(pingresp_packet{}, "D0 00");  // 3.13
    check_both_ways<v5>(pingresp_packet{}, "D0 00");
    check_refused<v3>("C0 01 00", decode_errc::trailing_bytes, 2, "packet");
    check_refused<v5>("D0 02 00 00", decode_errc::trailing_bytes, 2, "packet");
    check_refused<v5>("D0 00 D0 00", decode_errc::trailing_bytes, 2, "packet");
}

TEST_CASE("packet types have the names of table 2-1") {
    CHECK(to_string(packet_type::connect) == "CONNECT");
    CHECK(to_string(packet_type::unsuback) == "UNSUBACK");
    CHECK(to_string(packet_type::auth) == "AUTH");
}
