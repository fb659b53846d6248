// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/variable_byte_integer.hpp>

#include "unit/protocol/check_codec.hpp"
#include "unit/protocol/places.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

variable_byte_integer read(std::string_view text) {
    const exact_bytes block{hex(text)};
    return read_variable_byte_integer(block.span().data(),
                                      block.span().data() + block.span().size());
}

}  // namespace

TEST_CASE("variable byte integer: the boundaries of table 1-1, both ways") {
    struct row {
        std::uint32_t value;
        const char* bytes;
    };
    const row table[] = {
        // 1.5.5, table 1-1, and 321 of the examples of 3.1.1 section 2.2.3
        {0, "00"},
        {1, "01"},
        {127, "7F"},
        {128, "80 01"},
        {321, "C1 02"},
        {16'383, "FF 7F"},
        {16'384, "80 80 01"},
        {2'097'151, "FF FF 7F"},
        {2'097'152, "80 80 80 01"},
        {268'435'455, "FF FF FF 7F"},
    };
    for (const auto& [value, bytes] : table) {
        INFO(value);
        const auto expected = hex(bytes);
        std::byte out[4];
        const std::byte* end = write_variable_byte_integer(value, out);
        CHECK(to_hex({out, static_cast<std::size_t>(end - out)}) == to_hex(expected));
        CHECK(variable_byte_integer_size(value) == expected.size());

        const variable_byte_integer result = read(bytes);
        CHECK_FALSE(result.malformed);
        CHECK(result.value == value);
        CHECK(result.size == expected.size());
    }
}

TEST_CASE("variable byte integer: incomplete is not malformed") {
    for (const auto bytes : {"", "80", "FF", "80 80", "FF FF", "80 80 80", "FF FF FF"}) {
        INFO(bytes);
        CHECK(read(bytes).size == 0);
        CHECK_FALSE(read(bytes).malformed);
    }
}

TEST_CASE("variable byte integer: a fifth byte is never looked at [immune-3]") {
    for (const auto bytes :
         {"80 80 80 80", "FF FF FF FF", "80 80 80 80 01", "FF FF FF FF 7F", "80 80 80 80 80 01"}) {
        INFO(bytes);
        CHECK(read(bytes).malformed);
        CHECK(read(bytes).size == 0);
    }
    check_refused<v5>("D0 80 80 80 80 01", decode_errc::malformed_length, 1, "remaining length");
    check_refused<v3>("30 FF FF FF FF", decode_errc::malformed_length, 1, "remaining length");
    CHECK(to_reason_code(decode_errc::malformed_length) == reason_code::malformed_packet);
}

TEST_CASE("variable byte integer: longer than needed is malformed, wherever it stands [immune-4]") {
    // [MQTT-1.5.5-1]
    for (const auto bytes : {"80 00", "81 00", "FF 00", "80 80 00", "FF FF 00", "80 80 80 00"}) {
        INFO(bytes);
        CHECK(read(bytes).malformed);
    }
    check_refused<v5>("D0 80 00", decode_errc::malformed_length, 1, "remaining length");
    check_refused<v3>("D0 80 00", decode_errc::malformed_length, 1, "remaining length");
    // Property length of a CONNACK, and a subscription identifier in a PUBLISH.
    check_refused<v5>("20 04 00 00 80 00", decode_errc::malformed_length, 4, "property length");
    check_refused<v5>("30 07 00 01 't' 03 0B 81 00", decode_errc::malformed_length, 7,
                      "subscription_identifier");
    check_refused<v5>("30 0A 00 01 't' 06 0B 80 80 80 80 01", decode_errc::malformed_length, 7,
                      "subscription_identifier");
    check_refused<v5>("82 0C 00 01 03 0B 80 00 00 03 'a/b' 00", decode_errc::malformed_length, 6,
                      "subscription_identifier");
    // The property length of every packet: here 0 and 1 in two bytes, and one of five bytes.
    for (const property_place& place : property_places) {
        INFO(place.name);
        for (const std::string length : {"80 00", "81 00", "80 80 80 80 00"}) {
            std::vector<std::byte> body = hex(place.before);
            append(body, hex(length + "00"));
            append(body, hex(place.after));
            std::vector<std::byte> bytes = hex(place.first_byte);
            append(bytes, with_length(body));
            check_refused<v5>(bytes, decode_errc::malformed_length, block_offset(place) - 1,
                              "property length");
        }
    }
}
