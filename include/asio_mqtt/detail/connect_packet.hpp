// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/message.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace asio_mqtt::detail {

/// The CONNECT that the options ask for; it views its arguments.
inline connect_packet to_connect_packet(const client_options& options, protocol_version version,
                                        const credentials& given) {
    const bool is_v5 = version == protocol_version::v5;
    const auto seconds_of = [](std::chrono::seconds value) {
        return static_cast<std::uint32_t>(std::min<std::int64_t>(value.count(), 0xFFFF'FFFF));
    };
    connect_packet packet;
    packet.client_id = options.client_id;
    packet.user_name = given.user_name;
    packet.password = given.password;
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

}  // namespace asio_mqtt::detail
