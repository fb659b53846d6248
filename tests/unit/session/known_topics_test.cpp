// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/known_topics.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "support/catch.hpp"

using asio_mqtt::detail::known_topics;

namespace {

/// What stands under a topic is the topic's own address here.
void add(known_topics& known, const std::string& topic, std::uint32_t identifier = 0,
         std::size_t table_size = 8) {
    known_topics::entry& made = known.make(topic, identifier, table_size);
    made.found.push_back(const_cast<char*>(topic.data()));
    known.keep(made, topic);
}

bool is_known(known_topics& known, const std::string& topic, std::uint32_t identifier = 0) {
    const known_topics::entry* const found = known.find(topic, identifier);
    if (found == nullptr) return false;
    CHECK(known.last(topic, identifier) == found);
    REQUIRE(found->found.size() == 1);
    CHECK(found->found[0] == topic.data());
    return true;
}

std::vector<std::string> numbered(std::size_t count) {
    std::vector<std::string> topics;
    for (std::size_t i = 0; i < count; ++i)
        topics.push_back("site/machine" + std::to_string(i));
    return topics;
}

}  // namespace

TEST_CASE("known topics: a topic with its Subscription Identifier, until subscriptions change") {
    known_topics known;
    const std::string topic = "a/b";
    const std::string other = "a/c";
    CHECK(known.last(topic, 0) == nullptr);
    CHECK_FALSE(is_known(known, topic));
    add(known, topic, 1);
    add(known, other);
    CHECK(is_known(known, topic, 1));
    CHECK_FALSE(is_known(known, topic));
    CHECK_FALSE(is_known(known, topic, 2));
    CHECK_FALSE(is_known(known, other, 1));
    CHECK(is_known(known, other));
    known.forget();
    CHECK(known.last(other, 0) == nullptr);
    CHECK_FALSE(is_known(known, topic, 1));
    CHECK_FALSE(is_known(known, other));
    add(known, other);
    CHECK(is_known(known, other));
}

TEST_CASE("known topics: what was made and not kept is not known") {
    known_topics known;
    const std::string topic = "a/b";
    add(known, topic);
    known.forget();
    known.make(topic, 0, 8);
    CHECK(known.last(topic, 0) == nullptr);
    CHECK(known.find(topic, 0) == nullptr);
}

TEST_CASE("known topics: as many as fill half of the table are all known in the end") {
    known_topics known;
    const auto topics = numbered(1'000);
    std::size_t unknown = 0;
    for (int round = 0; round < 4; ++round) {
        unknown = 0;
        for (const std::string& topic : topics) {
            if (is_known(known, topic)) continue;
            add(known, topic, 0, 2'048);
            ++unknown;
        }
    }
    CHECK(unknown < 50);  // those whose neighbours are all taken
}

TEST_CASE("known topics: however many come, no more are kept than there is room for") {
    known_topics known;
    const auto topics = numbered(10'000);
    for (const std::string& topic : topics) {
        add(known, topic);
        CHECK(is_known(known, topic));
    }
    const auto kept = std::count_if(topics.begin(), topics.end(), [&](const std::string& topic) {
        return is_known(known, topic);
    });
    CHECK(kept >= 8);
    CHECK(kept <= 11);  // the last place has its neighbours, too
}

TEST_CASE("known topics: long ones are not kept") {
    known_topics known;
    const std::string longest(256, 'a');
    const std::string longer(257, 'a');
    add(known, longest);
    add(known, longer);
    CHECK(is_known(known, longest));
    CHECK_FALSE(is_known(known, longer));
}
