// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/held_message.hpp>
#include <asio_mqtt/message.hpp>
#include <asio_mqtt/session/acknowledgement.hpp>
#include <asio_mqtt/session/intrusive_list.hpp>
#include <asio_mqtt/session/recycled_memory.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace asio_mqtt::detail {

struct received_message {
    message content;
    acknowledgement token;               // when nobody else takes it over, too
    std::shared_ptr<held_message> held;  // when somebody does
};

/// Messages that wait for async_receive(), not acknowledged yet.
class received_messages {
public:
    received_messages() = default;
    received_messages(const received_messages&) = delete;
    received_messages& operator=(const received_messages&) = delete;
    ~received_messages() {
        while (!empty())
            pop();
    }

    bool empty() const noexcept { return messages_.empty(); }
    /// Memory that they take, about.
    std::size_t bytes() const noexcept { return bytes_; }

    /// `bytes`: see memory_of().
    void push(message&& content, acknowledgement token, std::shared_ptr<held_message> held,
              std::size_t bytes) {
        messages_.push_back(*new node{{}, {}, {std::move(content), token, std::move(held)}, bytes});
        bytes_ += bytes;
    }

    received_message pop() noexcept {
        node& first = messages_.pop_front();
        received_message value = std::move(first.value);
        bytes_ -= first.bytes;
        delete &first;
        return value;
    }

private:
    struct node : list_node, recycled {
        received_message value;
        std::size_t bytes;
    };

    intrusive_list<node> messages_;
    std::size_t bytes_ = 0;
};

}  // namespace asio_mqtt::detail
