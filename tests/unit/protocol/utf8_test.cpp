// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/utf8.hpp>

#include <string>

#include "support/catch.hpp"

using asio_mqtt::is_valid_utf8;

namespace {

bool valid(std::string_view text) {
    return is_valid_utf8(text);
}

// The shortest form of a code point, straight from the table of the Unicode standard (3-6).
std::string encode(char32_t point) {
    const auto byte = [](char32_t value) { return static_cast<char>(value); };
    if (point < 0x80) return {byte(point)};
    if (point < 0x800) return {byte(0xC0 | point >> 6), byte(0x80 | (point & 0x3F))};
    if (point < 0x10000) {
        return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 0x3F)),
                byte(0x80 | (point & 0x3F))};
    }
    return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 0x3F)),
            byte(0x80 | (point >> 6 & 0x3F)), byte(0x80 | (point & 0x3F))};
}

}  // namespace

TEST_CASE("UTF-8: exactly the Unicode scalar values but U+0000 are valid [immune-20]") {
    // [MQTT-1.5.4-1] [MQTT-1.5.4-2]
    std::size_t wrong = 0;
    for (char32_t point = 0; point < 0x110000; ++point) {
        const bool expected = point != 0 && !(point >= 0xD800 && point <= 0xDFFF);
        if (valid(encode(point)) != expected) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("UTF-8: ordinary text is valid") {
    CHECK(valid(""));
    CHECK(valid("home/kitchen"));
    CHECK(valid("A\xF0\xAA\x9B\x94"));  // figure 1.1 of section 1.5.4: A, U+2A6D4
    CHECK(
        valid("\xEF\xBB\xBF"
              "a"));                       // [MQTT-1.5.4-3]: U+FEFF is a character like others
    CHECK(valid("\xEF\xBF\xBF"));          // U+FFFF: a non-character, which need not be refused
    CHECK(valid("\x01\x1F\x7F\xC2\x80"));  // control characters likewise
}

TEST_CASE("UTF-8: ill-formed sequences are refused [immune-20]") {
    using namespace std::string_view_literals;
    CHECK_FALSE(valid("a\0b"sv));
    CHECK_FALSE(valid("\0"sv));
    CHECK_FALSE(valid("\xC0\x80"));          // U+0000 in two bytes
    CHECK_FALSE(valid("\xC1\xBF"));          // over-long
    CHECK_FALSE(valid("\xE0\x9F\xBF"));      // over-long
    CHECK_FALSE(valid("\xF0\x8F\xBF\xBF"));  // over-long
    CHECK_FALSE(valid("\xED\xA0\x80"));      // surrogate D800
    CHECK_FALSE(valid("\xED\xBF\xBF"));      // surrogate DFFF
    CHECK_FALSE(valid("\xF4\x90\x80\x80"));  // U+110000
    CHECK_FALSE(valid("\xF5\x80\x80\x80"));
    CHECK_FALSE(valid("\xFE"));
    CHECK_FALSE(valid("\xFF"));
    CHECK_FALSE(valid("\x80"));  // a continuation without a start
    CHECK_FALSE(valid("ok\xBF"));
}

TEST_CASE("UTF-8: a character that is cut off or broken by another is refused") {
    for (const std::string whole : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
        REQUIRE(valid(whole));
        for (std::size_t size = 1; size < whole.size(); ++size) {
            CHECK_FALSE(valid(whole.substr(0, size)));
            CHECK_FALSE(valid(whole.substr(0, size) + "a"));
            CHECK_FALSE(valid(whole.substr(0, size) + whole));
        }
        CHECK_FALSE(valid(whole + whole.substr(1)));
    }
}

TEST_CASE("UTF-8: what is wrong is found wherever it stands in a text of any length") {
    std::size_t wrong = 0;
    for (std::size_t size = 1; size <= 40; ++size) {
        std::string text(size, 'a');
        if (!valid(text)) ++wrong;
        for (char& each : text) {
            for (const char bad : {'\0', '\x80', '\xFF'}) {
                each = bad;
                if (valid(text)) ++wrong;
            }
            each = '\x7F';
            if (!valid(text)) ++wrong;
            each = 'a';
        }
        for (std::size_t at = 0; at + 2 <= size; ++at) {
            if (!valid(std::string{text}.replace(at, 2, "\xC2\x80"))) ++wrong;
        }
    }
    CHECK(wrong == 0);
}
