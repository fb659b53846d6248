// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

// What two memory_streams share. Users include memory_stream.hpp.

namespace asio_mqtt::testing::detail {

/// The handler of a read or write, its type erased.
class memory_handler {
public:
    virtual ~memory_handler() = default;
    /// Posts the handler; to be called once.
    virtual void post(std::error_code error, std::size_t transferred) = 0;
};

template <class Handler>
class memory_handler_of final : public memory_handler {
public:
    memory_handler_of(Handler&& handler, const asio::any_io_executor& executor)
        : handler_{std::move(handler)}, work_{asio::get_associated_executor(handler_, executor)} {}

    void post(std::error_code error, std::size_t transferred) override {
        asio::post(work_.get_executor(),
                   [handler = std::move(handler_), error, transferred]() mutable {
                       std::move(handler)(error, transferred);
                   });
    }

private:
    Handler handler_;
    asio::executor_work_guard<asio::associated_executor_t<Handler, asio::any_io_executor>> work_;
};

/// A read or write that was begun; empty when none waits.
template <class Buffer>
struct memory_operation {
    std::vector<Buffer> buffers{};
    std::unique_ptr<memory_handler> handler{};
    std::uint64_t number = 0;  ///< Tells a late cancellation that its operation has ended.

    explicit operator bool() const noexcept { return handler != nullptr; }
    /// Ends the operation; harmless when none waits.
    void complete(std::error_code error, std::size_t transferred = 0) {
        if (auto ended = std::exchange(handler, nullptr)) ended->post(error, transferred);
    }
};

/// The bytes under way in one direction, and the operations that wait at its two ends.
struct memory_pipe {
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    std::size_t capacity = 0;
    std::size_t maximum_read_size = unlimited;
    std::size_t until_cut =
        unlimited;  ///< Bytes that the reader still gets before the connection is lost.
    memory_operation<asio::mutable_buffer> read{};
    memory_operation<asio::const_buffer> write{};

    std::size_t size() const noexcept { return bytes_.size() - begin_; }

    /// Takes what has room of the write that waits.
    void fill() {
        if (!write || size() == capacity) return;
        if (begin_ >= capacity) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
            begin_ = 0;
        }
        const std::size_t before = bytes_.size();
        const std::size_t taken = std::min(capacity - size(), asio::buffer_size(write.buffers));
        bytes_.resize(before + taken);
        asio::buffer_copy(asio::buffer(bytes_) + before, write.buffers);
        write.complete({}, taken);
    }

    /// Gives what is there to the read that waits.
    void drain() {
        if (!read || size() == 0) return;
        const std::size_t limit = std::min({maximum_read_size, until_cut, size()});
        const std::size_t given =
            asio::buffer_copy(read.buffers, asio::buffer(bytes_.data() + begin_, limit));
        begin_ += given;
        if (begin_ == bytes_.size()) discard();
        if (until_cut != unlimited) until_cut -= given;
        read.complete({}, given);
    }

    void discard() noexcept {
        bytes_.clear();
        begin_ = 0;
    }

private:
    std::vector<std::byte> bytes_;
    std::size_t begin_ = 0;  ///< Bytes before it were read.
};

/// Both directions of a connection between two ends, 0 and 1.
class memory_link {
public:
    explicit memory_link(std::size_t capacity) {
        for (end_state& end : ends_)
            end.outgoing.capacity = std::max<std::size_t>(capacity, 1);
    }

    bool is_open(std::size_t end) const noexcept { return ends_[end].open; }

    /// Returns the number to cancel the operation by.
    std::uint64_t read(std::size_t end, std::vector<asio::mutable_buffer> buffers,
                       std::unique_ptr<memory_handler> handler) {
        memory_pipe& pipe = ends_[1 - end].outgoing;
        const bool nothing_to_do = asio::buffer_size(buffers) == 0;
        assert(!pipe.read && "one read at a time");
        pipe.read = {std::move(buffers), std::move(handler), ++operations_};
        if (!ends_[end].open) {
            pipe.read.complete(asio::error::bad_descriptor);
        } else if (lost_) {
            pipe.read.complete(asio::error::connection_reset);
        } else if (nothing_to_do) {
            pipe.read.complete({});
        } else {
            advance(1 - end);
        }
        return operations_;
    }

    std::uint64_t write(std::size_t end, std::vector<asio::const_buffer> buffers,
                        std::unique_ptr<memory_handler> handler) {
        memory_pipe& pipe = ends_[end].outgoing;
        const bool nothing_to_do = asio::buffer_size(buffers) == 0;
        assert(!pipe.write && "one write at a time");
        pipe.write = {std::move(buffers), std::move(handler), ++operations_};
        if (!ends_[end].open) {
            pipe.write.complete(asio::error::bad_descriptor);
        } else if (lost_) {
            pipe.write.complete(asio::error::connection_reset);
        } else if (!ends_[1 - end].open) {
            pipe.write.complete(asio::error::broken_pipe);
        } else if (nothing_to_do) {
            pipe.write.complete({});
        } else {
            advance(end);
        }
        return operations_;
    }

    /// Ends the operation of that number with operation_aborted if it still waits.
    void cancel(std::uint64_t number) {
        for (end_state& end : ends_) {
            if (end.outgoing.read.number == number) {
                end.outgoing.read.complete(asio::error::operation_aborted);
            }
            if (end.outgoing.write.number == number) {
                end.outgoing.write.complete(asio::error::operation_aborted);
            }
        }
    }

    void close(std::size_t end) {
        ends_[end].open = false;
        memory_pipe& incoming = ends_[1 - end].outgoing;
        incoming.read.complete(asio::error::operation_aborted);
        incoming.write.complete(asio::error::broken_pipe);
        incoming.discard();
        ends_[end].outgoing.write.complete(asio::error::operation_aborted);
        advance(end);  // a read of the peer gets its end of file
    }

    void maximum_read_size(std::size_t end, std::size_t size) noexcept {
        ends_[1 - end].outgoing.maximum_read_size = std::max<std::size_t>(size, 1);
    }

    void cut_after(std::size_t end, std::size_t size) {
        memory_pipe& pipe = ends_[end].outgoing;
        pipe.until_cut = pipe.size() + size;
        if (pipe.until_cut == 0) lose();
    }

private:
    struct end_state {
        memory_pipe outgoing{};
        bool open = true;
    };

    /// Moves what can move of the bytes that `end` sends.
    void advance(std::size_t end) {
        memory_pipe& pipe = ends_[end].outgoing;
        pipe.fill();
        pipe.drain();
        pipe.fill();
        if (pipe.until_cut == 0) {
            lose();
        } else if (pipe.size() == 0 && !ends_[end].open) {
            pipe.read.complete(asio::error::eof);
        }
    }

    void lose() {
        lost_ = true;
        for (end_state& end : ends_) {
            end.outgoing.read.complete(asio::error::connection_reset);
            end.outgoing.write.complete(asio::error::connection_reset);
            end.outgoing.discard();
        }
    }

    std::array<end_state, 2> ends_{};
    std::uint64_t operations_ = 0;
    bool lost_ = false;
};

}  // namespace asio_mqtt::testing::detail
