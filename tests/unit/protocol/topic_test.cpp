// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/topic.hpp>

#include <string>

#include "support/catch.hpp"

using namespace asio_mqtt;
using namespace std::string_view_literals;

TEST_CASE("topic names: what may be published to") {
    // 4.7.3 lists these: case, spaces, leading and trailing slashes all count.
    for (const auto topic :
         {"a"sv, "/"sv, "/finance"sv, "finance/"sv, "Accounts payable"sv, "a//b"sv, "$SYS/x"sv,
          "\xEF\xBB\xBF"
          "a"sv}) {
        INFO(topic);
        CHECK(is_valid_topic_name(topic));
    }
    CHECK(is_valid_topic_name(std::string(65'535, 'a')));
}

TEST_CASE("topic names: what may not be published to [immune-21]") {
    CHECK_FALSE(is_valid_topic_name(""));                        // [MQTT-4.7.3-1]
    CHECK_FALSE(is_valid_topic_name("a\0b"sv));                  // [MQTT-4.7.3-2]
    CHECK_FALSE(is_valid_topic_name(std::string(65'536, 'a')));  // [MQTT-4.7.3-3]
    CHECK_FALSE(is_valid_topic_name("a/+/b"));                   // [MQTT-3.3.2-2]
    CHECK_FALSE(is_valid_topic_name("a/#"));
    CHECK_FALSE(is_valid_topic_name("a+b"));
    CHECK_FALSE(is_valid_topic_name("\xED\xA0\x80"));
}

TEST_CASE("topic names: a wildcard is found wherever it stands, and U+0000 [immune-21]") {
    std::size_t wrong = 0;
    for (std::size_t size = 1; size <= 40; ++size) {
        std::string topic(size, 'a');
        for (char& each : topic) {
            for (int byte = 0; byte < 0x80; ++byte) {
                each = static_cast<char>(byte);
                const bool is_valid = byte != 0 && byte != '+' && byte != '#';
                if (is_valid_topic_name(topic) != is_valid) ++wrong;
            }
            each = 'a';
        }
        // Behind what is not ASCII, too.
        for (std::size_t at = 0; at + 3 <= size; ++at) {
            if (!is_valid_topic_name(std::string{topic}.replace(at, 2, "\xC2\xA3"))) ++wrong;
            if (is_valid_topic_name(std::string{topic}.replace(at, 3, "\xC2\xA3#"))) ++wrong;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("topic filters: valid ones of section 4.7.1") {
    for (const auto filter :
         {"sport/tennis/player1/#"sv, "sport/#"sv, "#"sv, "sport/tennis/#"sv, "+"sv, "+/tennis/#"sv,
          "sport/+/player1"sv, "/+"sv, "+/+"sv, "/"sv, "//"sv, "a//#"sv, "$SYS/#"sv,
          "$SYS/monitor/+"sv, "$share"sv, "$shared/+"sv}) {
        INFO(filter);
        CHECK(is_valid_topic_filter(filter));
    }
    CHECK(is_valid_topic_filter(std::string(65'535, 'a')));
}

TEST_CASE("topic filters: invalid ones are refused [immune-25]") {
    for (const auto filter :
         {""sv, "#/"sv, "a#"sv, "#a"sv, "sport/tennis#"sv, "sport/tennis/#/ranking"sv, "##"sv,
          "a+"sv, "+a"sv, "sport+"sv, "a/b+/c"sv, "a/+b/c"sv, "++"sv, "+#"sv, "#+"sv, "a\0"sv,
          "\xC0\xAF"sv}) {
        INFO(filter);
        CHECK_FALSE(is_valid_topic_filter(filter));
    }
    CHECK_FALSE(is_valid_topic_filter(std::string(65'536, 'a')));
}

TEST_CASE("shared subscriptions: name and filter [immune-25]") {
    for (const auto filter : {"$share/consumer1/sport/tennis/+"sv, "$share/consumer2//finance"sv,
                              "$share/g/#"sv, "$share/g/+/a"sv, "$share/g//"sv}) {
        INFO(filter);
        CHECK(is_shared_filter(filter));
        CHECK(is_valid_topic_filter(filter));
    }
    for (const auto filter : {"$share/"sv, "$share//"sv, "$share//x"sv, "$share/g"sv, "$share/g/"sv,
                              "$share/g+/x"sv, "$share/#/x"sv, "$share/g/a#"sv, "$share/+"sv}) {
        INFO(filter);
        CHECK_FALSE(is_valid_topic_filter(filter));  // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
    }
    CHECK(split_shared_filter("$share/g/a/b").name == "g");
    CHECK(split_shared_filter("$share/g/a/b").filter == "a/b");
    CHECK(split_shared_filter("$share/g//a").filter == "/a");
    CHECK(split_shared_filter("a/b").name.empty());
    CHECK(split_shared_filter("a/b").filter == "a/b");
}

TEST_CASE("matching: the examples of section 4.7") {
    struct example {
        std::string_view filter, topic;
        bool matches;
    };
    const example examples[] = {
        // 4.7.1.2
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/#", "sport", true},
        {"sport/#", "sports", false},
        {"#", "sport", true},
        {"#", "/", true},
        // 4.7.1.3
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player2", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+", "/finance", false},
        {"+/tennis/#", "sport/tennis", true},
        {"+/tennis/#", "sport/tennis/x/y", true},
        {"+/+/#", "a", false},
        {"+/+/#", "a/b", true},
        {"a/+/#", "a", false},
        {"a/+/c", "a/b/c", true},
        {"a/+/c", "a/b/d", false},
        {"a/+/c", "a/b", false},
        {"a//b", "a//b", true},
        {"a/+/b", "a//b", true},
        // 4.7.2
        {"#", "$SYS/x", false},
        {"+/monitor/Clients", "$SYS/monitor/Clients", false},
        {"$SYS/#", "$SYS/monitor/Clients", true},
        {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
        {"#", "a/$SYS", true},
        // 4.7.3
        {"ACCOUNTS", "Accounts", false},
        {"Accounts payable", "Accounts payable", true},
        {"/finance", "finance", false},
        {"finance", "finance/", false},
        {"\xC3\xA9", "e\xCC\x81", false},  // [MQTT-4.7.3-4]: no normalisation
        // 4.8.2
        {"$share/g/a/#", "a/b", true},
        {"$share/g/a/#", "$share/g/a/b", false},
        {"$share/g/#", "$SYS/x", false},
        {"$share/g//finance", "/finance", true},
    };
    for (const example& e : examples) {
        INFO(e.filter << " with " << e.topic);
        CHECK(topic_matches(e.filter, e.topic) == e.matches);
    }
}
