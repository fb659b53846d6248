// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/protocol/property_slots.hpp>

// Where each field of each control packet lies, written down once for both versions and both
// directions (chapter 3 of the standards). An `Io` is one of
//   packet_reader    fills the packet from bytes and checks them,
//   packet_measurer  checks a packet that is to be sent and adds up its size,
//   packet_writer    writes a packet that was measured.
// `more(wanted)` asks whether an optional tail is there: the reader looks for bytes, the others
// take `wanted`. `absent(set)` stands where 3.1.1 has no place for a field of 5.0.

namespace asio_mqtt::wire {

/// Whether there are properties to be sent: the reader finds out later.
template <class Io, class Properties>
bool wants_any(const Properties& properties) noexcept {
    if constexpr (Io::reads) return false;
    return is_set(properties);
}

template <class Io, class Properties>
void layout_properties(Io& io, protocol_version version, Properties& properties,
                       const char* field = "properties") {
    if (version == protocol_version::v5) {
        io.properties(properties);
    } else {
        io.absent(field, wants_any<Io>(properties));
    }
}

/// The tail of PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT and AUTH: a reason code and properties,
/// each of which may be left out from the end when there is nothing to say
/// (3.4.2.1, 3.14.2.1, 3.15.2.1).
template <class Io, class Reason, class Properties>
void layout_reason_tail(Io& io, protocol_version version, packet_type type, Reason& reason,
                        Properties& properties) {
    const bool has_properties = wants_any<Io>(properties);
    const bool has_reason = reason != reason_code::success;
    if (version == protocol_version::v5) {
        if (!io.more(has_reason || has_properties)) return;
        io.reason(type, reason);
        if (io.more(has_properties)) io.properties(properties);
    } else {
        io.absent("reason", has_reason);
        io.absent("properties", has_properties);
    }
}

/// Authentication data says nothing without a method (3.1.2.11.10, 3.15.2.2.2).
template <class Io, class Properties>
void layout_authentication(Io& io, Properties& properties) {
    io.require_authentication_method(properties.authentication_method.has_value() ||
                                     !properties.authentication_data.has_value());
}

template <class Io, class Packet>
requires(Packet::type == packet_type::connect) void layout(Io& io, protocol_version version,
                                                           Packet& packet) {
    io.protocol(version);
    io.connect_flags(version, packet);
    io.integer("keep_alive", packet.keep_alive);
    layout_properties(io, version, packet.properties);
    layout_authentication(io, packet.properties);
    io.string("client_id", packet.client_id);
    if (packet.will) {
        layout_properties(io, version, packet.will->properties, "will properties");
        io.topic_name("will topic", packet.will->topic);
        io.binary("will payload", packet.will->payload);
    }
    if (packet.user_name) io.string("user_name", *packet.user_name);
    if (packet.password) io.binary("password", *packet.password);
}

template <class Io, class Packet>
requires(Packet::type == packet_type::connack) void layout(Io& io, protocol_version version,
                                                           Packet& packet) {
    io.boolean("session_present", packet.session_present);
    if (version == protocol_version::v5) {
        io.reason(packet.type, packet.reason);
    } else {
        io.return_code(packet.reason);
    }
    layout_properties(io, version, packet.properties);
}

template <class Io, class Packet>
requires(Packet::type == packet_type::publish) void layout(Io& io, protocol_version version,
                                                           Packet& packet) {
    io.publish_topic(packet.topic);
    if (packet.qos != qos::at_most_once) io.packet_id(packet.packet_id);
    layout_properties(io, version, packet.properties);
    // [MQTT-4.7.3-1] Only a topic alias stands for an empty topic name (3.3.2.1).
    io.require_topic_name(!packet.topic.empty() || packet.properties.topic_alias.has_value());
    io.rest(packet.payload);
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP: the packet says all but which of them it is.
template <class Io, class Packet>
void layout_acknowledgement(Io& io, protocol_version version, packet_type type, Packet& packet) {
    io.packet_id(packet.packet_id);
    layout_reason_tail(io, version, type, packet.reason, packet.properties);
}

template <class Io, class Packet>
requires(is_acknowledgement(Packet::type)) void layout(Io& io, protocol_version version,
                                                       Packet& packet) {
    layout_acknowledgement(io, version, packet.type, packet);
}

template <class Io, class Packet>
requires(Packet::type == packet_type::subscribe) void layout(Io& io, protocol_version version,
                                                             Packet& packet) {
    io.packet_id(packet.packet_id);
    layout_properties(io, version, packet.properties);
    io.subscriptions(version, packet.subscriptions);
}

template <class Io, class Packet>
requires(Packet::type == packet_type::unsubscribe) void layout(Io& io, protocol_version version,
                                                               Packet& packet) {
    io.packet_id(packet.packet_id);
    layout_properties(io, version, packet.properties);
    io.filters(packet.filters);
}

/// SUBACK or UNSUBACK, as above.
template <class Io, class Packet>
void layout_request_acknowledgement(Io& io, protocol_version version, packet_type type,
                                    Packet& packet) {
    io.packet_id(packet.packet_id);
    layout_properties(io, version, packet.properties);
    if (type == packet_type::suback || version == protocol_version::v5) {
        io.reasons(version, type, packet.reasons);
    } else {
        io.absent("reasons", !packet.reasons.empty());
    }
}

template <class Io, class Packet>
requires(Packet::type == packet_type::suback ||
         Packet::type == packet_type::unsuback) void layout(Io& io, protocol_version version,
                                                            Packet& packet) {
    layout_request_acknowledgement(io, version, packet.type, packet);
}

template <class Io, class Packet>
requires(Packet::type == packet_type::pingreq ||
         Packet::type == packet_type::pingresp) void layout(Io&, protocol_version, Packet&) {}

template <class Io, class Packet>
requires(Packet::type == packet_type::disconnect) void layout(Io& io, protocol_version version,
                                                              Packet& packet) {
    layout_reason_tail(io, version, packet.type, packet.reason, packet.properties);
}

template <class Io, class Packet>
requires(Packet::type == packet_type::auth) void layout(Io& io, protocol_version version,
                                                        Packet& packet) {
    layout_reason_tail(io, version, packet.type, packet.reason, packet.properties);
    layout_authentication(io, packet.properties);
}

/// Lower four bits of the first byte of a PUBLISH (3.3.1).
constexpr std::uint8_t publish_flags(bool dup, qos level, bool retain) noexcept {
    return static_cast<std::uint8_t>((dup ? 0x08 : 0) | static_cast<int>(level) << 1 |
                                     (retain ? 0x01 : 0));
}

/// The same of every packet (2.1.3).
template <class Packet>
constexpr std::uint8_t flags_of(const Packet& packet) noexcept {
    if constexpr (Packet::type == packet_type::publish) {
        return publish_flags(packet.dup, packet.qos, packet.retain);
    } else {
        return fixed_flags(Packet::type);
    }
}

/// What the return codes of a 3.1.1 CONNACK mean, from 0 on (3.2.2.3 of 3.1.1).
inline constexpr reason_code return_codes[] = {
    reason_code::success,
    reason_code::unsupported_protocol_version,
    reason_code::client_identifier_not_valid,
    reason_code::server_unavailable,
    reason_code::bad_user_name_or_password,
    reason_code::not_authorized,
};

/// The reverse; `std::size(return_codes)` for a reason that 3.1.1 cannot express.
constexpr std::uint8_t to_return_code(reason_code reason) noexcept {
    std::uint8_t code = 0;
    while (code < std::size(return_codes) && return_codes[code] != reason)
        ++code;
    return code;
}

/// SUBACK codes of 3.1.1 are three granted QoS and one failure (3.9.3 of 3.1.1).
constexpr bool is_listed(protocol_version version, packet_type type, reason_code code) noexcept {
    if (version == protocol_version::v5) return asio_mqtt::is_listed(type, code);
    return static_cast<std::uint8_t>(code) <= 2 || code == reason_code::unspecified_error;
}

}  // namespace asio_mqtt::wire
