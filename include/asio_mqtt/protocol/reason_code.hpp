// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packet_type.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>

namespace asio_mqtt {

/// Result of an operation as the peer reports it (2.4). Values of 0x80 and above are failures.
///
/// The return codes of a 3.1.1 CONNACK and SUBACK appear as the reason codes of 5.0 that mean the
/// same.
enum class reason_code : std::uint8_t {
    success = 0x00,
    normal_disconnection = 0x00,
    granted_qos_0 = 0x00,
    granted_qos_1 = 0x01,
    granted_qos_2 = 0x02,
    disconnect_with_will_message = 0x04,
    no_matching_subscribers = 0x10,
    no_subscription_existed = 0x11,
    continue_authentication = 0x18,
    reauthenticate = 0x19,
    unspecified_error = 0x80,
    malformed_packet = 0x81,
    protocol_error = 0x82,
    implementation_specific_error = 0x83,
    unsupported_protocol_version = 0x84,
    client_identifier_not_valid = 0x85,
    bad_user_name_or_password = 0x86,
    not_authorized = 0x87,
    server_unavailable = 0x88,
    server_busy = 0x89,
    banned = 0x8A,
    server_shutting_down = 0x8B,
    bad_authentication_method = 0x8C,
    keep_alive_timeout = 0x8D,
    session_taken_over = 0x8E,
    topic_filter_invalid = 0x8F,
    topic_name_invalid = 0x90,
    packet_identifier_in_use = 0x91,
    packet_identifier_not_found = 0x92,
    receive_maximum_exceeded = 0x93,
    topic_alias_invalid = 0x94,
    packet_too_large = 0x95,
    message_rate_too_high = 0x96,
    quota_exceeded = 0x97,
    administrative_action = 0x98,
    payload_format_invalid = 0x99,
    retain_not_supported = 0x9A,
    qos_not_supported = 0x9B,
    use_another_server = 0x9C,
    server_moved = 0x9D,
    shared_subscriptions_not_supported = 0x9E,
    connection_rate_exceeded = 0x9F,
    maximum_connect_time = 0xA0,
    subscription_identifiers_not_supported = 0xA1,
    wildcard_subscriptions_not_supported = 0xA2,
};

/// True when the code reports a failure (2.4: 0x80 and above).
constexpr bool is_failure(reason_code code) noexcept {
    return static_cast<std::uint8_t>(code) >= 0x80;
}

/// The name that the standard gives the code; for 0x00, 0x01 and 0x02 the one that fits most
/// packets.
constexpr std::string_view to_string(reason_code code) noexcept {
    switch (code) {
        case reason_code::success: return "Success";
        case reason_code::granted_qos_1: return "Granted QoS 1";
        case reason_code::granted_qos_2: return "Granted QoS 2";
        case reason_code::disconnect_with_will_message: return "Disconnect with Will Message";
        case reason_code::no_matching_subscribers: return "No matching subscribers";
        case reason_code::no_subscription_existed: return "No subscription existed";
        case reason_code::continue_authentication: return "Continue authentication";
        case reason_code::reauthenticate: return "Re-authenticate";
        case reason_code::unspecified_error: return "Unspecified error";
        case reason_code::malformed_packet: return "Malformed Packet";
        case reason_code::protocol_error: return "Protocol Error";
        case reason_code::implementation_specific_error: return "Implementation specific error";
        case reason_code::unsupported_protocol_version: return "Unsupported Protocol Version";
        case reason_code::client_identifier_not_valid: return "Client Identifier not valid";
        case reason_code::bad_user_name_or_password: return "Bad User Name or Password";
        case reason_code::not_authorized: return "Not authorized";
        case reason_code::server_unavailable: return "Server unavailable";
        case reason_code::server_busy: return "Server busy";
        case reason_code::banned: return "Banned";
        case reason_code::server_shutting_down: return "Server shutting down";
        case reason_code::bad_authentication_method: return "Bad authentication method";
        case reason_code::keep_alive_timeout: return "Keep Alive timeout";
        case reason_code::session_taken_over: return "Session taken over";
        case reason_code::topic_filter_invalid: return "Topic Filter invalid";
        case reason_code::topic_name_invalid: return "Topic Name invalid";
        case reason_code::packet_identifier_in_use: return "Packet Identifier in use";
        case reason_code::packet_identifier_not_found: return "Packet Identifier not found";
        case reason_code::receive_maximum_exceeded: return "Receive Maximum exceeded";
        case reason_code::topic_alias_invalid: return "Topic Alias invalid";
        case reason_code::packet_too_large: return "Packet too large";
        case reason_code::message_rate_too_high: return "Message rate too high";
        case reason_code::quota_exceeded: return "Quota exceeded";
        case reason_code::administrative_action: return "Administrative action";
        case reason_code::payload_format_invalid: return "Payload format invalid";
        case reason_code::retain_not_supported: return "Retain not supported";
        case reason_code::qos_not_supported: return "QoS not supported";
        case reason_code::use_another_server: return "Use another server";
        case reason_code::server_moved: return "Server moved";
        case reason_code::shared_subscriptions_not_supported:
            return "Shared Subscriptions not supported";
        case reason_code::connection_rate_exceeded: return "Connection rate exceeded";
        case reason_code::maximum_connect_time: return "Maximum connect time";
        case reason_code::subscription_identifiers_not_supported:
            return "Subscription Identifiers not supported";
        case reason_code::wildcard_subscriptions_not_supported:
            return "Wildcard Subscriptions not supported";
    }
    return "Unknown reason code";
}

/// True when the standard lists the code for a packet of the type, in either direction.
///
/// Packets that carry no reason code have none listed. 0x8C in a DISCONNECT is listed in table 2-6
/// of section 2.4, though not in section 3.14.2.1.
constexpr bool is_listed(packet_type type, reason_code code) noexcept {
    const auto value = static_cast<std::uint8_t>(code);
    const auto any_of = [value](std::initializer_list<std::uint8_t> listed) {
        for (const std::uint8_t each : listed) {
            if (each == value) return true;
        }
        return false;
    };
    switch (type) {
        case packet_type::connack:
            return any_of({0x00}) || (value >= 0x80 && value <= 0x8A) ||
                   any_of({0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F});
        case packet_type::puback:
        case packet_type::pubrec:
            return any_of({0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99});
        case packet_type::pubrel:
        case packet_type::pubcomp: return any_of({0x00, 0x92});
        case packet_type::suback:
            return any_of({0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2});
        case packet_type::unsuback: return any_of({0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91});
        case packet_type::disconnect:
            return any_of({0x00, 0x04}) || (value >= 0x80 && value <= 0x83) ||
                   any_of({0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90}) ||
                   (value >= 0x93 && value <= 0xA2);
        case packet_type::auth: return any_of({0x00, 0x18, 0x19});
        default: return false;
    }
}

/// The category of reason codes as error codes: an operation that the peer refused.
inline const std::error_category& reason_category() noexcept {
    class category final : public std::error_category {
    public:
        const char* name() const noexcept override { return "asio_mqtt.reason"; }
        std::string message(int value) const override {
            return std::string{to_string(static_cast<reason_code>(value))};
        }
    };
    static const category instance;
    return instance;
}

/// A reason code of 0x80 and above is an error; all others convert to an error_code that is false.
inline std::error_code make_error_code(reason_code code) noexcept {
    return {is_failure(code) ? static_cast<int>(code) : 0, reason_category()};
}

}  // namespace asio_mqtt

template <>
struct std::is_error_code_enum<asio_mqtt::reason_code> : std::true_type {};
