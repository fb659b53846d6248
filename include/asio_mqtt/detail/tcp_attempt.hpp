// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/declaration.hpp>
#include <asio_mqtt/detail/io_handler.hpp>
#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/transport/broker_address.hpp>
#include <asio_mqtt/transport/tcp_connector_options.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace asio_mqtt::detail {

/// One call of tcp_connector::async_connect(), whatever its handler is. All of it runs on the
/// handler's executor, and one thing at a time: the timer and what it limits may end on two threads
/// at once.
class tcp_attempt : public io_target {
public:
    ASIO_MQTT_DECLARATION tcp_attempt(const asio::any_io_executor& executor,
                                      const asio::any_io_executor& io,
                                      tcp_connector_options options, const broker_address& broker);
    virtual ~tcp_attempt() = default;

    static bool takes(const broker_address& broker) noexcept { return broker.scheme == "mqtt"; }

protected:
    virtual void complete(error_code error, asio::ip::tcp::socket&& socket) = 0;

private:
    using addresses = asio::ip::tcp::resolver::results_type;
    enum class step : std::uint8_t { resolving, connecting, too_late, finished };
    struct resolve_handler;

    ASIO_MQTT_DECLARATION void io_ended(io_event what, error_code error, std::size_t) override;
    ASIO_MQTT_DECLARATION void happened(io_event what, error_code error);
    ASIO_MQTT_DECLARATION void resolve();
    ASIO_MQTT_DECLARATION void resolve_ended(error_code error);
    /// Tries the next address; `last` is what became of the one before.
    ASIO_MQTT_DECLARATION void connect_next(error_code last);
    ASIO_MQTT_DECLARATION void connect_ended(error_code error);
    ASIO_MQTT_DECLARATION void allow(std::chrono::milliseconds time);
    ASIO_MQTT_DECLARATION void expired();
    ASIO_MQTT_DECLARATION void finish(error_code error);

    const tcp_connector_options options_;
    const broker_address broker_;
    std::mutex mutex_;  // of what follows
    asio::ip::tcp::resolver resolver_;
    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;  // of the present step
    step step_ = step::resolving;
    error_code error_;  // what it has come to
    addresses addresses_{};
    addresses::const_iterator next_{};
    std::size_t untried_ = 0;  // from the next one on, and from the first one on again
};

}  // namespace asio_mqtt::detail

#ifndef ASIO_MQTT_SEPARATE_COMPILATION
#include <asio_mqtt/detail/tcp_attempt_steps.hpp>
#endif
