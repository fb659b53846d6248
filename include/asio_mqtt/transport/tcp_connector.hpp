// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/transport/broker_address.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/connect.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <memory>
#include <utility>

namespace asio_mqtt {

/// Makes TCP connections for `mqtt://host[:port]` (port 1883 by default): all addresses of the name in turn, with
/// TCP_NODELAY, since an acknowledgement must not wait for Nagle's algorithm.
///
/// A connector is any class with a `stream_type` that is an AsyncReadStream and an AsyncWriteStream, and with
/// `async_connect(broker, token)` completing with `void(error_code, stream_type)`.
class tcp_connector {
public:
    using stream_type = asio::ip::tcp::socket;

    explicit tcp_connector(asio::any_io_executor executor) : executor_{std::move(executor)} {}

    /// Completes with a connected socket, with the resolver's or the last address's error, or with
    /// errc::invalid_broker_address for another scheme. The handler must be callable on its associated
    /// executor; the connector may be gone by then.
    template <class CompletionToken>
    auto async_connect(const broker_address& broker, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, void(error_code, stream_type)>(
            [](auto handler, const asio::any_io_executor& executor, broker_address address) {
                auto handler_executor = asio::get_associated_executor(handler, executor);
                auto attempt = std::make_shared<connect_attempt<decltype(handler)>>(
                    std::move(handler), executor);
                if (address.scheme != "mqtt") {
                    asio::post(handler_executor, [attempt] {
                        attempt->finish(errc::invalid_broker_address);
                    });
                    return;
                }
                const std::string port = address.port.empty() ? "1883" : address.port;
                attempt->resolver.async_resolve(
                    address.host, port,
                    asio::bind_executor(handler_executor, [attempt, handler_executor](
                                                              error_code error, auto endpoints) {
                        if (error) return attempt->finish(error);
                        asio::async_connect(
                            attempt->socket, endpoints,
                            asio::bind_executor(
                                handler_executor,
                                [attempt](error_code failure, const asio::ip::tcp::endpoint&) {
                                    attempt->finish(failure);
                                }));
                    }));
            },
            token, executor_, broker);
    }

private:
    template <class Handler>
    struct connect_attempt {
        connect_attempt(Handler&& on_end, const asio::any_io_executor& executor)
            : handler{std::move(on_end)}, resolver{executor}, socket{executor} {}

        void finish(error_code error) {
            if (!error) socket.set_option(asio::ip::tcp::no_delay{true}, error);
            std::move(handler)(error, std::move(socket));
        }

        Handler handler;
        asio::ip::tcp::resolver resolver;
        asio::ip::tcp::socket socket;
    };

    asio::any_io_executor executor_;
};

}  // namespace asio_mqtt
