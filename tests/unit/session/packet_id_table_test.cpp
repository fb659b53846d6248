// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/packet_id_table.hpp>

#include <map>
#include <random>

#include "support/catch.hpp"

using asio_mqtt::detail::packet_id_table;

TEST_CASE("packet_id_table: behaves like a map, whatever the identifiers are") {
    std::minstd_rand random{1};
    // Close together, and far apart with equal low bits.
    const unsigned step = GENERATE(1U, 8U, 1'024U, 4'099U);
    packet_id_table<int> table;
    std::map<std::uint16_t, int> expected;
    for (int i = 0; i < 20'000; ++i) {
        const auto id = static_cast<std::uint16_t>(random() % 300 * step);
        if (id == 0) continue;
        int* const found = table.find(id);
        REQUIRE((found != nullptr) == (expected.count(id) == 1));
        if (found != nullptr) REQUIRE(*found == expected[id]);
        if (found != nullptr && random() % 2 == 0) {
            table.erase(id);
            expected.erase(id);
        } else if (found == nullptr) {
            REQUIRE(table.insert(id, i) == i);
            expected[id] = i;
        }
        REQUIRE(table.size() == expected.size());
    }
    table.clear();
    CHECK(table.size() == 0);
    for (const auto& [id, value] : expected)
        CHECK(table.find(id) == nullptr);
}

TEST_CASE("packet_id_table: every identifier but zero, then none") {
    packet_id_table<int> table;
    std::vector<bool> given(65'536);
    for (int i = 0; i < 65'535; ++i) {
        const std::uint16_t id = table.unused_id();
        REQUIRE(id != 0);
        REQUIRE_FALSE(given[id]);
        given[id] = true;
        table.insert(id, i);
    }
    CHECK(table.unused_id() == 0);
    CHECK(table.unused_id() == 0);
    table.erase(4'711);
    CHECK(table.unused_id() == 4'711);
    CHECK(table.size() == 65'534);
}

TEST_CASE("packet_id_table: identifiers are not given out again at once") {
    packet_id_table<int> table;
    std::uint16_t before = 0;
    for (int i = 0; i < 65'535; ++i) {
        const std::uint16_t id = table.unused_id();
        REQUIRE(id == before + 1);
        before = id;
        table.insert(id, 0);
        table.erase(id);
    }
    CHECK(table.unused_id() == 1);
}

TEST_CASE("packet_id_table: an empty one knows nothing, and zero is never there") {
    packet_id_table<int> table;
    CHECK(table.find(1) == nullptr);
    CHECK(table.find(0) == nullptr);
    table.insert(8, 1);  // shares its slot with 0
    CHECK(table.find(0) == nullptr);
    CHECK(table.find(16) == nullptr);
}
