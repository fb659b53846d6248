// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "support/deferred.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>

#include <memory>
#include <string>
#include <vector>

// Within a handler that the client calls, a message is written at once: see
// session::publish_at_once().

using namespace asio_mqtt;
using test::client_fixture;
using test::scripted_fixture;

namespace {

struct fixture : scripted_fixture {
    /// A client that takes in so many bytes of messages that wait for the application.
    client make_with_room_for(std::size_t bytes) {
        client_options limited = options();
        limited.receive_buffer_size = bytes;
        return make(std::move(limited));
    }
    /// Has it called within a handler.
    template <class Client, class Function>
    static void within_handler(Client& c, Function&& function) {
        c.async_counters([function](error_code, const counters&) { function(); });
    }
    /// Publishes "a" while a write is under way that the peer does not read: it has to wait.
    void publish_behind_a_write(client& c, test::publish_outcome& published) {
        test::publish_outcome large;
        c.async_publish("large", std::string(1'000'000, 'x'), qos::at_most_once, large.handler());
        settle();
        CHECK(large.succeeded());
        within_handler(c,
                       [&] { c.async_publish("a", "", qos::at_most_once, published.handler()); });
        settle();
        CHECK(published.calls == 0);
    }
};

}  // namespace

TEST_CASE_METHOD(fixture, "publish within a handler: all that was begun before leaves before") {
    auto c = make();
    c.async_run(asio::detached);
    auto broker = accept_5();
    test::publish_outcome outcomes[4];
    within_handler(c, [&] {
        c.async_publish("a", "", qos::at_most_once, outcomes[0].handler());
        c.async_publish("b", "", qos::at_least_once, outcomes[1].handler());
        c.async_publish("c", "", qos::at_most_once, outcomes[2].handler());
        c.async_unsubscribe("d", asio::detached);
        c.async_publish("e", "", qos::at_most_once, outcomes[3].handler());
        for (const test::publish_outcome& each : outcomes)
            CHECK(each.calls == 0);  // never within the call
    });
    settle();
    CHECK(broker.receive(34) ==
          test::to_hex(test::hex("30 04 00 01 'a' 00 32 06 00 01 'b' 00 01 00 30 04 00 01 'c' 00 "
                                 "A2 06 00 02 00 00 01 'd' 30 04 00 01 'e' 00")));
    CHECK(outcomes[0].succeeded());
    CHECK(outcomes[1].calls == 0);
    CHECK(outcomes[2].succeeded());
    CHECK(outcomes[3].succeeded());
}

TEST_CASE_METHOD(fixture, "publish within a handler: a small payload is copied, also when shared") {
    auto c = make();
    c.async_run(asio::detached);
    auto broker = accept_5();
    std::weak_ptr<const std::string> left;
    within_handler(c, [&] {
        auto content = std::make_shared<const std::string>("content");
        left = content;
        c.async_publish("t", std::move(content), qos::at_most_once, asio::detached);
        CHECK(left.expired());
    });
    settle();
    CHECK(broker.receive(13) == test::to_hex(test::hex("30 0B 00 01 't' 00 'content'")));
}

TEST_CASE_METHOD(fixture, "publish within a handler: what may not be sent fails as always") {
    auto c = make();
    c.async_run(asio::detached);
    // Retain Available 0 (3.2.2.3.5).
    auto broker = accept_5("20 05 00 00 02 25 00");
    const auto level = GENERATE(qos::at_most_once, qos::at_least_once);
    test::publish_outcome topic, retained, timeout;
    within_handler(c, [&] { c.async_publish("a/+", "", level, topic.handler()); });
    settle();
    within_handler(
        c, [&] { c.async_publish("a", "", {.qos = level, .retain = true}, retained.handler()); });
    settle();
    within_handler(c, [&] {
        c.async_publish("a", "", {.qos = level, .timeout = std::chrono::milliseconds{-1}},
                        timeout.handler());
        CHECK(timeout.calls == 0);  // never within the call
    });
    settle();
    CHECK(topic.failed_with(errc::invalid_topic_name));
    CHECK(retained.failed_with(errc::retain_not_supported));
    CHECK(timeout.failed_with(errc::invalid_operation_timeout));
}

TEST_CASE_METHOD(fixture,
                 "publish within a handler: a message that begins later keeps its content") {
    auto c = make();
    c.async_run(asio::detached);
    auto broker = accept_5();
    test::publish_outcome published;
    within_handler(c, [&] {
        auto later = [&] {
            const std::string topic = "a/topic/that/is/too/long/to/stand/in/the/string";
            const std::string payload(40, 'x');
            return c.async_publish(topic, payload, qos::at_most_once, test::deferred);
        }();
        // Whatever takes the place of these strings.
        const std::string overwritten(100, '?');
        std::move(later)(published.handler());
    });
    settle();
    CHECK(broker.receive(92) ==
          test::to_hex(
              test::hex("30 5A 00 2F 'a/topic/that/is/too/long/to/stand/in/the/string' 00 '" +
                        std::string(40, 'x') + '\'')));
    CHECK(published.succeeded());
}

