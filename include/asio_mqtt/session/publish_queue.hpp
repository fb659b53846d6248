// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/deadline_heap.hpp>
#include <asio_mqtt/session/intrusive_list.hpp>
#include <asio_mqtt/session/outbound_publish.hpp>
#include <asio_mqtt/session/session_settings.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace asio_mqtt::detail {

/// The messages that wait to be sent, in order, within a budget of bytes.
class publish_queue {
    using messages = intrusive_list<outbound_packet>;

public:
    explicit publish_queue(const session_settings& settings) noexcept
        : limit_{settings.queue_size}, when_full_{settings.when_queue_full} {}

    bool empty() const noexcept { return messages_.empty(); }
    std::size_t count() const noexcept { return count_; }
    std::size_t bytes() const noexcept { return bytes_; }
    outbound_publish& front() const noexcept {
        return static_cast<outbound_publish&>(messages_.front());
    }

    bool has_room(std::size_t bytes) const noexcept { return bytes_ + bytes <= limit_; }
    bool has_room(const outbound_publish& message) const noexcept {
        return has_room(message.memory());
    }

    /// The oldest message that may be dropped to make room for this one: both are of a QoS for
    /// which that was chosen. It is still in the queue. Null when all of them together are not
    /// enough.
    outbound_publish* oldest_to_drop_for(const outbound_publish& message) const noexcept {
        const std::size_t kept = bytes_ - droppable_bytes_;
        const bool is_enough = kept + message.memory() <= limit_;
        return may_drop(message) && is_enough ? oldest_to_drop_ : nullptr;
    }

    /// A message at QoS 0 need not stand in the queue where none does. Where old ones give way to
    /// new ones it has to, so that it can.
    bool lets_pass() const noexcept { return when_full_[0] == queue_overflow::reject; }
    /// So many bytes have passed, and count until they are written.
    void pass(std::size_t bytes) noexcept {
        bytes_ += bytes;
        passed_bytes_ += bytes;
    }
    void forget_passed() noexcept { bytes_ -= std::exchange(passed_bytes_, 0); }

    void push_back(outbound_publish& message) {
        if (message.due != never) expiring_.insert(message);
        messages_.push_back(message);
        count(message);
    }

    /// For so many of those that expire, in prepend(), which must not fail.
    void reserve_expiring(std::size_t count) { expiring_.reserve(count); }

    /// Puts back what was sent, or has passed, and has to be sent as new: it was within the budget
    /// before.
    void prepend(messages& others) noexcept {
        outbound_publish* const oldest_behind = std::exchange(oldest_to_drop_, nullptr);
        for (outbound_packet& each : others) {
            auto& message = static_cast<outbound_publish&>(each);
            if (message.due != never) expiring_.insert(message);
            count(message);
        }
        messages_.prepend(others);
        if (oldest_to_drop_ == nullptr) oldest_to_drop_ = oldest_behind;
    }

    void remove(outbound_publish& message) noexcept {
        if (message.due != never) expiring_.remove(message);
        const std::size_t memory = message.memory();
        --count_;
        bytes_ -= memory;
        if (may_drop(message)) {
            droppable_bytes_ -= memory;
            if (oldest_to_drop_ == &message) oldest_to_drop_ = next_to_drop(message);
        }
        message.unlink();
    }

    /// When the first of them expires.
    time_point due() const noexcept { return expiring_.due(); }
    /// A message that has expired, null when there is none. It is still in the queue.
    outbound_publish* expired(time_point now) const noexcept {
        return now < due() ? nullptr : static_cast<outbound_publish*>(&expiring_.front());
    }

private:
    bool may_drop(const outbound_publish& message) const noexcept {
        return when_full_[static_cast<std::size_t>(message.qos)] == queue_overflow::drop_oldest;
    }
    void count(outbound_publish& message) noexcept {
        const std::size_t memory = message.memory();
        ++count_;
        bytes_ += memory;
        if (may_drop(message)) {
            droppable_bytes_ += memory;
            if (oldest_to_drop_ == nullptr) oldest_to_drop_ = &message;
        }
    }
    /// Each message is passed once, however many are dropped.
    outbound_publish* next_to_drop(outbound_publish& message) noexcept {
        for (auto at = ++messages::iterator{&message}; at != messages_.end(); ++at) {
            auto& each = static_cast<outbound_publish&>(*at);
            if (may_drop(each)) return &each;
        }
        return nullptr;
    }

    const std::size_t limit_;
    const std::array<queue_overflow, 3> when_full_;
    messages messages_;
    deadline_heap expiring_;
    std::size_t count_ = 0;
    outbound_publish* oldest_to_drop_ = nullptr;
    std::size_t droppable_bytes_ = 0;
    std::size_t bytes_ = 0;
    std::size_t passed_bytes_ = 0;  // among them
};

}  // namespace asio_mqtt::detail
