// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/io_handler.hpp>
#include <asio_mqtt/detail/submission.hpp>
#include <asio_mqtt/detail/submission_queue.hpp>
#include <asio_mqtt/protocol/protocol_version.hpp>

#include <asio/any_io_executor.hpp>

#include <atomic>
#include <memory>

namespace asio_mqtt::detail {

/// A client, as others see it who have something to ask of it or to tell it. From any thread.
class mailbox : public io_target {
public:
    protocol_version version() const noexcept { return version_; }

    // What is handed over is taken later: one post carries all that is submitted until it runs.

    void submit(submission& news) noexcept {
        if (submitted_.push(news)) process_later();
    }
    /// The same for an operation. When this throws, it has not begun.
    void begin(submission& started) {
        if (!submitted_.push(started)) return;
        try {
            post_process();
        } catch (...) {
            submitted_.put_off(&started);
            throw;
        }
    }

    /// Called from within a handler that the client calls, with nothing submitted before that was
    /// not taken: the client may be used directly.
    bool is_empty_here() const noexcept { return submitted_.is_empty_here(); }

    /// The client is destroyed: every pending operation is aborted, and later ones at once.
    void destroy_later() {
        is_destroyed_ = true;  // at once: what is already on its way must not call the application
        submit(*new notice{submission::kind::destroy});
    }
    bool is_destroyed() const noexcept { return is_destroyed_; }

    void check_connection() { submit(*new notice{submission::kind::check_connection}); }

    /// Has all done that can be done, later; without memory for that, with the next event or
    /// submission. For those who may take what was submitted.
    void process_later() noexcept {
        try {
            post_process();
        } catch (...) {
            submitted_.put_off();
        }
    }

    /// For those who keep the client, or look whether it is still there.
    std::shared_ptr<mailbox> shared() { return {shared_from_this(), this}; }

protected:
    mailbox(const asio::any_io_executor& executor, protocol_version version, bool single_threaded)
        : io_target{executor}, submitted_{single_threaded}, version_{version} {}
    ~mailbox() = default;

    submission_queue submitted_;

private:
    virtual void post_process() = 0;

    const protocol_version version_;
    std::atomic<bool> is_destroyed_ = false;
};

}  // namespace asio_mqtt::detail
