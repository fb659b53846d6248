// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace asio_mqtt::detail {

/// The connector of a client. Its calls begin, are cancelled and end on a strand, so that
/// connectors need not mind threads; the client, which has none, is told of their end. For a
/// connector that minds threads no strand is made, nor compiled.
template <class Connector>
class connecting {
public:
    using stream_type = typename Connector::stream_type;

    connecting(const asio::any_io_executor& executor, bool single_threaded, Connector connector)
        : executor_{single_threaded ? executor : serial(executor)},
          connector_{std::move(connector)} {}

    /// Ends with a notice `connected` to the client, which keeps this alive meanwhile.
    void begin(const broker_address& broker, std::uint64_t number,
               std::shared_ptr<mailbox> client) {
        std::unique_ptr<notice> connected{new notice{submission::kind::connected}};
        attempt_.reset(new attempt{broker, number, std::move(connected)});
        handler ended{executor_, attempt_, std::move(client)};
        if constexpr (is_thread_safe) {
            connect(std::move(ended));
        } else {
            asio::post(executor_,
                       [this, ended = std::move(ended)]() mutable { connect(std::move(ended)); });
        }
    }

    /// Its end has come to the client.
    void ended() noexcept { attempt_.reset(); }

    /// Tells which brokers the connector can connect to; null when it does not know that.
    static constexpr auto takes() noexcept -> bool (*)(const broker_address&) {
        if constexpr (requires { &Connector::takes; }) return &Connector::takes;
        return nullptr;
    }

    /// Nobody waits for its end any more.
    void give_up() {
        if (attempt_ == nullptr) return;  // there was no memory to begin
        if constexpr (is_thread_safe) {
            attempt_->give_up();
        } else {
            asio::post(executor_, [given_up = attempt_] { given_up->give_up(); });
        }
    }

private:
    static constexpr bool is_thread_safe = requires { requires Connector::is_thread_safe; };

    struct attempt {
        void give_up() {
            // It may have ended without the client knowing: then what stands in the slot is gone.
            if (!has_ended) cancellation.emit(asio::cancellation_type::terminal);
        }

        broker_address broker;
        std::uint64_t number;
        std::unique_ptr<notice> connected;  // made before it is needed: then it must not fail
        asio::cancellation_signal cancellation{};
        std::atomic<bool> has_ended = false;
    };
    struct handler {
        using executor_type = asio::any_io_executor;
        executor_type get_executor() const noexcept { return executor; }
        using cancellation_slot_type = asio::cancellation_slot;
        cancellation_slot_type get_cancellation_slot() const noexcept {
            return begun->cancellation.slot();
        }
        void operator()(error_code error, stream_type stream) {
            begun->has_ended = true;
            notice& connected = *begun->connected.release();
            connected.attempt = begun->number;
            try {
                connected.stream.reset(new stream_type{std::move(stream)});
                connected.error = error;
            } catch (const std::bad_alloc&) {
                connected.error = asio::error::no_memory;
            }
            client->submit(connected);
        }

        asio::any_io_executor executor;
        std::shared_ptr<attempt> begun;
        std::shared_ptr<mailbox> client;
    };

    /// A template, or the strand would be compiled even where it is not used.
    template <class Executor>
    static asio::any_io_executor serial(const Executor& executor) {
        if constexpr (is_thread_safe) {
            return executor;
        } else {
            return asio::make_strand(executor);
        }
    }

    void connect(handler&& ended) {
        const broker_address& broker = ended.begun->broker;
        connector_.async_connect(broker, std::move(ended));
    }

    const asio::any_io_executor executor_;
    Connector connector_;
    std::shared_ptr<attempt> attempt_;
};

}  // namespace asio_mqtt::detail
