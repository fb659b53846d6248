// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/decode_errc.hpp>
#include <asio_mqtt/protocol/reason_code.hpp>

#include <string>
#include <system_error>

namespace asio_mqtt {

using error_code = std::error_code;

/// Errors that this library reports of its own, besides reason codes of the peer (reason_code),
/// bytes of the peer that were refused (decode_errc) and errors of the stream (Asio's and the
/// system's).
enum class errc {
    // What the caller asked for cannot be sent: nothing was queued.
    invalid_topic_name = 1,  ///< Empty, too long, not UTF-8, or with a wildcard (4.7).
    invalid_topic_filter,    ///< Breaks section 4.7.1 or 4.8.2.
    invalid_utf8,            ///< A string is not UTF-8 or contains U+0000 (1.5.4).
    string_too_long,         ///< A string or binary value is longer than 65,535 bytes (1.5.4).
    invalid_property_value,  ///< A value that the property's section forbids, such as alias 0.
    invalid_reason_code,     ///< A reason code that may not be sent in this packet.
    invalid_qos,             ///< A QoS other than 0, 1 and 2.
    invalid_packet_id,       ///< Packet identifier 0 in a packet that needs one (2.2.1).
    empty_list,              ///< No topic filter given [MQTT-3.8.3-2], or no reason code for one.
    packet_too_large,        ///< Over the peer's Maximum Packet Size, or over 268,435,455 bytes.
    not_in_this_version,     ///< A field of 5.0 on a 3.1.1 connection.
    client_id_required,      ///< 3.1.1 without client id needs a clean session [MQTT-3.1.3-7].
    user_name_required,      ///< 3.1.1 has no password without user name [MQTT-3.1.2-22].
    no_local_on_shared,      ///< No Local on a shared subscription [MQTT-3.8.3-4].
    authentication_method_required,  ///< AUTH, or authentication data, without a method
                                     ///< (3.15.2.2.2).
    invalid_flags,           ///< DUP at QoS 0 [MQTT-3.3.1-2], or Session Present on a refusal
                             ///< [MQTT-3.2.2-6].
    invalid_broker_address,  ///< Not scheme://host[:port].
    unknown_broker_scheme,   ///< The connector has no such scheme: tcp_connector has mqtt://.
    no_broker_given,         ///< client_options::brokers is empty.
    // Of these, each is about the client_options that it names.
    invalid_keep_alive,               ///< keep_alive is not within 0 to 65,535 s.
    invalid_session_expiry_interval,  ///< session_expiry_interval is negative.
    invalid_maximum_packet_size,      ///< maximum_packet_size is 0.
    invalid_receive_maximum,  ///< receive_maximum or assumed_receive_maximum is 0 (3.1.2.11.3).
    invalid_buffer_size,      ///< queue_size, in_flight_size or receive_buffer_size is 0.
    invalid_timeout,          ///< connect_timeout, connack_timeout or ping_response_timeout is not
                              ///< more than 0 ms, or one of tcp_connector_options, or
                              ///< disconnect_timeout is negative.
    invalid_reconnect_delay,  ///< minimum_reconnect_delay or stable_period is negative, or
                              ///< maximum_reconnect_delay below the minimum.
    invalid_client_id,        ///< client_id is not UTF-8, or longer than 65,535 bytes.
    invalid_credentials,      ///< user_name is not UTF-8, or it or password longer than that.
    invalid_will,             ///< A field of the will may not be sent: its topic is no topic name,
                              ///< a string no UTF-8 or too long, an interval negative.
    invalid_operation_timeout,  ///< The time-out of an operation is negative.
    already_running,            ///< async_run() while it runs already.

    // What the broker announced excludes the operation: nothing was queued.
    qos_not_supported,       ///< Over the broker's Maximum QoS [MQTT-3.2.2-11].
    retain_not_supported,    ///< The broker keeps no retained messages [MQTT-3.2.2-14].
    wildcard_not_supported,  ///< The broker has no wildcard subscriptions (3.2.2.3.11).
    subscription_identifier_not_supported,  ///< The broker has no subscription identifiers
                                            ///< (3.2.2.3.12).
    shared_subscription_not_supported,  ///< The broker has no shared subscriptions (3.2.2.3.13).
    topic_alias_not_supported,          ///< Over the broker's Topic Alias Maximum [MQTT-3.2.2-17].

