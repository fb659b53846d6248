// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/intrusive_list.hpp>
#include <asio_mqtt/session/ring_buffer.hpp>

#include <deque>
#include <random>
#include <string>

#include "support/catch.hpp"

using namespace asio_mqtt::detail;

namespace {

struct element : list_node {
    explicit element(char letter) : name{letter} {}
    char name;
};

std::string take_all(intrusive_list<element>& list) {
    std::string names;
    while (!list.empty())
        names += list.pop_front().name;
    return names;
}

}  // namespace

TEST_CASE("ring_buffer: first in, first out, across every wrap and growth") {
    std::minstd_rand random{7};
    ring_buffer<int> ring;
    std::deque<int> expected;
    for (int i = 0; i < 50'000; ++i) {
        // Long stretches of filling and of emptying.
        if (random() % 100 < (i / 500 % 2 == 0 ? 60U : 40U)) {
            ring.push_back(i);
            expected.push_back(i);
        } else if (!expected.empty()) {
            ring.pop_front();
            expected.pop_front();
        }
        REQUIRE(ring.size() == expected.size());
        REQUIRE(ring.empty() == expected.empty());
        if (expected.empty()) continue;
        REQUIRE(ring.front() == expected.front());
        const std::size_t index = random() % expected.size();
        REQUIRE(ring[index] == expected[index]);
    }
    ring.clear();
    CHECK(ring.empty());
    ring.push_back(-1);
    CHECK(ring.front() == -1);
}

TEST_CASE("intrusive_list: in order, and out from anywhere") {
    element a{'a'}, b{'b'}, c{'c'}, d{'d'};
    intrusive_list<element> list;
    CHECK(list.empty());
    for (element* each : {&a, &b, &c, &d})
        list.push_back(*each);
    CHECK(b.is_linked());
    b.unlink();
    CHECK_FALSE(b.is_linked());
    b.unlink();  // harmless
    a.unlink();
    list.push_back(a);
    d.unlink();
    CHECK(&list.front() == &c);
    CHECK(take_all(list) == "ca");
    CHECK(list.empty());
    CHECK_FALSE(a.is_linked());
}

TEST_CASE("intrusive_list: appending and prepending a whole list") {
    element a{'a'}, b{'b'}, c{'c'}, d{'d'};
    intrusive_list<element> list;
    intrusive_list<element> other;
    list.append(other);
    list.prepend(other);
    CHECK(list.empty());
    other.push_back(c);
    other.push_back(d);
    list.append(other);
    CHECK(other.empty());
    other.push_back(a);
    other.push_back(b);
    list.prepend(other);
    CHECK(other.empty());
    SECTION("") {
        CHECK(take_all(list) == "abcd");
    }
    SECTION("and what was moved leaves as before") {
        b.unlink();
        c.unlink();
        other.push_back(b);
        CHECK(take_all(list) == "ad");
        CHECK(take_all(other) == "b");
    }
}
