// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/subscriptions.hpp>

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/catch.hpp"

using namespace asio_mqtt;

namespace {

/// A registry whose handlers are names, and whose requests are numbered as the session does it.
class registry {
public:
    outbound_request_ptr make(const std::vector<topic_subscription>& filters, const char* handler,
                              std::uint32_t identifier = 0) {
        subscribe_packet packet;
        packet.subscriptions = filters;
        errc error{};
        outbound_request_ptr request = outbound_request::make(
            protocol_version::v5, packet, error, std::make_shared<std::string>(handler));
        REQUIRE(request != nullptr);
        request->subscription_identifier = identifier;
        request->number = ++count_;
        return request;
    }
    std::uint64_t subscribe(const std::vector<topic_subscription>& filters, const char* handler,
                            std::uint32_t identifier = 0) {
        all.add(*make(filters, handler, identifier));
        return count_;
    }
    std::uint64_t next_number() { return ++count_; }

    std::string handlers(const char* topic, std::vector<std::uint32_t> identifiers = {}) {
        publish_packet packet;
        packet.topic = topic;
        packet.properties.subscription_identifiers = identifiers;
        const auto* const found = all.handlers_of(packet);
        if (found == nullptr) return "invalid";
        std::string names;
        for (const void* handler : *found)
            names += *static_cast<const std::string*>(handler);
        return names;
    }
    std::string renewed() {
        std::string text;
        asio_mqtt::detail::intrusive_list<outbound_packet> requests;
        REQUIRE(all.renew(false, requests));
        while (!requests.empty()) {
            const outbound_request_ptr request{
                static_cast<outbound_request*>(&requests.pop_front())};
            const auto filters = request->subscriptions();
            REQUIRE(filters.size() == 1);
            if (!text.empty()) text += ' ';
            text += std::string{filters.front().filter} + '@' + std::to_string(request->number) +
                    " QoS " + std::to_string(static_cast<int>(filters.front().qos));
        }
        return text;
    }

    asio_mqtt::detail::subscriptions all;

private:
    std::uint64_t count_ = 0;
};

}  // namespace

TEST_CASE("subscriptions: only what the broker has granted is renewed, and once") {
    registry registry;
    const auto first = registry.subscribe({{.filter = "a"}, {.filter = "b"}}, "x");
    CHECK(registry.renewed() == "");
    registry.all.granted("a", first);
    registry.all.granted("unknown", first);
    CHECK(registry.renewed() == "a@1 QoS 0");
    CHECK(registry.renewed() == "");
    registry.all.granted("a", first);
    registry.all.granted("b", first);
    CHECK(registry.renewed() == "a@1 QoS 0 b@1 QoS 0");
    registry.all.refused("a", first);
    CHECK(registry.handlers("a") == "");
    CHECK(registry.handlers("b") == "x");
}

TEST_CASE("subscriptions: one filter twice in one request is one subscription") {
    registry registry;
    const auto number =
        registry.subscribe({{.filter = "a"}, {.filter = "a", .qos = qos::exactly_once}}, "x", 5);
    registry.all.granted("a", number);
    registry.all.granted("a", number);
    CHECK(registry.renewed() == "a@1 QoS 2");  // the later one replaces
    registry.all.removed("a", registry.next_number());
    CHECK(registry.handlers("a", {5}) == "");
}

TEST_CASE("subscriptions: a chain of requests for one filter") {
    registry registry;
    const auto first = registry.subscribe({{.filter = "a"}}, "1");
    registry.all.granted("a", first);
    const auto second = registry.subscribe({{.filter = "a"}}, "2");
    const auto third = registry.subscribe({{.filter = "a"}}, "3");
    CHECK(registry.handlers("a") == "3");  // without identifiers the last one is in charge
    SECTION("all accepted in turn") {
        registry.all.granted("a", second);
        CHECK(registry.renewed() == "a@2 QoS 0");
        registry.all.granted("a", third);
        CHECK(registry.renewed() == "a@3 QoS 0");
    }
    SECTION("the last one refused") {
        registry.all.granted("a", second);
        registry.all.refused("a", third);
        CHECK(registry.handlers("a") == "2");
        CHECK(registry.renewed() == "a@2 QoS 0");
    }
    SECTION("the middle one refused") {
        registry.all.refused("a", second);
        registry.all.granted("a", third);
        CHECK(registry.renewed() == "a@3 QoS 0");
    }
    SECTION("taken out, while a newer one is on its way") {
        registry.all.removed("a", third);
        CHECK(registry.handlers("a") == "3");
        registry.all.granted("a", third);
        CHECK(registry.renewed() == "a@3 QoS 0");
    }
}

