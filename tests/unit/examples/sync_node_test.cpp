// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "data_sync/sync_node.hpp"

#include <asio_mqtt/testing/broker.hpp>

#include <asio/io_context.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace data_sync;

namespace {

/// A broker, and what nodes on it need.
struct sync_fixture {
    explicit sync_fixture(mqtt::testing::broker_options options = {})
        : broker{io.get_executor(), std::move(options)} {
        REQUIRE(!broker.listen());
        client.brokers = {broker.url()};
        client.version = GENERATE(mqtt::protocol_version::v3_1_1, mqtt::protocol_version::v5);
        client.minimum_reconnect_delay = std::chrono::milliseconds{1};
    }

    /// Runs what happens until the condition holds; false when it does not in time.
    template <class Condition>
    bool run_until(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (!condition()) {
            if (io.run_one_until(deadline) == 0) return false;
        }
        return true;
    }

    asio::io_context io;
    mqtt::testing::broker broker;
    mqtt::client_options client;
};

struct test_node {
    test_node(sync_fixture& fixture, const std::string& id)
        : node{fixture.io.get_executor(), fixture.client, "home/sync", id, make_events()} {}

    node_events make_events() {
        return {.changed = [this](const std::string&, const record&) { ++changes; },
                .caught_up = [this] { is_caught_up = true; },
                .warning = [this](const std::string& what) { warnings.push_back(what); },
                .stopped =
                    [this](mqtt::error_code why) {
                        is_stopped = true;
                        error = why;
                    }};
    }

    bool has(const std::string& key, const std::string& value) const {
        const std::string* const held = node.map().get(key);
        return held != nullptr && *held == value;
    }

    int changes = 0;
    bool is_caught_up = false;
    bool is_stopped = false;
    mqtt::error_code error{};
    std::vector<std::string> warnings{};
    sync_node node;
};

}  // namespace

TEST_CASE("sync_node: changes reach the other node, and deletions") {
    sync_fixture f;
    test_node kitchen{f, "kitchen"};
    test_node office{f, "office"};
    kitchen.node.start();
    office.node.start();
    CHECK(kitchen.node.set("a/+#% key", std::string{"\0\n\xFF", 3}));
    REQUIRE(f.run_until([&] { return office.has("a/+#% key", std::string{"\0\n\xFF", 3}); }));
    CHECK(office.changes == 1);
    CHECK(office.node.erase("a/+#% key"));
    REQUIRE(f.run_until([&] { return kitchen.node.map().get("a/+#% key") == nullptr; }));
    CHECK(kitchen.node.map().all() == office.node.map().all());
    CHECK(kitchen.warnings.empty());
}

