// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/held_message.hpp>

#include <memory>
#include <utility>

namespace asio_mqtt {

/// The duty to acknowledge one message by hand: a second parameter of a message handler.
///
/// The broker gets acknowledgements in the order in which the messages came, so those of later
/// messages wait for this one, and so may the broker (Receive Maximum). An acknowledgement counts
/// for the connection on which the message came: after another one the broker sends it again.
/// Destroyed without acknowledge(), the message stays unacknowledged until then, and is handled as
/// a new one when it comes again.
///
/// May be moved to any thread, unless client_options::single_threaded is set, and may outlive the
/// client.
class manual_acknowledgement {
public:
    /// For the library only.
    explicit manual_acknowledgement(std::shared_ptr<detail::held_message> message) noexcept
        : message_{std::move(message)} {}

    manual_acknowledgement(manual_acknowledgement&&) noexcept = default;
    manual_acknowledgement& operator=(manual_acknowledgement&&) noexcept = default;

    /// The application has taken the message over. Once; more often does nothing. At QoS 0 the
    /// client only hears that the message takes no memory any more.
    void acknowledge() noexcept {
        if (const auto message = std::exchange(message_, nullptr)) message->taken_over();
    }

private:
    std::shared_ptr<detail::held_message> message_;
};

}  // namespace asio_mqtt