    // What the peer did breaks the protocol: the connection is closed, but for the last one.
    unexpected_packet,           ///< A packet that the broker may not send, or not now.
    receive_maximum_exceeded,    ///< More unacknowledged messages than announced [MQTT-3.3.4-9].
    topic_alias_invalid,         ///< An alias that is over the maximum, or unknown (3.3.2.3.4).
    session_state_missing,       ///< Session present, but this side has none [MQTT-3.2.2-4].
    malformed_answer,            ///< A SUBACK or UNSUBACK that is malformed, or does not answer
                                 ///< each filter once.
    unsolicited_authentication,  ///< AUTH although no method was given [MQTT-4.12.0-6].
    acknowledged_at_qos_1,  ///< The broker has taken a message at QoS 2 over with PUBACK: it has
                            ///< it, and may have it twice.

    // What happened to the connection.
    connection_closed,   ///< The peer closed the connection without a DISCONNECT.
    connect_timeout,     ///< No connection, or no CONNACK, within the deadline.
    keep_alive_timeout,  ///< No PINGRESP within the deadline (3.12.4).
    session_lost,        ///< The broker has lost the session and with it the operation.

    // What became of an operation on this side.
    queue_full,         ///< No room in the queue: nothing was queued.
    message_dropped,    ///< It gave way to newer messages in a full queue.
    message_expired,    ///< It has waited for longer than its Message Expiry Interval.
    operation_timeout,  ///< It has not completed within its time-out.
};

constexpr const char* to_string(errc code) noexcept {
    switch (code) {
        case errc::invalid_topic_name: return "invalid topic name";
        case errc::invalid_topic_filter: return "invalid topic filter";
        case errc::invalid_utf8: return "string is not valid UTF-8";
        case errc::string_too_long: return "string or binary value over 65535 bytes";
        case errc::invalid_property_value: return "value not allowed for this property";
        case errc::invalid_reason_code: return "reason code not allowed in this packet";
        case errc::invalid_qos: return "QoS is not 0, 1 or 2";
        case errc::invalid_packet_id: return "packet identifier is zero";
        case errc::empty_list: return "no topic filter or reason code";
        case errc::packet_too_large: return "packet over the maximum packet size";
        case errc::not_in_this_version: return "field of MQTT 5.0 on a 3.1.1 connection";
        case errc::client_id_required: return "3.1.1 needs a client id or a clean session";
        case errc::user_name_required: return "3.1.1 needs a user name beside the password";
        case errc::no_local_on_shared: return "No Local on a shared subscription";
        case errc::authentication_method_required: return "authentication method missing";
        case errc::invalid_flags: return "contradicting flags";
        case errc::invalid_broker_address: return "invalid broker address";
        case errc::unknown_broker_scheme: return "scheme of a broker is not known to the connector";
        case errc::no_broker_given: return "no broker given";
        case errc::invalid_keep_alive: return "keep_alive is not within 0 to 65535 s";
        case errc::invalid_session_expiry_interval: return "session_expiry_interval is negative";
        case errc::invalid_maximum_packet_size: return "maximum_packet_size is 0";
        case errc::invalid_receive_maximum:
            return "receive_maximum or assumed_receive_maximum is 0";
        case errc::invalid_buffer_size:
            return "queue_size, in_flight_size or receive_buffer_size is 0";
        case errc::invalid_timeout:
            return "connect_timeout, connack_timeout or ping_response_timeout is not more than 0 "
                   "ms, or disconnect_timeout is negative";
        case errc::invalid_reconnect_delay:
            return "minimum_reconnect_delay or stable_period is negative, or "
                   "maximum_reconnect_delay below the minimum";
        case errc::invalid_client_id: return "client_id is not UTF-8, or over 65535 bytes";
        case errc::invalid_credentials:
            return "user_name is not UTF-8, or it or password is over 65535 bytes";
        case errc::invalid_will: return "will has a field that may not be sent";
        case errc::invalid_operation_timeout: return "time-out of the operation is negative";
        case errc::already_running: return "client is running already";
        case errc::qos_not_supported: return "broker does not support this QoS";
        case errc::retain_not_supported: return "broker does not support retained messages";
        case errc::wildcard_not_supported: return "broker does not support wildcard subscriptions";
        case errc::subscription_identifier_not_supported:
            return "broker does not support subscription identifiers";
        case errc::shared_subscription_not_supported:
            return "broker does not support shared subscriptions";
        case errc::topic_alias_not_supported: return "topic alias over the broker's maximum";
        case errc::unexpected_packet: return "packet not allowed from a broker, or not now";
        case errc::receive_maximum_exceeded: return "broker exceeded the receive maximum";
        case errc::topic_alias_invalid: return "broker used an invalid topic alias";
        case errc::session_state_missing: return "broker resumed a session that this client lacks";
        case errc::malformed_answer:
            return "acknowledgement is malformed, or does not answer each filter once";
        case errc::unsolicited_authentication: return "AUTH without an authentication method";
        case errc::acknowledged_at_qos_1: return "broker took a message at QoS 2 over at QoS 1";
        case errc::connection_closed: return "connection closed by the broker";
        case errc::connect_timeout: return "broker did not answer in time";
        case errc::keep_alive_timeout: return "no PINGRESP in time";
        case errc::session_lost: return "broker lost the session";
        case errc::queue_full: return "no room in the queue of messages";
        case errc::message_dropped: return "message dropped from a full queue";
        case errc::message_expired: return "message expired before it was sent";
        case errc::operation_timeout: return "operation did not complete in time";
    }
    return "unknown error";
}

inline const std::error_category& client_category() noexcept {
    class category final : public std::error_category {
    public:
        const char* name() const noexcept override { return "asio_mqtt.client"; }
        std::string message(int value) const override {
            return to_string(static_cast<errc>(value));
        }
    };
    static const category instance;
    return instance;
}

inline std::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), client_category()};
}

