// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/known_topics.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/catch.hpp"

using asio_mqtt::detail::known_topics;

namespace {

/// What stands under a topic is the topic's own address here.
void keep(known_topics& known, const std::string& topic, std::uint32_t identifier = 0) {
    known_topics::handlers found;
    found.push_back(const_cast<char*>(topic.data()));
    known.keep({topic, identifier}, found);
}

bool is_known(known_topics& known, const std::string& topic, std::uint32_t identifier = 0) {
    const known_topics::handlers* const found = known.find({topic, identifier});
    if (found == nullptr) return false;
    CHECK(known.last(topic, identifier) == found);
    REQUIRE(found->size() == 1);
    CHECK((*found)[0] == topic.data());
    return true;
}

std::vector<std::string> numbered(std::size_t count) {
    std::vector<std::string> topics;
    for (std::size_t i = 0; i < count; ++i)
        topics.push_back("site/machine" + std::to_string(i));
    return topics;
}

/// More than there is room for.
std::vector<std::string> fill(known_topics& known) {
    auto topics = numbered(20'000);
    for (const std::string& topic : topics)
        keep(known, topic);
    return topics;
}

std::size_t count_known(known_topics& known, const std::vector<std::string>& topics) {
    return static_cast<std::size_t>(
        std::count_if(topics.begin(), topics.end(),
                      [&](const std::string& topic) { return is_known(known, topic); }));
}

/// A topic of 16 bytes that begins with these eight, and has the same hash as another one.
std::string with_the_hash_of(const std::string& other, const std::string& begin) {
    const auto word = [](const std::string& text, std::size_t at) {
        return asio_mqtt::detail::load_word<std::uint64_t>(text.data() + at);
    };
    const auto append = [](std::string text, std::uint64_t bytes) {
        char eight[8];
        std::memcpy(eight, &bytes, 8);
        return text.append(eight, 8);
    };
    // After its first word: the size of a text has a part in that.
    const auto half = [&](const std::string& text) {
        return asio_mqtt::detail::hash_of(append("", word(text, 0) ^ 16 ^ 8), 0);
    };
    return append(begin, word(other, 8) ^ half(other) ^ half(begin));
}

}  // namespace

TEST_CASE("known topics: a topic with its Subscription Identifier, until subscriptions change") {
    known_topics known;
    const std::string topic = "a/b";
    const std::string other = "a/c";
    CHECK(known.last(topic, 0) == nullptr);
    CHECK_FALSE(is_known(known, topic));
    keep(known, topic, 1);
    CHECK(known.last(topic, 1) != nullptr);
    keep(known, other);
    CHECK(is_known(known, topic, 1));
    CHECK_FALSE(is_known(known, topic));
    CHECK_FALSE(is_known(known, topic, 2));
    CHECK_FALSE(is_known(known, other, 1));
    CHECK(is_known(known, other));
    CHECK(known.last(topic, 1) == nullptr);
    known.forget();
    CHECK(known.last(other, 0) == nullptr);
    CHECK_FALSE(is_known(known, topic, 1));
    CHECK_FALSE(is_known(known, other));
    keep(known, other);
    CHECK(is_known(known, other));
    CHECK(known.find({"", 0}) == nullptr);
}

TEST_CASE("known topics: two with the same hash are two") {
    known_topics known;
    const std::string topic = "a/topic/of/16/by";
    const std::string other = with_the_hash_of(topic, "another/");
    REQUIRE(known_topics::key{topic, 0}.hash == known_topics::key{other, 0}.hash);
    keep(known, topic);
    CHECK_FALSE(is_known(known, other));
    keep(known, other);
    CHECK(is_known(known, other));
    CHECK(is_known(known, topic));
}

TEST_CASE("known topics: topics are numbered like their Subscription Identifiers") {
    std::vector<std::uint64_t> hashes;
    for (std::uint32_t i = 1; i < 1'000; ++i)
        hashes.push_back(known_topics::key{std::to_string(i) + "/state", i}.hash);
    std::sort(hashes.begin(), hashes.end());
    CHECK(std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end());
}

TEST_CASE("known topics: a thousand that come again and again are known in the end") {
    known_topics known;
    const auto topics = numbered(1'000);
    std::size_t unknown = 0;
    for (int round = 0; round < 12; ++round) {
        unknown = 0;
        for (const std::string& topic : topics) {
            if (is_known(known, topic)) continue;
            keep(known, topic);
            ++unknown;
        }
    }
    CHECK(unknown < 50);  // those whose neighbours are all taken
}

TEST_CASE("known topics: however many come, no more are kept than there is room for") {
    known_topics known;
    const auto topics = numbered(20'000);
    for (const std::string& topic : topics) {
        keep(known, topic);
        CHECK(is_known(known, topic));
    }
    const std::size_t kept = count_known(known, topics);
    CHECK(kept > 1'500);
    CHECK(kept <= 2'048 + 3);  // the last place has its neighbours, too
}

TEST_CASE("known topics: what would take much memory is not kept, and takes nobody's place") {
    known_topics known;
    const auto topics = fill(known);
    const std::size_t kept = count_known(known, topics);
    known_topics::handlers many;
    many.resize(9);
    std::fill(many.begin(), many.end(), nullptr);
    for (std::size_t i = 0; i < 1'000; ++i) {
        keep(known, std::string(129, 'a') + std::to_string(i));
        known.keep({"many" + std::to_string(i), 0}, many);
    }
    CHECK(count_known(known, topics) == kept);

    keep(known, std::string(128, 'a'));
    CHECK(known.find({std::string(128, 'a'), 0}) != nullptr);
    many.resize(8);
    known.keep({"many", 0}, many);
    CHECK(known.find({"many", 0}) != nullptr);
}

TEST_CASE("known topics: for want of memory they are not kept, and none is mistaken") {
    const auto topics = numbered(300);
    for (std::size_t calls = 0; calls < 40; ++calls) {
        known_topics known;
        const std::string* before = &topics[0];
        for (const std::string& topic : topics) {
            {
                known_topics::handlers found;
                found.push_back(const_cast<char*>(topic.data()));
                const test::memory_limit limit{calls};
                known.keep({topic, 0}, found);
            }
            const known_topics::handlers* const last = known.last(*before, 0);
            if (last != nullptr) CHECK((*last)[0] == before->data());
            before = &topic;
        }
        const std::size_t kept = count_known(known, topics);  // checks what is found
        if (calls == 0) CHECK(kept == 0);
        keep(known, topics[0]);
        CHECK(is_known(known, topics[0]));
    }
}

TEST_CASE("known topics: one whose place could not be taken for want of memory is not mistaken") {
    known_topics known;
    const auto topics = fill(known);
    const std::size_t kept = count_known(known, topics);
    known_topics::handlers found;
    found.push_back(nullptr);
    for (std::size_t i = 0; i < 1'000; ++i) {
        const std::string longer(100 + i % 28, static_cast<char>('a' + i % 26));
        const test::memory_limit limit{0};
        known.keep({longer, 0}, found);
    }
    CHECK(count_known(known, topics) < kept);
}
