// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "data_sync/record.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace data_sync;
using namespace std::string_literals;

TEST_CASE("record: the higher version wins, on a tie the higher node id") {
    CHECK(record{.version = 2, .node = "a"} > record{.version = 1, .node = "b"});
    CHECK(record{.version = 10, .node = "a"} > record{.version = 9, .node = "a"});
    CHECK(record{.version = 1, .node = "b"} > record{.version = 1, .node = "a"});
    CHECK(record{.version = 1, .node = "a"} > record{.version = 1, .node = "Z"});
    CHECK(record{.version = 1, .node = "ab"} > record{.version = 1, .node = "a"});
    // Neither state nor value has a say against the version or the node.
    CHECK(record{.version = 2, .node = "a", .deleted = false, .value = "a"} >
          record{.version = 1, .node = "a", .deleted = true});
    CHECK(record{.version = 1, .node = "b", .value = "a"} >
          record{.version = 1, .node = "a", .value = "z"});
    // Two nodes of one id still agree.
    CHECK(record{.version = 1, .node = "a", .deleted = true} >
          record{.version = 1, .node = "a", .deleted = false, .value = "z"});
    CHECK(record{.version = 1, .node = "a", .value = "\xFF"} >
          record{.version = 1, .node = "a", .value = "a"});
}

TEST_CASE("record: the payload is a line and the value") {
    CHECK(to_payload({.version = 7, .node = "kitchen", .value = "21.5"}) ==
          "data_sync/1 7 kitchen set\n21.5");
    CHECK(to_payload({.version = 8, .node = "kitchen", .deleted = true}) ==
          "data_sync/1 8 kitchen deleted\n");

    CHECK(parse_payload("data_sync/1 7 kitchen set\n21.5") ==
          record{.version = 7, .node = "kitchen", .value = "21.5"});
    CHECK(parse_payload("data_sync/1 8 kitchen deleted\n") ==
          record{.version = 8, .node = "kitchen", .deleted = true});
    CHECK(parse_payload("data_sync/1 1 a set\n") == record{.version = 1, .node = "a"});
    CHECK(parse_payload("data_sync/1 1 a set\n\n\0 b\xFF\n"s) ==
          record{.version = 1, .node = "a", .value = "\n\0 b\xFF\n"s});
    CHECK(parse_payload("data_sync/1 9007199254740991 a set\n") ==
          record{.version = maximum_version, .node = "a"});
}

TEST_CASE("record: a payload of another form is none") {
    const auto payload =
        GENERATE(as<std::string>{}, "", "\n", "21.5", "data_sync/1", "data_sync/1 7 kitchen set",
                 "data_sync/2 7 kitchen set\n21.5", "data_sync/1 7 kitchen set \n21.5",
                 "data_sync/1  7 kitchen set\n21.5", " data_sync/1 7 kitchen set\n21.5",
                 "data_sync/1 7 kitchen set more\n21.5", "data_sync/1 7 kitchen\n21.5",
                 "data_sync/1 7 kitchen Set\n21.5", "data_sync/1 7 kitchen deleted\n21.5",
                 "data_sync/1 7 kitchen \n21.5", "data_sync/1 0 kitchen set\n21.5",
                 "data_sync/1 -1 kitchen set\n21.5", "data_sync/1 +1 kitchen set\n21.5",
                 "data_sync/1 1.0 kitchen set\n21.5", "data_sync/1 0x1 kitchen set\n21.5",
                 "data_sync/1  kitchen set\n21.5", "data_sync/1 9007199254740992 kitchen set\n21.5",
                 "data_sync/1 99999999999999999999999 kitchen set\n21.5",
                 "data_sync/1 7  set\n21.5", "data_sync/1 7 k/tchen set\n21.5",
                 "data_sync/1 7 k\xC3\xBC set\n21.5", "data_sync/1 7 kitchen set\r\n21.5");
    CAPTURE(payload);
    CHECK(!parse_payload(payload));
}

TEST_CASE("record: every payload cut short within its line is none") {
    const std::string payload = "data_sync/1 7 kitchen set\n";
    for (std::size_t size = 0; size < payload.size(); ++size) {
        CHECK(!parse_payload(payload.substr(0, size)));
    }
}

TEST_CASE("record: random bytes are no record and harm nothing") {
    std::minstd_rand random{1};
    for (int i = 0; i < 20'000; ++i) {
        // Half of them are a good payload with a few bytes changed.
        std::string payload = "data_sync/1 7 kitchen set\n21.5";
        if (i % 2 == 0) payload.resize(random() % 60);
        for (std::size_t n = random() % 4; n > 0 && !payload.empty(); --n) {
            payload[random() % payload.size()] = static_cast<char>(random() % 256);
        }
        const auto parsed = parse_payload(payload);
        if (!parsed) continue;
        CHECK(is_node_id(parsed->node));
        CHECK(parsed->version >= 1);
        CHECK(parsed->version <= maximum_version);
    }
}

TEST_CASE("record: node ids") {
    CHECK(is_node_id("a"));
    CHECK(is_node_id("Kitchen-2_b.example"));
    CHECK(is_node_id(std::string(64, 'a')));
    for (const std::string& wrong :
         {""s, std::string(65, 'a'), "a b"s, "a/b"s, "a\n"s, "\0"s, "+"s, "#"s, "\xC3\xBC"s}) {
        CAPTURE(wrong);
        CHECK_FALSE(is_node_id(wrong));
    }
}

TEST_CASE("record: keys become one level of a topic") {
    CHECK(encode_key("temperature") == "temperature");
    CHECK(encode_key("A-Za-z0-9._~") == "A-Za-z0-9._~");
    CHECK(encode_key("") == "");
    CHECK(encode_key("a/b") == "a%2Fb");
    CHECK(encode_key("+") == "%2B");
    CHECK(encode_key("#") == "%23");
    CHECK(encode_key("%") == "%25");
    CHECK(encode_key("$SYS") == "%24SYS");
    CHECK(encode_key("\0"s) == "%00");
    CHECK(encode_key("a b") == "a%20b");
    CHECK(encode_key("\xC3\xBC") == "%C3%BC");  // ü
    CHECK(encode_key("\xFF") == "%FF");         // not UTF-8
    CHECK(encode_key("!'()*") == "%21%27%28%29%2A");

    CHECK(decode_key("a%2Fb") == "a/b");
    CHECK(decode_key("%00") == "\0"s);
    CHECK(decode_key("") == "");
}

TEST_CASE("record: every key survives the way to the topic and back") {
    std::minstd_rand random{2};
    std::vector<std::string> keys{""};
    for (int byte = 0; byte < 256; ++byte)
        keys.emplace_back(1, static_cast<char>(byte));
    for (int i = 0; i < 2'000; ++i) {
        std::string& key = keys.emplace_back(random() % 40, '\0');
        for (char& c : key)
            c = static_cast<char>(random() % 256);
    }
    for (const std::string& key : keys) {
        const std::string level = encode_key(key);
        CHECK(level.find_first_of("+#/\0"s) == std::string::npos);
        CHECK(
            std::all_of(level.begin(), level.end(), [](char c) { return c > ' ' && c < '\x7F'; }));
        CHECK(decode_key(level) == key);
    }
}

TEST_CASE("record: a level that no key is encoded to is none") {
    const auto level = GENERATE(as<std::string>{}, "%", "%2", "a%", "a%2", "%2f", "%61", "%GG",
                                "%+2", "% 2", "%-1", "a b", "a/b", "+", "#", "\xC3\xBC", "%%", "!");
    CAPTURE(level);
    CHECK(!decode_key(level));
}
