// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/tcp_relay.hpp"
#include "integration/test_client.hpp"

#include <asio/associated_executor.hpp>
#include <asio/bind_executor.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;

namespace {

/// Publishes until the subscriber gets what is published: it may have to subscribe again first, and
/// messages from before may still come.
void check_that_it_receives_again(test::test_client& publisher, test::test_client& subscriber,
                                  const std::string& text) {
    const auto has_come = [&] {
        return !subscriber.messages().empty() && subscriber.messages().back().payload == text;
    };
    for (int i = 0; i < 1000 && !has_come(); ++i) {
        REQUIRE_FALSE(publisher.publish("a", text, qos::exactly_once).error);
    }
    CHECK(has_come());
}

std::vector<std::string> payloads(const std::vector<mqtt::message>& messages) {
    std::vector<std::string> result;
    for (const mqtt::message& message : messages)
        result.push_back(message.payload);
    return result;
}

std::vector<std::string> numbers(std::size_t count) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < count; ++i)
        result.push_back(std::to_string(i));
    return result;
}

/// TCP, and a count of the attempts that failed.
struct counting_connector {
    using stream_type = mqtt::tcp_connector::stream_type;

    template <class Handler>
    void async_connect(const mqtt::broker_address& broker, Handler&& handler) {
        const auto executor = asio::get_associated_executor(handler);
        tcp.async_connect(
            broker,
            asio::bind_executor(executor, [count = failures, on_end = std::move(handler)](
                                              mqtt::error_code error, stream_type stream) mutable {
                if (error) ++*count;
                std::move(on_end)(error, std::move(stream));
            }));
    }

    mqtt::tcp_connector tcp;
    std::shared_ptr<int> failures;
};

}  // namespace

TEST_CASE("A client that starts before the broker waits for it") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    broker.stop();
    asio::io_context io;
    using client = mqtt::basic_client<counting_connector>;
    const auto failures = std::make_shared<int>(0);
    test::basic_test_client<client> early{
        io, client{io.get_executor(), test::options_for(broker.url(), version),
                   counting_connector{mqtt::tcp_connector{io.get_executor()}, failures}}};
    bool is_subscribed = false;
    std::vector<std::string> got;
    early.client.async_subscribe(
        "a", qos::exactly_once,
        [&](const mqtt::message_view& message) { got.emplace_back(message.payload); },
        [&](mqtt::error_code error, const mqtt::subscribe_result&) {
            CHECK_FALSE(error);
            is_subscribed = true;
        });
    std::size_t published = 0;
    for (const std::string& number : numbers(10)) {
        early.client.async_publish("a", number, qos::exactly_once,
                                   [&](mqtt::error_code error, const mqtt::publish_result&) {
                                       CHECK_FALSE(error);
                                       ++published;
                                   });
    }
    REQUIRE(test::run_until(io, [&] { return *failures >= 3; }));
    CHECK(early.is_running());
    CHECK_FALSE(is_subscribed);
    CHECK(published == 0);

    broker.start();
    REQUIRE(
        test::run_until(io, [&] { return is_subscribed && published == 10 && got.size() == 10; }));
    CHECK(got == numbers(10));
    CHECK(early.disconnect() == mqtt::error_code{});
}

TEST_CASE("A dead broker of the list is passed over") {
    test::mosquitto dead;
    dead.stop();
    test::mosquitto broker;
    asio::io_context io;
    auto options = test::options_for(dead.url(), protocol_version::v5);
    options.brokers.push_back(broker.url());
    test::test_client client{io, options};
    CHECK_FALSE(client.publish("a", "", qos::exactly_once).error);
}

TEST_CASE("After a broker was killed and started again the subscriptions work again") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), version, "publisher")};
    test::test_client subscriber{io, test::options_for(broker.url(), version, "subscriber")};
    REQUIRE_FALSE(subscriber.subscribe("a", qos::exactly_once).error);
    REQUIRE_FALSE(subscriber.subscribe("gone", qos::exactly_once).error);
    REQUIRE_FALSE(subscriber.unsubscribe("gone").error);
    REQUIRE_FALSE(publisher.publish("a", "before", qos::exactly_once).error);
    REQUIRE(subscriber.receive(1));

    for (int round = 0; round < 3; ++round) {
        broker.kill();
        broker.start();
        check_that_it_receives_again(publisher, subscriber, "again " + std::to_string(round));
    }
    CHECK(publisher.is_running());
    CHECK(subscriber.is_running());

    // The options went along, and what was unsubscribed from stays so.
    REQUIRE_FALSE(publisher.publish("gone", "", qos::exactly_once).error);
    check_that_it_receives_again(publisher, subscriber, "last");
    for (const mqtt::message& message : subscriber.messages())
        CHECK(message.topic == "a");
    CHECK(subscriber.messages().back().qos == qos::exactly_once);
    CHECK(subscriber.disconnect() == mqtt::error_code{});
}

