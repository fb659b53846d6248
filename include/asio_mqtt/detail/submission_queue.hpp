// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/submission.hpp>

#include <atomic>
#include <thread>

namespace asio_mqtt::detail {

/// Submissions one behind the other.
class submission_list {
public:
    submission_list() = default;
    submission_list(const submission_list&) = delete;
    submission_list& operator=(const submission_list&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }

    void push_back(submission& added) noexcept { append(added, added); }
    /// A chain of them.
    void append(submission& first, submission& last) noexcept {
        (empty() ? first_ : last_->next_submitted) = &first;
        last.next_submitted = nullptr;
        last_ = &last;
    }
    void append(submission_list& others) noexcept {
        if (others.empty()) return;
        append(*others.first_, *others.last_);
        others.first_ = nullptr;
    }

    submission& pop_front() noexcept {
        submission& first = *first_;
        first_ = first.next_submitted;
        return first;
    }

    /// If it is there.
    void remove(const submission& removed) noexcept {
        submission_list others;
        while (!empty()) {
            submission& each = pop_front();
            if (&each != &removed) others.push_back(each);
        }
        append(others);
    }

private:
    submission* first_ = nullptr;
    submission* last_ = nullptr;  // of those that there are
};

/// Submissions on their way from any thread to the client. What was submitted before another one,
/// in whatever thread, is taken before it: a cancellation comes behind what it cancels.
///
/// What the handlers submit that the client calls while it takes, most of what there is, comes from
/// the very thread that takes: it need not go through what all threads share.
class submission_queue {
public:
    explicit submission_queue(bool single_threaded) noexcept : single_threaded_{single_threaded} {}

    /// This thread is the one that takes, until done() or leave(); to be called by whoever has
    /// found nobody taking, before anything else.
    void enter() noexcept { taker_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
    /// Another thread may go on taking.
    void leave() noexcept { taker_.store({}, std::memory_order_relaxed); }

    /// This thread is the one that takes, and nothing waits to be taken.
    bool is_empty_here() const noexcept {
        return taker_.load(std::memory_order_relaxed) == std::this_thread::get_id() &&
               own_.empty() && collected_.empty() &&
               newest_.load(std::memory_order_relaxed) == &taking_;
    }

    /// True when nobody is taking: then somebody has to see to it that take_all() is called.
    bool push(submission& submitted) noexcept {
        // Only a thread itself stores its own identifier: what others store meanwhile is not equal.
        if (taker_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
            take_over(own_);  // this one may follow from what others have submitted
            own_.push_back(submitted);
            return false;
        }
        submission* before = newest_.load(std::memory_order_relaxed);
        if (single_threaded_) {
            submitted.next_submitted = before;
            newest_.store(&submitted, std::memory_order_relaxed);
            return before == nullptr;
        }
        do {
            submitted.next_submitted = before;
            // Acquired, too: whoever finds nobody taking takes over what done() has left.
        } while (!newest_.compare_exchange_weak(before, &submitted, std::memory_order_acq_rel,
                                                std::memory_order_relaxed));
        return before == nullptr;
    }

    /// Calls `take(submission)` for each, oldest first. What that submits in turn is left for the
    /// next time, and so is what follows one whose taking throws. From now on somebody is taking,
    /// until done().
    template <class Take>
    void take_all(Take&& take) {
        take_over(own_);
        collected_.append(own_);
        while (!collected_.empty())
            take(collected_.pop_front());
    }

    /// Nobody is taking any more; whoever does so next sees all that was done. False when something
    /// was submitted since the last take_all(): then that has to be called again.
    bool done() noexcept {
        leave();
        if (!own_.empty() || !collected_.empty()) return false;
        submission* expected = &taking_;
        return newest_.compare_exchange_strong(expected, nullptr, std::memory_order_release,
                                               std::memory_order_relaxed) ||
               expected == nullptr;
    }

    /// Nobody is taking any more, although there is something to take: whoever submits next is to
    /// see to it. `refused`, if it is given, is not submitted after all. For those who may take.
    void put_off(const submission* refused = nullptr) noexcept {
        leave();
        submission* expected = nullptr;
        do {
            take_over(own_);
            if (refused != nullptr) own_.remove(*refused);
            expected = &taking_;
        } while (!newest_.compare_exchange_strong(expected, nullptr, std::memory_order_release,
                                                  std::memory_order_relaxed));
    }

private:
    struct marker final : submission {
        using submission::submission;
    };

    /// What comes from all threads, behind what is in the list.
    void take_over(submission_list& to) noexcept {
        if (newest_.load(std::memory_order_relaxed) == &taking_) return;
        submission* const last = newest_.exchange(&taking_, std::memory_order_acquire);
        submission* first = nullptr;
        for (submission* each = last; each != nullptr && each != &taking_;) {
            submission* const older = each->next_submitted;
            each->next_submitted = first;
            first = each;
            each = older;
        }
        if (first != nullptr) to.append(*first, *last);
    }

    const bool single_threaded_;
    // Of all threads: the newest, with those before it behind; `taking_` below them while somebody
    // is taking.
    std::atomic<submission*> newest_{nullptr};
    std::atomic<std::thread::id> taker_{};
    submission_list own_;                                // of the taker, since it has entered
    submission_list collected_;                          // being taken
    marker taking_{submission::kind::check_connection};  // which is never taken itself
};

}  // namespace asio_mqtt::detail
