// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec.hpp>
#include <asio_mqtt/protocol/user_property.hpp>
#include <asio_mqtt/session/outbound_packet.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asio_mqtt {

/// One filter of a SUBSCRIBE with its options (3.8.3.1). Every option but the QoS is of 5.0.
struct subscription {
    std::string filter{};
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;  ///< The highest QoS to receive with.
    bool no_local = false;                              ///< Not what this client publishes itself.
    bool retain_as_published = false;  ///< Keep the RETAIN flag of forwarded messages.
    asio_mqtt::retain_handling retain_handling = asio_mqtt::retain_handling::send;
};

/// A SUBSCRIBE or UNSUBSCRIBE that is to be sent, kept until it is acknowledged. It owns what it
/// says.
class outbound_request final : public outbound_packet {
public:
    /// A SUBSCRIBE. `identifier` 0 is none; `handler` is for the registry of subscriptions.
    outbound_request(std::vector<subscription> filters, std::uint32_t identifier,
                     std::vector<user_property> properties, std::shared_ptr<void> message_handler)
        : outbound_packet{packet_type::subscribe},
          subscriptions{std::move(filters)},
          subscription_identifier{identifier},
          user_properties{std::move(properties)},
          handler{std::move(message_handler)} {}

    /// An UNSUBSCRIBE: only the filters count.
    outbound_request(std::vector<subscription> filters, std::vector<user_property> properties)
        : outbound_packet{packet_type::unsubscribe},
          subscriptions{std::move(filters)},
          user_properties{std::move(properties)} {}

    /// Calls `use(packet)` with the SUBSCRIBE or UNSUBSCRIBE, whose views live as long as the call.
    template <class Use>
    auto with_packet(std::uint16_t id, Use&& use) const {
        const std::vector<user_property_view> properties(user_properties.begin(),
                                                         user_properties.end());
        if (type == packet_type::subscribe) {
            std::vector<topic_subscription> filters;
            for (const subscription& each : subscriptions) {
                filters.push_back({each.filter, each.qos, each.no_local, each.retain_as_published,
                                   each.retain_handling});
            }
            subscribe_packet packet;
            packet.packet_id = id;
            if (subscription_identifier != 0) {
                packet.properties.subscription_identifier = subscription_identifier;
            }
            packet.properties.user_properties = properties;
            packet.subscriptions = filters;
            return use(packet);
        }
        std::vector<std::string_view> filters;
        for (const subscription& each : subscriptions)
            filters.push_back(each.filter);
        unsubscribe_packet packet;
        packet.packet_id = id;
        packet.properties.user_properties = properties;
        packet.filters = filters;
        return use(packet);
    }

    /// What forbids sending it in this version, if anything; and over `maximum_packet_size`.
    error_code check(protocol_version version, std::uint32_t maximum_packet_size) const {
        return with_packet(1, [&](const auto& packet) -> error_code {
            const measure_result measured = versioned_codec{version}.measure(packet);
            if (!measured) return measured.error;
            if (measured.packet_size() > maximum_packet_size) return errc::packet_too_large;
            return {};
        });
    }

    std::vector<subscription> subscriptions;
    std::uint32_t subscription_identifier = 0;
    bool identifier_is_optional = false;  ///< May be left out when the broker takes none.
    std::uint64_t number =
        0;  ///< Given by the session, growing: tells requests for one filter apart.
    std::vector<user_property> user_properties;
    std::shared_ptr<void>
        handler;  ///< Belongs to the application: gets the messages, null for none.
};

using outbound_request_ptr = std::unique_ptr<outbound_request>;

}  // namespace asio_mqtt
