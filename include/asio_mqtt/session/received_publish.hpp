// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/session/inbound_topic_aliases.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace asio_mqtt::detail {

/// The PUBLISH that was received last. Its properties are most of it: as long as no message has
/// others than a Subscription Identifier, they are not set anew for each.
class received_publish {
public:
    publish_packet& packet() noexcept { return packet_; }

    /// See versioned_codec::decode_plain().
    bool decode_plain(versioned_codec codec, const fixed_header& header,
                      std::span<const std::byte> body) noexcept {
        return !has_properties_ && codec.decode_plain(header, body, packet_);
    }
    /// Any PUBLISH, and all of it checked; see versioned_codec::decode() and decode_forwarded().
    decode_result decode(versioned_codec codec, const fixed_header& header,
                         std::span<const std::byte> body) noexcept {
        if (has_properties_) packet_ = publish_packet{};
        has_properties_ = !codec.decode_plain(header, body, packet_);
        if (!has_properties_ && is_valid_topic_name(packet_.topic)) return {};
        decode_result result = codec.decode(header, body, packet_);
        if (!result) result = codec.decode_forwarded(header, body, packet_);
        return result;
    }

    /// The Topic Aliases of a new connection, which may go up to `maximum`.
    void start_aliases(std::uint16_t maximum) { aliases_.start(maximum); }
    /// Puts the topic name in the place of its alias; returns what is wrong with it.
    reason_code resolve_alias() {
        return packet_.properties.topic_alias ? aliases_.resolve(packet_) : reason_code::success;
    }

private:
    publish_packet packet_;
    inbound_topic_aliases aliases_;
    bool has_properties_ = false;
};

}  // namespace asio_mqtt::detail
