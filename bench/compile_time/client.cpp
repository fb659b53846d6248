// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// A program that connects, publishes and subscribes; and publishes with HANDLERS more handlers,
// each of a type of its own.

#include <asio_mqtt/client.hpp>

#include <asio/io_context.hpp>

#include <cstddef>
#include <cstdio>
#include <utility>

#ifndef HANDLERS
#define HANDLERS 0
#endif

namespace mqtt = asio_mqtt;

template <std::size_t... Each>
void publish_each(mqtt::client& client, std::index_sequence<Each...>) {
    (client.async_publish(
         "a", "b", mqtt::qos::exactly_once,
         [](mqtt::error_code, const mqtt::publish_result&) { std::printf("%zu\n", Each); }),
     ...);
}

int main() {
    asio::io_context io;
    mqtt::client client{io, {.brokers = {"mqtt://localhost"}}};
    client.async_subscribe(
        "a", mqtt::qos::at_least_once,
        [](const mqtt::message_view& message) { std::printf("%zu\n", message.payload.size()); },
        [](mqtt::error_code error, const mqtt::subscribe_result&) {
            if (error) std::printf("%s\n", error.message().c_str());
        });
    client.async_publish("a", "b", mqtt::qos::at_least_once,
                         [](mqtt::error_code error, const mqtt::publish_result&) {
                             if (error) std::printf("%s\n", error.message().c_str());
                         });
    publish_each(client, std::make_index_sequence<HANDLERS>{});
    client.async_run([](mqtt::error_code error) { std::printf("%s\n", error.message().c_str()); });
    io.run();
}
