// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace asio_mqtt::testing {

/// An application message that a broker keeps: its bytes are there once, however many sessions it
/// waits in.
class broker_message {
public:
    /// Copies what the packet says of the message. DUP, packet identifier, topic alias and
    /// subscription identifiers belong to the way it came and are left out. Null when the packet is
    /// not valid.
    static std::shared_ptr<const broker_message> copy_of(publish_packet packet) {
        const auto message = std::shared_ptr<broker_message>{new broker_message};
        const qos original = std::exchange(packet.qos, qos::at_most_once);
        packet.dup = false;
        packet.packet_id = 0;
        packet.properties.topic_alias.reset();
        packet.properties.subscription_identifiers = {};
        if (!codec_v5::encode(packet, message->bytes_)) return nullptr;
        // The views of what is decoded point into the message's own bytes.
        any_packet decoded;
        codec_v5::decode(message->bytes_, decoded);
        message->packet_ = std::get<publish_packet>(decoded);
        message->packet_.qos = original;
        return message;
    }

    /// The message that is to be published when the connection is lost.
    static std::shared_ptr<const broker_message> copy_of(const will& last) {
        publish_packet packet{.qos = last.qos, .retain = last.retain, .topic = last.topic};
        packet.payload = last.payload;
        packet.properties.payload_format_indicator = last.properties.payload_format_indicator;
        packet.properties.message_expiry_interval = last.properties.message_expiry_interval;
        packet.properties.content_type = last.properties.content_type;
        packet.properties.response_topic = last.properties.response_topic;
        packet.properties.correlation_data = last.properties.correlation_data;
        packet.properties.user_properties = last.properties.user_properties;
        return copy_of(packet);
    }

    broker_message(const broker_message&) = delete;
    broker_message& operator=(const broker_message&) = delete;

    const publish_packet& packet() const noexcept { return packet_; }

private:
    broker_message() = default;

    std::vector<std::byte> bytes_;
    publish_packet packet_;
};

using broker_message_ptr = std::shared_ptr<const broker_message>;

}  // namespace asio_mqtt::testing
