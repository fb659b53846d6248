// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/detached.hpp>

#include <optional>

using namespace asio_mqtt;
using test::client_fixture;
using test::scripted_fixture;

TEST_CASE_METHOD(client_fixture, "will: published when the connection is lost, not on DISCONNECT") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto watcher = make("w", version);
    std::vector<std::string> seen;
    watcher.async_run(asio::detached);
    watcher.async_subscribe(
        "wills/#", qos::exactly_once,
        [&](const message_view& m) {
            seen.push_back(std::string{m.topic} + '=' + std::string{m.payload});
            CHECK(m.qos == qos::exactly_once);
        },
        asio::detached);
    auto wanted = options("a", version);
    wanted.will = will_options{
        .topic = "wills/a", .payload = "gone", .qos = qos::exactly_once, .retain = true};
    std::optional<client> c{make(wanted)};
    c->async_run(asio::detached);
    settle();
    SECTION("async_disconnect()") {
        c->async_disconnect(asio::detached);
        settle();
        CHECK(seen.empty());
        CHECK(broker.retained_count() == 0);
    }
    SECTION("a lost connection") {
        broker.disconnect_all();
        REQUIRE(pass_time_until([&] { return seen.size() == 1; }));
        CHECK(seen[0] == "wills/a=gone");
        CHECK(broker.retained_count() == 1);
    }
    SECTION("a client that is destroyed") {
        c.reset();
        settle();
        CHECK(seen == std::vector<std::string>{"wills/a=gone"});
    }
}

TEST_CASE_METHOD(scripted_fixture,
                 "will: an empty payload is one, and retained only when asked for [immune-24]") {
    const bool is_v5 = GENERATE(false, true);
    auto wanted = options(is_v5 ? protocol_version::v5 : protocol_version::v3_1_1);
    wanted.will = will_options{.topic = "w"};
    auto c = make(wanted);
    c.async_run(asio::detached);
    auto broker = accept();
    // Flags: will, and clean start in 5.0 (3.1.2.3); will topic, empty will payload (3.1.3).
    const char* expected =
        is_v5 ? "10 1E 00 04 'MQTT' 05 06 00 3C 0A 11 00 00 02 58 27 01 00 00 00 00 01 'c'"
                "00 00 01 'w' 00 00"
              : "10 12 00 04 'MQTT' 04 04 00 3C 00 01 'c' 00 01 'w' 00 00";
    CHECK(broker.receive(is_v5 ? 32 : 20) == test::to_hex(test::hex(expected)));
}

TEST_CASE_METHOD(scripted_fixture, "will: in the CONNECT with all its fields (3.1.3.2)") {
    auto wanted = options();
    wanted.will = will_options{.topic = "w",
                               .payload = "bye",
                               .qos = qos::at_least_once,
                               .retain = true,
                               .delay_interval = std::chrono::seconds{5},
                               .payload_format_indicator = payload_format::utf8,
                               .message_expiry_interval = std::chrono::seconds{7},
                               .response_topic = "r",
                               .correlation_data = "d",
                               .content_type = "c",
                               .user_properties = {{"k", "v"}}};
    wanted.user_name = "user";
    wanted.password = "pass";
    auto c = make(wanted);
    c.async_run(asio::detached);
    auto broker = accept();
    const std::string expected = test::to_hex(test::hex(
        // Flags: user name, password, retain, QoS 1, will, clean start.
        "10 4C 00 04 'MQTT' 05 EE 00 3C 0A 11 00 00 02 58 27 01 00 00 00  00 01 'c'"));
    const std::string received = broker.receive(78);
    CHECK(received.substr(0, expected.size()) == expected);
    // The will's properties may come in any order.
    CHECK(received.find("18 00 00 00 05") != std::string::npos);
    CHECK(received.find("01 01") != std::string::npos);
    CHECK(received.find("02 00 00 00 07") != std::string::npos);
    CHECK(received.find("03 00 01 63") != std::string::npos);
    CHECK(received.find("08 00 01 72") != std::string::npos);
    CHECK(received.find("09 00 01 64") != std::string::npos);
    CHECK(received.find("26 00 01 6B 00 01 76") != std::string::npos);
    CHECK(received.ends_with(
        test::to_hex(test::hex("00 01 'w' 00 03 'bye' 00 04 'user' 00 04 'pass'"))));
}
