// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/test_client.hpp"

#include <cstddef>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;

namespace {

/// Bytes of all values in no order, so that a piece that is lost, doubled or displaced is seen.
std::string noise(std::size_t size) {
    std::minstd_rand random{static_cast<std::minstd_rand::result_type>(size)};
    std::string bytes(size, '\0');
    for (char& byte : bytes)
        byte = static_cast<char>(random() >> 7 & 0xFF);
    return bytes;
}

}  // namespace

TEST_CASE("Payloads of every size arrive as they were sent") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    test::mosquitto broker;
    asio::io_context io;
    test::test_client publisher{io, test::options_for(broker.url(), version)};
    test::test_client subscriber{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(subscriber.subscribe("a", qos::exactly_once).error);
    // 121 and 16,377: where the Remaining Length gets another byte; 64 KiB and 5 MB: more than a
    // read or a write takes at once.
    for (const std::size_t size :
         {0U, 1U, 121U, 122U, 123U, 16'377U, 16'378U, 16'379U, 65'535U, 65'536U, 5'000'000U}) {
        const std::string sent = noise(size);
        for (const qos level : test::every_qos) {
            CAPTURE(size, level);
            subscriber.messages().clear();
            REQUIRE_FALSE(publisher.publish("a", sent, level).error);
            REQUIRE(subscriber.receive(1));
            CHECK(subscriber.messages()[0].qos == level);
            const bool is_equal = subscriber.messages()[0].payload == sent;
            CHECK(is_equal);
        }
    }
    CHECK(publisher.disconnect() == mqtt::error_code{});
    CHECK(subscriber.disconnect() == mqtt::error_code{});
}

TEST_CASE("Large payloads may be moved in, shared or viewed") {
    test::mosquitto broker;
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(client.subscribe("a", qos::exactly_once).error);
    const std::string text = noise(300'000);
    const auto bytes_of = [](const std::string& from) {
        const auto view = std::as_bytes(std::span{from});
        return std::vector<std::byte>(view.begin(), view.end());
    };
    std::size_t completed = 0;
    const auto publish = [&](mqtt::payload content) {
        client.client.async_publish("a", std::move(content), qos::exactly_once,
                                    [&](mqtt::error_code error, const mqtt::publish_result&) {
                                        CHECK_FALSE(error);
                                        ++completed;
                                    });
    };
    publish(text);
    publish(std::string{text});
    publish(std::make_shared<const std::string>(text));
    publish(std::string_view{std::string{text}});
    publish(std::as_bytes(std::span{text}));
    publish(bytes_of(text));
    publish(std::make_shared<const std::vector<std::byte>>(bytes_of(text)));
    REQUIRE(client.receive(7));
    CHECK(test::run_until(io, [&] { return completed == 7; }));
    for (const mqtt::message& message : client.messages()) {
        const bool is_equal = message.payload == text;
        CHECK(is_equal);
    }
}

TEST_CASE("A message over the client's maximum packet size is not sent to it in 5.0") {
    test::mosquitto broker;
    asio::io_context io;
    auto options = test::options_for(broker.url(), protocol_version::v5);
    options.maximum_packet_size = 1'000;
    test::test_client client{io, options};
    REQUIRE_FALSE(client.subscribe("a", qos::exactly_once).error);
    test::test_client publisher{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(publisher.publish("a", noise(1'001), qos::exactly_once).error);
    REQUIRE_FALSE(publisher.publish("a", "small", qos::exactly_once).error);
    REQUIRE(client.receive(1));
    CHECK(client.messages()[0].payload == "small");  // [MQTT-3.1.2-25]
    CHECK(client.is_running());
}

TEST_CASE("A message over the broker's maximum packet size is refused at the call in 5.0") {
    test::mosquitto broker{"allow_anonymous true\nmax_packet_size 1000\n"};
    asio::io_context io;
    test::test_client client{io, test::options_for(broker.url(), protocol_version::v5)};
    REQUIRE_FALSE(client.subscribe("a", qos::exactly_once).error);
    const mqtt::error_code refusal = mqtt::errc::packet_too_large;
    for (const qos level : test::every_qos) {
        CHECK(client.publish("a", noise(1'001), level).error == refusal);
        CHECK_FALSE(client.publish("a", "small", level).error);
    }
    REQUIRE(client.receive(3));
    CHECK(client.is_running());
    CHECK(broker.count_in_log("New client connected") == 1);
}