/// Whose fault an error is; compare with an error_code: `if (ec == mqtt::fault::caller)`.
enum class fault {
    caller = 1,  ///< The call was wrong, or asks what this broker does not offer, and fails again;
                 ///< or it was cancelled, or the client was ended (operation_aborted).
    broker,      ///< The broker refused the operation, or broke the protocol.
    network,     ///< The connection failed, did not answer in time, or was too slow: a message
                 ///< found no room, or expired; or the broker lost the session (session_lost).
};

inline const std::error_category& fault_category() noexcept {
    class category final : public std::error_category {
    public:
        const char* name() const noexcept override { return "asio_mqtt.fault"; }
        std::string message(int value) const override {
            switch (static_cast<fault>(value)) {
                case fault::caller: return "fault of the caller";
                case fault::broker: return "fault of the broker";
                case fault::network: return "fault of the network";
            }
            return "unknown fault";
        }
        bool equivalent(const std::error_code& code, int condition) const noexcept override {
            return code && of(code) == static_cast<fault>(condition);
        }

    private:
        static fault of(const std::error_code& code) noexcept {
            if (code.category() == reason_category() || code.category() == decode_category()) {
                return fault::broker;
            }
            if (code.category() == client_category()) {
                if (code.value() < static_cast<int>(errc::unexpected_packet)) return fault::caller;
                if (code.value() < static_cast<int>(errc::connection_closed)) return fault::broker;
                return fault::network;
            }
            // By value: the category of Asio's own errors does not map them to std::errc.
            const bool is_aborted = code.value() == static_cast<int>(std::errc::operation_canceled);
            return is_aborted ? fault::caller : fault::network;
        }
    };
    static const category instance;
    return instance;
}

inline std::error_condition make_error_condition(fault value) noexcept {
    return {static_cast<int>(value), fault_category()};
}

}  // namespace asio_mqtt

template <>
struct std::is_error_code_enum<asio_mqtt::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<asio_mqtt::fault> : std::true_type {};
