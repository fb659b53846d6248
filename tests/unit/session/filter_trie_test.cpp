// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/session/filter_trie.hpp>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace asio_mqtt;
using filter_trie = asio_mqtt::detail::filter_trie<std::string>;

namespace {

std::multiset<std::string> matches(filter_trie& trie, std::string_view topic) {
    std::multiset<std::string> found;
    trie.for_each_match(topic, [&found](const std::string& value) { found.insert(value); });
    return found;
}

/// A topic name or filter of few levels from few words, so that many match.
std::string generate(std::minstd_rand& random, bool is_filter) {
    const std::vector<std::string> words{"", "a", "b", "ab", "$", "$SYS"};
    std::string text;
    const unsigned levels = 1 + random() % 4;
    for (unsigned level = 0; level < levels; ++level) {
        if (level > 0) text += '/';
        if (is_filter && random() % 4 == 0) {
            text += '+';
        } else if (is_filter && level + 1 == levels && random() % 3 == 0) {
            text += '#';
        } else {
            text += words[random() % words.size()];
        }
    }
    return text;
}

}  // namespace

TEST_CASE("filter_trie: finds exactly the filters that match [immune-72]") {
    std::minstd_rand random{11};
    for (int round = 0; round < 50; ++round) {
        filter_trie trie;
        std::set<std::string> filters;
        for (int i = 0; i < 60; ++i) {
            const std::string filter = generate(random, true);
            if (!is_valid_topic_filter(filter)) continue;
            if (random() % 3 == 0) {
                trie.erase(filter);
                filters.erase(filter);
            } else {
                trie[filter] = filter;
                filters.insert(filter);
            }
        }
        for (int i = 0; i < 200; ++i) {
            const std::string topic = generate(random, false);
            if (!is_valid_topic_name(topic)) continue;
            std::multiset<std::string> expected;
            for (const std::string& filter : filters) {
                if (topic_matches(filter, topic)) expected.insert(filter);
            }
            if (matches(trie, topic) != expected) {
                INFO(topic);
                CHECK(matches(trie, topic) == expected);
            }
        }
        // Nothing is left when all are gone.
        for (const std::string& filter : filters)
            trie.erase(filter);
        CHECK(matches(trie, "a/b").empty());
        CHECK(matches(trie, "$SYS/a").empty());
    }
}

TEST_CASE("filter_trie: the examples of section 4.7") {
    struct row {
        const char* filter;
        std::set<std::string> topics;
    };
    const std::vector<std::string> all{"sport/tennis/player1",
                                       "sport/tennis/player1/ranking",
                                       "sport/tennis/player1/score/wimbledon",
                                       "sport",
                                       "sport/",
                                       "sport/tennis/player2",
                                       "/finance",
                                       "$SYS/monitor/Clients"};
    const row rows[] = {
        {"sport/tennis/player1/#",
         {"sport/tennis/player1", "sport/tennis/player1/ranking",
          "sport/tennis/player1/score/wimbledon"}},
        {"sport/#",
         {"sport", "sport/", "sport/tennis/player1", "sport/tennis/player1/ranking",
          "sport/tennis/player1/score/wimbledon", "sport/tennis/player2"}},
        {"sport/tennis/+", {"sport/tennis/player1", "sport/tennis/player2"}},
        {"sport/+", {"sport/"}},
        {"+/+", {"/finance", "sport/"}},
        {"/+", {"/finance"}},
        {"+", {"sport"}},
        {"+/monitor/Clients", {}},
        {"$SYS/#", {"$SYS/monitor/Clients"}},
        {"$SYS/monitor/+", {"$SYS/monitor/Clients"}},
    };
    for (const row& each : rows) {
        INFO(each.filter);
        filter_trie trie;
        trie[each.filter] = "x";
        for (const std::string& topic : all) {
            INFO(topic);
            CHECK(matches(trie, topic).size() == each.topics.count(topic));
        }
    }
    filter_trie trie;
    trie["#"] = "x";
    CHECK(matches(trie, "a/b").size() == 1);
    CHECK(matches(trie, "$SYS/a").empty());
    CHECK(matches(trie, "").empty());
}

TEST_CASE("filter_trie: erasing what is not there, and what others lean on") {
    filter_trie trie;
    trie.erase("a/b");
    trie["a/b"] = "a/b";
    trie["a"] = "a";
    trie["a/b/c"] = "a/b/c";
    trie.erase("a/x");
    trie.erase("a/b/c/d");
    trie.erase("a/b");
    trie.erase("a/b");
    CHECK(matches(trie, "a").size() == 1);
    CHECK(matches(trie, "a/b").empty());
    CHECK(matches(trie, "a/b/c").size() == 1);
    trie.erase("a/b/c");
    CHECK(matches(trie, "a").size() == 1);
    CHECK(matches(trie, "a/b/c").empty());
}

TEST_CASE("filter_trie: as many levels as a filter can have") {
    std::string filter = "+";
    while (filter.size() + 2 <= 65'535)
        filter += "/+";
    const std::string topic(32'767, '/');
    const bool is_erased = GENERATE(true, false);
    filter_trie trie;
    trie[filter] = "deep";
    trie["#"] = "all";
    CHECK(matches(trie, topic) == std::multiset<std::string>{"all", "deep"});
    if (is_erased) trie.erase(filter);
    CHECK(matches(trie, topic).size() == (is_erased ? 1 : 2));
}
