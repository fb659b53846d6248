// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/testing/memory_link.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace asio_mqtt::testing {

/// One end of a full-duplex stream of bytes inside the process: an AsyncReadStream and
/// AsyncWriteStream that needs no socket, with faults to order. make_memory_stream_pair() makes
/// both ends.
///
/// Both ends share state without a lock: all calls and all cancellations of either end must come
/// from one thread or one strand. Handlers are posted to their associated executor, by default the
/// end's own. An end with a pending operation must be closed or destroyed before its execution
/// context.
///
/// Errors: asio::error::eof once all that the peer sent before it closed was read, broken_pipe for
/// a write after the peer closed, connection_reset after a cut, bad_descriptor on an end that is
/// closed or was never connected, operation_aborted for an operation that was pending when its end
/// was closed, destroyed or assigned to. An operation that waits honours every type of
/// cancellation; it has then moved no bytes.
class memory_stream {
public:
    using executor_type = asio::any_io_executor;

    /// Makes an end that is not connected.
    explicit memory_stream(executor_type executor) : executor_{std::move(executor)} {}
    memory_stream(memory_stream&&) noexcept = default;
    memory_stream& operator=(memory_stream&& other) noexcept {
        if (this == &other) return *this;
        close();
        executor_ = std::move(other.executor_);
        link_ = std::move(other.link_);
        end_ = other.end_;
        return *this;
    }
    ~memory_stream() { close(); }

    executor_type get_executor() const noexcept { return executor_; }
    bool is_open() const noexcept { return link_ && link_->is_open(end_); }

    /// The peer reads what was sent, and then the end of the file. Closing twice is harmless.
    void close() {
        if (is_open()) link_->close(end_);
    }

    /// Reads at least one byte. One read may be pending at a time. Signature: void(error_code,
    /// size_t).
    template <class MutableBufferSequence, class CompletionToken>
    auto async_read_some(const MutableBufferSequence& buffers, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, void(std::error_code, std::size_t)>(
            [](auto handler, link_pointer link, std::size_t end, executor_type executor,
               std::vector<asio::mutable_buffer> into) {
                const auto slot = asio::get_associated_cancellation_slot(handler);
                auto erased = erase(std::move(handler), executor);
                if (!link) return erased->post(asio::error::bad_descriptor, 0);
                const auto number = link->read(end, std::move(into), std::move(erased));
                cancel_by(slot, link, number);
            },
            token, link_, end_, executor_,
            std::vector<asio::mutable_buffer>(asio::buffer_sequence_begin(buffers),
                                              asio::buffer_sequence_end(buffers)));
    }

    /// Writes at least one byte; waits while the pipe is full. One write may be pending at a time.
    /// Signature: void(error_code, size_t).
    template <class ConstBufferSequence, class CompletionToken>
    auto async_write_some(const ConstBufferSequence& buffers, CompletionToken&& token) {
        return asio::async_initiate<CompletionToken, void(std::error_code, std::size_t)>(
            [](auto handler, link_pointer link, std::size_t end, executor_type executor,
               std::vector<asio::const_buffer> from) {
                const auto slot = asio::get_associated_cancellation_slot(handler);
                auto erased = erase(std::move(handler), executor);
                if (!link) return erased->post(asio::error::bad_descriptor, 0);
                const auto number = link->write(end, std::move(from), std::move(erased));
                cancel_by(slot, link, number);
            },
            token, link_, end_, executor_,
            std::vector<asio::const_buffer>(asio::buffer_sequence_begin(buffers),
                                            asio::buffer_sequence_end(buffers)));
    }

    /// Lets no read of this end yield more than `size` bytes (1 at least).
    void maximum_read_size(std::size_t size) {
        if (link_) link_->maximum_read_size(end_, size);
    }

    /// Loses the connection once the peer has read all that this end wrote up to now and `size`
    /// bytes more: in both directions all that is pending or begun later fails with
    /// connection_reset, and bytes that were not read yet are lost.
    void cut_after(std::size_t size) {
        if (link_) link_->cut_after(end_, size);
    }

private:
    using link_pointer = std::shared_ptr<detail::memory_link>;

    memory_stream(executor_type executor, link_pointer link, std::size_t end)
        : executor_{std::move(executor)}, link_{std::move(link)}, end_{end} {}
    friend std::pair<memory_stream, memory_stream> make_memory_stream_pair(
        asio::any_io_executor executor_a, asio::any_io_executor executor_b, std::size_t capacity);

    template <class Handler>
    static std::unique_ptr<detail::memory_handler> erase(Handler&& handler,
                                                         const executor_type& executor) {
        return std::make_unique<detail::memory_handler_of<std::remove_cvref_t<Handler>>>(
            std::move(handler), executor);
    }

    template <class Slot>
    static void cancel_by(Slot slot, const link_pointer& link, std::uint64_t number) {
        if (!slot.is_connected()) return;
        slot.assign([weak = std::weak_ptr{link}, number](asio::cancellation_type type) {
            const auto alive = weak.lock();
            if (alive && type != asio::cancellation_type::none) alive->cancel(number);
        });
    }

    executor_type executor_;
    link_pointer link_;
    std::size_t end_ = 0;
};

/// Makes the two ends of a connection. Each direction holds up to `capacity` bytes (1 at least)
/// that were written and not read; a write waits while it is full.
inline std::pair<memory_stream, memory_stream> make_memory_stream_pair(
    asio::any_io_executor executor_a, asio::any_io_executor executor_b,
    std::size_t capacity = 64 * 1024) {
    auto link = std::make_shared<detail::memory_link>(capacity);
    memory_stream a{std::move(executor_a), link, 0};
    memory_stream b{std::move(executor_b), std::move(link), 1};
    return {std::move(a), std::move(b)};
}

inline std::pair<memory_stream, memory_stream> make_memory_stream_pair(
    const asio::any_io_executor& executor) {
    return make_memory_stream_pair(executor, executor);
}

}  // namespace asio_mqtt::testing
