// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>

#include <cstddef>
#include <span>

namespace asio_mqtt::detail {

/// The PUBLISH that was received last. Its properties are most of it: as long as no message has
/// any, they are not set anew for each.
class received_publish {
public:
    publish_packet& packet() noexcept { return packet_; }

    /// See versioned_codec::decode_plain().
    bool decode_plain(versioned_codec codec, const fixed_header& header,
                      std::span<const std::byte> body) noexcept {
        return !has_properties_ && codec.decode_plain(header, body, packet_);
    }
    /// What that leaves; see versioned_codec::decode() and decode_forwarded().
    decode_result decode(versioned_codec codec, const fixed_header& header,
                         std::span<const std::byte> body) noexcept {
        decode_result result = codec.decode(header, body, packet_);
        if (!result) result = codec.decode_forwarded(header, body, packet_);
        has_properties_ = wire::is_set(packet_.properties);
        return result;
    }

private:
    publish_packet packet_;
    bool has_properties_ = false;
};

}  // namespace asio_mqtt::detail
