// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/manual_acknowledgement.hpp>
#include <asio_mqtt/message.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/strand.hpp>

#include <deque>
#include <exception>
#include <memory>
#include <utility>

namespace asio_mqtt {

/// A message handler that is a coroutine: `function(message)` returns asio::awaitable<void>.
///
/// A message is acknowledged when the coroutine has finished, also with an exception, which is
/// thrown from there to whoever runs the executor. Messages are handled one after the other, in
/// their order; those that wait count against client_options::receive_buffer_size.
///
/// The coroutine runs on a strand of the executor.
template <class Function>
class coroutine_handler {
public:
    using executor_type = asio::strand<asio::any_io_executor>;

    coroutine_handler(const asio::any_io_executor& executor, Function function)
        : executor_{asio::make_strand(executor)}, state_{new state{std::move(function)}} {}

    executor_type get_executor() const noexcept { return executor_; }

    void operator()(const message_view& message, manual_acknowledgement acknowledgement) {
        state_->waiting.push_back({to_message(message), std::move(acknowledgement)});
        if (!std::exchange(state_->is_running, true)) run(executor_, state_);
    }

private:
    struct received {
        message content;
        manual_acknowledgement acknowledgement;
    };
    struct state {
        Function function;
        std::deque<received> waiting{};
        bool is_running = false;
    };

    static void run(const executor_type& executor, const std::shared_ptr<state>& of) {
        asio::co_spawn(executor, handle_all(of), [executor, of](std::exception_ptr error) {
            // One that throws must not end the handling of those behind it.
            of->is_running = !of->waiting.empty();
            if (of->is_running) run(executor, of);
            if (error) std::rethrow_exception(error);
        });
    }

    static asio::awaitable<void> handle_all(std::shared_ptr<state> of) {
        while (!of->waiting.empty()) {
            received next = std::move(of->waiting.front());
            of->waiting.pop_front();
            std::exception_ptr failure;
            try {
                co_await of->function(std::move(next.content));
            } catch (...) {
                failure = std::current_exception();
            }
            next.acknowledgement.acknowledge();
            if (failure) std::rethrow_exception(failure);
        }
    }

    executor_type executor_;
    std::shared_ptr<state> state_;
};

}  // namespace asio_mqtt
