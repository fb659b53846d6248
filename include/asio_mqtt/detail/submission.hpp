// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/credentials.hpp>
#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/session/acknowledgement.hpp>
#include <asio_mqtt/session/recycled_memory.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace asio_mqtt::detail {

class operation;

/// Something that any thread asks of a client, or tells it.
struct submission {
    enum class kind : std::uint8_t {
        // Each an `operation`.
        run,
        publish,
        subscribe,
        unsubscribe,
        receive,
        wait_for_room,
        count,
        disconnect,
        // Each a `notice`.
        cancel,
        acknowledge,
        credentials,
        connected,
        check_connection,
        destroy,
        // Each an `io_result`.
        read,
        written,
        timer,
    };

    explicit submission(kind of) noexcept : what{of} {}

    const kind what;
    submission* next_submitted = nullptr;

protected:
    ~submission() = default;
};

/// A submission that nobody waits for; the client deletes it.
struct notice final : submission, recycled {
    explicit notice(kind of) noexcept : submission{of} {}

    // cancel
    std::shared_ptr<operation*> to_cancel{};  ///< See operation::cancellation_target.
    bool only_unsent = false;                 ///< Not when its packet was sent.
    // acknowledge
    acknowledgement token{};    ///< Of the message.
    bool is_abandoned = false;  ///< It was not taken over.
    std::size_t bytes = 0;      ///< Memory that the message took.
    // credentials
    std::uint64_t attempt = 0;  ///< To connect, for which they were asked.
    error_code error{};         ///< Why there are none.
    asio_mqtt::credentials given{};
    // connected: with `attempt` and `error`, too
    std::shared_ptr<void> stream{};
};

/// How an operation on the stream or the timer has ended. There is one of each, a part of the
/// client.
struct io_result final : submission {
    explicit io_result(kind of) noexcept : submission{of} {}

    error_code error{};
    std::size_t size = 0;
};

}  // namespace asio_mqtt::detail
