// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/detail/connect_packet.hpp>
#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include <chrono>

namespace asio_mqtt::detail {

/// What is wrong with the options of a client, if anything.
inline error_code check_options(const client_options& options) {
    using namespace std::chrono_literals;
    if (options.brokers.empty()) return errc::no_broker_given;
    for (const std::string& text : options.brokers) {
        broker_address broker;
        if (const error_code error = parse_broker_address(text, broker)) return error;
    }
    if (options.keep_alive < 0s || options.keep_alive > 65'535s) return errc::invalid_keep_alive;
    if (options.session_expiry_interval < 0s) return errc::invalid_session_expiry_interval;
    if (options.maximum_packet_size == 0) return errc::invalid_maximum_packet_size;
    if (options.receive_maximum == 0 || options.assumed_receive_maximum == 0) {
        return errc::invalid_receive_maximum;
    }
    if (options.queue_size == 0 || options.in_flight_size == 0 ||
        options.receive_buffer_size == 0) {
        return errc::invalid_buffer_size;
    }
    if (options.connect_timeout <= 0ms || options.connack_timeout <= 0ms ||
        options.ping_response_timeout <= 0ms || options.disconnect_timeout < 0ms) {
        return errc::invalid_timeout;
    }
    if (options.minimum_reconnect_delay < 0ms || options.stable_period < 0ms ||
        options.maximum_reconnect_delay < options.minimum_reconnect_delay) {
        return errc::invalid_reconnect_delay;
    }
    if (options.will && (options.will->delay_interval.value_or(0s) < 0s ||
                         options.will->message_expiry_interval.value_or(0s) < 0s)) {
        return errc::invalid_will;
    }
    const credentials given{options.user_name, options.password};
    const measure_result measured = versioned_codec{options.version}.measure(
        to_connect_packet(options, options.version, given));
    return measured ? error_code{} : error_code{measured.error};
}

}  // namespace asio_mqtt::detail
