// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/strand.hpp>

#include <functional>
#include <optional>
#include <vector>

using namespace asio_mqtt;
using asio::cancellation_type;
using test::scripted_fixture;

namespace {

const error_code aborted = asio::error::operation_aborted;

/// A running client with one operation of each kind that nobody cancels.
struct bystanders_fixture : scripted_fixture {
    client c = make();
    test::plain_outcome ran, disconnected;
    test::publish_outcome published;
    test::subscribe_outcome subscribed, unsubscribed;
    test::outcome<message> received;

    /// Identifiers 1, 2 and 3 in this order.
    void start_bystanders() {
        c.async_run(ran.handler());
        c.async_subscribe("s", qos::at_most_once, subscribed.handler());
        c.async_unsubscribe("u", unsubscribed.handler());
        c.async_publish("p", "", qos::at_least_once, published.handler());
        c.async_receive(received.handler());
    }

    int bystander_calls() const {
        return ran.calls + disconnected.calls + published.calls + subscribed.calls +
               unsubscribed.calls + received.calls;
    }

    /// The broker answers all of them, and sends a message.
    void finish_bystanders(peer& broker) {
        broker.send("90 04 00 01 00 00  B0 04 00 02 00 00  40 02 00 03  30 04 00 01 's' 00");
        settle();
        CHECK(subscribed.succeeded());
        CHECK(unsubscribed.succeeded());
        CHECK(published.succeeded());
        CHECK(received.succeeded());
        CHECK(ran.calls == 0);
    }
};

}  // namespace

TEST_CASE_METHOD(bystanders_fixture, "cancellation: a request that was not sent, by every type") {
    const auto type =
        GENERATE(cancellation_type::total, cancellation_type::partial, cancellation_type::terminal);
    asio::cancellation_signal publishing, subscribing, unsubscribing;
    test::publish_outcome publish;
    test::subscribe_outcome subscribe, unsubscribe;
    c.async_publish("t", "", qos::exactly_once,
                    asio::bind_cancellation_slot(publishing.slot(), publish.handler()));
    c.async_subscribe("t", qos::exactly_once,
                      asio::bind_cancellation_slot(subscribing.slot(), subscribe.handler()));
    c.async_unsubscribe("t",
                        asio::bind_cancellation_slot(unsubscribing.slot(), unsubscribe.handler()));
    start_bystanders();
    SECTION("on its way to the client") {}
    SECTION("waiting for a connection") {
        settle();
    }
    publishing.emit(type);
    subscribing.emit(type);
    unsubscribing.emit(type);
    CHECK(publish.calls == 0);  // never inside emit()
    settle();
    CHECK(publish.failed_with(aborted));
    CHECK(subscribe.failed_with(aborted));
    CHECK(unsubscribe.failed_with(aborted));
    CHECK(publish.error == fault::caller);
    publishing.emit(type);  // late: nothing happens
    auto broker = accept_5();
    // SUBSCRIBE, UNSUBSCRIBE, PUBLISH of the others (3.8, 3.10, 3.3), and nothing else.
    CHECK(broker.receive(11 + 8 + 8) ==
          test::to_hex(test::hex("82 09 00 01 02 0B 02 00 01 's' 00  A2 06 00 02 00 00 01 'u'"
                                 "32 06 00 01 'p' 00 03 00")));
    finish_bystanders(broker);
}

