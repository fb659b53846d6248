// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>

#include <cstddef>
#include <span>
#include <variant>

// Apart from the codec: a client knows which packet it expects, and need not compile this.

namespace asio_mqtt {

/// Any control packet.
using any_packet =
    std::variant<connect_packet, connack_packet, publish_packet, puback_packet, pubrec_packet,
                 pubrel_packet, pubcomp_packet, subscribe_packet, suback_packet, unsubscribe_packet,
                 unsuback_packet, pingreq_packet, pingresp_packet, disconnect_packet, auth_packet>;

namespace wire {

template <std::size_t Index = 0>
decode_result decode_body(versioned_codec codec, const fixed_header& header,
                          std::span<const std::byte> body, any_packet& packet) noexcept {
    // The alternatives of any_packet stand in the order of their types, from 1 on.
    if constexpr (Index == std::variant_size_v<any_packet>) {
        return {decode_errc::invalid_packet_type, 0, "fixed header"};
    } else if (static_cast<std::size_t>(header.type) != Index + 1) {
        return decode_body<Index + 1>(codec, header, body, packet);
    } else {
        return codec.decode(header, body, packet.template emplace<Index>());
    }
}

}  // namespace wire

/// Reads a packet of any type. `bytes` must hold exactly one, fixed header included.
inline decode_result decode(protocol_version version, std::span<const std::byte> bytes,
                            any_packet& packet) noexcept {
    const fixed_header_result head = read_fixed_header(bytes);
    if (head.error == decode_errc::malformed_length) return {head.error, 1, "remaining length"};
    if (head.error != decode_errc{}) return {head.error, 0, "fixed header"};
    if (head.need_more || bytes.size() < head.header.packet_size()) {
        return {decode_errc::truncated, bytes.size(), "packet"};
    }
    if (bytes.size() > head.header.packet_size()) {
        return {decode_errc::trailing_bytes, head.header.packet_size(), "packet"};
    }
    return wire::decode_body(versioned_codec{version}, head.header, bytes.subspan(head.header.size),
                             packet);
}

}  // namespace asio_mqtt
