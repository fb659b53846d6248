// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/list_view.hpp>
#include <asio_mqtt/protocol/two_byte_integer.hpp>
#include <asio_mqtt/protocol/variable_byte_integer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// The properties of MQTT 5.0 (2.2.2), one struct for each place where they stand. Strings and
// binary data are views. An empty optional is a property that is absent: the standard's default
// holds.

namespace asio_mqtt {

/// Identifier of a property (2.2.2.2, table 2-4).
enum class property_id : std::uint8_t {
    payload_format_indicator = 0x01,
    message_expiry_interval = 0x02,
    content_type = 0x03,
    response_topic = 0x08,
    correlation_data = 0x09,
    subscription_identifier = 0x0B,
    session_expiry_interval = 0x11,
    assigned_client_identifier = 0x12,
    server_keep_alive = 0x13,
    authentication_method = 0x15,
    authentication_data = 0x16,
    request_problem_information = 0x17,
    will_delay_interval = 0x18,
    request_response_information = 0x19,
    response_information = 0x1A,
    server_reference = 0x1C,
    reason_string = 0x1F,
    receive_maximum = 0x21,
    topic_alias_maximum = 0x22,
    topic_alias = 0x23,
    maximum_qos = 0x24,
    retain_available = 0x25,
    user_property = 0x26,
    maximum_packet_size = 0x27,
    wildcard_subscription_available = 0x28,
    subscription_identifier_available = 0x29,
    shared_subscription_available = 0x2A,
};

/// The name of the property, for error messages.
constexpr const char* to_string(property_id id) noexcept {
    switch (id) {
        case property_id::payload_format_indicator: return "payload_format_indicator";
        case property_id::message_expiry_interval: return "message_expiry_interval";
        case property_id::content_type: return "content_type";
        case property_id::response_topic: return "response_topic";
        case property_id::correlation_data: return "correlation_data";
        case property_id::subscription_identifier: return "subscription_identifier";
        case property_id::session_expiry_interval: return "session_expiry_interval";
        case property_id::assigned_client_identifier: return "assigned_client_identifier";
        case property_id::server_keep_alive: return "server_keep_alive";
        case property_id::authentication_method: return "authentication_method";
        case property_id::authentication_data: return "authentication_data";
        case property_id::request_problem_information: return "request_problem_information";
        case property_id::will_delay_interval: return "will_delay_interval";
        case property_id::request_response_information: return "request_response_information";
        case property_id::response_information: return "response_information";
        case property_id::server_reference: return "server_reference";
        case property_id::reason_string: return "reason_string";
        case property_id::receive_maximum: return "receive_maximum";
        case property_id::topic_alias_maximum: return "topic_alias_maximum";
        case property_id::topic_alias: return "topic_alias";
        case property_id::maximum_qos: return "maximum_qos";
        case property_id::retain_available: return "retain_available";
        case property_id::user_property: return "user_property";
        case property_id::maximum_packet_size: return "maximum_packet_size";
        case property_id::wildcard_subscription_available: return "wildcard_subscription_available";
        case property_id::subscription_identifier_available:
            return "subscription_identifier_available";
        case property_id::shared_subscription_available: return "shared_subscription_available";
    }
    return "property";
}

/// How the value of a property is laid out (1.5).
enum class property_kind : std::uint8_t {
    unknown,
    byte,
    two_byte_integer,
    four_byte_integer,
    variable_byte_integer,
    utf8_string,
    binary_data,
    utf8_string_pair,
};

constexpr property_kind kind_of(property_id id) noexcept {
    switch (id) {
        case property_id::payload_format_indicator:
        case property_id::request_problem_information:
        case property_id::request_response_information:
        case property_id::maximum_qos:
        case property_id::retain_available:
        case property_id::wildcard_subscription_available:
        case property_id::subscription_identifier_available:
        case property_id::shared_subscription_available: return property_kind::byte;
        case property_id::server_keep_alive:
        case property_id::receive_maximum:
        case property_id::topic_alias_maximum:
        case property_id::topic_alias: return property_kind::two_byte_integer;
        case property_id::message_expiry_interval:
        case property_id::session_expiry_interval:
        case property_id::will_delay_interval:
        case property_id::maximum_packet_size: return property_kind::four_byte_integer;
        case property_id::subscription_identifier: return property_kind::variable_byte_integer;
        case property_id::content_type:
        case property_id::response_topic:
        case property_id::assigned_client_identifier:
        case property_id::authentication_method:
        case property_id::response_information:
        case property_id::server_reference:
        case property_id::reason_string: return property_kind::utf8_string;
        case property_id::correlation_data:
        case property_id::authentication_data: return property_kind::binary_data;
        case property_id::user_property: return property_kind::utf8_string_pair;
    }
    return property_kind::unknown;
}

/// It is a Protocol Error to send it with the value 0.
constexpr bool must_not_be_zero(property_id id) noexcept {
    return id == property_id::receive_maximum || id == property_id::maximum_packet_size ||
           id == property_id::topic_alias || id == property_id::subscription_identifier;
}

/// What the payload is (3.3.2.3.2).
enum class payload_format : std::uint8_t {
    unspecified = 0,
    utf8 = 1,
};

/// A name and a value that mean what the application wants; names may repeat, the order is kept
/// (2.2.2.2).
struct user_property_view {
    std::string_view name{};
    std::string_view value{};