TEST_CASE_METHOD(bystanders_fixture, "cancellation: a request that was sent") {
    start_bystanders();
    auto broker = accept_5();
    broker.receive(11 + 8 + 8);
    asio::cancellation_signal publishing, subscribing, unsubscribing;
    test::publish_outcome publish;
    test::subscribe_outcome subscribe, unsubscribe;
    c.async_publish("t", "", qos::exactly_once,
                    asio::bind_cancellation_slot(publishing.slot(), publish.handler()));
    settle();
    CHECK(broker.receive(8) == test::to_hex(test::hex("34 06 00 01 't' 00 04 00")));
    c.async_subscribe("t", qos::exactly_once,
                      asio::bind_cancellation_slot(subscribing.slot(), subscribe.handler()));
    c.async_unsubscribe("t",
                        asio::bind_cancellation_slot(unsubscribing.slot(), unsubscribe.handler()));
    settle();
    CHECK(broker.receive(11 + 8) ==
          test::to_hex(test::hex("82 09 00 05 02 0B 02 00 01 't' 02  A2 06 00 06 00 00 01 't'")));
    const auto emit = [&](cancellation_type type) {
        publishing.emit(type);
        subscribing.emit(type);
        unsubscribing.emit(type);
        settle();
    };
    // [MQTT-4.3.3-4] and the like: the handshake goes on, whoever waits for its end.
    const auto answer = [&] {
        broker.send("50 02 00 04");
        CHECK(broker.receive(4) == "62 02 00 04");
        broker.send("70 02 00 04  90 04 00 05 00 02  B0 04 00 06 00 00");
        settle();
    };
    SECTION("total does nothing") {
        emit(cancellation_type::total);
        CHECK(publish.calls + subscribe.calls + unsubscribe.calls == 0);
        answer();
        CHECK(publish.succeeded());
        CHECK(subscribe.succeeded());
        CHECK(unsubscribe.succeeded());
    }
    SECTION("partial and terminal end the wait") {
        emit(GENERATE(cancellation_type::partial, cancellation_type::terminal));
        CHECK(publish.failed_with(aborted));
        CHECK(subscribe.failed_with(aborted));
        CHECK(unsubscribe.failed_with(aborted));
        // [immune-30] The identifiers are still taken.
        c.async_publish("next", "", qos::at_least_once, [](error_code, const publish_result&) {});
        settle();
        CHECK(broker.receive(11) == test::to_hex(test::hex("32 09 00 04 'next' 00 07 00")));
        answer();
        CHECK(publish.calls + subscribe.calls + unsubscribe.calls == 3);
    }
    finish_bystanders(broker);
    CHECK(connector.attempts().size() == 1);  // the connection stays
}

TEST_CASE_METHOD(bystanders_fixture, "cancellation: async_receive(), by every type") {
    const auto type =
        GENERATE(cancellation_type::total, cancellation_type::partial, cancellation_type::terminal);
    asio::cancellation_signal receiving;
    test::outcome<message> receive;
    c.async_receive(asio::bind_cancellation_slot(receiving.slot(), receive.handler()));
    start_bystanders();
    auto broker = accept_5();
    receiving.emit(type);
    settle();
    CHECK(receive.failed_with(aborted));
    finish_bystanders(broker);
}

TEST_CASE_METHOD(bystanders_fixture, "cancellation: async_disconnect() goes on, unobserved") {
    const auto type =
        GENERATE(cancellation_type::total, cancellation_type::partial, cancellation_type::terminal);
    start_bystanders();
    auto broker = accept_5();
    broker.receive(11 + 8 + 8);
    asio::cancellation_signal disconnecting;
    test::plain_outcome disconnect;
    c.async_disconnect(asio::bind_cancellation_slot(disconnecting.slot(), disconnect.handler()));
    c.async_disconnect(disconnected.handler());
    settle();
    CHECK(disconnect.calls == 0);
    disconnecting.emit(type);
    settle();
    CHECK(disconnect.failed_with(aborted));
    CHECK(bystander_calls() == 0);
    broker.send("90 04 00 01 00 00  B0 04 00 02 00 00  40 02 00 03");
    settle();
    CHECK(broker.receive(2) == "E0 00");
    settle();
    CHECK(published.succeeded());
    CHECK(received.failed_with(aborted));
    CHECK(disconnected.succeeded());
    CHECK(ran.succeeded());
}

TEST_CASE_METHOD(bystanders_fixture, "cancellation: async_run() ends all that is pending") {
    const auto type =
        GENERATE(cancellation_type::total, cancellation_type::partial, cancellation_type::terminal);
    asio::cancellation_signal running;
    test::plain_outcome run;
    c.async_run(asio::bind_cancellation_slot(running.slot(), run.handler()));
    std::optional<peer> broker;
    SECTION("on its way to the client") {}
    SECTION("connecting") {
        connector.never_connect();
        settle();
    }
    SECTION("CONNECT sent") {
        broker.emplace(accept());
    }
    SECTION("online") {
        broker.emplace(accept_5());
    }
    SECTION("waiting for the next try") {
        broker.emplace(accept());
        broker->stream().close();
        settle();
    }
    test::publish_outcome publish;
    test::outcome<message> receive;
    c.async_publish("t", "", qos::exactly_once, publish.handler());
    c.async_receive(receive.handler());
    running.emit(type);
    settle();
    CHECK(run.failed_with(aborted));
    CHECK(publish.failed_with(aborted));
    CHECK(receive.failed_with(aborted));
    // It can run again.
    connector.connect_again();
    connector.peers().clear();
    start_bystanders();
    auto next = accept_5();
    finish_bystanders(next);
}

