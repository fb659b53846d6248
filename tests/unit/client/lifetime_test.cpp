// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

using namespace asio_mqtt;
using test::client_fixture;
using test::manual_clock;
using test::scripted_fixture;

namespace {

const error_code aborted = asio::error::operation_aborted;

/// A client that can be destroyed at will, with one operation of each kind that takes its time.
struct lifetime_fixture : scripted_fixture {
    std::optional<client> c{make()};
    std::optional<peer> broker;
    test::plain_outcome ran, disconnected;
    test::publish_outcome published[3];
    test::subscribe_outcome subscribed, unsubscribed;
    test::outcome<message> received;

    void start_requests() {
        c->async_subscribe(
            "t", qos::exactly_once, [](const message_view&) {}, subscribed.handler());
        c->async_unsubscribe("t", unsubscribed.handler());
        c->async_publish("t", "", qos::at_least_once, published[1].handler());
        c->async_publish("t", "", qos::exactly_once, published[2].handler());
        c->async_receive(received.handler());
    }

    void check_all_aborted() const {
        CHECK(published[1].failed_with(aborted));
        CHECK(published[2].failed_with(aborted));
        CHECK(subscribed.failed_with(aborted));
        CHECK(unsubscribed.failed_with(aborted));
        CHECK(received.failed_with(aborted));
    }
};

}  // namespace

TEST_CASE_METHOD(lifetime_fixture, "lifetime: destroyed in each state [immune-63]") {
    bool runs = true;
    SECTION("never run") {
        runs = false;
        start_requests();
    }
    SECTION("never run, and begun") {
        runs = false;
        start_requests();
        settle();
    }
    SECTION("about to run") {
        start_requests();
        c->async_run(ran.handler());
    }
    SECTION("connecting") {
        connector.never_connect();
        start_requests();
        c->async_run(ran.handler());
        settle();
    }
    SECTION("connected, and not told yet") {
        start_requests();
        c->async_run(ran.handler());
        io.poll_one();
    }
    SECTION("CONNECT sent") {
        start_requests();
        c->async_run(ran.handler());
        broker.emplace(accept());
        broker->receive(26);
    }
    SECTION("online and idle") {
        c->async_run(ran.handler());
        broker.emplace(accept_5());
        start_requests();
    }
    SECTION("online, with all in flight") {
        c->async_run(ran.handler());
        start_requests();
        broker.emplace(accept_5());
        broker->receive(11 + 8 + 8 + 8);
        broker->send("50 02 00 04");
        settle();
    }
    SECTION("writing") {
        c->async_run(ran.handler());
        broker.emplace(accept_5());
        c->async_publish("t", std::string(1'000'000, 'x'), qos::at_most_once, asio::detached);
        settle();
        start_requests();
        settle();
    }
    SECTION("reading a packet") {
        c->async_run(ran.handler());
        start_requests();
        broker.emplace(accept_5());
        broker->send("30 7F 00 01 't'");
    }
    SECTION("waiting for the next try") {
        c->async_run(ran.handler());
        start_requests();
        broker.emplace(accept());
        broker->stream().close();
        settle();
    }
    SECTION("disconnecting, with something to wait for") {
        c->async_run(ran.handler());
        broker.emplace(accept_5());
        start_requests();
        c->async_disconnect(disconnected.handler());
        settle();
        REQUIRE(disconnected.calls == 0);
    }
    SECTION("disconnecting, with the DISCONNECT stuck") {
        c->async_run(ran.handler());
        broker.emplace(accept_5());
        c->async_publish("t", std::string(1'000'000, 'x'), qos::at_most_once, asio::detached);
        start_requests();
        settle();
        c->async_disconnect(disconnected.handler());
        settle();
        manual_clock::advance(std::chrono::seconds{5});
        settle();
        REQUIRE(disconnected.calls == 0);
    }
    SECTION("closing a connection that broke the protocol") {
        c->async_run(ran.handler());
        broker.emplace(accept_5());
        c->async_publish("t", std::string(1'000'000, 'x'), qos::at_most_once, asio::detached);
        start_requests();
        settle();
        broker->send("F0 00");
        settle();
    }
    SECTION("stopped again") {
        runs = false;
        c->async_run(asio::detached);
        broker.emplace(accept_5());
        c->async_disconnect(asio::detached);
        settle();
        start_requests();
        settle();
    }
    c.reset();
    CHECK(received.calls == 0);  // never inside the destructor
    settle();
    check_all_aborted();
    if (runs) CHECK(ran.failed_with(aborted));
    if (!runs) CHECK(ran.calls == 0);
    CHECK(disconnected.calls <= 1);
    manual_clock::advance(std::chrono::hours{1});
    settle();
    CHECK(io.stopped());  // nothing of it is left
}