    bool operator==(const user_property_view&) const = default;
};

namespace wire {

inline std::uint32_t load_32(const std::byte* from) noexcept {
    return std::uint32_t{load_16(from)} << 16 | load_16(from + 2);
}

/// The string or binary data at `from`, whose two-byte length is known to fit.
inline std::string_view load_string(const std::byte* from) noexcept {
    return {reinterpret_cast<const char*>(from) + 2, load_16(from)};
}

/// The end of the property at `from` in a block that was checked before.
inline const std::byte* skip_property(const std::byte* from) noexcept {
    const property_kind kind = kind_of(static_cast<property_id>(*from++));
    switch (kind) {
        case property_kind::byte: return from + 1;
        case property_kind::two_byte_integer: return from + 2;
        case property_kind::four_byte_integer: return from + 4;
        case property_kind::variable_byte_integer:
            return from + read_variable_byte_integer(from, from + 4).size;
        case property_kind::utf8_string_pair: from += 2 + load_16(from); [[fallthrough]];
        case property_kind::utf8_string:
        case property_kind::binary_data: return from + 2 + load_16(from);
        case property_kind::unknown: break;
    }
    return from;
}

/// The first property at or behind `from` with the identifier; there must be one.
inline const std::byte* find_property(property_id id, const std::byte* from) noexcept {
    while (static_cast<property_id>(*from) != id)
        from = skip_property(from);
    return from;
}

}  // namespace wire

// Lists of properties stand anywhere in a property block: the view holds the block and picks its
// own.
template <>
struct wire_element<user_property_view> {
    static const std::byte* next(const std::byte* from, user_property_view& element) noexcept {
        from = wire::find_property(property_id::user_property, from);
        element.name = wire::load_string(from + 1);
        element.value = wire::load_string(from + 3 + element.name.size());
        return wire::skip_property(from);
    }
};

template <>
struct wire_element<std::uint32_t> {
    static const std::byte* next(const std::byte* from, std::uint32_t& element) noexcept {
        from = wire::find_property(property_id::subscription_identifier, from);
        element = read_variable_byte_integer(from + 1, from + 5).value;
        return wire::skip_property(from);
    }
};

using user_property_list = list_view<user_property_view>;
using subscription_identifier_list = list_view<std::uint32_t>;

// Each struct names its properties once, in `members`, in the order in which they are written;
// reading, writing, sizing and checking walk that one list.

struct connect_properties {
    std::optional<std::uint32_t>
        session_expiry_interval{};                   ///< Seconds; 0xFFFFFFFF: never (3.1.2.11.2).
    std::optional<std::uint16_t> receive_maximum{};  ///< 1 and above (3.1.2.11.3).
    std::optional<std::uint32_t> maximum_packet_size{};  ///< Bytes, 1 and above (3.1.2.11.4).
    std::optional<std::uint16_t> topic_alias_maximum{};  ///< 0: no alias (3.1.2.11.5).
    std::optional<bool> request_response_information{};  ///< Default false (3.1.2.11.6).
    std::optional<bool> request_problem_information{};   ///< Default true (3.1.2.11.7).
    user_property_list user_properties{};
    std::optional<std::string_view> authentication_method{};  ///< (3.1.2.11.9)
    std::optional<std::string_view> authentication_data{};    ///< Binary (3.1.2.11.10).

