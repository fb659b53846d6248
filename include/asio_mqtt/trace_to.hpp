// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/format_packet.hpp>
#include <asio_mqtt/session/packet_trace.hpp>

#include <ostream>
#include <string>

namespace asio_mqtt {

/// Prints packets to a stream, which must outlive the tracer: `options.on_packet =
/// trace_to(std::clog)`.
///
/// A line begins with `->` for a packet that is sent and with `<-` for one that was received, the
/// rest is as format_packet() gives it. Each line is one write, so lines of several clients do not
/// mix on a stream that may be used by several threads, as the standard streams may.
inline packet_tracer trace_to(std::ostream& out) {
    return [&out](const packet_trace& packet) {
        std::string line = packet.direction == packet_direction::sent ? "-> " : "<- ";
        line += format_packet(packet.version, packet.bytes, packet.shared_payload);
        line += '\n';
        out << line;
    };
}

}  // namespace asio_mqtt
