// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/message_handler.hpp>
#include <asio_mqtt/detail/pending_operations.hpp>
#include <asio_mqtt/detail/received_messages.hpp>
#include <asio_mqtt/message.hpp>
#include <asio_mqtt/session/session.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace asio_mqtt::detail {

/// Hands the messages that arrive over to the application, and acknowledges what it has taken over.
class inbox {
public:
    /// `limit`: bytes of messages that wait before there is no room for more.
    inbox(session& session, pending_operations& pending, std::size_t limit) noexcept
        : session_{session}, pending_{pending}, limit_{limit} {}

    bool has_room() const noexcept { return waiting_.bytes() <= limit_; }

    /// `client` is told by handlers that take a message over later.
    void deliver(const session_event& event, const std::shared_ptr<acknowledger>& client) {
        const publish_packet& packet = *event.message;
        const message_view view{packet.topic,  packet.payload, packet.qos,
                                packet.retain, packet.dup,     packet.properties};
        bool is_handled = false;
        bool is_for_receivers = false;
        bool has_returned = true;
        const auto hand_over = [&](const std::shared_ptr<void>& handler) {
            if (handler == nullptr) {
                is_for_receivers = true;
                return;
            }
            is_handled = true;
            auto& subscriber = *static_cast<message_handler*>(handler.get());
            has_returned &= subscriber.deliver(view, event.token, client);
        };
        try {
            session_.for_each_handler(packet, hand_over);
        } catch (...) {
            // A message that is never acknowledged would hold up all that come after it.
            session_.acknowledge(event.token);
            throw;
        }
        if (is_for_receivers || (!is_handled && is_receiving_)) {
            keep(to_message(view), event.token);
        } else if (has_returned) {
            session_.acknowledge(event.token);
        }
    }

    /// async_receive()
    void receive(operation& receiver) {
        is_receiving_ = true;
        pending_.receivers.push_back(receiver);
        if (waiting_.empty()) return;
        received_message first = waiting_.pop();
        session_.acknowledge(first.token);
        pending_.complete(receiver, error_code{}, std::move(first.content));
    }

private:
    void keep(message&& content, acknowledgement token) {
        if (pending_.receivers.empty()) return waiting_.push(std::move(content), token);
        session_.acknowledge(token);
        pending_.complete(pending_.receivers.front(), error_code{}, std::move(content));
    }

    session& session_;
    pending_operations& pending_;
    const std::size_t limit_;
    received_messages waiting_;  // for async_receive()
    bool is_receiving_ = false;  // it was called
};

}  // namespace asio_mqtt::detail
