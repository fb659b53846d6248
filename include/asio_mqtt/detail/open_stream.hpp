// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/write_buffers.hpp>
#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/transport/close_stream.hpp>

#include <asio/buffer.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace asio_mqtt::detail {

/// The stream of a client, with at most one read and one write under way. It must outlive both:
/// after close() it may be taken away as soon as it is idle.
template <class Stream>
class open_stream {
public:
    /// `connected` is a Stream.
    void open(std::shared_ptr<void> connected) noexcept { stream_ = std::move(connected); }
    void close() { close_stream(stream()); }
    void take_away() noexcept { stream_.reset(); }
    /// Ends the direction to the peer; false when the stream cannot end one alone.
    bool shut_down_output() { return asio_mqtt::shut_down_output(stream()); }

    bool is_reading() const noexcept { return is_reading_; }
    bool is_writing() const noexcept { return is_writing_; }
    bool is_idle() const noexcept { return !is_reading_ && !is_writing_; }

    template <class Handler>
    void read(std::span<std::byte> room, Handler&& handler) {
        is_reading_ = true;
        stream().async_read_some(asio::mutable_buffer{room.data(), room.size()},
                                 std::forward<Handler>(handler));
    }
    void read_ended() noexcept { is_reading_ = false; }

    /// Begins to write all of the pieces.
    template <class Handler>
    void write(std::span<const std::span<const std::byte>> pieces, Handler&& handler) {
        is_writing_ = true;
        unwritten_ = write_buffers{pieces};
        write_rest(std::forward<Handler>(handler));
    }
    /// Not async_write(): that gives the system 64 KiB at a time.
    template <class Handler>
    void write_rest(Handler&& handler) {
        stream().async_write_some(unwritten_, std::forward<Handler>(handler));
    }
    /// A part was written; true when there is a rest.
    bool has_rest_behind(std::size_t written) noexcept {
        unwritten_.consume(written);
        return !unwritten_.empty();
    }
    void write_ended() noexcept { is_writing_ = false; }

private:
    Stream& stream() noexcept { return *static_cast<Stream*>(stream_.get()); }

    std::shared_ptr<void> stream_;
    bool is_reading_ = false;
    bool is_writing_ = false;
    write_buffers unwritten_;  // of the write under way
};

}  // namespace asio_mqtt::detail
