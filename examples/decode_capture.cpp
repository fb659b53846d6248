// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// The codec alone, without client and network: prints the packets of a capture of raw MQTT bytes.
//     decode_capture [--version 5|3.1.1] [FILE]      without FILE: standard input
// Without --version the CONNECT tells the version; 5 is taken when there is none.
#include <asio_mqtt/protocol/codec.hpp>
#include <asio_mqtt/protocol/connect_version.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace mqtt = asio_mqtt;

struct printer {
    template <class Packet>
    void operator()(const Packet& p) const {
        std::cout << to_string(p.type);
        if constexpr (requires { p.client_id; }) field("client_id", p.client_id);
        if constexpr (requires { p.keep_alive; }) field("keep_alive", p.keep_alive);
        if constexpr (requires { p.clean_start; }) field("clean_start", p.clean_start);
        if constexpr (requires { p.user_name; }) field("user_name", p.user_name);
        if constexpr (requires { p.will; }) field("will", p.will);
        if constexpr (requires { p.session_present; }) field("session_present", p.session_present);
        if constexpr (requires { p.packet_id; }) field("packet_id", p.packet_id);
        if constexpr (requires { p.qos; }) field("qos", p.qos);
        if constexpr (requires { p.retain; }) field("retain", p.retain);
        if constexpr (requires { p.dup; }) field("dup", p.dup);
        if constexpr (requires { p.topic; }) field("topic", p.topic);
        if constexpr (requires { p.reason; }) field("reason", p.reason);
        if constexpr (requires { p.reasons; }) field("reason", p.reasons);
        if constexpr (requires { p.subscriptions; }) field("subscription", p.subscriptions);
        if constexpr (requires { p.filters; }) field("filter", p.filters);
        if constexpr (requires { p.properties; }) {
            p.properties.members(p.properties,
                                 [](auto id, const auto& value) { field(to_string(id), value); });
        }
        if constexpr (requires { p.payload; }) field("payload", p.payload);
        std::cout << '\n';
    }

    template <class T>
    static void field(std::string_view name, const T& value) {
        show(" "), show(name), show("="), show(value);
    }
    template <class T>
    static void field(std::string_view name, const std::optional<T>& value) {
        if (value) field(name, *value);
    }
    template <class T>
    static void field(std::string_view name, const mqtt::list_view<T>& values) {
        for (const T& value : values)
            field(name, value);
    }

    static void show(std::string_view text) {
        for (const char c : text)
            std::cout << (c == '\x7F' || (c >= 0 && c < ' ') ? '.' : c);
    }
    static void show(std::uint32_t number) { std::cout << number; }
    static void show(mqtt::qos qos) { show(static_cast<std::uint32_t>(qos)); }
    static void show(mqtt::payload_format format) { show(static_cast<std::uint32_t>(format)); }
    static void show(mqtt::reason_code reason) { show(to_string(reason)); }
    static void show(const mqtt::user_property_view& user) { field(user.name, user.value); }
    static void show(const mqtt::topic_subscription& to) { field(to.filter, to.qos); }
    static void show(const mqtt::will& will) { field(will.topic, will.payload); }
};

int main(int argc, char** argv) {
    const bool told = argc > 2 && std::string_view{argv[1]} == "--version";
    bool is_5 = !told || std::string_view{argv[2]} == "5";
    std::ifstream file;
    if (argc > (told ? 3 : 1)) file.open(argv[told ? 3 : 1], std::ios::binary);
    if (!file) return std::cerr << "decode_capture: cannot read the file\n", 2;
    const std::string capture{std::istreambuf_iterator{file.is_open() ? file : std::cin}, {}};

    for (auto rest = std::as_bytes(std::span{capture}); !rest.empty();) {
        const mqtt::fixed_header header = mqtt::read_fixed_header(rest).header;
        const bool whole = header.size != 0 && header.packet_size() <= rest.size();
        const auto bytes = rest.first(whole ? header.packet_size() : rest.size());
        if (whole && header.type == mqtt::packet_type::connect && !told) {
            is_5 = mqtt::peek_connect_version(bytes.subspan(header.size)) != 4;
        }
        mqtt::any_packet packet;
        const auto result = is_5 ? mqtt::codec_v5::decode(bytes, packet)
                                 : mqtt::codec_v3_1_1::decode(bytes, packet);
        std::cout << capture.size() - rest.size() << ": ";
        if (result) {
            std::visit(printer{}, packet);
        } else {
            std::cout << result.field << ", byte " << result.offset << ": "
                      << to_string(result.error) << '\n';
        }
        if (!whole) return 1;  // nobody can tell where the next packet begins
        rest = rest.subspan(bytes.size());
    }
}
