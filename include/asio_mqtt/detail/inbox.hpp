// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/held_message.hpp>
#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/detail/message_handler.hpp>
#include <asio_mqtt/detail/pending_operations.hpp>
#include <asio_mqtt/detail/received_messages.hpp>
#include <asio_mqtt/detail/recycling_allocator.hpp>
#include <asio_mqtt/message.hpp>
#include <asio_mqtt/session/session.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
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

    void count(counters& counted) const noexcept {
        counted.waiting_bytes = bytes();
        counted.messages_discarded = discarded_;
    }

    /// Delivers the message of the event, and those that follow it. `client` is to hear of messages
    /// that are taken over later.
    void deliver(session_event& event, mailbox& client) {
        do {
            deliver_one(event, client);
        } while (has_room() && session_.next_message(event));
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
        std::shared_ptr<held_message> held{};
        std::exception_ptr thrown{};
    };

    /// A message for which there is no memory was not taken over: it is to come again.
    auto give_up_without_memory(const delivery& each, auto&& take) {
        try {
            return take();
        } catch (const std::bad_alloc&) {
            session_.abandon(each.token);
            throw;
        }
    }

    // It is called in one place; not inline, it would cost each message 20 instructions of its 250.
    [[gnu::always_inline]] void deliver_one(const session_event& event, mailbox& client) {
        if (client.is_destroyed()) return;
        const publish_packet& packet = *event.message;
        delivery each{event.token,
                      {packet.topic, packet.payload, packet.qos, packet.retain, packet.dup,
                       packet.properties}};
        bool is_handled = false;
        bool is_for_receivers = false;
        for (void* const to : event.handlers) {
            if (client.is_destroyed()) break;  // by the handler before this one
            if (to == nullptr) {
                is_for_receivers = true;
            } else {
                is_handled = true;
                hand_over(each, *static_cast<message_handler*>(to), client);
            }
        }
        if (is_for_receivers || (!is_handled && is_receiving_)) {
            give_up_without_memory(each, [&] { keep(each); });
        } else if (each.held == nullptr) {
            // Also when a handler has thrown: a message that is never acknowledged would hold up
            // all that come after it.
            session_.acknowledge(each.token);
        }
        if (each.thrown != nullptr) std::rethrow_exception(each.thrown);
    }

    void hand_over(delivery& each, message_handler& handler, mailbox& client) {
        if (handler.holds_messages &&
            !give_up_without_memory(each, [&] { return hold(each, client); })) {
            return;
        }
        try {
            handler.deliver(each.message, each.held);
        } catch (...) {
            each.thrown = std::current_exception();  // others are to get the message nevertheless
        }
    }

    /// False when there is no room for it.
    // As a part of deliver() it would cost each message 4 instructions, which mostly is not held.
    [[gnu::noinline]] bool hold(delivery& each, mailbox& client) {
        if (each.held == nullptr) {
            if (!may_keep(each.message)) {
                discard();
                return false;
            }
            const std::size_t bytes = memory_of(each.message);
            each.held = std::allocate_shared<held_message>(recycling_allocator<held_message>{},
                                                           client.shared(), each.token, bytes);
            held_bytes_ += bytes;  // until it is released
        }
        each.held->hold();
        return true;
    }

    /// For async_receive().
    void keep(const delivery& each) {
        const bool is_held = each.held != nullptr;
        const bool is_awaited = !pending_.receivers.empty();
        if (!is_held && !is_awaited && !may_keep(each.message)) return discard();
        if (is_held) each.held->hold();
        const acknowledgement token = is_held ? acknowledgement{} : each.token;
        message content = to_message(each.message);
        if (!is_awaited) {
            return waiting_.push(std::move(content), token, each.held, memory_of(each.message));
        }
        taken_over(token, each.held);
        pending_.complete(pending_.receivers.front(), error_code{}, std::move(content));
    }

    void taken_over(acknowledgement token, const std::shared_ptr<held_message>& held) noexcept {
        session_.acknowledge(token);
        if (held != nullptr) held->taken_over();
    }

    /// Memory of the messages that wait.
    std::size_t bytes() const noexcept { return waiting_.bytes() + held_bytes_; }

    /// Only what the broker keeps no copy of may be discarded.
    bool may_keep(const message_view& message) const noexcept {
        return has_room() || message.qos != qos::at_most_once;
    }
    void discard() noexcept { ++discarded_; }

    session& session_;
    pending_operations& pending_;
    const std::size_t limit_;
    const std::size_t reserve_;
    received_messages waiting_;  // for async_receive()
    bool is_receiving_ = false;  // it was called
    std::size_t held_bytes_ = 0;
    std::uint64_t discarded_ = 0;  // messages at QoS 0 for which there was no room
};

}  // namespace asio_mqtt::detail
