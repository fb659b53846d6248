// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/deadline_heap.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <deque>
#include <random>
#include <set>

using namespace asio_mqtt;
using detail::deadline_heap;
using detail::deadline_node;
using std::chrono::seconds;

TEST_CASE("deadline_heap: the earliest comes first, whatever is added and removed") {
    std::mt19937 random{1};
    std::deque<deadline_node> nodes(200);
    std::multiset<time_point> model;
    std::set<deadline_node*> inside;
    deadline_heap heap;
    for (int step = 0; step < 20'000; ++step) {
        deadline_node& node = nodes[random() % nodes.size()];
        if (inside.erase(&node) != 0) {
            model.erase(model.find(node.due));
            heap.remove(node);
        } else {
            node.due = time_point{seconds{random() % 50}};
            model.insert(node.due);
            inside.insert(&node);
            heap.insert(node);
        }
        REQUIRE(heap.empty() == model.empty());
        REQUIRE(heap.due() == (model.empty() ? never : *model.begin()));
        if (!heap.empty()) REQUIRE(inside.count(&heap.front()) == 1);
    }
}

TEST_CASE("deadline_heap: what stands in none may be removed") {
    deadline_heap heap;
    deadline_node in, out;
    in.due = out.due = time_point{seconds{1}};
    heap.remove(out);
    heap.insert(in);
    heap.remove(out);
    CHECK(&heap.front() == &in);
    heap.remove(in);
    heap.remove(in);
    CHECK(heap.due() == never);
}
