// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/message.hpp>
#include <asio_mqtt/session/inbound.hpp>
#include <asio_mqtt/session/ring_buffer.hpp>

#include <cstddef>
#include <utility>

namespace asio_mqtt::detail {

struct received_message {
    message content{};
    acknowledgement token{};
};

/// Messages that wait for async_receive(), not acknowledged yet.
class received_messages {
public:
    bool empty() const noexcept { return messages_.empty(); }
    /// Memory that they take, about.
    std::size_t bytes() const noexcept { return bytes_; }

    void push(received_message&& received) {
        bytes_ += size_of(received.content);
        messages_.push_back(std::move(received));
    }

    received_message pop() {
        received_message first = std::move(messages_.front());
        messages_.pop_front();
        bytes_ -= size_of(first.content);
        return first;
    }

private:
    static std::size_t size_of(const message& content) noexcept {
        return sizeof(message) + content.topic.size() + content.payload.size();
    }

    ring_buffer<received_message> messages_;
    std::size_t bytes_ = 0;
};

}  // namespace asio_mqtt::detail
