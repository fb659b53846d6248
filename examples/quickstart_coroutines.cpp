// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// Subscribes, publishes a message, and prints it when it comes back: with coroutines. Errors are
// thrown as std::system_error.
//     quickstart_coroutines [mqtt://HOST[:PORT]]      without it: mqtt://localhost
#include <asio_mqtt.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>

namespace mqtt = asio_mqtt;

asio::awaitable<void> round_trip(mqtt::client& client) {
    co_await client.async_subscribe("home/+/temperature", mqtt::qos::at_least_once,
                                    asio::use_awaitable);

    // Options are built before the co_await: GCC 12 mistreats some braced temporaries inside it.
    const mqtt::publish_options options{.qos = mqtt::qos::exactly_once,
                                        .content_type = "text/plain"};
    co_await client.async_publish("home/kitchen/temperature", "21.5", options, asio::use_awaitable);

    const mqtt::message message = co_await client.async_receive(asio::use_awaitable);
    std::cout << message.topic << ": " << message.payload << '\n';

    co_await client.async_disconnect(asio::use_awaitable);
}

int main(int argc, char** argv) {
    const std::string broker = argc > 1 ? argv[1] : "mqtt://localhost";

    asio::io_context io;
    mqtt::client client{io, {.brokers = {broker}, .client_id = "quickstart_coroutines"}};
    client.async_run(asio::detached);  // if it fails, so does what waits for it

    int status = 1;
    asio::co_spawn(io, round_trip(client), [&](std::exception_ptr thrown) {
        try {
            if (thrown) std::rethrow_exception(thrown);
            status = 0;
        } catch (const std::exception& error) {
            std::cerr << "quickstart_coroutines: " << error.what() << '\n';
            client.async_disconnect(asio::detached);
        }
    });

    // The client goes on trying to connect for as long as this runs; most programs call io.run().
    io.run_for(std::chrono::seconds{10});
    if (!io.stopped()) std::cerr << "no answer from " << broker << " within 10 s\n";
    return status;
}
