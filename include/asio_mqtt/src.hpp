// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

// With ASIO_MQTT_SEPARATE_COMPILATION defined for the whole program, one of its translation units
// includes this header, and compiles for all of them what is behind a client.

#ifndef ASIO_MQTT_SEPARATE_COMPILATION
#error "asio_mqtt/src.hpp is for programs that define ASIO_MQTT_SEPARATE_COMPILATION"
#endif

#include <asio_mqtt/client.hpp>
#include <asio_mqtt/detail/definitions.hpp>
#include <asio_mqtt/detail/tcp_attempt_steps.hpp>

template std::unique_ptr<asio_mqtt::detail::transport>
asio_mqtt::detail::make_transport<asio_mqtt::tcp_connector, asio::steady_timer>(
    const asio::any_io_executor&, bool, asio_mqtt::tcp_connector&&);
