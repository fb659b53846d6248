// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/declaration.hpp>
#include <asio_mqtt/operation_options.hpp>
#include <asio_mqtt/payload.hpp>
#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/session/outbound_packet.hpp>

#include <memory>
#include <string_view>

namespace asio_mqtt::detail {

struct packet_deleter {
    ASIO_MQTT_DECLARATION void operator()(outbound_packet* packet) const noexcept;
};
using packet_ptr = std::unique_ptr<outbound_packet, packet_deleter>;

inline bool has_properties(const publish_options& options) noexcept {
    return options.payload_format_indicator || options.message_expiry_interval ||
           options.response_topic || options.correlation_data || options.content_type ||
           !options.user_properties.empty();
}

// What a call asks for, checked and copied. Null with `error` set when it may not be sent.

ASIO_MQTT_DECLARATION packet_ptr make_publish(protocol_version version, std::string_view topic,
                                              payload&& content, const publish_options& options,
                                              errc& error);

/// `handler` gets the messages; null: async_receive() does.
ASIO_MQTT_DECLARATION packet_ptr make_subscribe(protocol_version version,
                                                list_view<topic_subscription> filters,
                                                user_property_list user_properties,
                                                std::shared_ptr<void> handler, errc& error);

ASIO_MQTT_DECLARATION packet_ptr make_unsubscribe(protocol_version version, std::string_view filter,
                                                  const unsubscribe_options& options, errc& error);

}  // namespace asio_mqtt::detail
