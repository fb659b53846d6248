// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/detail/random_seed.hpp>
#include <asio_mqtt/session/reconnect.hpp>
#include <asio_mqtt/session/session_settings.hpp>

namespace asio_mqtt::detail {

/// What of a client's options the session has to know.
inline session_settings to_session_settings(const client_options& options) {
    session_settings settings;
    settings.version = options.version;
    settings.connack_timeout = options.connack_timeout;
    settings.ping_response_timeout = options.ping_response_timeout;
    settings.maximum_packet_size = options.maximum_packet_size;
    settings.assumed_receive_maximum = options.assumed_receive_maximum;
    settings.queue_size = options.queue_size;
    settings.in_flight_size = options.in_flight_size;
    settings.when_queue_full = options.when_queue_full;
    settings.on_session_loss = options.on_session_loss;
    settings.on_packet = options.on_packet;
    return settings;
}

/// What of a client's options decides about its connections; it views them.
inline reconnect_settings to_reconnect_settings(const client_options& options) {
    reconnect_settings settings;
    settings.brokers = options.brokers;
    settings.version = options.version;
    settings.falls_back = options.fall_back_to_v3_1_1;
    settings.maximum_redirects = options.maximum_redirects;
    settings.minimum_delay = options.minimum_reconnect_delay;
    settings.maximum_delay = options.maximum_reconnect_delay;
    settings.stable_period = options.stable_period;
    settings.seed = options.reconnect_seed != 0 ? options.reconnect_seed : random_seed(&options);
    return settings;
}

}  // namespace asio_mqtt::detail
