// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/any_packet.hpp>
#include <asio_mqtt/protocol/property_slots.hpp>
#include <asio_mqtt/protocol/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace asio_mqtt {

namespace wire {

inline std::string byte_count(std::size_t size) {
    return '(' + std::to_string(size) + (size == 1 ? " byte)" : " bytes)");
}

/// Appends a packet to a line: its type, and each of its fields as ` name=value`.
class packet_formatter {
public:
    packet_formatter(protocol_version version, std::string& line)
        : version_{version}, line_{line} {}

    template <class Packet>
    void operator()(const Packet& packet) {
        line_ += to_string(packet.type);
        fields(packet);
    }

private:
    void fields(const connect_packet& connect) {
        string("client_id", connect.client_id);
        number("keep_alive", connect.keep_alive);
        number("clean_start", connect.clean_start);
        if (connect.user_name) string("user_name", *connect.user_name);
        if (connect.password) secret("password");
        properties(connect);
        if (connect.will) {
            line_ += " will";
            message(*connect.will);
        }
    }
    void fields(const connack_packet& connack) {
        number("session_present", connack.session_present);
        reason(connack.type, connack.reason);
        properties(connack);
    }
    void fields(const publish_packet& publish) {
        if (publish.packet_id != 0) number("packet_id", publish.packet_id);
        flag("dup", publish.dup);
        message(publish);
    }
    template <packet_type Type>
    void fields(const ack_packet<Type>& ack) {
        number("packet_id", ack.packet_id);
        outcome(ack);
    }
    void fields(const subscribe_packet& subscribe) {
        number("packet_id", subscribe.packet_id);
        properties(subscribe);
        for (const topic_subscription& each : subscribe.subscriptions) {
            string("filter", each.filter);
            qos(each.qos);
            flag("no_local", each.no_local);
            flag("retain_as_published", each.retain_as_published);
            const auto handling = static_cast<std::uint32_t>(each.retain_handling);
            if (handling != 0) number("retain_handling", handling);
        }
    }
    void fields(const unsubscribe_packet& unsubscribe) {
        number("packet_id", unsubscribe.packet_id);
        properties(unsubscribe);
        for (const std::string_view filter : unsubscribe.filters)
            string("filter", filter);
    }
    void fields(const suback_packet& suback) { answers(suback); }
    void fields(const unsuback_packet& unsuback) { answers(unsuback); }
    void fields(const pingreq_packet&) {}
    void fields(const pingresp_packet&) {}
    void fields(const disconnect_packet& disconnect) { outcome(disconnect); }
    void fields(const auth_packet& auth) { outcome(auth); }

    /// A PUBLISH or a will. The payload stands last and unquoted: much of what is published is
    /// JSON, and nothing in it can be mistaken for another field there.
    template <class Message>
    void message(const Message& message) {
        qos(message.qos);
        flag("retain", message.retain);
        string("topic", message.topic);
        properties(message);
        payload(message.payload);
    }

    /// 3.1.1 has no place for a reason in these.
    template <class Packet>
    void outcome(const Packet& packet) {
        if (version_ == protocol_version::v5) reason(packet.type, packet.reason);
        properties(packet);
    }

    template <class Packet>
    void answers(const Packet& packet) {
        number("packet_id", packet.packet_id);
        properties(packet);
        for (const reason_code each : packet.reasons)
            reason(packet.type, each);
    }

    template <class Packet>
    void properties(const Packet& packet) {
        for (const property_slot& slot : property_slots{packet.properties})
            slot.for_each_value([&](const property_value& value) { property(slot.id, value); });
    }
    void property(property_id id, const property_value& value) {
        if (id == property_id::authentication_data) return secret(to_string(id));
        switch (kind_of(id)) {
            case property_kind::utf8_string:
            case property_kind::binary_data: return string(to_string(id), value.text);
            case property_kind::utf8_string_pair:
                string(to_string(id), value.text);
                line_ += ':';
                return quoted(value.second);
            default: return number(to_string(id), value.number);
        }
    }

    /// 0x00 has three names, one of which fits most packets (2.4).
    void reason(packet_type type, reason_code reason) {
        name("reason");
        if (reason == reason_code::success && type == packet_type::suback) {
            quoted("Granted QoS 0");
        } else if (reason == reason_code::success && type == packet_type::disconnect) {
            quoted("Normal disconnection");
        } else {
            quoted(to_string(reason));
        }
    }

