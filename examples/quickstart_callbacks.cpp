// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// Subscribes, publishes a message, and prints it when it comes back: with callbacks.
//     quickstart_callbacks [mqtt://HOST[:PORT]]      without it: mqtt://localhost
#include <asio_mqtt.hpp>

#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace mqtt = asio_mqtt;

int main(int argc, char** argv) {
    const std::string broker = argc > 1 ? argv[1] : "mqtt://localhost";

    asio::io_context io;
    mqtt::client client{io, {.brokers = {broker}, .client_id = "quickstart_callbacks"}};

    client.async_subscribe(
        "home/+/temperature", mqtt::qos::at_least_once,
        [&](const mqtt::message_view& message) {  // for each message
            std::cout << message.topic << ": " << message.payload << '\n';
            client.async_disconnect(asio::detached);
        },
        [&](mqtt::error_code error, const mqtt::subscribe_result&) {  // when subscribed, or why not
            if (error) std::cerr << "subscribing failed: " << error.message() << '\n';
        });

    client.async_publish("home/kitchen/temperature", "21.5", mqtt::qos::exactly_once,
                         [&](mqtt::error_code error, const mqtt::publish_result&) {
                             if (error)
                                 std::cerr << "publishing failed: " << error.message() << '\n';
                         });

    int status = 1;
    client.async_run([&](mqtt::error_code error) {  // when it is all over
        if (error) std::cerr << "connection to " << broker << ": " << error.message() << '\n';
        status = error ? 1 : 0;
    });

    // The client goes on trying to connect for as long as this runs; most programs call io.run().
    io.run_for(std::chrono::seconds{10});
    if (!io.stopped()) std::cerr << "no answer from " << broker << " within 10 s\n";
    return status;
}