    template <class Self, class Visitor>
    static constexpr void members(Self& self, Visitor&& visit) {
        visit(property_id::session_expiry_interval, self.session_expiry_interval);
        visit(property_id::receive_maximum, self.receive_maximum);
        visit(property_id::maximum_packet_size, self.maximum_packet_size);
        visit(property_id::topic_alias_maximum, self.topic_alias_maximum);
        visit(property_id::request_response_information, self.request_response_information);
        visit(property_id::request_problem_information, self.request_problem_information);
        visit(property_id::user_property, self.user_properties);
        visit(property_id::authentication_method, self.authentication_method);
        visit(property_id::authentication_data, self.authentication_data);
    }
};

struct will_properties {
    std::optional<std::uint32_t> will_delay_interval{};  ///< Seconds (3.1.3.2.2).
    std::optional<payload_format> payload_format_indicator{};
    std::optional<std::uint32_t> message_expiry_interval{};  ///< Seconds.
    std::optional<std::string_view> content_type{};
    std::optional<std::string_view> response_topic{};
    std::optional<std::string_view> correlation_data{};  ///< Binary.
    user_property_list user_properties{};

    template <class Self, class Visitor>
    static constexpr void members(Self& self, Visitor&& visit) {
        visit(property_id::will_delay_interval, self.will_delay_interval);
        visit(property_id::payload_format_indicator, self.payload_format_indicator);
        visit(property_id::message_expiry_interval, self.message_expiry_interval);
        visit(property_id::content_type, self.content_type);
        visit(property_id::response_topic, self.response_topic);
        visit(property_id::correlation_data, self.correlation_data);
        visit(property_id::user_property, self.user_properties);
    }
};

struct connack_properties {
    std::optional<std::uint32_t>
        session_expiry_interval{};  ///< Seconds, instead of the client's (3.2.2.3.2).
    std::optional<std::uint16_t> receive_maximum{};      ///< Default 65,535 (3.2.2.3.3).
    std::optional<std::uint8_t> maximum_qos{};           ///< 0 or 1; absent: 2 (3.2.2.3.4).
    std::optional<bool> retain_available{};              ///< Default true (3.2.2.3.5).
    std::optional<std::uint32_t> maximum_packet_size{};  ///< Bytes (3.2.2.3.6).
    std::optional<std::string_view> assigned_client_identifier{};  ///< (3.2.2.3.7)
    std::optional<std::uint16_t> topic_alias_maximum{};            ///< Default 0 (3.2.2.3.8).
    std::optional<std::string_view> reason_string{};
    user_property_list user_properties{};
    std::optional<bool> wildcard_subscription_available{};    ///< Default true (3.2.2.3.11).
    std::optional<bool> subscription_identifier_available{};  ///< Default true (3.2.2.3.12).
    std::optional<bool> shared_subscription_available{};      ///< Default true (3.2.2.3.13).
    std::optional<std::uint16_t>
        server_keep_alive{};  ///< Seconds, instead of the client's (3.2.2.3.14).
    std::optional<std::string_view> response_information{};
    std::optional<std::string_view> server_reference{};
    std::optional<std::string_view> authentication_method{};
    std::optional<std::string_view> authentication_data{};  ///< Binary.