TEST_CASE("What is published while the broker is down is sent when it is back") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker{test::mosquitto::keeps_sessions};
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), version, "publisher")};
    auto options = test::options_for(broker.url(), version, "subscriber");
    options.clean_start = false;  // Mosquitto 2.0.11 saves no session that began clean
    test::test_client subscriber{io, options};
    REQUIRE_FALSE(subscriber.subscribe("a", qos::exactly_once).error);
    REQUIRE_FALSE(publisher.publish("b", "", qos::exactly_once).error);
    broker.stop();  // it saves the sessions

    std::size_t completed = 0;
    for (const std::string& number : numbers(15)) {
        publisher.client.async_publish("a", number, qos::exactly_once,
                                       [&](mqtt::error_code error, const mqtt::publish_result&) {
                                           CHECK_FALSE(error);
                                           ++completed;
                                       });
    }
    broker.start();
    REQUIRE(subscriber.receive(15));
    CHECK(test::run_until(io, [&] { return completed == 15; }));
    CHECK(payloads(subscriber.messages()) == numbers(15));
    CHECK(broker.count_in_log("Received SUBSCRIBE") == 1);  // its session was resumed
}

TEST_CASE("What was sent to a client while it was away comes when it is back") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::tcp_relay network{io, broker.port()};
    test::test_client subscriber{io, test::options_for(network.url(), version, "subscriber")};
    test::test_client publisher{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(subscriber.subscribe("a", qos::exactly_once).error);
    network.set_down(true);
    REQUIRE(test::run_until(io, [&] { return network.connection_count() >= 3; }));
    for (int i = 0; i < 50; ++i) {
        const qos level = i % 2 == 0 ? qos::at_least_once : qos::exactly_once;
        REQUIRE_FALSE(publisher.publish("a", std::to_string(i), level).error);
    }
    CHECK(subscriber.messages().empty());

    network.set_down(false);
    REQUIRE(subscriber.receive(50));
    REQUIRE_FALSE(publisher.publish("a", "50", qos::exactly_once).error);
    REQUIRE(subscriber.receive(51));
    CHECK(payloads(subscriber.messages()) == numbers(51));
}

TEST_CASE("Messages at QoS 2 arrive once over a network that breaks all the time") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::tcp_relay network{io, broker.port()};
    // The broker begins each connection with all that is in flight, which may be most of it: some
    // hundred connections break before that goes through. So none of them is waited for long.
    auto options = test::options_for(network.url(), version, "publisher");
    options.maximum_reconnect_delay = options.minimum_reconnect_delay;
    test::test_client publisher{io, options};
    options.client_id = "subscriber";
    test::test_client subscriber{io, options};
    REQUIRE_FALSE(subscriber.subscribe("a", qos::exactly_once).error);
    REQUIRE_FALSE(publisher.publish("b", "", qos::exactly_once).error);

    constexpr std::size_t count = 200;
    std::size_t completed = 0;
    std::size_t started = 0;
    const auto publish_next = [&](const auto& self) -> void {
        if (started == count) return;
        publisher.client.async_publish("a", std::to_string(started++), qos::exactly_once,
                                       [&](mqtt::error_code error, const mqtt::publish_result&) {
                                           CHECK_FALSE(error);
                                           ++completed;
                                           self(self);
                                       });
    };
    network.break_after(100, 5);  // in ever other places of the conversation
    network.cut();
    for (int i = 0; i < 10; ++i)
        publish_next(publish_next);
    CHECK(subscriber.receive(count));
    CHECK(test::run_until(io, [&] { return completed == count; }));
    network.stay_up();
    REQUIRE_FALSE(publisher.publish("a", std::to_string(count), qos::exactly_once).error);
    REQUIRE(subscriber.receive(count + 1));
    CHECK(payloads(subscriber.messages()) == numbers(count + 1));
    CHECK(network.connection_count() > 50);
}

TEST_CASE("A session that an earlier client left is resumed in 3.1.1, and begun anew in 5.0") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), version)};
    auto options = test::options_for(broker.url(), version, "one name");
    options.clean_start = false;
    {
        test::test_client earlier{io, options};
        REQUIRE_FALSE(earlier.subscribe("a", qos::exactly_once).error);
        REQUIRE(earlier.disconnect() == mqtt::error_code{});
    }
    REQUIRE_FALSE(publisher.publish("a", "kept", qos::exactly_once).error);

    test::test_client client{io, options};
    std::vector<std::string> got;
    client.client.async_receive([&](mqtt::error_code error, const mqtt::message& message) {
        if (!error) got.push_back(message.payload);
    });
    REQUIRE_FALSE(client.subscribe("b", qos::exactly_once).error);
    REQUIRE_FALSE(client.publish("b", "1", qos::exactly_once).error);
    REQUIRE(client.receive(1));
    // 5.0: "If the Client does not have Session State and receives Session Present set to 1 it MUST
    // close the Network Connection" [MQTT-3.2.2-4].
    CHECK(got == (version == protocol_version::v5 ? std::vector<std::string>{}
                                                  : std::vector<std::string>{"kept"}));
    CHECK(broker.count_in_log("as one name") == (version == protocol_version::v5 ? 3 : 2));
}
