// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/reason_code.hpp>

#include <string>
#include <system_error>

namespace asio_mqtt {

/// Why bytes of the peer were refused. None is success: zero means no error.
enum class decode_errc {
    malformed_length = 1,  ///< Remaining Length of five bytes, or not in its shortest form (1.5.5).
    packet_too_large,      ///< Longer than the maximum packet size that this side announced.
    truncated,             ///< A field runs past the end of its packet or property block.
    trailing_bytes,        ///< Bytes are left after the last field.
    invalid_packet_type,   ///< Type 0, or AUTH on a 3.1.1 connection.
    invalid_flags,         ///< Reserved bits set, or flags that contradict each other (2.1.3).
    invalid_qos,           ///< Both QoS bits of a PUBLISH or a will are set [MQTT-3.3.1-4].
    invalid_utf8,          ///< A string is not UTF-8, or contains U+0000 [MQTT-1.5.4-1].
    invalid_topic_name,    ///< A wildcard in a topic name, or an empty will or response topic.
    missing_topic_name,    ///< An empty topic name without a topic alias (3.3.2.1).
    invalid_topic_filter,  ///< A topic filter that breaks section 4.7 or 4.8.2.
    invalid_packet_id,     ///< Packet identifier 0 [MQTT-2.2.1-4].
    invalid_reason_code,   ///< A reason code that is not listed for this packet.
    unknown_property,      ///< An identifier that the standard does not define (2.2.2.2).
    misplaced_property,    ///< A property that may not stand in this packet (2.2.2.2).
    duplicate_property,    ///< A property that may stand once stands twice.
    invalid_property_value,         ///< A value that the property's section forbids.
    invalid_topic_alias,            ///< Topic Alias 0 [MQTT-3.3.2-8].
    missing_authentication_method,  ///< Authentication data without a method (3.1.2.11.10).
    invalid_protocol_name,          ///< CONNECT without the name "MQTT" [MQTT-3.1.2-1].
    unsupported_protocol_version,   ///< CONNECT with a version other than the codec's.
    empty_list,  ///< No topic filter [MQTT-3.8.3-2], or no reason code in its acknowledgement.
    invalid_subscription_options,  ///< QoS 3, Retain Handling 3, or No Local on a shared filter
                                   ///< (3.8.3.1).
};

constexpr const char* to_string(decode_errc code) noexcept {
    switch (code) {
        case decode_errc::malformed_length: return "malformed variable byte integer";
        case decode_errc::packet_too_large: return "packet larger than the maximum packet size";
        case decode_errc::truncated: return "field runs past the end of the packet";
        case decode_errc::trailing_bytes: return "bytes left after the last field";
        case decode_errc::invalid_packet_type: return "invalid packet type";
        case decode_errc::invalid_flags: return "reserved or contradicting flags";
        case decode_errc::invalid_qos: return "invalid QoS";
        case decode_errc::invalid_utf8: return "string is not valid UTF-8";
        case decode_errc::invalid_topic_name: return "invalid topic name";
        case decode_errc::missing_topic_name: return "no topic name and no topic alias";
        case decode_errc::invalid_topic_filter: return "invalid topic filter";
        case decode_errc::invalid_packet_id: return "packet identifier is zero";
        case decode_errc::invalid_reason_code: return "reason code not allowed in this packet";
        case decode_errc::unknown_property: return "unknown property";
        case decode_errc::misplaced_property: return "property not allowed in this packet";
        case decode_errc::duplicate_property: return "property included more than once";
        case decode_errc::invalid_property_value: return "value not allowed for this property";
        case decode_errc::invalid_topic_alias: return "topic alias is zero";
        case decode_errc::missing_authentication_method:
            return "authentication data without a method";
        case decode_errc::invalid_protocol_name: return "protocol name is not MQTT";
        case decode_errc::unsupported_protocol_version: return "unsupported protocol version";
        case decode_errc::empty_list: return "no topic filter or reason code";
        case decode_errc::invalid_subscription_options: return "invalid subscription options";
    }
    return "unknown decode error";
}

/// The reason code with which a 5.0 peer closes the connection after the error (4.13).
constexpr reason_code to_reason_code(decode_errc code) noexcept {
    switch (code) {
        case decode_errc::packet_too_large: return reason_code::packet_too_large;
        case decode_errc::invalid_topic_alias: return reason_code::topic_alias_invalid;
        case decode_errc::invalid_protocol_name:  // (3.1.2.1)
        case decode_errc::unsupported_protocol_version:
            return reason_code::unsupported_protocol_version;
        case decode_errc::invalid_packet_type:
        case decode_errc::missing_topic_name:
        case decode_errc::missing_authentication_method:
        case decode_errc::invalid_subscription_options:
        case decode_errc::invalid_packet_id:
        case decode_errc::invalid_reason_code:
        case decode_errc::duplicate_property:
        case decode_errc::invalid_property_value:
        case decode_errc::empty_list: return reason_code::protocol_error;
        default: return reason_code::malformed_packet;
    }
}

inline const std::error_category& decode_category() noexcept {
    class category final : public std::error_category {
    public:
        const char* name() const noexcept override { return "asio_mqtt.decode"; }
        std::string message(int value) const override {
            return to_string(static_cast<decode_errc>(value));
        }
    };
    static const category instance;
    return instance;
}

inline std::error_code make_error_code(decode_errc code) noexcept {
    return {static_cast<int>(code), decode_category()};
}

}  // namespace asio_mqtt

template <>
struct std::is_error_code_enum<asio_mqtt::decode_errc> : std::true_type {};
