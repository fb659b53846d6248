// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/fixed_header.hpp>
#include <asio_mqtt/protocol/protocol_version.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace asio_mqtt {

/// Seen from the side that traces.
enum class packet_direction : std::uint8_t { sent, received };

/// One control packet as it is on the wire: a CONNECT has its password in it.
struct packet_trace {
    packet_direction direction;
    protocol_version version;
    /// The whole packet, but for its shared payload.
    std::span<const std::byte> bytes;
    /// A large payload to be sent that was not copied: the packet goes on here. Else empty.
    std::span<const std::byte> shared_payload;
};

/// Is shown each packet that is handed to a write, and each that was received whole, before
/// anything is done about it. The bytes are valid until it returns. What it throws is dropped: a
/// trace that cannot be written must not cost a packet.
using packet_tracer = std::function<void(const packet_trace&)>;

namespace detail {

inline void trace(const packet_tracer& tracer, const packet_trace& packet) noexcept {
    try {
        tracer(packet);
    } catch (...) {
    }
}

// Both do nothing without a tracer.

inline void trace_received(const packet_tracer& tracer, protocol_version version,
                           std::span<const std::byte> packet) noexcept {
    if (tracer) trace(tracer, {packet_direction::received, version, packet, {}});
}

/// The pieces are those of one write, as output_buffer::start_write() gives them.
inline void trace_sent(const packet_tracer& tracer, protocol_version version,
                       std::span<const std::span<const std::byte>> pieces) noexcept {
    if (!tracer) return;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        std::span<const std::byte> rest = pieces[i];
        // A shared payload is the piece behind that which ends with its packet's head.
        while (const std::size_t size = read_fixed_header(rest).header.packet_size()) {
            packet_trace packet{packet_direction::sent, version, rest, {}};
            if (size <= rest.size()) {
                packet.bytes = rest.first(size);
            } else {
                packet.shared_payload = pieces[++i];
            }
            trace(tracer, packet);
            rest = rest.subspan(packet.bytes.size());
        }
    }
}

}  // namespace detail

}  // namespace asio_mqtt