TEST_CASE("subscriptions: a filter and the shared one of the same topics are two") {
    registry registry;
    const auto plain = registry.subscribe({{.filter = "a/+"}}, "p");
    const auto shared = registry.subscribe({{.filter = "$share/g/a/+"}}, "s");
    const auto other = registry.subscribe({{.filter = "$share/h/a/+"}}, "o");
    CHECK(registry.handlers("a/b") == "pso");
    registry.all.refused("$share/g/a/+", shared);
    CHECK(registry.handlers("a/b") == "po");
    registry.all.removed("a/+", registry.next_number());
    CHECK(registry.handlers("a/b") == "o");
    registry.all.refused("$share/h/a/+", other);
    CHECK(registry.handlers("a/b") == "");
    static_cast<void>(plain);
}

TEST_CASE("subscriptions: a group with several filters that match gets a message once") {
    registry registry;
    registry.subscribe({{.filter = "a/b"}, {.filter = "a/+"}, {.filter = "#"}}, "x", 3);
    CHECK(registry.handlers("a/b") == "x");
    CHECK(registry.handlers("a/b", {3}) == "x");
    CHECK(registry.handlers("a/b", {3, 3}) == "x");
    CHECK(registry.handlers("a/b") == "x");
}

TEST_CASE("subscriptions: an identifier is known as long as its group has filters") {
    registry registry;
    const auto number = registry.subscribe({{.filter = "a"}, {.filter = "b"}}, "x", 3);
    registry.subscribe({{.filter = "c"}}, "y", 4);
    registry.all.refused("a", number);
    CHECK(registry.handlers("elsewhere", {3}) == "x");
    registry.all.refused("b", number);
    CHECK(registry.handlers("elsewhere", {3}) == "");
    CHECK(registry.handlers("elsewhere", {4}) == "y");
}

TEST_CASE("subscriptions: what was found for one message is not taken for another's") {
    registry registry;
    const auto first = registry.subscribe({{.filter = "a"}}, "x", 1);
    registry.subscribe({{.filter = "#"}}, "y", 2);
    const auto both = [](const std::string& names) { return names == "xy" || names == "yx"; };
    CHECK(registry.handlers("a", {1}) == "x");
    CHECK(registry.handlers("a", {2}) == "y");
    CHECK(registry.handlers("a", {1}) == "x");
    CHECK(both(registry.handlers("a", {1, 2})));
    CHECK(registry.handlers("a", {1}) == "x");
    CHECK(both(registry.handlers("a")));
    CHECK(registry.handlers("b") == "y");
    SECTION("nor after one more subscription") {
        registry.subscribe({{.filter = "#"}}, "z", 3);
        CHECK(registry.handlers("b") == "z");  // in charge of the filter from now on
    }
    SECTION("nor after one less") {
        CHECK(both(registry.handlers("a")));
        CHECK(registry.handlers("b") == "y");
        registry.all.refused("a", first);
        CHECK(registry.handlers("a") == "y");
    }
}

TEST_CASE("subscriptions: a topic name that is not valid has no handlers") {
    registry registry;
    registry.subscribe({{.filter = "#"}}, "x");
    for (const char* topic : {"", "a/+", "a#", "\xFF"}) {
        CAPTURE(topic);
        CHECK(registry.handlers(topic) == "invalid");
        CHECK(registry.handlers(topic) == "invalid");
    }
}

TEST_CASE("subscriptions: handlers that could not be found for want of memory are found later") {
    std::size_t calls = 0;
    for (bool is_found = false; !is_found; ++calls) {
        registry registry;
        registry.subscribe({{.filter = "a/+"}}, "x");
        registry.subscribe({{.filter = "a/b"}}, "y");
        publish_packet packet;
        packet.topic = "a/b";
        try {
            const test::memory_limit limit{calls};
            registry.all.handlers_of(packet);
            is_found = true;
        } catch (const std::bad_alloc&) {
        }
        const std::string names = registry.handlers("a/b");
        CHECK((names == "xy" || names == "yx"));
    }
    CHECK(calls > 4);
}

TEST_CASE("subscriptions: one for which there is no memory leaves nothing behind") {
    const char* const long_filter = "a/filter/that/is/too/long/to/stand/in/the/string/itself";
    std::size_t calls = 0;
    for (bool is_added = false; !is_added; ++calls) {
        registry registry;
        registry.subscribe({{.filter = "a/+"}}, "x");
        const auto request = registry.make({{.filter = "a/b"}, {.filter = long_filter}}, "y");
        try {
            const test::memory_limit limit{calls};
            registry.all.add(*request);
            is_added = true;
        } catch (const std::bad_alloc&) {
        }
        CHECK(registry.handlers("a/c") == "x");
        CHECK(registry.handlers(long_filter) == (is_added ? "y" : ""));
        if (!is_added) CHECK(registry.handlers("a/b") == "x");
    }
    CHECK(calls > 10);
}
