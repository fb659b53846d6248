// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/message.hpp>
#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include <limits>
#include <vector>

namespace asio_mqtt::detail {

/// The CONNECT that the options ask for; it views them.
inline connect_packet to_connect_packet(const client_options& options) {
    const bool is_v5 = options.version == protocol_version::v5;
    const auto seconds_of = [](std::chrono::seconds value) {
        return static_cast<std::uint32_t>(std::min<std::int64_t>(value.count(), 0xFFFF'FFFF));
    };
    connect_packet packet;
    packet.client_id = options.client_id;
    packet.user_name = options.user_name;
    packet.password = options.password;
    packet.keep_alive = static_cast<std::uint16_t>(options.keep_alive.count());
    packet.properties.user_properties = options.connect_user_properties;
    if (is_v5) {
        packet.clean_start = options.clean_start;
        const auto expiry = seconds_of(options.session_expiry_interval);
        if (expiry != 0) packet.properties.session_expiry_interval = expiry;
        if (options.receive_maximum != 65'535) {
            packet.properties.receive_maximum = options.receive_maximum;
        }
        packet.properties.maximum_packet_size = options.maximum_packet_size;
        if (options.topic_alias_maximum != 0) {
            packet.properties.topic_alias_maximum = options.topic_alias_maximum;
        }
    } else {
        // One bit stands for clean start and for the end of the session with the connection
        // (3.1.2.4).
        packet.clean_start =
            options.session_expiry_interval == std::chrono::seconds{0} || options.client_id.empty();
    }
    if (options.will) {
        const will_options& of_will = *options.will;
        will& announced = packet.will.emplace();
        announced.topic = of_will.topic;
        announced.payload = of_will.payload;
        announced.qos = of_will.qos;
        announced.retain = of_will.retain;
        announced.properties.payload_format_indicator = of_will.payload_format_indicator;
        if (of_will.message_expiry_interval) {
            announced.properties.message_expiry_interval =
                seconds_of(*of_will.message_expiry_interval);
        }
        announced.properties.response_topic = of_will.response_topic;
        announced.properties.correlation_data = of_will.correlation_data;
        announced.properties.content_type = of_will.content_type;
        announced.properties.user_properties = of_will.user_properties;
        if (of_will.delay_interval) {
            announced.properties.will_delay_interval = seconds_of(*of_will.delay_interval);
        }
    }
    return packet;
}

/// What is wrong with the options of the connection, if anything.
inline error_code check_connect_options(const client_options& options) {
    using namespace std::chrono_literals;
    if (options.keep_alive < 0s || options.keep_alive > 65'535s ||
        options.session_expiry_interval < 0s || options.minimum_reconnect_delay < 0ms ||
        options.maximum_packet_size == 0 || options.receive_maximum == 0 ||
        options.assumed_receive_maximum == 0) {
        return errc::invalid_options;
    }
    if (options.will && (options.will->delay_interval.value_or(0s) < 0s ||
                         options.will->message_expiry_interval.value_or(0s) < 0s)) {
        return errc::invalid_options;
    }
    const measure_result measured =
        versioned_codec{options.version}.measure(to_connect_packet(options));
    return measured ? error_code{} : error_code{measured.error};
}

/// What is wrong with the options of a client, if anything.
inline error_code check_client_options(const client_options& options) {
    if (options.brokers.empty()) return errc::no_broker_given;
    for (const std::string& text : options.brokers) {
        broker_address broker;
        if (const error_code error = parse_broker_address(text, broker)) return error;
    }
    return check_connect_options(options);
}

}  // namespace asio_mqtt::detail
