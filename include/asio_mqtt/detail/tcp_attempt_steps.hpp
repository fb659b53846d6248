// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/tcp_attempt.hpp>
#include <asio_mqtt/session/time_point.hpp>
#include <asio_mqtt/transport/close_stream.hpp>

#include <asio/error.hpp>

#include <algorithm>
#include <utility>

namespace asio_mqtt::detail {

struct tcp_attempt::resolve_handler {
    using executor_type = asio::any_io_executor;
    executor_type get_executor() const noexcept { return ended.get_executor(); }
    void operator()(error_code error, addresses found) {
        resolved = std::move(found);  // nobody looks at them before
        ended(error);
    }

    io_handler ended;
    addresses& resolved;
};

ASIO_MQTT_DECLARATION tcp_attempt::tcp_attempt(const asio::any_io_executor& executor,
                                               const asio::any_io_executor& io,
                                               tcp_connector_options options,
                                               const broker_address& broker)
    : io_target{executor},
      options_{options},
      broker_{broker},
      resolver_{io},
      socket_{io},
      timer_{io} {}

ASIO_MQTT_DECLARATION void tcp_attempt::io_ended(io_event what, error_code error, std::size_t) {
    {
        const std::lock_guard one_at_a_time{mutex_};
        if (step_ == step::finished) return;
        happened(what, error);
        if (step_ != step::finished) return;
    }
    complete(error_, std::move(socket_));
}

ASIO_MQTT_DECLARATION void tcp_attempt::happened(io_event what, error_code error) {
    switch (what) {
        case io_event::posted: return resolve();
        case io_event::resolved: return resolve_ended(error);
        case io_event::connected: return connect_ended(error);
        case io_event::cancelled: return finish(asio::error::operation_aborted);
        case io_event::timer:
            if (!error) expired();  // else it was set anew
            return;
        default: return;
    }
}

ASIO_MQTT_DECLARATION void tcp_attempt::resolve() {
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
                            resolve_handler{when(io_event::resolved), addresses_});
}

ASIO_MQTT_DECLARATION void tcp_attempt::resolve_ended(error_code error) {
    if (error) return finish(error);
    untried_ = addresses_.size();
    next_ = addresses_.begin();
    for (std::size_t passed = broker_.round % std::max<std::size_t>(1, untried_); passed != 0;
         --passed)
        ++next_;
    connect_next(asio::error::host_not_found);
}

ASIO_MQTT_DECLARATION void tcp_attempt::connect_next(error_code last) {
    if (untried_ == 0) return finish(last);
    --untried_;
    if (next_ == addresses_.end()) next_ = addresses_.begin();
    close_stream(socket_);
    step_ = step::connecting;
    allow(options_.connect_timeout);
    socket_.async_connect((next_++)->endpoint(), when(io_event::connected));
}

ASIO_MQTT_DECLARATION void tcp_attempt::connect_ended(error_code error) {
    if (step_ == step::too_late) error = asio::error::timed_out;  // whatever it came to
    if (error) return connect_next(error);
    socket_.set_option(asio::ip::tcp::no_delay{true}, error);
    finish(error);
}

ASIO_MQTT_DECLARATION void tcp_attempt::allow(std::chrono::milliseconds time) {
    timer_.expires_at(after(asio::steady_timer::clock_type::now(), time));
    timer_.async_wait(when(io_event::timer));
}

ASIO_MQTT_DECLARATION void tcp_attempt::expired() {
    // It may have been under way when its step ended, and is set for the next one.
    if (asio::steady_timer::clock_type::now() < timer_.expiry()) return;
    // No use in waiting for the resolver: it cannot be interrupted.
    if (step_ == step::resolving) return finish(asio::error::timed_out);
    step_ = step::too_late;
    close_stream(socket_);  // connect_ended() follows
}

ASIO_MQTT_DECLARATION void tcp_attempt::finish(error_code error) {
    step_ = step::finished;
    resolver_.cancel();
    timer_.cancel();
    if (error) close_stream(socket_);
    error_ = error;
}

}  // namespace asio_mqtt::detail
