// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/connecting.hpp>
#include <asio_mqtt/detail/transport.hpp>
#include <asio_mqtt/transport/acknowledge_at_once.hpp>
#include <asio_mqtt/transport/close_stream.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>

#include <memory>
#include <utility>

namespace asio_mqtt::detail {

/// The time on a timer's clock.
template <class Timer>
time_point now_of() {
    return time_point{Timer::clock_type::now().time_since_epoch()};
}

/// The transport over streams that a Connector makes, with a Timer.
template <class Connector, class Timer>
class transport_over final : public transport {
public:
    transport_over(const asio::any_io_executor& executor, bool single_threaded,
                   Connector&& connector)
        : connecting_{executor, single_threaded, std::move(connector)}, timer_{executor} {}

    auto takes() const noexcept -> bool (*)(const broker_address&) override {
        return connecting<Connector>::takes();
    }
    void connect(const broker_address& broker, std::uint64_t attempt,
                 std::shared_ptr<mailbox> client) override {
        connecting_.begin(broker, attempt, std::move(client));
    }
    void connect_ended() noexcept override { connecting_.ended(); }
    void give_up_connect() override { connecting_.give_up(); }

    void read_some(void* stream, std::span<std::byte> room, io_handler handler) override {
        as_stream(stream).async_read_some(asio::mutable_buffer{room.data(), room.size()},
                                          std::move(handler));
    }
    void write_some(void* stream, const write_buffers& buffers, io_handler handler) override {
        as_stream(stream).async_write_some(buffers, std::move(handler));
    }
    void acknowledge_at_once(void* stream) override {
        asio_mqtt::acknowledge_at_once(as_stream(stream));
    }
    bool shut_down_output(void* stream) override {
        return asio_mqtt::shut_down_output(as_stream(stream));
    }
    void close(void* stream) override { close_stream(as_stream(stream)); }

    time_point now() const override { return now_of<Timer>(); }
    void wait_until(time_point due, io_handler handler) override {
        timer_.expires_at(typename Timer::time_point{due.time_since_epoch()});
        timer_.async_wait(std::move(handler));
    }
    void cancel_wait() override { timer_.cancel(); }

private:
    using stream_type = typename Connector::stream_type;
    static stream_type& as_stream(void* stream) noexcept {
        return *static_cast<stream_type*>(stream);
    }

    connecting<Connector> connecting_;
    Timer timer_;
};

template <class Connector, class Timer>
std::unique_ptr<transport> make_transport(const asio::any_io_executor& executor,
                                          bool single_threaded, Connector&& connector) {
    return std::make_unique<transport_over<Connector, Timer>>(executor, single_threaded,
                                                              std::move(connector));
}

}  // namespace asio_mqtt::detail
