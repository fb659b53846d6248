// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/testing/broker.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

namespace asio_mqtt::testing {

/// A connector whose streams lead to a broker in the same process, without a socket; the address is
/// not looked at. Copies share their settings and counters, so that a test can keep one and give a
/// client another.
///
/// The broker must outlive the connector's use, and the threading rule of memory_stream holds for
/// client and broker.
class memory_connector {
public:
    using stream_type = memory_stream;

    explicit memory_connector(broker& server)
        : shared_{std::make_shared<shared>(shared{&server})} {}

    asio::any_io_executor get_executor() const { return shared_->server->get_executor(); }

    /// `hook` gets the client's end of each connection before the client does, to order faults.
    void on_connect(std::function<void(memory_stream&)> hook) { shared_->hook = std::move(hook); }

    /// The next `attempts` to connect fail; 0 lets them succeed again.
    void refuse_next(std::size_t attempts,
                     std::error_code error = asio::error::connection_refused) {
        shared_->refusals = attempts;
        shared_->refusal = error;
    }

    /// How often async_connect() was called.
    std::size_t attempts() const noexcept { return shared_->attempts; }

    /// Signature: void(error_code, memory_stream). The handler is posted to its associated
    /// executor, by default the broker's; a stream that comes with an error is not connected.
    template <class CompletionToken>
    auto async_connect(const broker_address&, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, void(std::error_code, memory_stream)>(
            [](auto handler, const std::shared_ptr<shared>& state) {
                const auto executor =
                    asio::get_associated_executor(handler, state->server->get_executor());
                auto [error, stream] = state->connect();
                asio::post(executor, [handler = std::move(handler), failure = error,
                                      connected = std::move(stream)]() mutable {
                    std::move(handler)(failure, std::move(connected));
                });
            },
            token, shared_);
    }

private:
    struct shared {
        broker* server;
        std::function<void(memory_stream&)> hook{};
        std::size_t refusals = 0;
        std::error_code refusal{};
        std::size_t attempts = 0;

        std::pair<std::error_code, memory_stream> connect() {
            ++attempts;
            if (refusals != 0) {
                --refusals;
                return {refusal, memory_stream{server->get_executor()}};
            }
            memory_stream stream = server->connect();
            if (hook) hook(stream);
            return {std::error_code{}, std::move(stream)};
        }
    };

    std::shared_ptr<shared> shared_;
};

}  // namespace asio_mqtt::testing
