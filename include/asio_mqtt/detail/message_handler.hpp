// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/operation.hpp>
#include <asio_mqtt/message.hpp>
#include <asio_mqtt/session/inbound.hpp>

#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace asio_mqtt::detail {

/// Takes the news that a message was taken over, from any thread.
class acknowledger {
public:
    virtual void acknowledge_later(acknowledgement token) = 0;

protected:
    ~acknowledger() = default;
};

/// The handler of a subscription, whatever its type is.
class message_handler {
public:
    virtual ~message_handler() = default;

    /// Calls the handler; true when it has returned. A handler with an executor of its own gets a
    /// copy of the message there, and `client` is told afterwards.
    virtual bool deliver(const message_view& message, acknowledgement token,
                         const std::shared_ptr<acknowledger>& client) = 0;
};

template <class Handler>
class bound_message_handler final
    : public message_handler,
      public std::enable_shared_from_this<bound_message_handler<Handler>> {
public:
    explicit bound_message_handler(Handler handler) : handler_{std::move(handler)} {}

    bool deliver(const message_view& view, acknowledgement token,
                 const std::shared_ptr<acknowledger>& client) override {
        using executor = asio::associated_executor_t<Handler, client_executor>;
        if constexpr (std::is_same_v<executor, client_executor>) {
            handler_(view);
            return true;
        } else {
            asio::post(asio::get_associated_executor(handler_),
                       [self = this->shared_from_this(), kept = to_message(view), token, client] {
                           try {
                               with_view(kept, self->handler_);
                           } catch (...) {
                               client->acknowledge_later(token);
                               throw;
                           }
                           client->acknowledge_later(token);
                       });
            return false;
        }
    }

private:
    Handler handler_;
};

}  // namespace asio_mqtt::detail