TEST_CASE_METHOD(lifetime_fixture, "lifetime: destroyed inside of its own handlers [immune-64]") {
    const auto end = [this] {
        c.reset();
        CHECK(received.calls == 0);
    };
    c->async_run(ran.handler());
    int calls = 0;
    SECTION("of a publish at QoS 0") {
        c->async_publish("t", "", qos::at_most_once, [&](error_code, const publish_result&) {
            ++calls;
            end();
        });
        start_requests();
        broker.emplace(accept_5());
    }
    SECTION("of a publish at QoS 1") {
        c->async_publish("t", "", qos::at_least_once, [&](error_code, const publish_result&) {
            ++calls;
            end();
        });
        start_requests();
        broker.emplace(accept_5());
        broker->receive(11 + 8 + 8);
        broker->send("40 02 00 03");
    }
    SECTION("of a wrong call") {
        c->async_publish("#", "", qos::at_least_once, [&](error_code error, const publish_result&) {
            CHECK(error == errc::invalid_topic_name);
            ++calls;
            end();
        });
        start_requests();
    }
    SECTION("of a subscribe") {
        c->async_subscribe("x", qos::at_least_once, [&](error_code, const subscribe_result&) {
            ++calls;
            end();
        });
        start_requests();
        broker.emplace(accept_5());
        broker->receive(11);
        broker->send("90 04 00 01 00 00");
    }
    SECTION("of a receive") {
        c->async_subscribe("x", qos::at_least_once, asio::detached);
        c->async_receive([&](error_code, const message&) {
            ++calls;
            end();
        });
        start_requests();
        broker.emplace(accept_5());
        broker->receive(11);
        broker->send("90 04 00 01 00 00  30 04 00 01 'x' 00");
    }
    SECTION("of a message") {
        c->async_subscribe(
            "x", qos::at_least_once,
            [&](const message_view& m) {
                ++calls;
                end();
                CHECK(m.topic == "x");  // the view lasts until the handler returns
            },
            asio::detached);
        start_requests();
        broker.emplace(accept_5());
        broker->receive(11);
        broker->send("90 04 00 01 00 00  32 06 00 01 'x' 00 01 00");
    }
    settle();
    CHECK(calls == 1);
    check_all_aborted();
    CHECK(ran.failed_with(aborted));
    manual_clock::advance(std::chrono::hours{1});
    settle();
    CHECK(io.stopped());
}

TEST_CASE_METHOD(lifetime_fixture, "lifetime: destroyed in the handler of async_run()") {
    int calls = 0;
    c->async_run([&](error_code error) {
        ++calls;
        CHECK(error == reason_code::not_authorized);
        c.reset();
    });
    start_requests();
    broker.emplace(accept_5("20 03 00 87 00"));
    settle();
    CHECK(calls == 1);
    CHECK(published[1].failed_with(reason_code::not_authorized));
}

TEST_CASE_METHOD(lifetime_fixture, "lifetime: destroyed in the handler of async_disconnect()") {
    int calls = 0;
    c->async_run(ran.handler());
    broker.emplace(accept_5());
    c->async_receive(received.handler());
    c->async_disconnect([&](error_code error) {
        ++calls;
        CHECK_FALSE(error);
        c.reset();
    });
    settle();
    CHECK(broker->receive(2) == "E0 00");
    settle();
    CHECK(calls == 1);
    CHECK(ran.succeeded());
    CHECK(received.failed_with(aborted));
}

TEST_CASE_METHOD(lifetime_fixture,
                 "lifetime: destroyed in a handler that runs when it is destroyed") {
    auto other = std::make_unique<client>(make());
    int calls = 0;
    other->async_receive([&](error_code error, const message&) {
        ++calls;
        CHECK(error == aborted);
        c.reset();
    });
    start_requests();
    settle();
    other.reset();
    settle();
    CHECK(calls == 1);
    check_all_aborted();
}

TEST_CASE_METHOD(lifetime_fixture, "lifetime: a message waits for a client that is gone") {
    c->async_run(ran.handler());
    asio::io_context other;
    int calls = 0;
    c->async_subscribe(
        "x", qos::at_least_once,
        asio::bind_executor(other.get_executor(), [&](const message_view&) { ++calls; }),
        asio::detached);
    broker.emplace(accept_5());
    broker->receive(11);
    broker->send("90 04 00 01 00 00  32 06 00 01 'x' 00 01 00");
    settle();
    c.reset();
    settle();
    CHECK(ran.failed_with(aborted));
    other.poll();  // the handler may still be called, and its acknowledgement finds nobody
    settle();
    CHECK(calls <= 1);
    CHECK(io.stopped());
}