    void payload(std::string_view payload) {
        constexpr std::size_t most = 40;
        std::size_t shown = payload.size();
        if (shown > most) {
            shown = most;
            // A character of UTF-8 stays whole: at most three bytes lie behind its first one.
            while (shown > most - 3 && (payload[shown] & 0xC0) == 0x80)
                --shown;
        }
        name("payload");
        escaped(payload.substr(0, shown));
        if (shown != payload.size()) line_ += "...";
        line_ += ' ' + byte_count(payload.size());
    }

    void qos(asio_mqtt::qos qos) { number("qos", static_cast<std::uint32_t>(qos)); }
    void flag(std::string_view field, bool value) {
        if (value) number(field, 1);
    }
    void number(std::string_view field, std::uint32_t value) {
        name(field);
        line_ += std::to_string(value);
    }
    void string(std::string_view field, std::string_view text) {
        name(field);
        quoted(text);
    }
    void secret(std::string_view field) {
        name(field);
        line_ += "***";
    }
    void name(std::string_view field) {
        line_ += ' ';
        line_ += field;
        line_ += '=';
    }

    void quoted(std::string_view text) {
        line_ += '"';
        escaped(text, '"');
        line_ += '"';
    }
    /// Terminals obey control characters, also those from U+0080 to U+009F.
    void escaped(std::string_view text, char quote = '\\') {
        const bool is_utf8 = is_valid_utf8(text);
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto byte = static_cast<std::uint8_t>(text[i]);
            if (byte == 0xC2 && is_utf8 && static_cast<std::uint8_t>(text[i + 1]) < 0xA0) {
                hexadecimal(byte);
                hexadecimal(static_cast<std::uint8_t>(text[++i]));
            } else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !is_utf8)) {
                hexadecimal(byte);
            } else {
                if (text[i] == '\\' || text[i] == quote) line_ += '\\';
                line_ += text[i];
            }
        }
    }
    void hexadecimal(std::uint8_t byte) {
        constexpr char digits[] = "0123456789ABCDEF";
        line_ += "\\x";
        line_ += digits[byte >> 4];
        line_ += digits[byte & 0x0F];
    }

    const protocol_version version_;
    std::string& line_;
};

/// Reads a packet whose payload may lie elsewhere.
inline decode_result decode(protocol_version version, std::span<const std::byte> bytes,
                            std::span<const std::byte> shared_payload,
                            any_packet& packet) noexcept {
    const fixed_header header = read_fixed_header(bytes).header;
    if (shared_payload.empty() || header.type != packet_type::publish ||
        header.packet_size() != bytes.size() + shared_payload.size()) {
        return asio_mqtt::decode(version, bytes, packet);
    }
    auto& publish = packet.emplace<publish_packet>();
    const decode_result result =
        versioned_codec{version}.decode(header, bytes.subspan(header.size), publish);
    publish.payload = {reinterpret_cast<const char*>(shared_payload.data()), shared_payload.size()};
    return result;
}

}  // namespace wire

/// One packet as one line of text, for logs and traces; without the end of the line.
///
/// `PUBLISH packet_id=7 qos=1 topic="a/b" message_expiry_interval=60 payload=21.5 (4 bytes)`
///
/// Fields are named as in the packet structs; those that are absent are left out, and flags that
/// are not set. Reason codes appear by name, passwords and authentication data as `***`, and of a
/// payload no more than 40 bytes. Bytes that cannot be printed appear as `\xNN`. Of a packet that
/// cannot be decoded there are type and size, and what is wrong where.
///
/// `bytes` hold exactly one packet, fixed header included; when its payload lies elsewhere, all
/// that comes before it.
inline std::string format_packet(protocol_version version, std::span<const std::byte> bytes,
                                 std::span<const std::byte> shared_payload = {}) {
    std::string line;
    any_packet packet;
    if (const decode_result decoded = wire::decode(version, bytes, shared_payload, packet)) {
        std::visit(wire::packet_formatter{version, line}, packet);
    } else {
        // Nothing of what it holds: a password might be among it.
        const std::byte first = bytes.empty() ? std::byte{} : bytes[0];
        line += to_string(static_cast<packet_type>(first >> 4));
        line += ' ' + wire::byte_count(bytes.size() + shared_payload.size());
        line += " cannot be decoded: ";
        line += to_string(decoded.error);
        line += std::string{" ("} + decoded.field + ", byte " + std::to_string(decoded.offset);
        line += ')';
    }
    return line;
}

}  // namespace asio_mqtt
