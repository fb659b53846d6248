// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt.hpp>
#include <asio_mqtt/testing/broker.hpp>

#include <asio/io_context.hpp>

// other.cpp includes the library too: two translation units in one program show a missing `inline`.
bool publishes_in_memory();

static bool publishes_over_tcp() {
    asio::io_context io;
    asio_mqtt::testing::broker broker{io.get_executor()};
    if (broker.listen()) return false;
    asio_mqtt::client client{io, {.brokers = {broker.url()}}};
    bool is_published = false;
    client.async_publish("a", "b", asio_mqtt::qos::exactly_once,
                         [&](asio_mqtt::error_code error, const asio_mqtt::publish_result&) {
                             is_published = !error;
                             client.async_disconnect([](asio_mqtt::error_code) {});
                             broker.stop();
                         });
    client.async_run([](asio_mqtt::error_code) {});
    io.run();
    return is_published;
}

int main() {
    return publishes_over_tcp() && publishes_in_memory() ? 0 : 1;
}