TEST_CASE_METHOD(lifetime_fixture, "lifetime: async_run() twice") {
    test::plain_outcome second;
    c->async_run(ran.handler());
    c->async_run(second.handler());
    broker.emplace(accept_5());
    CHECK(second.failed_with(errc::already_running));
    CHECK(second.error == fault::caller);
    CHECK(ran.calls == 0);
    CHECK(connector.attempts().size() == 1);
}

TEST_CASE_METHOD(lifetime_fixture, "lifetime: async_disconnect() without and twice [immune-65]") {
    SECTION("of a client that never ran") {
        c->async_disconnect(disconnected.handler());
        settle();
        CHECK(disconnected.succeeded());
    }
    SECTION("twice") {
        test::plain_outcome second;
        c->async_run(ran.handler());
        broker.emplace(accept_5());
        c->async_disconnect(disconnected.handler());
        c->async_disconnect(second.handler());
        settle();
        CHECK(broker->receive(2) == "E0 00");
        CHECK(broker->is_closed());  // one DISCONNECT only
        settle();
        CHECK(disconnected.succeeded());
        CHECK(second.succeeded());
        CHECK(ran.succeeded());
    }
    SECTION("while it connects") {
        connector.never_connect();
        c->async_run(ran.handler());
        settle();
        c->async_disconnect(disconnected.handler());
        settle();
        CHECK(connector.cancelled() == 1);
        CHECK(disconnected.succeeded());
        CHECK(ran.succeeded());
    }
    SECTION("before the CONNACK") {
        c->async_run(ran.handler());
        broker.emplace(accept());
        c->async_disconnect(disconnected.handler());
        settle();
        CHECK(disconnected.succeeded());
        CHECK(ran.succeeded());
    }
    SECTION("while it waits for the next try") {
        c->async_run(ran.handler());
        broker.emplace(accept());
        broker->stream().close();
        settle();
        c->async_disconnect(disconnected.handler());
        settle();
        CHECK(disconnected.succeeded());
        CHECK(ran.succeeded());
    }
    c.reset();
    settle();
    CHECK(io.stopped());
}

