// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/mailbox.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace asio_mqtt::detail {

/// A message that handlers take over later than it came, shared by them. When the last of them lets
/// go, the client hears of it: the message is acknowledged if all have taken it over, and its
/// memory counts no longer. From any thread.
class held_message {
public:
    held_message(std::weak_ptr<mailbox> client, acknowledgement token, std::size_t bytes)
        : client_{std::move(client)}, released_{new notice{submission::kind::acknowledge}} {
        released_->token = token;
        released_->bytes = bytes;
    }
    held_message(const held_message&) = delete;
    held_message& operator=(const held_message&) = delete;
    ~held_message() {
        // The client may be gone, with the context on which it was.
        const auto alive = client_.lock();
        if (alive == nullptr) return;
        released_->is_abandoned = holders_ != 0;
        alive->submit(*released_.release());
    }

    /// Somebody has to take it over.
    void hold() noexcept { ++holders_; }
    /// One of them has.
    void taken_over() noexcept { --holders_; }

private:
    const std::weak_ptr<mailbox> client_;
    std::unique_ptr<notice> released_;  // made before it is needed: then it must not fail
    std::atomic<unsigned> holders_{0};
};

}  // namespace asio_mqtt::detail