TEST_CASE_METHOD(bystanders_fixture, "cancellation: a second async_run() is not the first") {
    asio::cancellation_signal running;
    test::plain_outcome run;
    start_bystanders();
    c.async_run(asio::bind_cancellation_slot(running.slot(), run.handler()));
    running.emit(cancellation_type::terminal);
    auto broker = accept_5();
    CHECK(run.calls == 1);
    CHECK(ran.calls == 0);
    finish_bystanders(broker);
}

TEST_CASE_METHOD(bystanders_fixture, "cancellation: of no type, nothing happens") {
    asio::cancellation_signal publishing;
    test::publish_outcome publish;
    c.async_publish("t", "", qos::exactly_once,
                    asio::bind_cancellation_slot(publishing.slot(), publish.handler()));
    publishing.emit(cancellation_type::none);
    settle();
    CHECK(publish.calls == 0);
}

TEST_CASE_METHOD(bystanders_fixture, "cancellation: slot and executor of one handler") {
    const auto strand = asio::make_strand(io);
    asio::cancellation_signal publishing;
    test::publish_outcome publish;
    c.async_publish("t", "", qos::exactly_once,
                    asio::bind_cancellation_slot(
                        publishing.slot(),
                        asio::bind_executor(strand, [&, inner = publish.handler()](
                                                        error_code error, publish_result result) {
                            CHECK(strand.running_in_this_thread());
                            inner(error, std::move(result));
                        })));
    settle();
    publishing.emit(cancellation_type::terminal);
    settle();
    CHECK(publish.failed_with(aborted));
}

TEST_CASE_METHOD(bystanders_fixture, "cancellation: the slot may be used again in the handler") {
    asio::cancellation_signal signal;
    test::publish_outcome second;
    bool first_ended = false;
    c.async_run([](error_code) {});
    c.async_publish("p", "", qos::at_most_once,
                    asio::bind_cancellation_slot(signal.slot(), [&](error_code, const auto&) {
                        first_ended = true;
                        CHECK(signal.slot().has_handler());        // another thread may be in it
                        signal.emit(cancellation_type::terminal);  // it comes too late
                        c.async_publish(
                            "p", "", qos::at_least_once,
                            asio::bind_cancellation_slot(signal.slot(), second.handler()));
                    }));
    auto broker = accept_5();
    CHECK(first_ended);
    signal.emit(cancellation_type::terminal);
    settle();
    CHECK(second.failed_with(aborted));
}

TEST_CASE("cancellation: the signal may outlive the execution context") {
    asio::cancellation_signal signal;
    {
        scripted_fixture f;
        auto c = f.make();
        c.async_run([](error_code) {});
        c.async_publish(
            "p", "", qos::at_least_once,
            asio::bind_cancellation_slot(signal.slot(), [](error_code, const auto&) {}));
        f.settle();
    }
    CHECK(signal.slot().has_handler());
    signal.emit(cancellation_type::terminal);  // too late for anybody
}

TEST_CASE_METHOD(bystanders_fixture,
                 "cancellation: of what ends before the client hears of it ends nothing that has "
                 "begun since [immune-63] [immune-70]") {
    asio::cancellation_signal cancelled, other;
    std::vector<error_code> ended;
    std::function<void()> publish_next;
    const auto handler = [&](error_code error, const publish_result&) {
        ended.push_back(error);
        if (ended.size() == 1) publish_next();
    };
    // Its operation lies where the one before has lain.
    publish_next = [&] {
        c.async_publish("3", "", qos::at_least_once,
                        asio::bind_cancellation_slot(other.slot(), handler));
    };
    c.async_run(ran.handler());
    c.async_publish("1", "", qos::at_least_once, [&](error_code, const publish_result&) {
        cancelled.emit(cancellation_type::terminal);
    });
    c.async_publish("2", "", qos::at_least_once,
                    asio::bind_cancellation_slot(cancelled.slot(), handler));
    auto broker = accept_5();
    broker.receive(8 + 8);
    broker.send("40 02 00 01  40 02 00 02");
    settle();
    CHECK(ended == std::vector<error_code>{{}});
    CHECK(broker.receive(8) == test::to_hex(test::hex("32 06 00 01 '3' 00 03 00")));
    broker.send("40 02 00 03");
    settle();
    CHECK(ended == std::vector<error_code>{{}, {}});
    CHECK(ran.calls == 0);
}
