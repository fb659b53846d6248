// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/detached.hpp>

#include <memory>
#include <utility>

using namespace asio_mqtt;
using test::client_fixture;
using test::scripted_fixture;

TEST_CASE_METHOD(client_fixture, "publish: each QoS, in both versions") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const auto level = GENERATE(qos::at_most_once, qos::at_least_once, qos::exactly_once);
    auto c = make("a", version);
    auto reader = make("b", version);
    reader.async_run(asio::detached);
    test::outcome<message> received;
    reader.async_subscribe("a/b", qos::exactly_once, asio::detached);
    reader.async_receive(received.handler());
    settle();
    c.async_run(asio::detached);
    test::publish_outcome published;
    c.async_publish("a/b", "hello", level, published.handler());
    settle();
    CHECK(published.succeeded());
    CHECK(published.result().reason == reason_code::success);
    REQUIRE(received.succeeded());
    CHECK(received.result().topic == "a/b");
    CHECK(received.result().payload == "hello");
    CHECK(received.result().qos == level);
    CHECK_FALSE(received.result().retain);
    CHECK_FALSE(received.result().dup);
}

TEST_CASE_METHOD(client_fixture, "publish: all properties of 5.0 arrive (3.3.2.3)") {
    auto c = make("a");
    c.async_run(asio::detached);
    c.async_subscribe("t", qos::at_least_once, asio::detached);
    test::outcome<message> received;
    c.async_receive(received.handler());
    publish_options with{.qos = qos::at_least_once,
                         .payload_format_indicator = payload_format::utf8,
                         .message_expiry_interval = std::chrono::seconds{4'294'967'295},
                         .response_topic = "reply/here",
                         .correlation_data = std::string_view{"\0\xFF", 2},
                         .content_type = "text/plain",
                         .user_properties = {{"k", "v"}, {"k", "w"}}};
    c.async_publish("t", "hello", with, asio::detached);
    with = {};  // was taken over by the call
    settle();
    REQUIRE(received.succeeded());
    const message& m = received.result();
    CHECK(m.payload_format_indicator == payload_format::utf8);
    CHECK(m.message_expiry_interval == 4'294'967'295U);
    CHECK(m.response_topic == "reply/here");
    CHECK(m.correlation_data == std::string_view{"\0\xFF", 2});
    CHECK(m.content_type == "text/plain");
    REQUIRE(m.user_properties.size() == 2);
    CHECK(m.user_properties[0].name == "k");
    CHECK(m.user_properties[0].value == "v");
    CHECK(m.user_properties[1].value == "w");
    CHECK(m.subscription_identifiers.size() == 1);
}

TEST_CASE_METHOD(client_fixture, "publish: payloads of every kind") {
    auto c = make("a");
    c.async_run(asio::detached);
    std::vector<std::string> seen;
    c.async_subscribe(
        "t", qos::exactly_once, [&](const message_view& m) { seen.emplace_back(m.payload); },
        asio::detached);
    const std::string zeros(3, '\0');
    const std::string large(1'000'000, 'x');
    const std::vector<std::byte> bytes{std::byte{0xFF}, std::byte{0}};
    const std::string as_text{"\xFF\0", 2};
    for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
        seen.clear();
        c.async_publish("t", "", level, asio::detached);
        c.async_publish("t", zeros, level, asio::detached);
        c.async_publish("t", std::string{large}, level, asio::detached);
        c.async_publish("t", std::make_shared<const std::string>("shared"), level, asio::detached);
        c.async_publish("t", bytes, level, asio::detached);
        c.async_publish("t", std::vector{bytes}, level, asio::detached);
        c.async_publish("t", std::span{bytes}, level, asio::detached);
        {
            std::string gone = "copied";
            c.async_publish("t", gone, level, asio::detached);
            gone = "wrong!";
        }
        settle();
        CHECK(seen == std::vector<std::string>{"", zeros, large, "shared", as_text, as_text,
                                               as_text, "copied"});
    }
}

TEST_CASE_METHOD(client_fixture, "publish: the broker's refusal is the error, with its reason") {
    broker.stop();
    testing::broker strict{io.get_executor(),
                           {.authorize_publish = [](std::string_view, std::string_view topic) {
                               return topic != "secret";
                           }}};
    connector = testing::memory_connector{strict};
    const auto level = GENERATE(qos::at_least_once, qos::exactly_once);
    SECTION("5.0") {
        auto c = make("a");
        c.async_run(asio::detached);
        test::publish_outcome refused, unheard;
        c.async_publish("secret", "", level, refused.handler());
        c.async_publish("open", "", level, unheard.handler());
        settle();
        CHECK(refused.failed_with(reason_code::not_authorized));
        CHECK(refused.error == fault::broker);
        CHECK(refused.result().reason == reason_code::not_authorized);
        CHECK(unheard.succeeded());
        if (level == qos::at_least_once) {
            CHECK(unheard.result().reason == reason_code::no_matching_subscribers);
        }
    }
    SECTION("3.1.1 knows no refusal") {
        auto c = make("a", protocol_version::v3_1_1);
        c.async_run(asio::detached);
        test::publish_outcome published;
        c.async_publish("secret", "", level, published.handler());
        settle();
        CHECK(published.succeeded());
    }
}

TEST_CASE_METHOD(scripted_fixture, "publish: reason string and user properties are handed over") {
    auto c = make();
    c.async_run(asio::detached);
    test::publish_outcome published;
    c.async_publish("t", "", qos::at_least_once, published.handler());
    auto broker = accept_5();
    // PUBACK 0x97 with Reason String "full" and a User Property (3.4.2).
    broker.send("40 12 00 01 97 0E 1F 00 04 'full' 26 00 01 'k' 00 01 'v'");
    settle();
    CHECK(published.failed_with(reason_code::quota_exceeded));
    CHECK(published.result().reason == reason_code::quota_exceeded);
    CHECK(published.result().reason_string == "full");
    REQUIRE(published.result().user_properties.size() == 1);
    CHECK(published.result().user_properties[0].name == "k");
    CHECK(published.result().user_properties[0].value == "v");
}

TEST_CASE_METHOD(client_fixture, "publish: no handler sees what another has done to its result") {
    auto c = make("a");
    const auto level = GENERATE(qos::at_most_once, qos::at_least_once, qos::exactly_once);
    // Or the broker would say that there are no matching subscribers.
    c.async_subscribe("t", qos::at_most_once, asio::detached);
    int empty = 0;
    int kept = 0;
    for (int i = 0; i < 6; ++i) {
        // Half of them keep their result, the others fill it.
        const auto handler = [&, keeps = i % 2 == 0](error_code error, publish_result&& result) {
            REQUIRE_FALSE(error);
            empty += result.reason == reason_code::success && result.reason_string.empty() &&
                     result.user_properties.empty();
            if (keeps) {
                const publish_result mine = std::move(result);
                kept += mine.reason_string.empty();
            } else {
                result.reason = reason_code::no_matching_subscribers;
                result.reason_string = "a reason that is too long to stand in the string itself";
                result.user_properties.push_back({"name", "value"});
            }
        };
        c.async_publish("t", "", level, handler);
    }
    c.async_run(asio::detached);
    settle();
    CHECK(empty == 6);
    CHECK(kept == 3);
}

TEST_CASE_METHOD(scripted_fixture, "publish: when each QoS completes") {
    auto c = make();
    c.async_run(asio::detached);
    test::publish_outcome published[3];
    c.async_publish("t", "", qos::at_most_once, published[0].handler());
    c.async_publish("t", "", qos::at_least_once, published[1].handler());
    c.async_publish("t", "", qos::exactly_once, published[2].handler());
    settle();
    CHECK(published[0].calls == 0);  // there is no connection yet
    auto broker = accept_5();
    CHECK(published[0].succeeded());  // handed to a write
    CHECK(broker.receive(6 + 8 + 8) ==
          test::to_hex(test::hex("30 04 00 01 't' 00  32 06 00 01 't' 00 01 00"
                                 "34 06 00 01 't' 00 02 00")));
    CHECK(published[1].calls == 0);
    broker.send("40 02 00 01");
    settle();
    CHECK(published[1].succeeded());
    broker.send("50 02 00 02");
    settle();
    CHECK(published[2].calls == 0);
    CHECK(broker.receive(4) == "62 02 00 02");
    broker.send("70 02 00 02");
    settle();
    CHECK(published[2].succeeded());
}

TEST_CASE_METHOD(scripted_fixture, "publish: no more in flight than the Receive Maximum (4.9)") {
    auto c = make();
    c.async_run(asio::detached);
    test::publish_outcome published[4];
    for (auto& each : published)
        c.async_publish("t", "", qos::at_least_once, each.handler());
    auto broker = accept_5("20 06 00 00 03 21 00 02");
    CHECK(broker.receive(16) == test::to_hex(test::hex("32 06 00 01 't' 00 01 00"
                                                       "32 06 00 01 't' 00 02 00")));
    broker.send("40 02 00 02");
    CHECK(broker.receive(8).starts_with("32 06 00 01 74 00 03"));
    CHECK(published[0].calls == 0);
    CHECK(published[1].succeeded());
    broker.send("40 02 00 01  40 02 00 03");
    broker.receive(8);
    broker.send("40 02 00 04");
    settle();
    for (auto& each : published)
        CHECK(each.succeeded());
}

TEST_CASE_METHOD(scripted_fixture, "publish: a connection's limits end what waited for it") {
    auto c = make();
    test::plain_outcome ran;
    c.async_run(ran.handler());
    test::publish_outcome too_good, retained, too_large, fine;
    c.async_publish("t", "", qos::exactly_once, too_good.handler());
    c.async_publish("t", "", {.retain = true}, retained.handler());
    c.async_publish("t", std::string(100, 'x'), qos::at_most_once, too_large.handler());
    c.async_publish("t", "", qos::at_least_once, fine.handler());
    // CONNACK with Maximum QoS 1, Retain Available 0, Maximum Packet Size 50 (3.2.2.3).
    auto broker = accept_5("20 0C 00 00 09 24 01 25 00 27 00 00 00 32");
    CHECK(broker.receive(8) == test::to_hex(test::hex("32 06 00 01 't' 00 01 00")));
    CHECK(too_good.failed_with(errc::qos_not_supported));
    CHECK(retained.failed_with(errc::retain_not_supported));
    CHECK(too_large.failed_with(errc::packet_too_large));
    CHECK(too_large.error == fault::caller);
    broker.send("40 02 00 01");
    settle();
    CHECK(fine.succeeded());
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(scripted_fixture,
                 "publish: too large for the broker, it is not tried again [immune-26]") {
    auto c = make();
    c.async_run(asio::detached);
    test::publish_outcome unsent, resent, fine;
    c.async_publish("t", std::string(100, 'x'), qos::at_least_once, unsent.handler());
    {
        // Maximum Packet Size 50 (3.2.2.3.6) for what waited, and 200 later.
        auto broker = accept_5("20 08 00 00 05 27 00 00 00 32");
        CHECK(unsent.failed_with(errc::packet_too_large));
        broker.stream().close();
        settle();
    }
    c.async_publish("t", std::string(100, 'y'), qos::at_least_once, resent.handler());
    {
        auto broker = accept_5("20 08 01 00 05 27 00 00 00 C8");
        CHECK(broker.receive(108).starts_with("32 6A 00 01 74 00 01 00 79"));
        broker.stream().close();
    }
    {
        auto broker = accept_5("20 08 01 00 05 27 00 00 00 32");  // unacknowledged, and 50 again
        CHECK(resent.failed_with(errc::packet_too_large));
        broker.stream().close();
    }
    auto broker = accept_5("20 03 01 00 00");
    c.async_publish("t", "", qos::at_most_once, fine.handler());
    CHECK(broker.receive(6) == test::to_hex(test::hex("30 04 00 01 't' 00")));
    CHECK(fine.succeeded());
    CHECK(unsent.calls + resent.calls == 2);
    CHECK(connector.attempts().size() == 4);
}

TEST_CASE_METHOD(client_fixture, "publish: in the order of the calls, whatever the QoS") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    auto reader = make("b", version);
    reader.async_run(asio::detached);
    std::string seen;
    reader.async_subscribe(
        "#", qos::exactly_once, [&](const message_view& m) { seen += m.payload; }, asio::detached);
    settle();
    std::string sent;
    for (int i = 0; i < 30; ++i) {
        const std::string one(1, static_cast<char>('A' + i));
        sent += one;
        c.async_publish("t", one, static_cast<qos>(i % 3), asio::detached);
        if (i == 15) c.async_run(asio::detached);
    }
    settle();
    CHECK(seen == sent);
}

TEST_CASE_METHOD(client_fixture, "publish: retained messages (3.3.1.3)") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    c.async_run(asio::detached);
    c.async_publish("t", "kept", {.qos = qos::at_least_once, .retain = true}, asio::detached);
    settle();
    CHECK(broker.retained_count() == 1);
    test::outcome<message> received, live;
    c.async_receive(received.handler());
    c.async_receive(live.handler());
    c.async_subscribe("t", qos::at_least_once, asio::detached);
    settle();
    REQUIRE(received.succeeded());
    CHECK(received.result().payload == "kept");
    CHECK(received.result().retain);
    c.async_publish("t", "live", {.retain = true}, asio::detached);
    settle();
    REQUIRE(live.succeeded());
    CHECK_FALSE(live.result().retain);  // to a subscription that was there before
    c.async_publish("t", "", {.retain = true}, asio::detached);
    settle();
    CHECK(broker.retained_count() == 0);
}
