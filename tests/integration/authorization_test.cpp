// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/test_client.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;
using mqtt::reason_code;

namespace {

// User kitchen, password "let me in": PBKDF2 with HMAC-SHA-512, 101 rounds, the salt 01 02 ... 0C.
constexpr std::string_view salt = "AQIDBAUGBwgJCgsM";
constexpr std::string_view hash =
    "OjRBEzgmnUPQHNXydfydh8mlK3h1Cr9Wa/8RdC3r1byrBYPkLgiqXoQlWWs3o0w1OUSeFn+Zg+TGcqIXlxk36g==";

std::string password_file() {
    return "kitchen:$7$101$" + std::string{salt} + "$" + std::string{hash} + "\n";
}

constexpr std::string_view closed_configuration =
    "allow_anonymous false\n"
    "password_file passwords\n";

}  // namespace

TEST_CASE("The right user name and password are let in") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker{closed_configuration, {{"passwords", password_file()}}};
    asio::io_context io;
    auto options = test::options_for(broker.url(), version);
    options.user_name = "kitchen";
    options.password = "let me in";
    test::test_client client{io, options};
    CHECK_FALSE(client.publish("a", "", qos::exactly_once).error);
    CHECK(client.disconnect() == mqtt::error_code{});
}

TEST_CASE("A wrong or missing password ends async_run and all that waits") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker{closed_configuration, {{"passwords", password_file()}}};
    asio::io_context io;
    auto options = test::options_for(broker.url(), version);
    SECTION("wrong password") {
        options.user_name = "kitchen";
        options.password = "let me out";
    }
    SECTION("unknown user") {
        options.user_name = "cellar";
        options.password = "let me in";
    }
    SECTION("no password") {
        options.user_name = "kitchen";
    }
    SECTION("neither") {}
    test::test_client client{io, options};
    // Mosquitto 2.0 answers with 0x87 (3.2.2.2), and with return code 5 in 3.1.1 (3.2.2.3).
    const mqtt::error_code refusal = reason_code::not_authorized;
    CHECK(client.publish("a", "", qos::at_least_once).error == refusal);
    CHECK(client.run_end() == refusal);
    CHECK(refusal == mqtt::fault::broker);
    // It did not try again: the one connection more is the wait for the broker to be there.
    CHECK(broker.count_in_log("New connection from") == 2);
}

TEST_CASE("A publish that the access list forbids is refused in 5.0, and lost in 3.1.1") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    const bool is_v5 = version == protocol_version::v5;
    test::mosquitto broker{"allow_anonymous true\nacl_file access\n",
                           {{"access", "topic readwrite open/#\ntopic read closed/#\n"}}};
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(client.subscribe("#", qos::exactly_once).error);

    for (const qos level : {qos::at_least_once, qos::exactly_once}) {
        CAPTURE(level);
        const auto [error, result] = client.publish("closed/a", "no", level);
        if (is_v5) {
            CHECK(error == mqtt::error_code{reason_code::not_authorized});
            CHECK(error == mqtt::fault::broker);
            CHECK(result.reason == reason_code::not_authorized);
        } else {
            CHECK_FALSE(error);  // 3.1.1 cannot say so [MQTT-3.3.5-2]
        }
    }
    // The identifiers are free again, the connection goes on.
    for (const qos level : test::every_qos) {
        CHECK_FALSE(client.publish("open/a", "yes", level).error);
    }
    REQUIRE(client.receive(3));
    for (const mqtt::message& message : client.messages())
        CHECK(message.payload == "yes");
    CHECK(client.disconnect() == mqtt::error_code{});
}

namespace {

/// Mosquitto's access files do not check subscriptions; this plug-in of it does.
std::optional<std::filesystem::path> find_dynamic_security() {
    for (const auto& folder : {"/usr/lib", "/usr/lib64", "/usr/local/lib"}) {
        std::error_code error;
        if (!std::filesystem::exists(folder, error)) continue;
        for (const auto& entry : std::filesystem::directory_iterator{folder, error}) {
            for (const auto& place : {std::filesystem::path{folder}, entry.path()}) {
                const auto plug_in = place / "mosquitto_dynamic_security.so";
                if (std::filesystem::exists(plug_in, error)) return plug_in;
            }
        }
    }
    return std::nullopt;
}

/// Anybody may do all but subscribe to closed/#; kitchen may also administrate.
std::string dynamic_security_file() {
    return R"({
        "defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true,
                             "subscribe": true, "unsubscribe": true},
        "roles": [{"rolename": "guest", "acls": [
            {"acltype": "subscribePattern", "topic": "closed/#", "allow": false}]},
                  {"rolename": "admin", "acls": [
            {"acltype": "publishClientSend", "topic": "$CONTROL/#", "allow": true}]}],
        "groups": [{"groupname": "guests", "roles": [{"rolename": "guest"}]}],
        "anonymousGroup": "guests",
        "clients": [{"username": "kitchen", "password": ")" +
           std::string{hash} + R"(", "salt": ")" + std::string{salt} +
           R"(", "iterations": 101, "roles": [{"rolename": "admin"}, {"rolename": "guest"}]}]
    })";
}

}  // namespace

