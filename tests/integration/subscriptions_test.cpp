// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/test_client.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;

TEST_CASE("Wildcards match as section 4.7 says") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    const std::vector<std::string> topics = {"a", "/a", "a/", "a/b", "a//c", "a/b/c", "b", "$a/b"};
    const std::vector<std::pair<std::string, std::set<std::string>>> filters = {
        {"#", {"a", "/a", "a/", "a/b", "a//c", "a/b/c", "b"}},  // not $a/b [MQTT-4.7.2-1]
        {"+", {"a", "b"}},
        {"a/#", {"a", "a/", "a/b", "a//c", "a/b/c"}},  // the parent, too (4.7.1.2)
        {"a/+", {"a/", "a/b"}},
        {"+/+", {"/a", "a/", "a/b"}},  // an empty level is a level (4.7.1.3)
        {"/+", {"/a"}},
        {"a/+/c", {"a//c", "a/b/c"}},
        {"+/b", {"a/b"}},  // not $a/b [MQTT-4.7.2-1]
        {"+/b/#", {"a/b", "a/b/c"}},
        {"$a/#", {"$a/b"}},
        {"A", {}},
    };
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    test::test_client publisher{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(client.subscribe("end", qos::at_least_once).error);
    for (const auto& [filter, expected] : filters) {
        CAPTURE(filter);
        client.messages().clear();
        std::vector<std::string> at_end;
        REQUIRE_FALSE(client.subscribe(filter, qos::at_least_once).error);
        for (const std::string& topic : topics) {
            CHECK_FALSE(publisher.publish(topic, "", qos::at_least_once).error);
        }
        REQUIRE_FALSE(publisher.publish("end", "", qos::at_least_once).error);
        REQUIRE(test::run_until(io, [&] {
            return !client.messages().empty() && client.messages().back().topic == "end";
        }));
        std::set<std::string> matched;
        for (const mqtt::message& message : client.messages()) {
            if (message.topic != "end") CHECK(matched.insert(message.topic).second);
        }
        CHECK(matched == expected);
        REQUIRE_FALSE(client.unsubscribe(filter).error);
    }
}

namespace {

struct counted {
    std::vector<std::string> exact, one_level, all;
};

/// Three handlers whose filters overlap, and six messages for all of them, which are in `got` on
/// return.
void receive_by_three_handlers(std::string_view configuration, protocol_version version,
                               std::size_t copies, counted& got) {
    test::mosquitto broker{configuration};
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    const auto into = [](std::vector<std::string>& list) {
        return [&list](const mqtt::message_view& message) { list.emplace_back(message.payload); };
    };
    const mqtt::subscribe_options options{.qos = qos::exactly_once};
    REQUIRE_FALSE(client.subscribe("home/kitchen", options, into(got.exact)).error);
    REQUIRE_FALSE(client.subscribe("home/+", options, into(got.one_level)).error);
    REQUIRE_FALSE(client.subscribe("home/#", options, into(got.all)).error);
    std::size_t number = 0;
    for (const qos level : test::every_qos) {
        for (int i = 0; i < 2; ++i) {
            REQUIRE_FALSE(client.publish("home/kitchen", std::to_string(++number), level).error);
        }
    }
    const auto have = [&](std::size_t count) {
        return got.exact.size() >= count && got.one_level.size() >= count &&
               got.all.size() >= count;
    };
    CHECK(test::run_until(io, [&] { return have(6 * copies); }));
    REQUIRE_FALSE(client.publish("home/kitchen", "last", qos::exactly_once).error);
    CHECK(test::run_until(io, [&] { return have(7 * copies); }));
    CHECK(client.disconnect() == mqtt::error_code{});
}

}  // namespace

TEST_CASE("Handlers of overlapping filters each get a message once in 5.0") {
    // Mosquitto sends a copy for each filter, with its Subscription Identifier (3.3.4).
    const std::vector<std::string> once = {"1", "2", "3", "4", "5", "6", "last"};
    counted got;
    receive_by_three_handlers(test::mosquitto::open_to_all, protocol_version::v5, 1, got);
    CHECK(got.exact == once);
    CHECK(got.one_level == once);
    CHECK(got.all == once);
}

