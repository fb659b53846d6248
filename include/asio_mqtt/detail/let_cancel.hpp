// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/declaration.hpp>
#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/detail/operation.hpp>

#include <asio/cancellation_signal.hpp>

#include <memory>

namespace asio_mqtt::detail {

/// Lets the slot of its handler cancel an operation that is not submitted yet. The signal may
/// outlive the client's execution context, and the client must not: hence the weak pointer.
ASIO_MQTT_DECLARATION void let_cancel(operation& started, asio::cancellation_slot slot,
                                      std::weak_ptr<mailbox> client);

}  // namespace asio_mqtt::detail
