// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/protocol/packets.hpp>

#include <ranges>

#include "support/catch.hpp"
#include "support/hex.hpp"

using namespace asio_mqtt;
using namespace test;

static_assert(std::ranges::input_range<list_view<topic_subscription>>);

namespace {

template <class T>
std::vector<T> collect(const list_view<T>& list) {
    std::vector<T> all;
    for (const T& element : list)
        all.push_back(element);
    return all;
}

}  // namespace

TEST_CASE("a list views elements in memory") {
    const std::vector<std::string_view> filters{"a", "", "c"};
    const list_view<std::string_view> list = filters;
    CHECK(list.size() == 3);
    CHECK_FALSE(list.empty());
    CHECK(list.front() == "a");
    CHECK(collect(list) == filters);
    CHECK(collect(list) == filters);  // as often as one likes
    CHECK(list.begin()->size() == 1);
    const std::string_view one[] = {"x"};
    CHECK(collect(list_view<std::string_view>{std::span<const std::string_view>{one}}).size() == 1);
}

TEST_CASE("a list views elements in their wire form") {
    const auto bytes = hex("00 01 'a' 00 00 00 02 'bc'");
    const auto list = list_view<std::string_view>::from_wire(bytes, 3);
    CHECK(list.size() == 3);
    CHECK(collect(list) == std::vector<std::string_view>{"a", "", "bc"});
    auto at = list.begin();
    CHECK(*at++ == "a");
    CHECK(*++at == "bc");
    CHECK(++at == list.end());
}

TEST_CASE("a list of properties picks its own out of the block") {
    // 2.2.2: user properties and subscription identifiers among properties of each kind
    const auto block =
        hex("01 01 26 00 01 'k' 00 01 'v' 0B 05 02 00 00 00 01 23 00 01 09 00 01 26"
            "0B 80 01 26 00 00 00 00 03 00 02 0B 0B");
    const auto user = user_property_list::from_wire(block, 2);
    CHECK(collect(user) == std::vector<user_property_view>{{"k", "v"}, {"", ""}});
    const auto identifiers = subscription_identifier_list::from_wire(block, 2);
    CHECK(collect(identifiers) == std::vector<std::uint32_t>{5, 128});
}

TEST_CASE("an empty list has no elements") {
    const list_view<reason_code> list;
    CHECK(list.empty());
    CHECK(collect(list).empty());
    CHECK(list_view<std::string_view>::from_wire(hex("00 01 'a'"), 0).begin() ==
          list_view<std::string_view>{}.end());
}