    template <class Self, class Visitor>
    static constexpr void members(Self& self, Visitor&& visit) {
        visit(property_id::session_expiry_interval, self.session_expiry_interval);
        visit(property_id::receive_maximum, self.receive_maximum);
        visit(property_id::maximum_qos, self.maximum_qos);
        visit(property_id::retain_available, self.retain_available);
        visit(property_id::maximum_packet_size, self.maximum_packet_size);
        visit(property_id::assigned_client_identifier, self.assigned_client_identifier);
        visit(property_id::topic_alias_maximum, self.topic_alias_maximum);
        visit(property_id::reason_string, self.reason_string);
        visit(property_id::user_property, self.user_properties);
        visit(property_id::wildcard_subscription_available, self.wildcard_subscription_available);
        visit(property_id::subscription_identifier_available,
              self.subscription_identifier_available);
        visit(property_id::shared_subscription_available, self.shared_subscription_available);
        visit(property_id::server_keep_alive, self.server_keep_alive);
        visit(property_id::response_information, self.response_information);
        visit(property_id::server_reference, self.server_reference);
        visit(property_id::authentication_method, self.authentication_method);
        visit(property_id::authentication_data, self.authentication_data);
    }
};

struct publish_properties {
    std::optional<payload_format> payload_format_indicator{};  ///< (3.3.2.3.2)
    std::optional<std::uint32_t> message_expiry_interval{};    ///< Seconds (3.3.2.3.3).
    std::optional<std::uint16_t> topic_alias{};                ///< 1 and above (3.3.2.3.4).
    std::optional<std::string_view> response_topic{};          ///< (3.3.2.3.5)
    std::optional<std::string_view> correlation_data{};        ///< Binary (3.3.2.3.6).
    user_property_list user_properties{};
    subscription_identifier_list subscription_identifiers{};  ///< From a broker only (3.3.2.3.8).
    std::optional<std::string_view> content_type{};           ///< (3.3.2.3.9)

    template <class Self, class Visitor>
    static constexpr void members(Self& self, Visitor&& visit) {
        visit(property_id::payload_format_indicator, self.payload_format_indicator);
        visit(property_id::message_expiry_interval, self.message_expiry_interval);
        visit(property_id::topic_alias, self.topic_alias);
        visit(property_id::response_topic, self.response_topic);
        visit(property_id::correlation_data, self.correlation_data);
        visit(property_id::user_property, self.user_properties);
        visit(property_id::subscription_identifier, self.subscription_identifiers);
        visit(property_id::content_type, self.content_type);
    }
};

/// Of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK.
struct ack_properties {
    std::optional<std::string_view> reason_string{};
    user_property_list user_properties{};

    template <class Self, class Visitor>
    static constexpr void members(Self& self, Visitor&& visit) {
        visit(property_id::reason_string, self.reason_string);
        visit(property_id::user_property, self.user_properties);
    }
};

struct subscribe_properties {
    std::optional<std::uint32_t> subscription_identifier{};  ///< 1 to 268,435,455 (3.8.2.1.2).
    user_property_list user_properties{};

    template <class Self, class Visitor>
    static constexpr void members(Self& self, Visitor&& visit) {
        visit(property_id::subscription_identifier, self.subscription_identifier);
        visit(property_id::user_property, self.user_properties);
    }
};

struct unsubscribe_properties {
    user_property_list user_properties{};

    template <class Self, class Visitor>
    static constexpr void members(Self& self, Visitor&& visit) {
        visit(property_id::user_property, self.user_properties);
    }
};

struct disconnect_properties {
    std::optional<std::uint32_t>
        session_expiry_interval{};  ///< Seconds; from a client only (3.14.2.2.2).
    std::optional<std::string_view> reason_string{};
    user_property_list user_properties{};
    std::optional<std::string_view> server_reference{};

    template <class Self, class Visitor>
    static constexpr void members(Self& self, Visitor&& visit) {
        visit(property_id::session_expiry_interval, self.session_expiry_interval);
        visit(property_id::reason_string, self.reason_string);
        visit(property_id::user_property, self.user_properties);
        visit(property_id::server_reference, self.server_reference);
    }
};

struct auth_properties {
    std::optional<std::string_view> authentication_method{};
    std::optional<std::string_view> authentication_data{};  ///< Binary.
    std::optional<std::string_view> reason_string{};
    user_property_list user_properties{};

    template <class Self, class Visitor>
    static constexpr void members(Self& self, Visitor&& visit) {
        visit(property_id::authentication_method, self.authentication_method);
        visit(property_id::authentication_data, self.authentication_data);
        visit(property_id::reason_string, self.reason_string);
        visit(property_id::user_property, self.user_properties);
    }
};

}  // namespace asio_mqtt
