// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/held_message.hpp>
#include <asio_mqtt/detail/operation.hpp>
#include <asio_mqtt/detail/recycling_allocator.hpp>
#include <asio_mqtt/manual_acknowledgement.hpp>
#include <asio_mqtt/message.hpp>

#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace asio_mqtt::detail {

/// The handler of a subscription, whatever its type is.
class message_handler : public std::enable_shared_from_this<message_handler> {
public:
    explicit message_handler(bool holds) noexcept : holds_messages{holds} {}
    virtual ~message_handler() = default;

    /// It takes messages over later than it gets them: it acknowledges by hand, or has an executor
    /// of its own.
    const bool holds_messages;

    /// Calls the handler, or has it called on its executor with a copy. `held` is what it holds, if
    /// it does.
    virtual void deliver(const message_view& message,
                         const std::shared_ptr<held_message>& held) = 0;
};

template <class Handler>
class bound_message_handler final : public message_handler {
public:
    explicit bound_message_handler(Handler handler)
        : message_handler{is_manual || !runs_on_client}, handler_{std::move(handler)} {}

    void deliver(const message_view& view, const std::shared_ptr<held_message>& held) override {
        if constexpr (runs_on_client) {
            call(view, held);
        } else {
            asio::post(asio::get_associated_executor(handler_),
                       later{*this, shared_from_this(), to_message(view), held});
        }
    }

private:
    static constexpr bool is_manual =
        std::is_invocable_v<Handler&, const message_view&, manual_acknowledgement>;
    static_assert(is_manual || std::is_invocable_v<Handler&, const message_view&>,
                  "a message handler takes (const message_view&), and to acknowledge by hand "
                  "(const message_view&, manual_acknowledgement)");
    static constexpr bool runs_on_client =
        std::is_same_v<asio::associated_executor_t<Handler, client_executor>, client_executor>;

    struct later {
        using allocator_type = recycling_allocator<void>;

        bound_message_handler& handler;
        std::shared_ptr<message_handler> owner;  // of the handler
        message content;
        std::shared_ptr<held_message> held;

        allocator_type get_allocator() const noexcept { return {}; }
        void operator()() {
            with_view(content, [this](const message_view& view) { handler.call(view, held); });
        }
    };

    void call(const message_view& view, const std::shared_ptr<held_message>& held) {
        if constexpr (is_manual) {
            handler_(view, manual_acknowledgement{held});
        } else if constexpr (runs_on_client) {
            handler_(view);  // and holds nothing
        } else {
            struct release {
                // Also when it throws: a message that is never acknowledged would hold up all that
                // come after it.
                ~release() { held.taken_over(); }
                held_message& held;
            } const when_it_returns{*held};
            handler_(view);
        }
    }

    Handler handler_;
};

}  // namespace asio_mqtt::detail
