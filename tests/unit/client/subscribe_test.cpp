// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/detached.hpp>

#include <memory>

using namespace asio_mqtt;
using test::client_fixture;
using test::scripted_fixture;

namespace {

/// Messages in the order in which a handler got them.
struct recorder {
    std::vector<std::string> seen;
    auto handler() {
        return [this](const message_view& m) {
            seen.push_back(std::string{m.topic} + '=' + std::string{m.payload});
        };
    }
};
using lines = std::vector<std::string>;

}  // namespace

TEST_CASE_METHOD(client_fixture, "subscribe: a handler gets the messages of its filter") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    recorder temperature, all;
    test::subscribe_outcome subscribed;
    // Before it runs: messages that come right after CONNACK have their handler [immune-69].
    c.async_subscribe("home/+/temperature", qos::at_least_once, temperature.handler(),
                      subscribed.handler());
    c.async_run(asio::detached);
    settle();
    REQUIRE(subscribed.succeeded());
    CHECK(subscribed.result().reasons == std::vector{reason_code::granted_qos_1});
    broker.publish("home/kitchen/temperature", "21");
    broker.publish("home/kitchen/humidity", "40");
    broker.publish("home/cellar/temperature", "12", qos::exactly_once);
    settle();
    CHECK(temperature.seen == lines{"home/kitchen/temperature=21", "home/cellar/temperature=12"});
}

TEST_CASE_METHOD(client_fixture, "subscribe: without a handler, the messages are received") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    c.async_run(asio::detached);
    recorder handled;
    c.async_subscribe("handled", qos::exactly_once, handled.handler(), asio::detached);
    c.async_subscribe("received", qos::exactly_once, asio::detached);
    test::outcome<message> early, late;
    c.async_receive(early.handler());
    settle();
    broker.publish("handled", "1");
    broker.publish("received", "2");
    broker.publish("received", "3", qos::exactly_once);
    settle();
    CHECK(handled.seen == lines{"handled=1"});
    REQUIRE(early.succeeded());
    CHECK(early.result().payload == "2");
    c.async_receive(late.handler());
    settle();
    REQUIRE(late.succeeded());
    CHECK(late.result().payload == "3");
    CHECK(late.result().qos == qos::exactly_once);
}

TEST_CASE_METHOD(client_fixture, "subscribe: several filters with one handler") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    c.async_run(asio::detached);
    recorder both;
    test::subscribe_outcome subscribed;
    c.async_subscribe(
        {{.filter = "a", .qos = qos::at_most_once}, {.filter = "b", .qos = qos::exactly_once}},
        both.handler(), subscribed.handler());
    settle();
    REQUIRE(subscribed.succeeded());
    CHECK(subscribed.result().reasons ==
          std::vector{reason_code::granted_qos_0, reason_code::granted_qos_2});
    broker.publish("a", "1");
    broker.publish("b", "2");
    broker.publish("c", "3");
    settle();
    CHECK(both.seen == lines{"a=1", "b=2"});
}

TEST_CASE_METHOD(client_fixture, "subscribe: several filters for async_receive()") {
    auto c = make("a");
    c.async_run(asio::detached);
    c.async_subscribe({{.filter = "a"}, {.filter = "b"}}, asio::detached);
    test::outcome<message> first, second;
    c.async_receive(first.handler());
    c.async_receive(second.handler());
    settle();
    broker.publish("b", "1");
    broker.publish("a", "2");
    settle();
    CHECK(first.result().payload == "1");
    CHECK(second.result().payload == "2");
}

TEST_CASE_METHOD(client_fixture, "subscribe: filters that overlap") {
    auto c = make("a");
    c.async_run(asio::detached);
    recorder exact, wild, other;
    c.async_subscribe("t/1", qos::at_least_once, exact.handler(), asio::detached);
    c.async_subscribe("t/#", qos::at_least_once, wild.handler(), asio::detached);
    c.async_subscribe("u/#", qos::at_least_once, other.handler(), asio::detached);
    settle();
    broker.publish("t/1", "x", qos::at_least_once);
    broker.publish("t/2", "y", qos::at_least_once);
    settle();
    CHECK(exact.seen == lines{"t/1=x"});
    CHECK(wild.seen == lines{"t/1=x", "t/2=y"});
    CHECK(other.seen.empty());
}

TEST_CASE_METHOD(client_fixture, "subscribe: a message for a handler and for async_receive()") {
    auto c = make("a");
    c.async_run(asio::detached);
    recorder handled;
    test::outcome<message> received;
    c.async_subscribe("t/#", qos::at_least_once, handled.handler(), asio::detached);
    c.async_subscribe("t/1", qos::at_least_once, asio::detached);
    c.async_receive(received.handler());
    settle();
    broker.publish("t/1", "x", qos::at_least_once);
    settle();
    CHECK(handled.seen == lines{"t/1=x"});
    REQUIRE(received.succeeded());
    CHECK(received.result().payload == "x");
}

