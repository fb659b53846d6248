// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/any_packet.hpp>
#include <asio_mqtt/protocol/versioned_codec.hpp>

#include <cstddef>
#include <span>

namespace asio_mqtt {

/// Encodes and decodes control packets of one version: `codec<protocol_version::v5>::decode()`. See
/// versioned_codec for a version that is known only at run time.
template <protocol_version Version>
struct codec {
    static constexpr protocol_version version = Version;

    /// See versioned_codec::measure().
    template <class Packet>
    static measure_result measure(const Packet& packet) noexcept {
        return versioned_codec{Version}.measure(packet);
    }

    /// See versioned_codec::write().
    template <class Packet>
    static std::byte* write(const Packet& packet, const measure_result& measured,
                            std::byte* out) noexcept {
        return versioned_codec{Version}.write(packet, measured, out);
    }

    /// See versioned_codec::encode().
    template <class Packet, class Container>
    static measure_result encode(const Packet& packet, Container& out) {
        return versioned_codec{Version}.encode(packet, out);
    }

    /// See versioned_codec::decode().
    template <class Packet>
    static decode_result decode(const fixed_header& header, std::span<const std::byte> body,
                                Packet& packet) noexcept {
        return versioned_codec{Version}.decode(header, body, packet);
    }

    /// Reads a packet of any type. `bytes` must hold exactly one, fixed header included.
    static decode_result decode(std::span<const std::byte> bytes, any_packet& packet) noexcept {
        return asio_mqtt::decode(Version, bytes, packet);
    }
};

using codec_v3_1_1 = codec<protocol_version::v3_1_1>;
using codec_v5 = codec<protocol_version::v5>;

}  // namespace asio_mqtt
