// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// Subscribes, publishes a message, and prints it when it comes back: with futures. The client works
// on a thread of its own; errors are thrown as std::system_error.
//     quickstart_futures [mqtt://HOST[:PORT]]      without it: mqtt://localhost
#include <asio_mqtt.hpp>

#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <iostream>
#include <stdexcept>
#include <string>

namespace mqtt = asio_mqtt;

// The client goes on trying to connect; whoever waits decides for how long.
template <class Result>
Result get(std::future<Result> pending) {
    if (pending.wait_for(std::chrono::seconds{10}) != std::future_status::ready) {
        throw std::runtime_error{"no answer within 10 s"};
    }
    return pending.get();
}

int main(int argc, char** argv) try {
    const std::string broker = argc > 1 ? argv[1] : "mqtt://localhost";

    asio::thread_pool network{1};
    mqtt::client client{network, {.brokers = {broker}, .client_id = "quickstart_futures"}};
    std::future<void> run = client.async_run(asio::use_future);

    get(client.async_subscribe("home/+/temperature", mqtt::qos::at_least_once, asio::use_future));
    std::future<mqtt::message> received = client.async_receive(asio::use_future);
    get(client.async_publish("home/kitchen/temperature", "21.5", mqtt::qos::exactly_once,
                             asio::use_future));
    const mqtt::message message = get(std::move(received));
    std::cout << message.topic << ": " << message.payload << '\n';

    get(client.async_disconnect(asio::use_future));
    get(std::move(run));
    return 0;
} catch (const std::exception& error) {
    std::cerr << "quickstart_futures: " << error.what() << '\n';
    return 1;
}
