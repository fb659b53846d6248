// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/post.hpp>

#include <utility>

namespace test {

/// What async_connect() of a connector returns that has its stream ready.
template <class Stream, class Token>
auto connect_with(Stream ready, Token&& token) {
    return asio::async_initiate<Token, void(asio_mqtt::error_code, Stream)>(
        [](auto handler, Stream stream) {
            const auto on = asio::get_associated_executor(handler, stream.get_executor());
            asio::post(on, [handler = std::move(handler), stream = std::move(stream)]() mutable {
                std::move(handler)(asio_mqtt::error_code{}, std::move(stream));
            });
        },
        token, std::move(ready));
}

}  // namespace test
