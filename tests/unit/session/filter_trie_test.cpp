// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/session/filter_trie.hpp>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace asio_mqtt;

namespace {

/// A trie under whose filters stand their own texts.
class texts {
public:
    void add(const std::string& filter) {
        if (entries_.count(filter) != 0) return;
        auto added = std::make_unique<text>();
        added->value = filter;
        trie_.add(filter, *added);
        CHECK(trie_.find(filter) == added.get());
        entries_[filter] = std::move(added);
    }
    void remove(const std::string& filter) {
        const auto found = entries_.find(filter);
        if (found == entries_.end()) return;
        trie_.remove(*found->second);
        CHECK(trie_.find(filter) == nullptr);
        entries_.erase(found);
    }
    std::multiset<std::string> matches(std::string_view topic) {
        std::multiset<std::string> found;
        for (filter_trie::entry* first : trie_.match(topic)) {
            for (; first != nullptr; first = first->next())
                found.insert(static_cast<text*>(first)->value);
        }
        return found;
    }

private:
    using filter_trie = asio_mqtt::detail::filter_trie;
    struct text : filter_trie::entry {
        std::string value;
    };

    filter_trie trie_;
    std::map<std::string, std::unique_ptr<text>> entries_;
};

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
        texts trie;
        std::set<std::string> filters;
        for (int i = 0; i < 60; ++i) {
            const std::string filter = generate(random, true);
            if (!is_valid_topic_filter(filter)) continue;
            if (random() % 3 == 0) {
                trie.remove(filter);
                filters.erase(filter);
            } else {
                trie.add(filter);
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
            if (trie.matches(topic) != expected) {
                INFO(topic);
                CHECK(trie.matches(topic) == expected);
            }
        }
        // Nothing is left when all are gone.
        for (const std::string& filter : filters)
            trie.remove(filter);
        CHECK(trie.matches("a/b").empty());
        CHECK(trie.matches("$SYS/a").empty());
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
        texts trie;
        trie.add(each.filter);
        for (const std::string& topic : all) {
            INFO(topic);
            CHECK(trie.matches(topic).size() == each.topics.count(topic));
        }
    }
    texts trie;
    trie.add("#");
    CHECK(trie.matches("a/b").size() == 1);
    CHECK(trie.matches("$SYS/a").empty());
    CHECK(trie.matches("").empty());
}

TEST_CASE("filter_trie: erasing what is not there, and what others lean on") {
    texts trie;
    trie.remove("a/b");
    trie.add("a/b");
    trie.add("a");
    trie.add("a/b/c");
    trie.remove("a/x");
    trie.remove("a/b/c/d");
    trie.remove("a/b");
    trie.remove("a/b");
    CHECK(trie.matches("a").size() == 1);
    CHECK(trie.matches("a/b").empty());
    CHECK(trie.matches("a/b/c").size() == 1);
    trie.remove("a/b/c");
    CHECK(trie.matches("a").size() == 1);
    CHECK(trie.matches("a/b/c").empty());
}

TEST_CASE("filter_trie: as many levels as a filter can have") {
    std::string filter = "+";
    while (filter.size() + 2 <= 65'535)
        filter += "/+";
    const std::string topic(32'767, '/');
    const bool is_erased = GENERATE(true, false);
    texts trie;
    trie.add(filter);
    trie.add("#");
    CHECK(trie.matches(topic) == std::multiset<std::string>{"#", filter});
    if (is_erased) trie.remove(filter);
    CHECK(trie.matches(topic).size() == (is_erased ? 1 : 2));
}

TEST_CASE("filter_trie: under one filter stand as many as one likes, in their order") {
    using asio_mqtt::detail::filter_trie;
    filter_trie trie;
    filter_trie::entry first, second, third, other;
    trie.add("a/+", first);
    trie.add("a/+", second);
    trie.add("a/+", third);
    trie.add("a", other);
    CHECK(trie.find("a/+") == &first);
    CHECK(first.next() == &second);
    CHECK(second.next() == &third);
    CHECK(third.next() == nullptr);
    trie.remove(second);
    CHECK(first.next() == &third);
    trie.remove(first);
    CHECK(trie.find("a/+") == &third);
    trie.remove(third);
    CHECK(trie.find("a/+") == nullptr);
    CHECK(trie.find("a") == &other);
    CHECK(trie.find("a/b") == nullptr);
}

TEST_CASE("filter_trie: thousands of filters on one level, and none of them left behind") {
    texts trie;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 5'000; ++i)
            trie.add("a/" + std::to_string(i) + "/b");
        CHECK(trie.matches("a/4711/b").size() == 1);
        CHECK(trie.matches("a/5000/b").empty());
        for (int i = 0; i < 5'000; ++i)
            trie.remove("a/" + std::to_string(i) + "/b");
        CHECK(trie.matches("a/4711/b").empty());
    }
}
