// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/tcp_relay.hpp"
#include "integration/test_client.hpp"

#include <string>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;

TEST_CASE("A disconnect waits for all that was published before it") {
    const auto version = BOTH_VERSIONS;
    CAPTURE(version);
    // In 3.1.1 nothing announces to the client how much the broker takes at once.
    test::mosquitto broker{"allow_anonymous true\nmax_inflight_messages 0\n"};
    asio::io_context io;
    test::test_client witness{io, test::options_for(broker.url(), version)};
    REQUIRE_FALSE(witness.subscribe("a", qos::exactly_once).error);
    test::test_client client{io, test::options_for(broker.url(), version)};
    constexpr std::size_t count = 300;
    std::size_t completed = 0;
    for (std::size_t i = 0; i < count; ++i) {
        client.client.async_publish("a", std::to_string(i), test::every_qos[i % 3],
                                    [&](mqtt::error_code error, const mqtt::publish_result&) {
                                        CHECK_FALSE(error);
                                        ++completed;
                                    });
    }
    CHECK_FALSE(client.publish("b", "", qos::at_most_once).error);  // there is a connection
    CHECK(client.disconnect() == mqtt::error_code{});
    CHECK(completed == count);
    REQUIRE(witness.receive(count));
    CHECK(witness.messages().size() == count);
    CHECK(broker.count_in_log("Received DISCONNECT") == 1);
}
