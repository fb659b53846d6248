// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/deadline_heap.hpp>
#include <asio_mqtt/session/intrusive_list.hpp>
#include <asio_mqtt/session/outbound_publish.hpp>
#include <asio_mqtt/session/session_settings.hpp>

#include <cstddef>

namespace asio_mqtt::detail {

/// The messages that wait to be sent, in order, within a budget of bytes.
class publish_queue {
public:
    explicit publish_queue(const session_settings& settings) noexcept
        : limit_{settings.queue_size}, when_full_{settings.when_queue_full} {}

    bool empty() const noexcept { return messages_.empty(); }
    std::size_t count() const noexcept { return count_; }
    std::size_t bytes() const noexcept { return bytes_; }
    outbound_publish& front() const noexcept {
        return static_cast<outbound_publish&>(messages_.front());
    }

    bool has_room(const outbound_publish& message) const noexcept {
        const std::size_t memory = message.memory();
        return memory <= limit_ && bytes_ <= limit_ - memory;
    }

    /// The oldest message that may be dropped to make room for this one: both are of a QoS for
    /// which that was chosen. It is still in the queue. Null when all of them together are not
    /// enough.
    outbound_publish* oldest_to_drop_for(const outbound_publish& message) noexcept {
        const std::size_t kept = bytes_ - droppable_bytes_;
        const bool is_enough = message.memory() <= limit_ && kept <= limit_ - message.memory();
        if (!may_drop(message) || !is_enough) return nullptr;
        while (search_from_ != nullptr && !may_drop(*search_from_))
            search_from_ = next(*search_from_);
        return search_from_;
    }

    void push_back(outbound_publish& message) {
        if (message.due != never) expiring_.insert(message);
        messages_.push_back(message);
        count(message);
        if (search_from_ == nullptr) search_from_ = &message;
    }

    /// Puts back what was sent and has to be sent as new: it was within the budget before.
    void prepend(intrusive_list<outbound_packet>& messages) {
        for (outbound_packet& each : messages) {
            auto& message = static_cast<outbound_publish&>(each);
            if (message.due != never) expiring_.insert(message);
            count(message);
        }
        messages_.prepend(messages);
        search_from_ = empty() ? nullptr : &front();
    }

    void remove(outbound_publish& message) noexcept {
        if (search_from_ == &message) search_from_ = next(message);
        if (message.due != never) expiring_.remove(message);
        message.unlink();
        const std::size_t memory = message.memory();
        --count_;
        bytes_ -= memory;
        if (may_drop(message)) droppable_bytes_ -= memory;
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
    void count(const outbound_publish& message) noexcept {
        const std::size_t memory = message.memory();
        ++count_;
        bytes_ += memory;
        if (may_drop(message)) droppable_bytes_ += memory;
    }
    outbound_publish* next(outbound_publish& message) noexcept {
        auto at = intrusive_list<outbound_packet>::iterator{&message};
        return ++at == messages_.end() ? nullptr : static_cast<outbound_publish*>(&*at);
    }

    const std::size_t limit_;
    const std::array<queue_overflow, 3> when_full_;
    intrusive_list<outbound_packet> messages_;
    deadline_heap expiring_;
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;
    std::size_t droppable_bytes_ = 0;
    outbound_publish* search_from_ = nullptr;  // nothing before it may be dropped; null: the end
};

}  // namespace asio_mqtt::detail