TEST_CASE_METHOD(client_fixture, "subscribe: the same filter again replaces its handler") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    c.async_run(asio::detached);
    recorder first, second;
    const auto held = std::make_shared<int>();
    c.async_subscribe(
        "t", qos::at_least_once,
        [held, inner = first.handler()](const message_view& m) { inner(m); }, asio::detached);
    settle();
    broker.publish("t", "1");
    settle();
    test::subscribe_outcome replaced;
    c.async_subscribe("t", qos::at_most_once, second.handler(), replaced.handler());
    settle();
    REQUIRE(replaced.succeeded());
    CHECK(replaced.result().reasons == std::vector{reason_code::granted_qos_0});
    broker.publish("t", "2");
    settle();
    CHECK(first.seen == lines{"t=1"});
    CHECK(second.seen == lines{"t=2"});
    CHECK(held.use_count() == 1);  // the old handler is gone
}

TEST_CASE_METHOD(client_fixture, "subscribe: async_unsubscribe() ends it") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    c.async_run(asio::detached);
    recorder all;
    const auto held = std::make_shared<int>();
    c.async_subscribe(
        "t", qos::at_least_once, [held, inner = all.handler()](const message_view& m) { inner(m); },
        asio::detached);
    settle();
    broker.publish("t", "1");
    settle();
    test::subscribe_outcome unsubscribed, twice;
    c.async_unsubscribe("t", unsubscribed.handler());
    settle();
    CHECK(unsubscribed.succeeded());
    broker.publish("t", "2");
    settle();
    CHECK(all.seen == lines{"t=1"});
    CHECK(held.use_count() == 1);
    c.async_unsubscribe("t", twice.handler());
    settle();
    CHECK(twice.succeeded());
    if (version == protocol_version::v5) {
        CHECK(unsubscribed.result().reasons == std::vector{reason_code::success});
        CHECK(twice.result().reasons == std::vector{reason_code::no_subscription_existed});
    }
}

TEST_CASE("subscribe: the broker refuses a filter") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    client_fixture f{{.authorize_subscribe = [](std::string_view, std::string_view filter) {
        return filter != "secret";
    }}};
    auto c = f.make("a", version);
    c.async_run(asio::detached);
    const reason_code refusal = version == protocol_version::v5 ? reason_code::not_authorized
                                                                : reason_code::unspecified_error;
    recorder secret, open;
    test::subscribe_outcome refused, partly;
    c.async_subscribe("secret", qos::at_least_once, secret.handler(), refused.handler());
    c.async_subscribe({{.filter = "open"}, {.filter = "secret"}}, open.handler(), partly.handler());
    f.settle();
    CHECK(refused.failed_with(refusal));
    CHECK(refused.error == fault::broker);
    CHECK(refused.result().reasons == std::vector{refusal});
    CHECK(partly.failed_with(refusal));
    CHECK(partly.result().reasons == std::vector{reason_code::granted_qos_0, refusal});
    f.broker.publish("open", "1");
    f.settle();
    CHECK(open.seen == lines{"open=1"});
}

TEST_CASE("subscribe: what the broker does not offer is refused at the call") {
    client_fixture f{{.maximum_packet_size = 100,
                      .wildcard_subscription_available = false,
                      .subscription_identifier_available = false,
                      .shared_subscription_available = false}};
    auto c = f.make("a");
    c.async_run(asio::detached);
    f.settle();
    test::subscribe_outcome wildcard, shared, large, fine;
    recorder handled;
    c.async_subscribe("t/+", qos::at_most_once, wildcard.handler());
    c.async_subscribe("$share/g/t", qos::at_most_once, shared.handler());
    c.async_subscribe(std::string(101, 't'), qos::at_most_once, large.handler());
    c.async_subscribe("t", qos::at_most_once, handled.handler(), fine.handler());
    f.settle();
    CHECK(wildcard.failed_with(errc::wildcard_not_supported));
    CHECK(shared.failed_with(errc::shared_subscription_not_supported));
    CHECK(large.failed_with(errc::packet_too_large));
    CHECK(wildcard.error == fault::caller);
    CHECK(shared.error == fault::caller);
    CHECK(large.error == fault::caller);
    CHECK(fine.succeeded());
    f.broker.publish("t", "1");
    f.settle();
    CHECK(handled.seen == lines{"t=1"});  // found without an identifier
}

TEST_CASE_METHOD(client_fixture, "subscribe: options of 5.0 (3.8.3.1)") {
    auto c = make("a");
    c.async_run(asio::detached);
    broker.publish("t", "retained", qos::at_most_once, true);
    recorder all;
    c.async_subscribe("t",
                      {.qos = qos::at_least_once,
                       .no_local = true,
                       .retain_handling = retain_handling::do_not_send},
                      all.handler(), asio::detached);
    settle();
    CHECK(all.seen.empty());
    c.async_publish("t", "own", qos::at_least_once, asio::detached);
    settle();
    CHECK(all.seen.empty());
    broker.publish("t", "other");
    settle();
    CHECK(all.seen == lines{"t=other"});
}

