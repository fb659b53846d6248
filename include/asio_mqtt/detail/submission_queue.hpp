// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/submission.hpp>

#include <atomic>

namespace asio_mqtt::detail {

/// Submissions on their way from any thread to the client. Those of one thread arrive in its order.
class submission_queue {
public:
    explicit submission_queue(bool single_threaded) noexcept : single_threaded_{single_threaded} {}

    /// True when nobody is taking: then somebody has to see to it that take_all() is called.
    bool push(submission& submitted) noexcept {
        submission* first = last_.load(std::memory_order_relaxed);
        if (single_threaded_) {
            submitted.next_submitted = first;
            last_.store(&submitted, std::memory_order_relaxed);
            return first == nullptr;
        }
        do {
            submitted.next_submitted = first;
            // Acquired, too: whoever finds nobody taking takes over what done() has left.
        } while (!last_.compare_exchange_weak(first, &submitted, std::memory_order_acq_rel,
                                              std::memory_order_relaxed));
        return first == nullptr;
    }

    /// Calls `take(submission)` for each, oldest first. What that submits in turn is left for the
    /// next time, and so is what follows one whose taking throws. From now on somebody is taking,
    /// until done().
    template <class Take>
    void take_all(Take&& take) {
        if (oldest_ == nullptr) {
            submission* newest = last_.exchange(&taking_, std::memory_order_acquire);
            while (newest != nullptr && newest != &taking_) {
                submission* older = newest->next_submitted;
                newest->next_submitted = oldest_;
                oldest_ = newest;
                newest = older;
            }
        }
        while (oldest_ != nullptr) {
            submission& each = *oldest_;
            oldest_ = each.next_submitted;
            take(each);
        }
    }

    /// Nobody is taking any more; whoever does so next sees all that was done. False when something
    /// was submitted since the last take_all(): then that has to be called again.
    bool done() noexcept {
        submission* expected = &taking_;
        return last_.compare_exchange_strong(expected, nullptr, std::memory_order_release,
                                             std::memory_order_relaxed) ||
               expected == nullptr;
    }

private:
    struct marker final : submission {
        using submission::submission;
    };

    const bool single_threaded_;
    // The newest, with those before it behind; `taking_` below them while somebody is taking.
    std::atomic<submission*> last_{nullptr};
    submission* oldest_ = nullptr;                       // of those that are being taken
    marker taking_{submission::kind::check_connection};  // which is never taken itself
};

}  // namespace asio_mqtt::detail