TEST_CASE("sync_node: catching up is complete when it says so") {
    sync_fixture f;
    for (int i = 0; i < 2'000; ++i) {
        f.broker.publish("home/sync/key" + std::to_string(i), "data_sync/1 1 office set\nvalue",
                         mqtt::qos::at_least_once, true);
    }
    test_node kitchen{f, "kitchen"};
    kitchen.node.start();
    REQUIRE(f.run_until([&] { return kitchen.is_caught_up; }));
    CHECK(kitchen.node.map().all().size() == 2'000);
}

TEST_CASE("sync_node: what was changed without a connection is published with the next") {
    sync_fixture f;
    test_node kitchen{f, "kitchen"};
    test_node office{f, "office"};
    office.node.start();
    kitchen.node.set("light", "on");
    kitchen.node.start();
    REQUIRE(f.run_until([&] { return office.has("light", "on"); }));

    kitchen.node.stop();
    REQUIRE(f.run_until([&] { return kitchen.is_stopped; }));
    CHECK(!kitchen.error);
    kitchen.node.set("light", "off");
    office.node.set("door", "open");
    kitchen.node.start();
    REQUIRE(f.run_until([&] { return office.has("light", "off") && kitchen.has("door", "open"); }));
}

TEST_CASE("sync_node: stop() waits until the last change has left") {
    sync_fixture f;
    test_node kitchen{f, "kitchen"};
    kitchen.node.start();
    REQUIRE(f.run_until([&] { return kitchen.is_caught_up; }));
    for (int i = 0; i < 10; ++i)
        kitchen.node.set("count", std::to_string(i));
    kitchen.node.stop();
    REQUIRE(f.run_until([&] { return kitchen.is_stopped; }));

    test_node office{f, "office"};
    office.node.start();
    REQUIRE(f.run_until([&] { return office.is_caught_up; }));
    CHECK(office.has("count", "9"));
}

TEST_CASE("sync_node: a node whose connection was lost gets what it missed") {
    sync_fixture f;
    test_node kitchen{f, "kitchen"};
    kitchen.node.start();
    REQUIRE(f.run_until([&] { return kitchen.is_caught_up; }));
    f.broker.disconnect_all();
    f.broker.publish("home/sync/light", "data_sync/1 1 office set\non", mqtt::qos::at_least_once,
                     true);
    kitchen.node.set("door", "open");
    test_node office{f, "office"};
    office.node.start();
    REQUIRE(f.run_until([&] { return kitchen.has("light", "on") && office.has("door", "open"); }));
}

TEST_CASE("sync_node: a retained message that is not the winner is replaced") {
    sync_fixture f;
    test_node kitchen{f, "kitchen"};
    kitchen.node.set("light", "red");
    kitchen.node.set("light", "green");
    kitchen.node.start();
    REQUIRE(f.run_until([&] { return kitchen.is_caught_up && f.broker.retained_count() == 1; }));

    const std::string wrong =
        GENERATE(as<std::string>{}, "data_sync/1 1 office set\nblue",  // beaten
                 "data_sync/1 1 zoo deleted\n", "data_sync/2 9 office set\nblue", "blue",
                 "");  // MQTT-3.3.1-6: nothing is retained then
    CAPTURE(wrong);
    f.broker.publish("home/sync/light", wrong, mqtt::qos::at_least_once, true);
    // What the node makes of it goes out ahead of this.
    kitchen.node.set("mark", "set");
    REQUIRE(f.run_until([&] { return f.broker.retained_count() == 2; }));
    kitchen.node.stop();
    REQUIRE(f.run_until([&] { return kitchen.is_stopped; }));

    test_node office{f, "office"};
    office.node.start();
    REQUIRE(f.run_until([&] { return office.is_caught_up; }));
    CHECK(office.has("light", "green"));
    const bool is_record = wrong.starts_with("data_sync/1");
    CHECK(kitchen.warnings.size() == (is_record ? 0 : 1));
}

TEST_CASE("sync_node: what is no record is ignored with a warning") {
    sync_fixture f;
    test_node kitchen{f, "kitchen"};
    f.broker.publish("home/sync/light", "on", mqtt::qos::at_least_once, true);
    f.broker.publish("home/sync/%zz", "data_sync/1 1 office set\non", mqtt::qos::at_least_once,
                     true);
    f.broker.publish("home/sync/", "data_sync/1 1 office set\non", mqtt::qos::at_least_once, true);
    kitchen.node.start();
    REQUIRE(f.run_until([&] { return kitchen.is_caught_up; }));
    CHECK(kitchen.node.map().all().size() == 1);
    CHECK(kitchen.has("", "on"));
    REQUIRE(kitchen.warnings.size() == 2);
    CHECK(kitchen.warnings[0].find("home/sync/") != std::string::npos);
}

TEST_CASE("sync_node: a broker that refuses the subscription stops the node") {
    sync_fixture f{{.authorize_subscribe = [](auto, auto) { return false; }}};
    test_node kitchen{f, "kitchen"};
    kitchen.node.start();
    REQUIRE(f.run_until([&] { return kitchen.is_stopped; }));
    CHECK(kitchen.error == mqtt::fault::broker);
    CHECK(!kitchen.is_caught_up);
}

TEST_CASE("sync_node: a node that may not publish its mark cannot know when it has caught up") {
    sync_fixture f{{.authorize_publish = [](auto, auto) { return false; }}};
    if (f.client.version == mqtt::protocol_version::v3_1_1) return;  // knows no refusal (3.4)
    test_node kitchen{f, "kitchen"};
    kitchen.node.start();
    REQUIRE(f.run_until([&] { return kitchen.is_stopped; }));
    CHECK(kitchen.error == mqtt::reason_code::not_authorized);
}

TEST_CASE("sync_node: a wrong password stops the node") {
    sync_fixture f{{.authenticate = [](const mqtt::connect_packet& packet) {
        return packet.password == "secret" ? mqtt::reason_code::success
                                           : mqtt::reason_code::bad_user_name_or_password;
    }}};
    f.client.user_name = "user";
    f.client.password = "wrong";
    test_node kitchen{f, "kitchen"};
    kitchen.node.start();
    kitchen.node.set("light", "on");
    REQUIRE(f.run_until([&] { return kitchen.is_stopped; }));
    CHECK(kitchen.error == mqtt::reason_code::bad_user_name_or_password);
}

TEST_CASE("sync_node: a change that the broker refuses is told") {
    sync_fixture f{{.authorize_publish = [](auto, std::string_view topic) {
        return topic != "home/sync/secret";
    }}};
    if (f.client.version == mqtt::protocol_version::v3_1_1) return;  // knows no refusal (3.4)
    test_node kitchen{f, "kitchen"};
    kitchen.node.start();
    kitchen.node.set("secret", "x");
    REQUIRE(f.run_until([&] { return kitchen.is_caught_up && !kitchen.warnings.empty(); }));
    CHECK(kitchen.warnings.front() == "cannot publish secret: Not authorized");
}
