// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/transport/broker_address.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <memory>
#include <utility>

namespace asio_mqtt {

/// Makes TCP connections for `mqtt://host[:port]` (port 1883 by default): all addresses of the name
/// in turn, with TCP_NODELAY, since an acknowledgement must not wait for Nagle's algorithm.
///
/// A connector is any class with a `stream_type` that is an AsyncReadStream and an
/// AsyncWriteStream, and with `async_connect(broker, token)` that completes with `void(error_code,
/// stream_type)`.
class tcp_connector {
public:
    using stream_type = asio::ip::tcp::socket;

    explicit tcp_connector(asio::any_io_executor executor) : executor_{std::move(executor)} {}

    /// Completes with a connected socket; with the error of the resolver or of the last address
    /// that was tried; with errc::invalid_broker_address for another scheme; with
    /// asio::error::operation_aborted when it was cancelled (terminal), on the thread of the
    /// handler's executor.
    template <class CompletionToken>
    auto async_connect(const broker_address& broker, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, void(error_code, stream_type)>(
            initiation{}, token, executor_, broker);
    }

private:
    template <class Handler>
    struct attempt {
        Handler handler;
        asio::ip::tcp::resolver resolver;
        stream_type socket;
        asio::ip::tcp::resolver::results_type addresses{};
        asio::ip::tcp::resolver::results_type::const_iterator next{};
        bool is_cancelled = false;
    };

    /// The handler of each step: the steps run one after the other on the executor of the final
    /// handler.
    template <class Handler>
    struct step {
        using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
        executor_type get_executor() const noexcept {
            return asio::get_associated_executor(self->handler, self->socket.get_executor());
        }

        void operator()() { finish(errc::invalid_broker_address); }

        void operator()(error_code error, asio::ip::tcp::resolver::results_type addresses) {
            if (error) return finish(error);
            self->addresses = std::move(addresses);
            self->next = self->addresses.begin();
            connect(asio::error::host_not_found);
        }

        void operator()(error_code error) {
            if (error) return connect(error);
            self->socket.set_option(asio::ip::tcp::no_delay{true}, error);
            finish(error);
        }

        /// Tries the next address; `last` is what became of the one before.
        void connect(error_code last) {
            if (self->is_cancelled) return finish(asio::error::operation_aborted);
            if (self->next == self->addresses.end()) return finish(last);
            error_code ignored;
            self->socket.close(ignored);
            attempt<Handler>& at = *self;
            at.socket.async_connect((at.next++)->endpoint(), std::move(*this));
        }

        void finish(error_code error) {
            auto slot = asio::get_associated_cancellation_slot(self->handler);
            if (slot.is_connected()) slot.clear();
            if (self->is_cancelled) error = asio::error::operation_aborted;
            const std::unique_ptr<attempt<Handler>> last{std::move(self)};
            std::move(last->handler)(error, std::move(last->socket));
        }

        std::unique_ptr<attempt<Handler>> self;
    };

    struct initiation {
        template <class Handler>
        void operator()(Handler&& handler, const asio::any_io_executor& executor,
                        const broker_address& broker) const {
            using handler_type = std::decay_t<Handler>;
            step<handler_type> first{
                std::unique_ptr<attempt<handler_type>>{new attempt<handler_type>{
                    std::forward<Handler>(handler), asio::ip::tcp::resolver{executor},
                    stream_type{executor}}}};
            attempt<handler_type>& at = *first.self;
            auto slot = asio::get_associated_cancellation_slot(at.handler);
            if (slot.is_connected()) {
                slot.assign([&at](asio::cancellation_type) {
                    at.is_cancelled = true;
                    at.resolver.cancel();
                    error_code ignored;
                    at.socket.close(ignored);
                });
            }
            if (broker.scheme != "mqtt") return asio::post(std::move(first));
            at.resolver.async_resolve(broker.host, broker.port.empty() ? "1883" : broker.port,
                                      std::move(first));
        }
    };

    asio::any_io_executor executor_;
};

}  // namespace asio_mqtt
