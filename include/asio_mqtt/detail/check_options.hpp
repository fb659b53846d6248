// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/detail/connect_packet.hpp>
#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace asio_mqtt::detail {

/// What the error of a CONNECT that may not be sent is for whoever has set the options.
inline error_code option_error(const measure_result& measured) noexcept {
    const std::string_view field = measured.field;
    if (measured.error == errc::invalid_utf8 || measured.error == errc::string_too_long ||
        measured.error == errc::invalid_topic_name || measured.error == errc::invalid_qos) {
        if (field == "client_id") return errc::invalid_client_id;
        if (field == "user_name" || field == "password") return errc::invalid_credentials;
        if (field.starts_with("will") || field == to_string(property_id::response_topic) ||
            field == to_string(property_id::correlation_data) ||
            field == to_string(property_id::content_type)) {
            return errc::invalid_will;
        }
    }
    return measured.error;
}

/// What is wrong with the options of a client, if anything. `takes` knows which brokers can be
/// connected to; null when nobody does.
inline error_code check_options(const client_options& options,
                                bool (*takes)(const broker_address&)) {
    using namespace std::chrono_literals;
    if (options.brokers.empty()) return errc::no_broker_given;
    for (const std::string& text : options.brokers) {
        broker_address broker;
        if (const error_code error = parse_broker_address(text, broker)) return error;
        if (takes != nullptr && !takes(broker)) return errc::unknown_broker_scheme;
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
    const auto fits = [](const std::optional<std::chrono::seconds>& interval) {
        return std::in_range<std::uint32_t>(interval.value_or(0s).count());
    };
    if (options.will &&
        !(fits(options.will->delay_interval) && fits(options.will->message_expiry_interval))) {
        return errc::invalid_will;
    }
    if (options.version == protocol_version::v3_1_1 &&
        (options.topic_alias_maximum != 0 || options.receive_maximum != 65'535)) {
        return errc::not_in_this_version;
    }
    const credentials given{options.user_name, options.password};
    const measure_result measured = versioned_codec{options.version}.measure(
        to_connect_packet(options, options.version, given));
    return measured ? error_code{} : option_error(measured);
}

}  // namespace asio_mqtt::detail
