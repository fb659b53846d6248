// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/recycling_allocator.hpp>
#include <asio_mqtt/protocol/errc.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace asio_mqtt::detail {

/// What has ended.
enum class io_event : std::uint8_t { posted, read, written, timer, resolved, connected, cancelled };

class io_handler;

/// Who waits for the end of operations on streams and timers. A std::shared_ptr has to keep it.
class io_target : public std::enable_shared_from_this<io_target> {
public:
    explicit io_target(asio::any_io_executor executor) noexcept : executor_{std::move(executor)} {}
    io_target(const io_target&) = delete;
    io_target& operator=(const io_target&) = delete;

    const asio::any_io_executor& executor() const noexcept { return executor_; }
    /// What is to be given to such an operation.
    io_handler when(io_event what);
    /// Called on the executor.
    virtual void io_ended(io_event what, error_code error, std::size_t size) = 0;

protected:
    ~io_target() = default;

private:
    const asio::any_io_executor executor_;
};

/// The handler of all those operations, which keeps its target alive. It is one type, and not one
/// for each operation, since Asio instantiates about a hundred functions for each.
class io_handler {
public:
    using executor_type = asio::any_io_executor;
    // For reads, writes and timers. By itself Asio keeps two blocks for a thread: with ten clients
    // of one context it allocated up to twice for each message.
    using allocator_type = recycling_allocator<void>;

    io_handler(std::shared_ptr<io_target> target, io_event what) noexcept
        : target_{std::move(target)}, what_{what} {}

    executor_type get_executor() const noexcept { return target_->executor(); }
    allocator_type get_allocator() const noexcept { return {}; }
    void operator()(error_code error = {}, std::size_t size = 0) {
        target_->io_ended(what_, error, size);
    }

private:
    std::shared_ptr<io_target> target_;
    io_event what_;
};

inline io_handler io_target::when(io_event what) {
    return {shared_from_this(), what};
}

}  // namespace asio_mqtt::detail
