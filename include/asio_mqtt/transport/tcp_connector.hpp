// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/io_handler.hpp>
#include <asio_mqtt/session/time_point.hpp>
#include <asio_mqtt/transport/broker_address.hpp>
#include <asio_mqtt/transport/close_stream.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

namespace asio_mqtt {

/// How long each step of connecting may take; more than 0 ms. What a client allows for all of them
/// together is client_options::connect_timeout.
struct tcp_connector_options {
    std::chrono::milliseconds resolve_timeout{5'000};
    std::chrono::milliseconds connect_timeout{5'000};  ///< For each address of the name.
};

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
/// calls it, has it cancelled and is answered by it on a strand.
class tcp_connector {
public:
    using stream_type = asio::ip::tcp::socket;

    /// Whether it can connect to such a broker. A connector may have this: then a client refuses
    /// the others at once.
    static bool takes(const broker_address& broker) noexcept { return broker.scheme == "mqtt"; }

    /// It may be cancelled while it runs or ends in another thread. A connector that says so is
    /// used without a strand; a class that derives from this one has to hold it, too.
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
    /// One call of async_connect(), whatever its handler is. All of it runs on the handler's
    /// executor, and one thing at a time: the timer and what it limits may end on two threads at
    /// once.
    class attempt : public detail::io_target {
    public:
        attempt(const asio::any_io_executor& executor, const asio::any_io_executor& io,
                tcp_connector_options options, broker_address broker)
            : io_target{executor},
              options_{options},
              broker_{std::move(broker)},
              resolver_{io},
              socket_{io},
              timer_{io} {}
        virtual ~attempt() = default;

    protected:
        virtual void complete(error_code error, stream_type&& socket) = 0;

    private:
        using addresses = asio::ip::tcp::resolver::results_type;
        enum class step : std::uint8_t { resolving, connecting, too_late, finished };

        struct resolve_handler {
            using executor_type = asio::any_io_executor;
            executor_type get_executor() const noexcept { return ended.get_executor(); }
            void operator()(error_code error, addresses found) {
                resolved = std::move(found);  // nobody looks at them before
                ended(error);
            }

            detail::io_handler ended;
            addresses& resolved;
        };

        void io_ended(detail::io_event what, error_code error, std::size_t) override {
            {
                const std::lock_guard one_at_a_time{mutex_};
                if (step_ == step::finished) return;
                happened(what, error);
                if (step_ != step::finished) return;
            }
            complete(error_, std::move(socket_));
        }

        void happened(detail::io_event what, error_code error) {
            switch (what) {
                case detail::io_event::posted: return resolve();
                case detail::io_event::resolved: return resolve_ended(error);
                case detail::io_event::connected: return connect_ended(error);
                case detail::io_event::cancelled: return finish(asio::error::operation_aborted);
                case detail::io_event::timer:
                    if (!error) expired();  // else it was set anew
                    return;
                default: return;
            }
        }

        void resolve() {
            using namespace std::chrono_literals;
            if (!takes(broker_)) return finish(errc::unknown_broker_scheme);
            if (options_.resolve_timeout <= 0ms || options_.connect_timeout <= 0ms) {
                return finish(errc::invalid_timeout);
            }
            const char* const port = broker_.port.empty() ? "1883" : broker_.port.c_str();
            // With these flags no name service is asked (POSIX, getaddrinfo), so it cannot block.
            error_code no_address;
            addresses_ = resolver_.resolve(
                broker_.host, port,
                asio::ip::resolver_base::numeric_host | asio::ip::resolver_base::numeric_service,
                no_address);
            if (!no_address) return resolve_ended({});
            allow(options_.resolve_timeout);
            resolver_.async_resolve(broker_.host, port,
                                    resolve_handler{when(detail::io_event::resolved), addresses_});
        }

        void resolve_ended(error_code error) {
            if (error) return finish(error);
            untried_ = addresses_.size();
            next_ = addresses_.begin();
            for (std::size_t passed = broker_.round % std::max<std::size_t>(1, untried_);
                 passed != 0; --passed)
                ++next_;
            connect_next(asio::error::host_not_found);
        }

        /// Tries the next address; `last` is what became of the one before.
        void connect_next(error_code last) {
            if (untried_ == 0) return finish(last);
            --untried_;
            if (next_ == addresses_.end()) next_ = addresses_.begin();
            close_stream(socket_);
            step_ = step::connecting;
            allow(options_.connect_timeout);
            socket_.async_connect((next_++)->endpoint(), when(detail::io_event::connected));
        }

        void connect_ended(error_code error) {
            if (step_ == step::too_late) error = asio::error::timed_out;  // whatever it came to
            if (error) return connect_next(error);
            socket_.set_option(asio::ip::tcp::no_delay{true}, error);
            finish(error);
        }

        void allow(std::chrono::milliseconds time) {
            timer_.expires_at(detail::after(asio::steady_timer::clock_type::now(), time));
            timer_.async_wait(when(detail::io_event::timer));
        }

        void expired() {
            // It may have been under way when its step ended, and is set for the next one.
            if (asio::steady_timer::clock_type::now() < timer_.expiry()) return;
            // No use in waiting for the resolver: it cannot be interrupted.
            if (step_ == step::resolving) return finish(asio::error::timed_out);
            step_ = step::too_late;
            close_stream(socket_);  // connect_ended() follows
        }

        void finish(error_code error) {
            step_ = step::finished;
            resolver_.cancel();
            timer_.cancel();
            if (error) close_stream(socket_);
            error_ = error;
        }

        const tcp_connector_options options_;
        const broker_address broker_;
        std::mutex mutex_;  // of what follows
        asio::ip::tcp::resolver resolver_;
        stream_type socket_;
        asio::steady_timer timer_;  // of the present step
        step step_ = step::resolving;
        error_code error_;  // what it has come to
        addresses addresses_{};
        addresses::const_iterator next_{};
        std::size_t untried_ = 0;  // from the next one on, and from the first one on again
    };

    template <class Handler>
    class attempt_for final : public attempt {
    public:
        attempt_for(Handler&& handler, const asio::any_io_executor& io,
                    const tcp_connector_options& options, const broker_address& broker)
            : attempt{asio::get_associated_executor(handler, io), io, options, broker},
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
