// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/io_handler.hpp>
#include <asio_mqtt/detail/tcp_attempt.hpp>
#include <asio_mqtt/transport/broker_address.hpp>
#include <asio_mqtt/transport/tcp_connector_options.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace asio_mqtt {

/// Makes TCP connections for `mqtt://host[:port]` (port 1883 by default): all addresses of the name
/// in turn, each with a deadline of its own, with TCP_NODELAY, since an acknowledgement must not
/// wait for Nagle's algorithm. For brokers that use it see acknowledge_at_once().
///
/// **Names.** Asio resolves all names of an execution context on one thread, with getaddrinfo(),
/// which nothing can interrupt. When that hangs, `resolve_timeout` ends the waiting alone: the
/// thread stays blocked until the system gives up, other names wait behind it meanwhile, and the
/// context's run() and destructor wait for it too. A host that is an address, IPv4 or IPv6, needs
/// none of that and is connected to at once.
///
/// A connector is any class with a `stream_type` that is an AsyncReadStream and an
/// AsyncWriteStream, can be moved and has close() or lowest_layer(), and with
/// `async_connect(broker, token)` that completes with `void(error_code, stream_type)`. A client
/// calls it, has it cancelled and is answered by it on a strand, or on its executor when it is
/// single-threaded. One that is thread-safe, as this one is, gets no strand.
class tcp_connector {
public:
    using stream_type = asio::ip::tcp::socket;

    /// Whether it can connect to such a broker. A connector may have this: then a client refuses
    /// the others at once.
    static bool takes(const broker_address& broker) noexcept {
        return detail::tcp_attempt::takes(broker);
    }

    /// It may be cancelled while it runs or ends in another thread. A connector that says so is
    /// used without a strand; a class that derives from this one says so, too, and must be so.
    static constexpr bool is_thread_safe = true;

    explicit tcp_connector(asio::any_io_executor executor, tcp_connector_options options = {})
        : executor_{std::move(executor)}, options_{options} {}

    /// Completes on the handler's executor with a connected socket, or with
    ///  - the error of the resolver, or of the last address that was tried: asio::error::timed_out
    ///    for what took longer than the options allow;
    ///  - errc::unknown_broker_scheme for another scheme;
    ///  - errc::invalid_timeout for a time-out that is not more than 0 ms;
    ///  - asio::error::operation_aborted when it was cancelled (all types), even while the resolver
    ///    hangs.
    template <class CompletionToken>
    auto async_connect(const broker_address& broker, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, void(error_code, stream_type)>(
            initiation{}, token, executor_, options_, broker);
    }

private:
    template <class Handler>
    class attempt_for final : public detail::tcp_attempt {
    public:
        attempt_for(Handler&& handler, const asio::any_io_executor& io,
                    const tcp_connector_options& options, const broker_address& broker)
            : tcp_attempt{asio::get_associated_executor(handler, io), io, options, broker},
              handler_{std::move(handler)} {}

    private:
        void complete(error_code error, stream_type&& socket) override {
            // What stands in the slot does no harm, and may be in use by another thread.
            // A resolver that hangs keeps the attempt, and must not keep what the handler holds.
            Handler handler{std::move(handler_)};
            std::move(handler)(error, std::move(socket));
        }

        Handler handler_;
    };

    struct initiation {
        template <class Handler>
        void operator()(Handler&& handler, const asio::any_io_executor& executor,
                        const tcp_connector_options& options, const broker_address& broker) const {
            std::decay_t<Handler> kept{std::forward<Handler>(handler)};
            auto slot = asio::get_associated_cancellation_slot(kept);
            const std::shared_ptr<detail::io_target> started{
                new attempt_for<std::decay_t<Handler>>{std::move(kept), executor, options, broker}};
            if (slot.is_connected()) {
                // The signal may outlive the attempt: it goes with the execution context.
                slot.assign([weak = std::weak_ptr{started}](asio::cancellation_type) {
                    const auto alive = weak.lock();
                    if (alive != nullptr) asio::post(alive->when(detail::io_event::cancelled));
                });
            }
            asio::post(started->when(detail::io_event::posted));
        }
    };

    asio::any_io_executor executor_;
    tcp_connector_options options_;
};

}  // namespace asio_mqtt
