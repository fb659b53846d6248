// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/client.hpp>
#include <asio_mqtt/testing/memory_connector.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <exception>
#include <memory>

using namespace asio_mqtt;

namespace {

using memory_client = basic_client<testing::memory_connector>;

asio::awaitable<void> receive(memory_client& client, std::shared_ptr<int> witness) {
    co_await client.async_receive(asio::use_awaitable);
    *witness = 1;
}

asio::awaitable<void> publish(memory_client& client, std::shared_ptr<int> witness) {
    co_await client.async_publish("a", "b", qos::at_least_once, asio::use_awaitable);
    *witness = 1;
}

}  // namespace

// A coroutine keeps what it waits for, and that keeps the coroutine: nothing would ever end the
// two.
TEST_CASE("client: waiting coroutines are destroyed with the execution context") {
    std::weak_ptr<int> alive;
    asio::cancellation_signal signal;  // outlives the context
    {
        asio::io_context io;
        testing::broker broker{io.get_executor()};
        testing::memory_connector connector{broker};
        connector.refuse_next(1);
        const bool is_running = GENERATE(false, true);
        client_options options{.brokers = {"mqtt://memory"}};
        // A wait is random from nothing on: of an hour it is not nothing.
        options.minimum_reconnect_delay = options.maximum_reconnect_delay = std::chrono::hours{1};
        memory_client client{io.get_executor(), std::move(options), connector};
        if (is_running) client.async_run(asio::detached);
        {
            const auto witness = std::make_shared<int>(0);
            alive = witness;
            asio::co_spawn(io, receive(client, witness), asio::detached);
            asio::co_spawn(io, publish(client, witness),
                           asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
        }
        io.poll();
        CHECK(alive.use_count() == 2);
    }
    CHECK(alive.expired());
}

TEST_CASE("client: what owns the client that it waits for is destroyed with the context") {
    std::weak_ptr<int> in_coroutine, in_handler, not_begun;
    {
        asio::io_context io;
        testing::broker broker{io.get_executor()};
        const testing::memory_connector connector{broker};
        const auto make = [&] {
            return std::make_shared<memory_client>(
                io.get_executor(), client_options{.brokers = {"mqtt://memory"}}, connector);
        };
        const auto hold = [](std::weak_ptr<int>& watched) {
            auto witness = std::make_shared<int>();
            watched = witness;
            return witness;
        };
        asio::co_spawn(
            io,
            [](std::shared_ptr<memory_client> client,
               std::shared_ptr<int> witness) -> asio::awaitable<void> {
                co_await client->async_receive(asio::use_awaitable);
                *witness = 1;
            }(make(), hold(in_coroutine)),
            asio::detached);
        const auto owned = make();
        owned->async_run([owned, witness = hold(in_handler)](error_code) {});
        io.poll();
        const auto late = make();
        late->async_run([late, witness = hold(not_begun)](error_code) {});
        CHECK_FALSE(in_coroutine.expired());
    }
    CHECK(in_coroutine.expired());
    CHECK(in_handler.expired());
    CHECK(not_begun.expired());
}

TEST_CASE(
    "client: what a handler starts while it is destroyed with the context is destroyed, too") {
    struct last_wish {
        std::shared_ptr<memory_client> client;
        std::shared_ptr<int> witness;
        ~last_wish() {
            client->async_receive([kept = client, held = witness](error_code, const message&) {});
        }
    };
    std::weak_ptr<int> alive;
    {
        asio::io_context io;
        testing::broker broker{io.get_executor()};
        const auto client = std::make_shared<memory_client>(
            io.get_executor(), client_options{.brokers = {"mqtt://memory"}},
            testing::memory_connector{broker});
        const auto witness = std::make_shared<int>();
        alive = witness;
        client->async_receive([wish = std::shared_ptr<const last_wish>{
                                   new last_wish{client, witness}}](error_code, const message&) {});
        io.poll();
        CHECK_FALSE(alive.expired());
    }
    CHECK(alive.expired());
}
