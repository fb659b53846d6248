// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/detail/declaration.hpp>
#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/detail/transport.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>

#include <memory>

namespace asio_mqtt::detail {

/// The executor of an execution context. That of the usual one is erased in one place: Asio makes
/// some three hundred functions for it.
template <class ExecutionContext>
asio::any_io_executor executor_of(ExecutionContext& context) {
    return context.get_executor();
}
ASIO_MQTT_DECLARATION asio::any_io_executor executor_of(asio::io_context& context);

/// What is behind a client.
ASIO_MQTT_DECLARATION std::shared_ptr<mailbox> make_client(const asio::any_io_executor& executor,
                                                           client_options&& options,
                                                           std::unique_ptr<transport> transport);

}  // namespace asio_mqtt::detail