TEST_CASE_METHOD(client_fixture, "subscribe: a message handler may use the client") {
    auto c = make("a");
    c.async_run(asio::detached);
    std::vector<std::string> replies;
    c.async_subscribe(
        "request/#", qos::exactly_once,
        [&](const message_view& m) {
            c.async_publish("reply", std::string{m.payload} + '!', m.qos, asio::detached);
            c.async_unsubscribe("request/once", asio::detached);
        },
        asio::detached);
    c.async_subscribe(
        "reply", qos::exactly_once, [&](const message_view& m) { replies.emplace_back(m.payload); },
        asio::detached);
    settle();
    broker.publish("request/a", "1", qos::exactly_once);
    broker.publish("request/b", "2", qos::at_least_once);
    settle();
    CHECK(replies == lines{"1!", "2!"});
}

TEST_CASE_METHOD(scripted_fixture,
                 "subscribe: messages that come with the CONNACK have their handler [immune-69]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const bool is_v5 = version == protocol_version::v5;
    recorder messages;
    auto c = make(options(version));
    c.async_subscribe("s", qos::at_least_once, messages.handler(), asio::detached);
    c.async_run(asio::detached);
    {
        auto broker = accept();
        broker.receive(is_v5 ? 26 : 15);
        if (is_v5) {
            broker.send(connack_5);
            broker.receive(11);
            broker.send("90 04 00 01 00 01");
        } else {
            // The session of an earlier process: its messages do not wait for the SUBSCRIBE.
            broker.send("20 02 01 00  32 06 00 01 's' 00 05 '1'");
            CHECK(broker.receive(8 + 4) ==
                  test::to_hex(test::hex("40 02 00 05 82 06 00 01 00 01 's' 01")));
            broker.send("90 03 00 01 01");
        }
        settle();
        broker.stream().close();
    }
    auto broker = accept();
    broker.receive(is_v5 ? 26 : 15);
    broker.send(is_v5 ? "20 03 01 00 00  32 07 00 01 's' 00 06 00 '2'"
                      : "20 02 01 00  32 06 00 01 's' 00 06 '2'");
    CHECK(broker.receive(4) == "40 02 00 06");
    CHECK(messages.seen == (is_v5 ? lines{"s=2"} : lines{"s=1", "s=2"}));
}

TEST_CASE(
    "subscribe: a message handler may publish more than the broker lets in flight [immune-71]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    client_fixture f{{.receive_maximum = 1}};
    auto wanted = client_fixture::options("a", version);
    wanted.assumed_receive_maximum = 1;
    wanted.receive_maximum = version == protocol_version::v5 ? 1 : 65'535;
    auto c = f.make(wanted);
    c.async_run(asio::detached);
    int completed = 0;
    int replies = 0;
    c.async_subscribe(
        "request", qos::exactly_once,
        [&](const message_view&) {
            for (const qos level : {qos::exactly_once, qos::at_least_once, qos::at_most_once}) {
                c.async_publish("reply", "", level, [&](error_code error, const publish_result&) {
                    if (!error) ++completed;
                });
            }
        },
        asio::detached);
    c.async_subscribe(
        "reply", qos::exactly_once, [&](const message_view&) { ++replies; }, asio::detached);
    f.settle();
    for (int i = 0; i < 50; ++i)
        f.broker.publish("request", "", static_cast<qos>(i % 3));
    f.settle();
    CHECK(completed == 150);
    CHECK(replies == 150);
}

TEST_CASE_METHOD(scripted_fixture, "subscribe: an answer that is malformed ends it") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const bool is_v5 = version == protocol_version::v5;
    const bool is_lost = GENERATE(false, true);  // the session
    recorder messages;
    test::subscribe_outcome subscribed;
    auto c = make(options(version));
    c.async_subscribe("s", qos::at_least_once, messages.handler(), subscribed.handler());
    c.async_run(asio::detached);
    auto broker = accept(version);
    broker.receive(is_v5 ? 11 : 8);
    SECTION("without any reason code") {
        broker.send(is_v5 ? "90 03 00 01 00" : "90 02 00 01");
    }
    SECTION("with one that there is not (3.9.3)") {
        broker.send(is_v5 ? "90 04 00 01 00 55" : "90 03 00 01 55");
    }
    settle();
    CHECK(subscribed.failed_with(errc::malformed_answer));
    CHECK(subscribed.error == fault::broker);
    broker.stream().close();
    // The answer would be the same: it is not sent again, nor when the session is lost.
    auto next = accept();
    next.receive(is_v5 ? 26 : 15);
    next.send(is_v5 ? (is_lost ? "20 03 00 00 00" : "20 03 01 00 00")
                    : (is_lost ? "20 02 00 00" : "20 02 01 00"));
    c.async_publish("end", "", qos::at_most_once, asio::detached);
    CHECK(next.receive(is_v5 ? 8 : 7) ==
          test::to_hex(test::hex(is_v5 ? "30 06 00 03 'end' 00" : "30 05 00 03 'end'")));
    CHECK(subscribed.calls == 1);
}