TEST_CASE_METHOD(test::scripted_fixture,
                 "lifetime: async_disconnect() once more cuts nothing off") {
    auto c = make();
    test::plain_outcome ran, first, second;
    test::publish_outcome published;
    c.async_run(ran.handler());
    auto broker = accept_5();
    c.async_publish("t", std::string(200'000, 'x'), qos::at_most_once, published.handler());
    c.async_disconnect(first.handler());
    settle();
    c.async_disconnect(second.handler());  // while the message is being written
    settle();
    // The fixed header of four bytes, the topic, no properties (3.3); then DISCONNECT (3.14).
    const std::string received = broker.receive(200'000 + 4 + 3 + 1 + 2);
    CHECK(received.size() == 3 * (200'000 + 4 + 3 + 1 + 2) - 1);
    CHECK(received.ends_with(" 78 E0 00"));
    broker.stream().close();
    settle();
    CHECK(published.succeeded());
    CHECK(first.succeeded());
    CHECK(second.succeeded());
    CHECK(ran.succeeded());
}

TEST_CASE_METHOD(lifetime_fixture,
                 "lifetime: async_run() right behind async_disconnect() [immune-65]") {
    test::plain_outcome ran_again;
    test::publish_outcome once_more;
    c->async_run(ran.handler());
    SECTION("while it drains") {
        broker.emplace(accept_5());
        c->async_publish("t", "", qos::at_least_once, published[1].handler());
        c->async_disconnect(disconnected.handler());
        c->async_run(ran_again.handler());
        settle();
        CHECK(ran_again.failed_with(errc::already_running));
        CHECK(disconnected.calls == 0);
        CHECK(broker->receive(8) == test::to_hex(test::hex("32 06 00 01 't' 00 01 00")));
        broker->send("40 02 00 01");
        CHECK(broker->receive(2) == "E0 00");
        broker->stream().close();
        settle();
        CHECK(published[1].succeeded());
    }
    SECTION("while it connects, where there is nothing to wait for") {
        connector.never_connect();
        settle();
        c->async_disconnect(disconnected.handler());
        c->async_run(ran_again.handler());
        settle();
        CHECK(ran_again.calls == 0);
        CHECK(connector.attempts().size() == 2);
        c->async_disconnect(asio::detached);
        settle();
        CHECK(ran_again.succeeded());
    }
    CHECK(disconnected.succeeded());
    CHECK(ran.succeeded());
    CHECK(ran_again.calls == 1);
    // It can run again.
    connector.connect_again();
    c->async_run(asio::detached);
    c->async_publish("t", "", qos::at_most_once, once_more.handler());
    auto next = accept_5();
    CHECK(next.receive(6) == test::to_hex(test::hex("30 04 00 01 't' 00")));
    CHECK(once_more.succeeded());
}

TEST_CASE_METHOD(client_fixture, "lifetime: 100 runs and disconnects at one moment [immune-65]") {
    auto c = make("a");
    std::vector<test::plain_outcome> outcomes(200);
    for (std::size_t i = 0; i < outcomes.size(); i += 2) {
        c.async_run(outcomes[i].handler());
        c.async_disconnect(outcomes[i + 1].handler());
    }
    REQUIRE(pass_time_until([&] {
        return std::all_of(outcomes.begin(), outcomes.end(),
                           [](const auto& each) { return each.calls != 0; });
    }));
    settle();
    for (const auto& each : outcomes) {
        CHECK(each.calls == 1);
        CHECK((!each.error || each.error == errc::already_running));
    }
    CHECK(broker.connection_count() == 0);
    test::publish_outcome published_last;
    c.async_run(asio::detached);
    c.async_publish("t", "", qos::at_least_once, published_last.handler());
    settle();
    CHECK(published_last.succeeded());
}

TEST_CASE("lifetime: destroyed or cancelled while TCP connects [immune-63]") {
    // The resolver has a thread of its own: what it comes to is too late for anybody.
    const std::string url = GENERATE("mqtt://127.0.0.1:1", "mqtt://localhost:1");
    asio::io_context io;
    std::optional<client> c{std::in_place, io, client_options{.brokers = {url}}};
    test::plain_outcome ran;
    test::publish_outcome published;
    asio::cancellation_signal cancelled;
    c->async_run(asio::bind_cancellation_slot(cancelled.slot(), ran.handler()));
    c->async_publish("t", "", qos::at_least_once, published.handler());
    const int steps = GENERATE(0, 1, 2, 3, 4, 5);
    for (int i = 0; i < steps; ++i)
        io.poll_one();
    SECTION("destroyed") {
        c.reset();
    }
    SECTION("cancelled") {
        cancelled.emit(asio::cancellation_type::terminal);
    }
    CHECK(ran.calls == 0);
    REQUIRE(test::run_until(io, [&] { return io.stopped(); }));
    CHECK(ran.failed_with(aborted));
    CHECK(published.failed_with(aborted));
}

TEST_CASE_METHOD(client_fixture,
                 "lifetime: DISCONNECT comes after what was published [immune-66]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto reader = make("b", version);
    reader.async_run(asio::detached);
    int seen = 0;
    reader.async_subscribe(
        "t", qos::exactly_once, [&](const message_view&) { ++seen; }, asio::detached);
    settle();
    auto c = make("a", version);
    c.async_run(asio::detached);
    settle();
    test::publish_outcome published[30];
    for (int i = 0; i < 30; ++i)
        c.async_publish("t", "", static_cast<qos>(i % 3), published[i].handler());
    c.async_disconnect(asio::detached);
    settle();
    CHECK(seen == 30);
    for (const auto& each : published)
        CHECK(each.succeeded());
    CHECK(broker.connection_count() == 1);
}

TEST_CASE_METHOD(client_fixture, "lifetime: run and disconnect in turn, 100 times [immune-65]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    int seen = 0;
    c.async_subscribe(
        "t", qos::exactly_once, [&](const message_view&) { ++seen; }, asio::detached);
    for (int i = 0; i < 100; ++i) {
        test::plain_outcome ran, disconnected;
        test::publish_outcome published;
        c.async_run(ran.handler());
        c.async_publish("t", "", qos::exactly_once, published.handler());
        REQUIRE(test::run_until(io, [&] { return published.calls != 0 && seen > i; }));
        REQUIRE(published.succeeded());
        c.async_disconnect(disconnected.handler());
        REQUIRE(test::run_until(io, [&] { return ran.calls != 0; }));
        REQUIRE(disconnected.succeeded());
        REQUIRE(ran.succeeded());
    }
    CHECK(seen == 100);
}

TEST_CASE_METHOD(client_fixture, "lifetime: run again in the handlers of the end") {
    auto c = make("a");
    int runs = 0;
    std::function<void()> run_again = [&] {
        c.async_run([&](error_code error) {
            CHECK_FALSE(error);
            if (++runs < 10) run_again();
        });
        c.async_publish("t", "", qos::at_least_once, [&](error_code error, const publish_result&) {
            CHECK_FALSE(error);
            c.async_disconnect(asio::detached);
        });
    };
    run_again();
    REQUIRE(test::run_until(io, [&] { return runs == 10; }));
}

TEST_CASE("lifetime: the context is destroyed with all of it pending") {
    // No handler is called then; the address sanitizer sees what is left.
    std::optional<lifetime_fixture> f{std::in_place};
    const bool client_first = GENERATE(false, true);
    SECTION("submitted") {
        f->c->async_run(f->ran.handler());
        f->start_requests();
    }
    SECTION("connecting") {
        f->connector.never_connect();
        f->c->async_run(f->ran.handler());
        f->start_requests();
        f->settle();
    }
    SECTION("in flight") {
        f->c->async_run(f->ran.handler());
        f->start_requests();
        f->broker.emplace(f->accept_5());
    }
    SECTION("writing") {
        f->c->async_run(f->ran.handler());
        f->broker.emplace(f->accept_5());
        f->c->async_publish("t", std::string(1'000'000, 'x'), qos::at_most_once, asio::detached);
        f->start_requests();
        f->settle();
    }
    SECTION("waiting") {
        f->c->async_run(f->ran.handler());
        f->start_requests();
        f->broker.emplace(f->accept());
        f->broker->stream().close();
        f->settle();
    }
    const test::publish_outcome published = f->published[1];
    if (client_first) f->c.reset();
    f.reset();
    CHECK(published.calls == 0);
}

TEST_CASE("lifetime: a client can be moved") {
    client_fixture f;
    auto c = f.make("a");
    test::plain_outcome ran;
    test::publish_outcome published, assigned_over;
    c.async_run(ran.handler());
    auto moved = std::move(c);
    moved.async_publish("t", "", qos::at_least_once, published.handler());
    f.settle();
    CHECK(published.succeeded());
    auto other = f.make("b");
    other.async_publish("t", "", qos::at_least_once, assigned_over.handler());
    other = std::move(moved);
    {
        auto gone = std::move(moved);  // what `other` was before
    }
    f.settle();
    CHECK(assigned_over.failed_with(aborted));
    CHECK(ran.calls == 0);
    other.async_disconnect(asio::detached);
    f.settle();
    CHECK(ran.succeeded());
}

TEST_CASE_METHOD(lifetime_fixture,
                 "lifetime: destroyed in a message handler, which gets no further message") {
    int calls = 0;
    int others = 0;
    c->async_run(ran.handler());
    c->async_subscribe(
        "x", qos::at_least_once,
        [&](const message_view&) {
            if (++calls == 3) c.reset();
        },
        asio::detached);
    c->async_subscribe(
        "y", qos::at_least_once, [&](const message_view&) { ++others; }, asio::detached);
    broker.emplace(accept_5());
    broker->receive(22);
    broker->send("90 04 00 01 00 00  90 04 00 02 00 00");
    settle();
    std::string ten;
    for (int i = 0; i < 5; ++i)
        ten += "30 07 00 01 'x' 02 0B 01 'a'  32 09 00 01 'x' 00 0" + std::to_string(i + 1) +
               " 02 0B 01 'a'";
    ten += "30 07 00 01 'y' 02 0B 02 'b'";
    broker->send(ten);
    settle();
    CHECK(calls == 3);
    CHECK(others == 0);
    CHECK(ran.failed_with(aborted));
}

TEST_CASE_METHOD(lifetime_fixture,
                 "lifetime: destroyed in one of two handlers of a message [immune-64]") {
    int calls = 0;
    c->async_run(ran.handler());
    for (const char* filter : {"x", "+"}) {
        c->async_subscribe(
            filter, qos::at_least_once,
            [&](const message_view&) {
                ++calls;
                c.reset();
            },
            asio::detached);
    }
    broker.emplace(accept_5());
    broker->receive(22);
    // With both Subscription Identifiers (3.3.2.3.8).
    broker->send("90 04 00 01 00 01  90 04 00 02 00 01  32 0B 00 01 'x' 00 01 04 0B 01 0B 02 'a'");
    settle();
    CHECK(calls == 1);
    CHECK(ran.failed_with(aborted));
}
