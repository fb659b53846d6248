// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt.hpp>
#include <asio_mqtt/testing/broker.hpp>
#include <asio_mqtt/testing/memory_connector.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

namespace {

using memory_client = asio_mqtt::basic_client<asio_mqtt::testing::memory_connector>;

asio::awaitable<void> publish(memory_client& client, bool& is_published) {
    co_await client.async_publish("a", "b", asio_mqtt::qos::at_least_once, asio::use_awaitable);
    is_published = true;
    co_await client.async_disconnect(asio::use_awaitable);
}

}  // namespace

/// With a connector that the library does not know beforehand.
bool publishes_in_memory() {
    asio::io_context io;
    asio_mqtt::testing::broker broker{io.get_executor()};
    memory_client client{io.get_executor(),
                         {.brokers = {"mqtt://memory"}},
                         asio_mqtt::testing::memory_connector{broker}};
    bool is_published = false;
    client.async_run(asio::detached);
    asio::co_spawn(io, publish(client, is_published), asio::detached);
    io.run();
    return is_published;
}
