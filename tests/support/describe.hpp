// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>

#include <sstream>
#include <string>

// Each packet as one line of text with all its fields: two packets are equal when their lines are,
// and a test that fails shows where they differ.

namespace test {

namespace mqtt = asio_mqtt;

namespace describing {

inline void value(std::ostream& out, std::string_view text) {
    out << '"' << text << '"';
}
inline void value(std::ostream& out, const mqtt::user_property_view& pair) {
    out << '"' << pair.name << "\": \"" << pair.value << '"';
}
inline void value(std::ostream& out, mqtt::reason_code reason) {
    out << std::hex << static_cast<int>(reason) << std::dec;
}
inline void value(std::ostream& out, const mqtt::topic_subscription& subscription) {
    out << '"' << subscription.filter << "\"/" << static_cast<int>(subscription.qos)
        << (subscription.no_local ? "/no_local" : "")
        << (subscription.retain_as_published ? "/retain_as_published" : "") << '/'
        << static_cast<int>(subscription.retain_handling);
}
template <class Number>
requires(std::is_integral_v<Number> || std::is_enum_v<Number>) void value(std::ostream& out,
                                                                          Number number) {
    out << static_cast<std::uint32_t>(number);
}

template <class T>
void list(std::ostream& out, const char* name, const mqtt::list_view<T>& elements) {
    std::size_t count = 0;
    for (const T& element : elements) {
        out << ' ' << name << '=';
        value(out, element);
        ++count;
    }
    if (count != elements.size()) out << " BUT size()=" << elements.size();
}

template <class Properties>
void properties(std::ostream& out, const Properties& all) {
    out << " {";
    Properties::members(all, [&out](mqtt::property_id id, const auto& member) {
        if constexpr (requires { member.has_value(); }) {
            if (!member) return;
            out << ' ' << to_string(id) << '=';
            value(out, *member);
        } else {
            list(out, to_string(id), member);
        }
    });
    out << " }";
}

inline void fields(std::ostream& out, const mqtt::connect_packet& packet) {
    out << " clean_start=" << packet.clean_start << " keep_alive=" << packet.keep_alive;
    properties(out, packet.properties);
    out << " client_id=\"" << packet.client_id << '"';
    if (packet.will) {
        out << " will topic=\"" << packet.will->topic << "\" payload=\"" << packet.will->payload
            << "\" qos=" << static_cast<int>(packet.will->qos) << " retain=" << packet.will->retain;
        properties(out, packet.will->properties);
    }
    if (packet.user_name) out << " user_name=\"" << *packet.user_name << '"';
    if (packet.password) out << " password=\"" << *packet.password << '"';
}
inline void fields(std::ostream& out, const mqtt::connack_packet& packet) {
    out << " session_present=" << packet.session_present << " reason=";
    value(out, packet.reason);
    properties(out, packet.properties);
}
inline void fields(std::ostream& out, const mqtt::publish_packet& packet) {
    out << " dup=" << packet.dup << " qos=" << static_cast<int>(packet.qos)
        << " retain=" << packet.retain << " topic=\"" << packet.topic
        << "\" packet_id=" << packet.packet_id;
    properties(out, packet.properties);
    out << " payload=\"" << packet.payload << '"';
}
template <mqtt::packet_type Type>
void fields(std::ostream& out, const mqtt::ack_packet<Type>& packet) {
    out << " packet_id=" << packet.packet_id << " reason=";
    value(out, packet.reason);
    properties(out, packet.properties);
}
inline void fields(std::ostream& out, const mqtt::subscribe_packet& packet) {
    out << " packet_id=" << packet.packet_id;
    properties(out, packet.properties);
    list(out, "subscription", packet.subscriptions);
}
inline void fields(std::ostream& out, const mqtt::suback_packet& packet) {
    out << " packet_id=" << packet.packet_id;
    properties(out, packet.properties);
    list(out, "reason", packet.reasons);
}
inline void fields(std::ostream& out, const mqtt::unsubscribe_packet& packet) {
    out << " packet_id=" << packet.packet_id;
    properties(out, packet.properties);
    list(out, "filter", packet.filters);
}
inline void fields(std::ostream& out, const mqtt::unsuback_packet& packet) {
    out << " packet_id=" << packet.packet_id;
    properties(out, packet.properties);
    list(out, "reason", packet.reasons);
}
inline void fields(std::ostream&, const mqtt::pingreq_packet&) {}
inline void fields(std::ostream&, const mqtt::pingresp_packet&) {}
inline void fields(std::ostream& out, const mqtt::disconnect_packet& packet) {
    out << " reason=";
    value(out, packet.reason);
    properties(out, packet.properties);
}
inline void fields(std::ostream& out, const mqtt::auth_packet& packet) {
    out << " reason=";
    value(out, packet.reason);
    properties(out, packet.properties);
}

}  // namespace describing

template <class Packet>
std::string describe(const Packet& packet) {
    std::ostringstream out;
    out << to_string(Packet::type);
    describing::fields(out, packet);
    return out.str();
}

inline std::string describe(const mqtt::any_packet& any) {
    return std::visit([](const auto& packet) { return describe(packet); }, any);
}

}  // namespace test
