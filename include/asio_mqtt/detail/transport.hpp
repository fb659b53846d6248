// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/io_handler.hpp>
#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/detail/write_buffers.hpp>
#include <asio_mqtt/session/time_point.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace asio_mqtt::detail {

/// What a client knows of its connector, streams and timer: the types of these are left behind
/// here, so that nothing else of a client is a template on them.
class transport {
public:
    transport() = default;
    transport(const transport&) = delete;
    transport& operator=(const transport&) = delete;
    virtual ~transport() = default;

    // --- The connector

    /// Which brokers it can connect to; null when it does not know that.
    virtual auto takes() const noexcept -> bool (*)(const broker_address&) = 0;
    /// Ends with a notice `connected` to the client, which keeps this alive meanwhile.
    virtual void connect(const broker_address& broker, std::uint64_t attempt,
                         std::shared_ptr<mailbox> client) = 0;
    /// Its end has come to the client.
    virtual void connect_ended() noexcept = 0;
    /// Nobody waits for its end any more.
    virtual void give_up_connect() = 0;

    // --- A stream that it has made

    virtual void read_some(void* stream, std::span<std::byte> room, io_handler handler) = 0;
    virtual void write_some(void* stream, const write_buffers& buffers, io_handler handler) = 0;
    /// Has the system acknowledge what was read without waiting for data to send along.
    virtual void acknowledge_at_once(void* stream) = 0;
    /// Ends the direction to the peer; false when the stream cannot end one alone.
    virtual bool shut_down_output(void* stream) = 0;
    virtual void close(void* stream) = 0;

    // --- The timer

    virtual time_point now() const = 0;
    virtual void wait_until(time_point due, io_handler handler) = 0;
    virtual void cancel_wait() = 0;
};

}  // namespace asio_mqtt::detail
