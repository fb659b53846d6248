// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/testing/broker_connection.hpp>
#include <asio_mqtt/transport/close_stream.hpp>

#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace asio_mqtt::testing {

/// A connection of the broker's, whatever its stream.
class broker_link {
public:
    virtual ~broker_link() = default;
    virtual void start() = 0;
    /// Drops the connection at once, without a DISCONNECT. The link tells its owner.
    virtual void close() = 0;
};

/// Moves the bytes between a stream and a broker_connection. Pending operations keep it alive;
/// close() ends them.
///
/// One write is in flight at a time; all that piles up meanwhile leaves in the next. While the
/// client does not take what it is sent, nothing is read from it.
template <class Stream>
class broker_stream_link final : public broker_link,
                                 public std::enable_shared_from_this<broker_stream_link<Stream>> {
public:
    /// `on_closed` is called once, when the stream was closed, from whichever side.
    broker_stream_link(Stream stream, broker_state& state,
                       std::function<void(broker_link&)> on_closed)
        : stream_{std::move(stream)},
          keep_alive_timer_{stream_.get_executor()},
          on_closed_{std::move(on_closed)},
          enforce_keep_alive_{state.options().enforce_keep_alive},
          connection_{state, [this] { schedule_write(); }} {}

    void start() override { read(); }

    void close() override {
        if (!open_) return;
        open_ = false;
        keep_alive_timer_.cancel();
        close_stream(stream_);
        connection_.lost();
        on_closed_(*this);
    }

private:
    static constexpr std::size_t output_limit = 1024 * 1024;  ///< Above it the client is behind.
    static constexpr std::size_t discard_limit = 1024 * 1024;

    void read() {
        if (reading_) return;
        reading_ = true;
        stream_.async_read_some(asio::buffer(input_), [self = this->shared_from_this()](
                                                          std::error_code error, std::size_t size) {
            self->reading_ = false;
            if (self->open_) self->on_read(error, size);
        });
    }

    void on_read(std::error_code error, std::size_t size) {
        if (error) return close();
        if (sending_ended_) {
            discarded_ += size;
            return discarded_ < discard_limit ? read() : close();
        }
        connection_.received(std::span{input_}.first(size));
        restart_keep_alive();
        if (!connection_.is_closing() && connection_.output_size() < output_limit) read();
    }

    /// Not at once: what one read brings about leaves in one write.
    void schedule_write() {
        if (!open_ || write_scheduled_) return;
        write_scheduled_ = true;
        asio::post(stream_.get_executor(), [self = this->shared_from_this()] {
            self->write_scheduled_ = false;
            self->write();
        });
    }

    void write() {
        if (!open_ || writing_ || sending_ended_) return;
        connection_.take_output(output_);
        if (output_.empty()) {
            if (connection_.is_closing()) return finish();
            return read();
        }
        writing_ = true;
        asio::async_write(stream_, asio::buffer(output_),
                          [self = this->shared_from_this()](std::error_code error, std::size_t) {
                              self->writing_ = false;
                              if (!self->open_) return;
                              error ? self->close() : self->write();
                          });
    }

    /// All is sent. Closing a socket with unread bytes could take the last packet from the peer:
    /// where the stream can, wait for the peer to close and read what it still sends, up to a
    /// limit.
    void finish() {
        sending_ended_ = shut_down_output(stream_);
        sending_ended_ ? read() : close();
    }

    void restart_keep_alive() {
        if (!enforce_keep_alive_) return;
        keep_alive_timer_.cancel();
        if (connection_.keep_alive() == 0) return;
        // [MQTT-3.1.2-22] One and a half times the keep-alive.
        keep_alive_timer_.expires_after(connection_.keep_alive() * std::chrono::milliseconds{1500});
        keep_alive_timer_.async_wait([self = this->shared_from_this()](std::error_code error) {
            const bool restarted =
                self->keep_alive_timer_.expiry() > std::chrono::steady_clock::now();
            if (!error && self->open_ && !restarted) self->connection_.keep_alive_expired();
        });
    }

    Stream stream_;
    asio::steady_timer keep_alive_timer_;
    std::function<void(broker_link&)> on_closed_;
    std::array<std::byte, 16 * 1024> input_;
    std::vector<std::byte> output_;  ///< In flight.
    std::size_t discarded_ = 0;
    bool enforce_keep_alive_;
    bool open_ = true;
    bool reading_ = false;
    bool write_scheduled_ = false;
    bool writing_ = false;
    bool sending_ended_ = false;
    broker_connection connection_;
};

}  // namespace asio_mqtt::testing
