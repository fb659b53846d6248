// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/held_message.hpp>
#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/detail/message_handler.hpp>
#include <asio_mqtt/detail/pending_operations.hpp>
#include <asio_mqtt/detail/received_messages.hpp>
#include <asio_mqtt/message.hpp>
#include <asio_mqtt/session/session.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

namespace asio_mqtt::detail {

/// Hands the messages that arrive over to the application, and acknowledges what it has taken over.
class inbox {
public:
    /// `limit`: bytes of messages that wait for the application before there is no room for more;
    /// `reserve`: for what must be taken in nevertheless.
    inbox(session& session, pending_operations& pending, std::size_t limit,
          std::size_t reserve) noexcept
        : session_{session}, pending_{pending}, limit_{limit}, reserve_{reserve} {}

    bool has_room() const noexcept { return bytes() <= limit_; }
    bool has_reserve() const noexcept { return has_room() || bytes() - limit_ <= reserve_; }

    /// Memory of the messages that wait.
    std::size_t bytes() const noexcept { return waiting_.bytes() + held_bytes_; }
    /// Messages at QoS 0 for which there was no room.
    std::uint64_t discarded() const noexcept { return discarded_; }

    /// `client` is to hear of messages that are taken over later.
    void deliver(const session_event& event, mailbox& client) {
        if (client.is_destroyed()) return;
        const publish_packet& packet = *event.message;
        delivery each{event.token,
                      {packet.topic, packet.payload, packet.qos, packet.retain, packet.dup,
                       packet.properties},
                      has_room() || packet.qos != qos::at_most_once};
        session_.for_each_handler(packet, [this, &each, &client](const std::shared_ptr<void>& to) {
            if (client.is_destroyed()) return;  // by a handler before this one
            if (to == nullptr) {
                each.is_for_receivers = true;
            } else {
                each.is_handled = true;
                hand_over(each, *static_cast<message_handler*>(to.get()), client);
            }
        });
        if (each.is_for_receivers || (!each.is_handled && is_receiving_)) {
            if (each.held != nullptr) each.held->hold();
            if (!each.may_keep && pending_.receivers.empty()) return discard();
            keep(each.message, each.held != nullptr ? acknowledgement{} : each.token, each.held);
        } else if (each.held == nullptr) {
            // Also when a handler has thrown: a message that is never acknowledged would hold up
            // all that come after it.
            session_.acknowledge(each.token);
        }
        if (each.thrown != nullptr) std::rethrow_exception(each.thrown);
    }

    /// async_receive()
    void receive(operation& receiver) {
        is_receiving_ = true;
        pending_.receivers.push_back(receiver);
        if (waiting_.empty()) return;
        received_message first = waiting_.pop();
        taken_over(first.token, first.held);
        pending_.complete(receiver, error_code{}, std::move(first.content));
    }

    /// A held message was taken over, or given up.
    void released(const notice& released) noexcept {
        released.is_abandoned ? session_.abandon(released.token)
                              : session_.acknowledge(released.token);
        held_bytes_ -= released.bytes;
    }

private:
    /// A message on its way to all who are to get it.
    struct delivery {
        acknowledgement token;
        message_view message;
        bool may_keep;
        bool is_handled = false;
        bool is_for_receivers = false;
        std::shared_ptr<held_message> held{};
        std::exception_ptr thrown{};
    };

    void hand_over(delivery& each, message_handler& handler, mailbox& client) {
        if (handler.holds_messages) {
            if (!each.may_keep) return discard();
            if (each.held == nullptr) each.held = hold(each.message, each.token, client.shared());
            each.held->hold();
        }
        try {
            handler.deliver(each.message, each.held);
        } catch (...) {
            each.thrown = std::current_exception();  // others are to get the message nevertheless
        }
    }

    std::shared_ptr<held_message> hold(const message_view& view, acknowledgement token,
                                       std::weak_ptr<mailbox> client) {
        const std::size_t bytes = memory_of(view);
        std::shared_ptr<held_message> held{new held_message{std::move(client), token, bytes}};
        held_bytes_ += bytes;
        return held;
    }

    void keep(const message_view& view, acknowledgement token,
              const std::shared_ptr<held_message>& held) {
        message content = to_message(view);
        if (pending_.receivers.empty()) {
            return waiting_.push(std::move(content), token, held, memory_of(view));
        }
        taken_over(token, held);
        pending_.complete(pending_.receivers.front(), error_code{}, std::move(content));
    }

    void taken_over(acknowledgement token, const std::shared_ptr<held_message>& held) noexcept {
        session_.acknowledge(token);
        if (held != nullptr) held->taken_over();
    }

    void discard() noexcept { ++discarded_; }

    session& session_;
    pending_operations& pending_;
    const std::size_t limit_;
    const std::size_t reserve_;
    received_messages waiting_;  // for async_receive()
    bool is_receiving_ = false;  // it was called
    std::size_t held_bytes_ = 0;
    std::uint64_t discarded_ = 0;
};

}  // namespace asio_mqtt::detail