TEST_CASE("Handlers of overlapping filters get each copy that a 3.1.1 broker sends") {
    // [MQTT-3.3.5-1] allows one message or a copy for each filter: which copy is whose, nothing
    // tells.
    SECTION("one") {
        const std::vector<std::string> once = {"1", "2", "3", "4", "5", "6", "last"};
        counted got;
        receive_by_three_handlers(test::mosquitto::open_to_all, protocol_version::v3_1_1, 1, got);
        CHECK(got.exact == once);
        CHECK(got.one_level == once);
        CHECK(got.all == once);
    }
    SECTION("one for each filter") {
        counted got;
        receive_by_three_handlers("allow_anonymous true\nallow_duplicate_messages true\n",
                                  protocol_version::v3_1_1, 3, got);
        for (const auto& list : {got.exact, got.one_level, got.all}) {
            CHECK(list.size() == 21);
            for (const char* payload : {"1", "2", "3", "4", "5", "6", "last"}) {
                CHECK(std::count(list.begin(), list.end(), payload) == 3);
            }
        }
    }
}

TEST_CASE("A handler of several filters gets a message that two of them match") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    std::vector<std::string> got;
    std::optional<mqtt::subscribe_result> subscribed;
    client.client.async_subscribe(
        std::vector<mqtt::subscription>{{.filter = "a/+", .qos = qos::exactly_once},
                                        {.filter = "+/b", .qos = qos::at_least_once},
                                        {.filter = "c", .qos = qos::at_most_once}},
        [&](const mqtt::message_view& message) {
            got.push_back(std::string{message.topic} + "=" + std::string{message.payload});
        },
        [&](mqtt::error_code error, mqtt::subscribe_result result) {
            CHECK_FALSE(error);
            subscribed = std::move(result);
        });
    REQUIRE(test::run_until(io, [&] { return subscribed.has_value(); }));
    CHECK(subscribed->reasons == std::vector{mqtt::reason_code::granted_qos_2,
                                             mqtt::reason_code::granted_qos_1,
                                             mqtt::reason_code::granted_qos_0});
    REQUIRE_FALSE(client.publish("a/b", "1", qos::exactly_once).error);
    REQUIRE_FALSE(client.publish("c", "2", qos::exactly_once).error);
    // In 5.0 Mosquitto sends a copy for each filter, and all filters of one SUBSCRIBE have one
    // identifier.
    std::vector<std::string> expected = {"a/b=1", "c=2"};
    if (version == protocol_version::v5) expected.insert(expected.begin(), "a/b=1");
    REQUIRE(test::run_until(io, [&] { return got.size() >= expected.size(); }));
    CHECK(got == expected);
}

TEST_CASE("The members of a shared subscription get each message once between them") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client first{io, test::options_for(broker.url(), version)};
    test::test_client second{io, test::options_for(broker.url(), version)};
    test::test_client outsider{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(first.subscribe("$share/workers/jobs/#", qos::exactly_once).error);
    REQUIRE_FALSE(second.subscribe("$share/workers/jobs/#", qos::exactly_once).error);
    REQUIRE_FALSE(outsider.subscribe("jobs/#", qos::exactly_once).error);
    std::multiset<std::string> expected;
    for (int i = 0; i < 60; ++i) {
        expected.insert(std::to_string(i));
        REQUIRE_FALSE(outsider
                          .publish("jobs/new", std::to_string(i),
                                   test::every_qos[static_cast<std::size_t>(i % 3)])
                          .error);
    }
    REQUIRE(outsider.receive(60));
    const auto all = [&] { return first.messages().size() + second.messages().size() >= 60; };
    REQUIRE(test::run_until(io, all));
    CHECK_FALSE(first.messages().empty());
    CHECK_FALSE(second.messages().empty());
    std::multiset<std::string> got;
    for (const mqtt::message& message : first.messages())
        got.insert(message.payload);
    for (const mqtt::message& message : second.messages())
        got.insert(message.payload);
    CHECK(got == expected);
    CHECK(outsider.messages().size() == 60);
}

TEST_CASE("The broker's own topics can be subscribed to") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker{"allow_anonymous true\nsys_interval 1\n"};
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(client.subscribe("$SYS/broker/version", qos::at_most_once).error);
    REQUIRE(client.receive(1));
    CHECK(client.messages()[0].topic == "$SYS/broker/version");
    CHECK(client.messages()[0].payload.starts_with("mosquitto version "));
    CHECK(client.messages()[0].retain);
}

TEST_CASE("What a client publishes itself can be left out in 5.0") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), protocol_version::v5)};
    test::test_client other{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(client.subscribe("a", {.qos = qos::exactly_once, .no_local = true}).error);
    REQUIRE_FALSE(client.publish("a", "own", qos::exactly_once).error);
    REQUIRE_FALSE(other.publish("a", "other's", qos::exactly_once).error);
    REQUIRE(client.receive(1));
    CHECK(client.messages()[0].payload == "other's");
    CHECK(client.messages().size() == 1);
}
