// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/inbound.hpp>

#include <atomic>
#include <cstdint>

namespace asio_mqtt::detail {

/// Something that any thread asks of a client.
struct submission {
    enum class kind : std::uint8_t {
        // Each an `operation`.
        run,
        publish,
        subscribe,
        unsubscribe,
        receive,
        disconnect,
        // Each a `notice`.
        cancel,
        acknowledge,
        destroy,
    };

    explicit submission(kind of) noexcept : what{of} {}

    const kind what;
    submission* next_submitted = nullptr;

protected:
    ~submission() = default;
};

/// A submission that nobody waits for; the client deletes it.
struct notice final : submission {
    explicit notice(kind of) noexcept : submission{of} {}

    std::uint64_t cancellation_id = 0;  ///< cancel: of the operation.
    bool only_unsent = false;           ///< cancel: not when its packet was sent.
    acknowledgement token{};            ///< acknowledge: of the message.
};

/// Submissions on their way from any thread to the client. Those of one thread arrive in its order.
class submission_queue {
public:
    /// True when the queue was empty: then somebody has to see to it that take_all() is called.
    bool push(submission& submitted) noexcept {
        submission* first = last_.load(std::memory_order_relaxed);
        do {
            submitted.next_submitted = first;
        } while (!last_.compare_exchange_weak(first, &submitted, std::memory_order_release,
                                              std::memory_order_relaxed));
        return first == nullptr;
    }

    /// Calls `take(submission)` for each, oldest first. What that submits in turn is left for the
    /// next time.
    template <class Take>
    void take_all(Take&& take) {
        submission* newest = last_.exchange(nullptr, std::memory_order_acquire);
        submission* oldest = nullptr;
        while (newest != nullptr) {
            submission* older = newest->next_submitted;
            newest->next_submitted = oldest;
            oldest = newest;
            newest = older;
        }
        while (oldest != nullptr) {
            submission* each = oldest;
            oldest = each->next_submitted;
            take(*each);
        }
    }

private:
    std::atomic<submission*> last_{nullptr};
};

}  // namespace asio_mqtt::detail
