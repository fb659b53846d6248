// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/detail/operation.hpp>

#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>

#include <memory>
#include <utility>

namespace asio_mqtt::detail {

/// Lets the slot of its handler cancel an operation that is not submitted yet. The signal may
/// outlive the client's execution context, and the client must not: hence the weak pointer.
inline void let_cancel(operation& started, asio::cancellation_slot slot,
                       std::weak_ptr<mailbox> client) {
    const std::shared_ptr<operation*> target{new operation* {&started}};
    started.cancellation_target = target;
    slot.assign([client = std::move(client), target](asio::cancellation_type type) {
        using enum asio::cancellation_type;
        const auto alive = client.lock();
        if (alive == nullptr || type == none) return;
        auto& cancel = *new notice{submission::kind::cancel};
        cancel.to_cancel = target;
        cancel.only_unsent = (type & (terminal | partial)) == none;
        alive->submit(cancel);
    });
}

}  // namespace asio_mqtt::detail