TEST_CASE("A subscription that the access list forbids is refused") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    const auto plug_in = find_dynamic_security();
    if (!plug_in) {
        WARN("left out: this Mosquitto has no plug-in mosquitto_dynamic_security.so");
        return;
    }
    test::mosquitto broker{"allow_anonymous true\nplugin " + plug_in->string() +
                               "\nplugin_opt_config_file rights.json\n",
                           {{"rights.json", dynamic_security_file()}}};
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), version)};
    // 0x87 in 5.0; 3.1.1 has 0x80 for every failure (3.9.3).
    const reason_code refusal = version == protocol_version::v5 ? reason_code::not_authorized
                                                                : reason_code::unspecified_error;
    const auto [error, result] = client.subscribe("closed/a", qos::at_least_once);
    CHECK(error == mqtt::error_code{refusal});
    CHECK(error == mqtt::fault::broker);
    CHECK(result.reasons == std::vector{refusal});
    CHECK_FALSE(client.subscribe("open/a", qos::at_least_once).error);

    // One refusal among several filters: each has its own reason code.
    std::optional<test::outcome<mqtt::subscribe_result>> several;
    client.client.async_subscribe(
        std::vector<mqtt::subscription>{{.filter = "open/b", .qos = qos::exactly_once},
                                        {.filter = "closed/b", .qos = qos::exactly_once}},
        [&](const mqtt::message_view& message) {
            client.messages().push_back(to_message(message));
        },
        [&](mqtt::error_code failure, mqtt::subscribe_result subscribed) {
            several = {failure, std::move(subscribed)};
        });
    REQUIRE(test::run_until(io, [&] { return several.has_value(); }));
    CHECK(several->error == mqtt::error_code{refusal});
    CHECK(several->result.reasons == std::vector{reason_code::granted_qos_2, refusal});

    for (const char* topic : {"closed/a", "closed/b", "open/a", "open/b"}) {
        CHECK_FALSE(client.publish(topic, topic, qos::at_least_once).error);
    }
    REQUIRE(client.receive(2));
    CHECK(client.messages()[0].payload == "open/a");
    CHECK(client.messages()[1].payload == "open/b");
    CHECK(client.messages().size() == 2);
}

TEST_CASE("A broker that disconnects a client has it back with its session") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    const auto plug_in = find_dynamic_security();
    if (!plug_in) {
        WARN("left out: this Mosquitto has no plug-in mosquitto_dynamic_security.so");
        return;
    }
    test::mosquitto broker{"allow_anonymous true\nplugin " + plug_in->string() +
                               "\nplugin_opt_config_file rights.json\n",
                           {{"rights.json", dynamic_security_file()}}};
    asio::io_context io;
    auto options = test::options_for(broker.url(), version, "oven");
    options.user_name = "kitchen";
    options.password = "let me in";
    test::test_client client{io, options};
    REQUIRE_FALSE(client.subscribe("a", qos::exactly_once).error);
    // The plug-in disconnects whom it has changed.
    REQUIRE_FALSE(client
                      .publish("$CONTROL/dynamic-security/v1",
                               R"({"commands": [{"command": "modifyClient", "username": "kitchen",)"
                               R"( "textname": "Kitchen"}]})",
                               qos::at_most_once)
                      .error);
    const auto connections = [&] { return broker.count_in_log("as oven"); };
    std::size_t sent = 0;
    while (connections() < 2 && sent < 1000) {
        REQUIRE_FALSE(client.publish("a", std::to_string(sent++), qos::exactly_once).error);
    }
    CHECK(connections() == 2);
    REQUIRE_FALSE(client.publish("a", std::to_string(sent++), qos::exactly_once).error);
    REQUIRE(client.receive(sent));
    for (std::size_t i = 0; i < sent; ++i)
        CHECK(client.messages()[i].payload == std::to_string(i));
    // Subscribed once: the session was kept.
    CHECK(broker.count_in_log("Received SUBSCRIBE") == 1);
}
