// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/protocol/user_property.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace asio_mqtt {

/// A message as a handler sees it: views that are valid until the handler returns.
struct message_view {
    std::string_view topic;
    std::string_view payload;
    asio_mqtt::qos qos;  ///< With which it was delivered, not published.
    bool retain;         ///< It was retained when the subscription was made (3.3.1.3).
    bool dup;            ///< The broker has sent it before (3.3.1.1).
    const publish_properties& properties;  ///< Empty in 3.1.1.
};

/// A message that owns what it holds.
struct message {
    std::string topic{};
    std::string payload{};
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;
    bool retain = false;
    bool dup = false;
    std::optional<payload_format> payload_format_indicator{};
    std::optional<std::uint32_t>
        message_expiry_interval{};  ///< Seconds that were left (3.3.2.3.3).
    std::optional<std::string> response_topic{};
    std::optional<std::string> correlation_data{};
    std::optional<std::string> content_type{};
    std::vector<user_property> user_properties{};
    std::vector<std::uint32_t> subscription_identifiers{};
};

namespace detail {

/// Bytes of memory that a copy of the message takes, about.
inline std::size_t memory_of(const message_view& view) noexcept {
    const publish_properties& properties = view.properties;
    std::size_t bytes = sizeof(message) + view.topic.size() + view.payload.size();
    for (const auto& text :
         {properties.response_topic, properties.correlation_data, properties.content_type}) {
        if (text) bytes += text->size();
    }
    for (const user_property_view& each : properties.user_properties)
        bytes += sizeof(user_property) + each.name.size() + each.value.size();
    return bytes + properties.subscription_identifiers.size() * sizeof(std::uint32_t);
}

}  // namespace detail

/// Copies all that the view shows.
inline message to_message(const message_view& view) {
    const publish_properties& properties = view.properties;
    message copy{.topic = std::string{view.topic},
                 .payload = std::string{view.payload},
                 .qos = view.qos,
                 .retain = view.retain,
                 .dup = view.dup,
                 .subscription_identifiers =
                     std::vector<std::uint32_t>(properties.subscription_identifiers.size())};
    copy.payload_format_indicator = properties.payload_format_indicator;
    copy.message_expiry_interval = properties.message_expiry_interval;
    copy.response_topic = properties.response_topic;
    copy.correlation_data = properties.correlation_data;
    copy.content_type = properties.content_type;
    copy.user_properties = to_owned(properties.user_properties);
    std::uint32_t* next = copy.subscription_identifiers.data();
    for (const std::uint32_t id : properties.subscription_identifiers)
        *next++ = id;
    return copy;
}

/// Calls `use(view)` with a view of a message that is kept; the view is valid until `use` returns.
template <class Use>
void with_view(const message& kept, Use&& use) {
    publish_properties properties;
    properties.payload_format_indicator = kept.payload_format_indicator;
    properties.message_expiry_interval = kept.message_expiry_interval;
    properties.response_topic = kept.response_topic;
    properties.correlation_data = kept.correlation_data;
    properties.content_type = kept.content_type;
    properties.user_properties = kept.user_properties;
    properties.subscription_identifiers = kept.subscription_identifiers;
    use(message_view{kept.topic, kept.payload, kept.qos, kept.retain, kept.dup, properties});
}

}  // namespace asio_mqtt
