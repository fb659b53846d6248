// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/io_handler.hpp>
#include <asio_mqtt/detail/transport.hpp>
#include <asio_mqtt/detail/write_buffers.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace asio_mqtt::detail {

/// The stream of a client, with at most one read and one write under way. It must outlive both:
/// after close() it may be taken away as soon as it is idle.
class open_stream {
public:
    explicit open_stream(transport& transport) noexcept : transport_{transport} {}

    /// `connected` is a stream of the transport.
    void open(std::shared_ptr<void> connected) noexcept {
        stream_ = std::move(connected);
        is_unacknowledged_ = false;
    }
    void close() { transport_.close(stream_.get()); }
    void take_away() noexcept { stream_.reset(); }
    /// Ends the direction to the peer; false when the stream cannot end one alone.
    bool shut_down_output() { return transport_.shut_down_output(stream_.get()); }

    bool is_reading() const noexcept { return is_reading_; }
    bool is_writing() const noexcept { return is_writing_; }
    bool is_idle() const noexcept { return !is_reading_ && !is_writing_; }

    void read(std::span<std::byte> room, io_handler handler) {
        room_ = room.size();
        transport_.read_some(stream_.get(), room, std::move(handler));
        is_reading_ = true;  // it has not thrown
    }
    void read_ended(std::size_t size) noexcept {
        is_reading_ = false;
        // One that was filled leaves more to be read: what comes last is acknowledged.
        if (size != 0 && size != room_) is_unacknowledged_ = true;
    }

    /// To be called when nothing more is going to be written for now.
    void acknowledge_at_once() {
        if (!is_unacknowledged_ || is_writing_) return;
        is_unacknowledged_ = false;
        transport_.acknowledge_at_once(stream_.get());
    }

    /// Begins to write all of the pieces.
    void write(std::span<const std::span<const std::byte>> pieces, io_handler handler) {
        is_writing_ = true;
        is_unacknowledged_ = false;  // the acknowledgement goes along
        unwritten_ = write_buffers{pieces};
        write_rest(std::move(handler));
    }
    /// Not async_write(): that gives the system 64 KiB at a time.
    void write_rest(io_handler handler) {
        transport_.write_some(stream_.get(), unwritten_, std::move(handler));
    }
    /// A part was written; true when there is a rest.
    bool has_rest_behind(std::size_t written) noexcept {
        unwritten_.consume(written);
        return !unwritten_.empty();
    }
    void write_ended() noexcept { is_writing_ = false; }

private:
    transport& transport_;
    std::shared_ptr<void> stream_;
    std::size_t room_ = 0;  // of the read under way
    bool is_reading_ = false;
    bool is_writing_ = false;
    bool is_unacknowledged_ = false;  // something that was read, as far as is known here
    write_buffers unwritten_;         // of the write under way
};

}  // namespace asio_mqtt::detail
