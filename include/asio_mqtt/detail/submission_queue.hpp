// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/operation.hpp>

#include <atomic>

namespace asio_mqtt::detail {

/// Operations on their way from any thread to the client. Those of one thread arrive in its order.
class submission_queue {
public:
    /// True when the queue was empty: then somebody has to see to it that take_all() is called.
    bool push(operation& submitted) noexcept {
        operation* first = last_.load(std::memory_order_relaxed);
        do {
            submitted.next_submitted = first;
        } while (!last_.compare_exchange_weak(first, &submitted, std::memory_order_release,
                                              std::memory_order_relaxed));
        return first == nullptr;
    }

    /// Calls `take(operation)` for each, oldest first. What it submits in turn is left for the next time.
    template <class Take>
    void take_all(Take&& take) {
        operation* newest = last_.exchange(nullptr, std::memory_order_acquire);
        operation* oldest = nullptr;
        while (newest != nullptr) {
            operation* older = newest->next_submitted;
            newest->next_submitted = oldest;
            oldest = newest;
            newest = older;
        }
        while (oldest != nullptr) {
            operation* each = oldest;
            oldest = each->next_submitted;
            take(*each);
        }
    }

private:
    std::atomic<operation*> last_{nullptr};
};

}  // namespace asio_mqtt::detail