TEST_CASE_METHOD(fixture,
                 "publish within a handler: with a cancellation slot it can be cancelled") {
    auto c = make();
    c.async_run(asio::detached);
    auto broker = accept_5();
    const auto level = GENERATE(qos::at_most_once, qos::at_least_once);
    asio::cancellation_signal signal;
    test::publish_outcome cancelled;
    within_handler(c, [&] {
        c.async_publish("a", "", level,
                        asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
        signal.emit(asio::cancellation_type::total);
        c.async_publish("b", "", qos::at_most_once, asio::detached);
    });
    settle();
    CHECK(cancelled.failed_with(asio::error::operation_aborted));
    CHECK(broker.receive(6) == "30 04 00 01 62 00");
}

TEST_CASE_METHOD(fixture, "publish within a handler: the connection is lost before it is written") {
    auto c = make();
    c.async_run(asio::detached);
    test::publish_outcome published;
    {
        auto broker = accept_5();
        publish_behind_a_write(c, published);
    }
    SECTION("it leaves with the next connection") {
        auto broker = accept_5();
        CHECK(broker.receive(6) == "30 04 00 01 61 00");
        CHECK(published.succeeded());
    }
    SECTION("async_disconnect() waits for that") {
        within_handler(c, [&] { c.async_disconnect(asio::detached); });
        auto broker = accept_5();
        CHECK(broker.receive(8) == "30 04 00 01 61 00 E0 00");
        CHECK(published.succeeded());
    }
    SECTION("the client is stopped") {
        c.async_disconnect(asio::detached);
        pass_time_until([&] { return published.calls != 0; });
        CHECK(published.failed_with(asio::error::operation_aborted));
    }
}

TEST_CASE_METHOD(fixture, "publish within a handler: it is written before DISCONNECT") {
    auto c = make();
    test::plain_outcome run;
    c.async_run(run.handler());
    auto broker = accept_5();
    test::publish_outcome published;
    within_handler(c, [&] {
        c.async_publish("a", "", qos::at_most_once, published.handler());
        c.async_disconnect(asio::detached);
    });
    settle();
    CHECK(broker.receive(8) == "30 04 00 01 61 00 E0 00");
    CHECK(published.succeeded());
}

TEST_CASE_METHOD(fixture, "publish within a handler: the client is destroyed by it") {
    auto c = std::make_unique<client>(make());
    c->async_run(asio::detached);
    auto broker = accept_5();
    const auto level = GENERATE(qos::at_most_once, qos::at_least_once);
    test::publish_outcome published;
    within_handler(*c, [&] {
        c->async_publish("a", "", level, published.handler());
        c.reset();
    });
    settle();
    CHECK(published.failed_with(asio::error::operation_aborted));
}

TEST_CASE_METHOD(fixture, "publish within a handler: a handler that throws behind it") {
    auto c = make();
    c.async_run(asio::detached);
    auto broker = accept_5();
    int published = 0;
    const auto publish_and_throw = [&](error_code, const publish_result&) {
        ++published;
        throw 1;
    };
    within_handler(c, [&] {
        c.async_publish("a", "", qos::at_most_once, publish_and_throw);
        c.async_publish("b", "", qos::at_most_once, publish_and_throw);
        throw 0;
    });
    for (const int expected : {0, 1, 1}) {
        io.restart();
        CHECK_THROWS_AS(io.poll(), int);
        CHECK(published <= 2 * expected);
    }
    settle();
    CHECK(published == 2);
    CHECK(broker.receive(12) == "30 04 00 01 61 00 30 04 00 01 62 00");
}

TEST_CASE_METHOD(fixture, "publish within a handler: async_run() ends behind what was written") {
    auto c = make();
    std::string order;
    asio::cancellation_signal signal;
    c.async_run(asio::bind_cancellation_slot(signal.slot(), [&](error_code) { order += "run "; }));
    auto broker = accept_5();
    within_handler(c, [&] {
        c.async_publish("a", "", qos::at_most_once, [&](error_code, const publish_result&) {
            order += "a ";
            signal.emit(asio::cancellation_type::total);
            throw 1;
        });
        c.async_publish("b", "", qos::at_most_once,
                        [&](error_code, const publish_result&) { order += "b "; });
    });
    io.restart();
    CHECK_THROWS_AS(io.poll(), int);
    settle();
    CHECK(order == "a b run ");
}

TEST_CASE("publish within a handler: the context ends before it is written") {
    std::weak_ptr<int> alive;
    {
        scripted_fixture in;
        auto c = in.make();
        c.async_run(asio::detached);
        auto broker = in.accept_5();
        c.async_publish("large", std::string(1'000'000, 'x'), qos::at_most_once, asio::detached);
        in.settle();
        const auto witness = std::make_shared<int>(0);
        alive = witness;
        c.async_counters([&c, witness](error_code, const counters&) {
            c.async_publish("a", "", qos::at_most_once,
                            [witness](error_code, const publish_result&) { *witness = 1; });
        });
        in.settle();
        CHECK(*witness == 0);
    }
    CHECK(alive.expired());
}

// By what the application has acknowledged there is room for a message; its handler is called
// behind the write, which has found nothing to write.
TEST_CASE_METHOD(fixture, "publish within a handler: no write is under way") {
    auto c = make_with_room_for(1);
    c.async_run(asio::detached);
    auto broker = accept_5();
    test::publish_outcome published;
    std::vector<manual_acknowledgement> kept;
    c.async_subscribe(
        "held", qos::at_most_once,
        [&](const message_view& m, manual_acknowledgement held) {
            if (m.payload == "1") return std::move(held).acknowledge();
            kept.push_back(std::move(held));
            c.async_publish("a", "", qos::at_most_once, published.handler());
        },
        asio::detached);
    settle();
    broker.receive(14);
    broker.send(
        "90 04 00 01 00 00 30 0A 00 04 'held' 02 0B 01 '1' 30 0A 00 04 'held' 02 0B 01 '2'");
    settle();
    CHECK(broker.receive(6) == "30 04 00 01 61 00");
    CHECK(published.succeeded());
}

// The broker may read again only when somebody takes what it sends.
TEST_CASE_METHOD(fixture, "publish within a handler: reading goes on while it waits") {
    auto c = make_with_room_for(1'000);
    c.async_run(asio::detached);
    auto broker = accept_5();
    c.async_subscribe("t", qos::at_most_once, asio::detached);
    settle();
    broker.receive(11);
    broker.send("90 04 00 01 00 00");
    test::publish_outcome published;
    publish_behind_a_write(c, published);
    for (int i = 0; i < 100; ++i)
        broker.send("30 D4 0F 00 01 't' 00 '" + std::string(2'000, 'x') + '\'');
    settle();
    counters seen;
    c.async_counters([&](error_code, const counters& now) { seen = now; });
    settle();
    CHECK(seen.bytes_received > 200'000);
}

TEST_CASE_METHOD(fixture, "publish within a handler: the broker disconnects before it is written") {
    auto c = make();
    c.async_run(asio::detached);
    test::publish_outcome published;
    {
        auto broker = accept_5();
        publish_behind_a_write(c, published);
        broker.send("E0 01 89");  // Server busy
        settle();
        broker.receive(1'000'013);
        settle();
        CHECK(published.calls == 0);
    }
    auto broker = accept_5();
    CHECK(broker.receive(6) == "30 04 00 01 61 00");
    CHECK(published.succeeded());
}

TEST_CASE_METHOD(fixture, "publish within a handler: it is written before the session fails") {
    auto c = make_with_room_for(1);
    c.async_run(asio::detached);
    auto broker = accept_5();
    test::publish_outcome published;
    c.async_subscribe(
        "held", qos::at_most_once,
        [](const message_view&, manual_acknowledgement held) { std::move(held).acknowledge(); },
        asio::detached);
    c.async_subscribe(
        "t", qos::at_most_once,
        [&](const message_view&) {
            c.async_publish("a", "", qos::at_most_once, published.handler());
        },
        asio::detached);
    settle();
    broker.receive(25);
    broker.send("90 04 00 01 00 00 90 04 00 02 00 00");
    settle();
    // For the second message there is room behind the write, which has found nothing to write; the
    // packet behind it is malformed.
    broker.send("30 0A 00 04 'held' 02 0B 01 '1' 30 06 00 01 't' 02 0B 02 30 03 00 05 'x'");
    settle();
    CHECK(broker.receive(9) == "30 04 00 01 61 00 E0 01 81");
    CHECK(published.succeeded());
}

TEST_CASE_METHOD(client_fixture, "publish within a handler: each starts the next one") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const auto level = GENERATE(qos::at_most_once, qos::at_least_once, qos::exactly_once);
    auto c = make("a", version);
    std::vector<std::string> received;
    c.async_subscribe(
        "t/#", qos::at_most_once,
        [&](const message_view& m) {
            received.push_back(std::string{m.topic} + std::string{m.payload});
        },
        asio::detached);
    struct publisher {
        client& c;
        const qos level;
        int started = 0;
        int done = 0;
        void publish() {
            const std::string number = std::to_string(started++);
            c.async_publish("t/" + number, number, level,
                            [this](error_code error, const publish_result&) {
                                REQUIRE_FALSE(error);
                                ++done;
                                if (started < 1'000) publish();
                            });
        }
    } chain{c, level};
    for (int i = 0; i < 10; ++i)
        chain.publish();
    c.async_run(asio::detached);
    settle();
    CHECK(chain.done == 1'000);
    REQUIRE(received.size() == 1'000);
    for (std::size_t i = 0; i < received.size(); ++i)
        REQUIRE(received[i] == "t/" + std::to_string(i) + std::to_string(i));
}
