// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/io_handler.hpp>
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
    /// One call of async_connect(), whatever its handler is. The steps run one after the other on
    /// the executor of the handler.
    class attempt : public detail::io_target, public std::enable_shared_from_this<attempt> {
    public:
        attempt(const asio::any_io_executor& executor, const asio::any_io_executor& io)
            : io_target{executor}, resolver_{io}, socket_{io} {}
        virtual ~attempt() = default;

        void start(const broker_address& broker) {
            if (broker.scheme != "mqtt") return asio::post(when(detail::io_event::posted));
            resolver_.async_resolve(broker.host, broker.port.empty() ? "1883" : broker.port,
                                    resolve_handler{shared_from_this()});
        }

        void cancel() {
            is_cancelled_ = true;
            resolver_.cancel();
            error_code ignored;
            socket_.close(ignored);
        }

    protected:
        virtual void complete(error_code error, stream_type&& socket) = 0;

    private:
        using addresses = asio::ip::tcp::resolver::results_type;

        struct resolve_handler {
            using executor_type = asio::any_io_executor;
            executor_type get_executor() const noexcept { return self->executor(); }
            void operator()(error_code error, addresses found) {
                if (error) return self->finish(error);
                self->addresses_ = std::move(found);
                self->next_ = self->addresses_.begin();
                self->connect(asio::error::host_not_found);
            }

            std::shared_ptr<attempt> self;
        };

        detail::io_handler when(detail::io_event what) { return {shared_from_this(), what}; }

        void io_ended(detail::io_event what, error_code error, std::size_t) override {
            if (what == detail::io_event::posted) return finish(errc::invalid_broker_address);
            if (error) return connect(error);
            socket_.set_option(asio::ip::tcp::no_delay{true}, error);
            finish(error);
        }

        /// Tries the next address; `last` is what became of the one before.
        void connect(error_code last) {
            if (is_cancelled_ || next_ == addresses_.end()) return finish(last);
            error_code ignored;
            socket_.close(ignored);
            socket_.async_connect((next_++)->endpoint(), when(detail::io_event::connected));
        }

        void finish(error_code error) {
            if (is_cancelled_) error = asio::error::operation_aborted;
            complete(error, std::move(socket_));
        }

        asio::ip::tcp::resolver resolver_;
        stream_type socket_;
        addresses addresses_{};
        addresses::const_iterator next_{};
        bool is_cancelled_ = false;
    };

    template <class Handler>
    class attempt_for final : public attempt {
    public:
        attempt_for(Handler&& handler, const asio::any_io_executor& io)
            : attempt{asio::get_associated_executor(handler, io), io},
              handler_{std::move(handler)} {}

    private:
        void complete(error_code error, stream_type&& socket) override {
            auto slot = asio::get_associated_cancellation_slot(handler_);
            if (slot.is_connected()) slot.clear();
            std::move(handler_)(error, std::move(socket));
        }

        Handler handler_;
    };

    struct initiation {
        template <class Handler>
        void operator()(Handler&& handler, const asio::any_io_executor& executor,
                        const broker_address& broker) const {
            std::decay_t<Handler> kept{std::forward<Handler>(handler)};
            auto slot = asio::get_associated_cancellation_slot(kept);
            const std::shared_ptr<attempt> started{
                new attempt_for<std::decay_t<Handler>>{std::move(kept), executor}};
            if (slot.is_connected()) {
                // The signal may outlive the attempt: it goes with the execution context.
                slot.assign([weak = std::weak_ptr{started}](asio::cancellation_type) {
                    if (const auto alive = weak.lock()) alive->cancel();
                });
            }
            started->start(broker);
        }
    };

    asio::any_io_executor executor_;
};

}  // namespace asio_mqtt
