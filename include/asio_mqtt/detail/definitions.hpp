// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/client_core.hpp>
#include <asio_mqtt/detail/declaration.hpp>
#include <asio_mqtt/detail/let_cancel.hpp>
#include <asio_mqtt/detail/make_client.hpp>
#include <asio_mqtt/detail/make_packet.hpp>
#include <asio_mqtt/detail/request.hpp>
#include <asio_mqtt/session/outbound.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace asio_mqtt::detail {

ASIO_MQTT_DECLARATION asio::any_io_executor executor_of(asio::io_context& context) {
    return context.get_executor();
}

ASIO_MQTT_DECLARATION std::shared_ptr<mailbox> make_client(const asio::any_io_executor& executor,
                                                           client_options&& options,
                                                           std::unique_ptr<transport> transport) {
    return std::shared_ptr<client_core>{
        new client_core{executor, std::move(options), std::move(transport)}};
}

ASIO_MQTT_DECLARATION void operation_deleter::operator()(operation* unbegun) const noexcept {
    dispose(*unbegun);
}

ASIO_MQTT_DECLARATION void let_cancel(operation& started, asio::cancellation_slot slot,
                                      std::weak_ptr<mailbox> client) {
    const std::shared_ptr<operation*> target{new operation* {&started}};
    started.cancellation_target = target;
    slot.assign([client = std::move(client), target](asio::cancellation_type type) {
        using enum asio::cancellation_type;
        const auto alive = client.lock();
        if (alive == nullptr || type == none) return;
        auto& cancel = *new notice{submission::kind::cancel};
        cancel.to_cancel = target;
        cancel.only_unsent = (type & (terminal | partial)) == none;
        alive->submit(cancel);
    });
}

ASIO_MQTT_DECLARATION void packet_deleter::operator()(outbound_packet* packet) const noexcept {
    outbound::dispose(*packet);
}

inline errc copy_properties(const publish_options& options, publish_properties& properties) {
    properties.payload_format_indicator = options.payload_format_indicator;
    if (const auto expiry = options.message_expiry_interval) {
        if (!std::in_range<std::uint32_t>(expiry->count())) return errc::invalid_property_value;
        properties.message_expiry_interval = static_cast<std::uint32_t>(expiry->count());
    }
    properties.response_topic = options.response_topic;
    properties.correlation_data = options.correlation_data;
    properties.content_type = options.content_type;
    properties.user_properties = options.user_properties;
    return {};
}

// As a part of make_publish() it would cost each message, which mostly has none, 30 instructions.
[[gnu::noinline]] inline packet_ptr make_publish_with_properties(protocol_version version,
                                                                 std::string_view topic,
                                                                 payload&& content,
                                                                 const publish_options& options,
                                                                 errc& error) {
    publish_packet packet{
        .qos = options.qos, .retain = options.retain, .topic = topic, .payload = content.bytes()};
    error = copy_properties(options, packet.properties);
    if (error != errc{}) return nullptr;
    return packet_ptr{
        outbound_publish::make(version, packet, error, content.take_owner()).release()};
}

ASIO_MQTT_DECLARATION packet_ptr make_publish(protocol_version version, std::string_view topic,
                                              payload&& content, const publish_options& options,
                                              errc& error) {
    if (has_properties(options)) [[unlikely]] {
        return make_publish_with_properties(version, topic, std::move(content), options, error);
    }
    return packet_ptr{outbound_publish::make(version,
                                             {topic, content.bytes(), options.qos, options.retain},
                                             error, content.take_owner())
                          .release()};
}

ASIO_MQTT_DECLARATION void publish_request::keep() {
    if (options_ == nullptr) return;
    packet = make_publish(version_, topic_, std::move(*content_), *options_, error);
    options_ = nullptr;
}

ASIO_MQTT_DECLARATION bool publish_request::publish_at_once(mailbox& client, operation& started) {
    return client.is_empty_here() && is_plain() &&
           static_cast<client_core&>(client).publish_at_once(
               {topic_, content_->bytes(), options_->qos, options_->retain}, started);
}

/// What was called rightly, and cannot end before its outcome is there; with true the packet was
/// taken.
inline bool publish_at_once(mailbox& client, packet_ptr& packet, operation& started) {
    if (packet == nullptr || started.due != never || started.cancellation_target != nullptr) {
        return false;
    }
    outbound_publish_ptr message{static_cast<outbound_publish*>(packet.release())};
    const bool is_taken = static_cast<client_core&>(client).publish_at_once(message, started);
    if (!is_taken) packet.reset(message.release());
    return is_taken;
}

// It is inline if its declaration says so; behind `noinline` GCC warns of saying it again.
void publish_request::submit_packet(mailbox& client, operation& started) {
    keep();
    if (client.is_empty_here() && detail::publish_at_once(client, packet, started)) return;
    packet_request::submit(client, started);
}

ASIO_MQTT_DECLARATION packet_ptr make_subscribe(protocol_version version,
                                                list_view<topic_subscription> filters,
                                                user_property_list user_properties,
                                                std::shared_ptr<void> handler, errc& error) {
    subscribe_packet packet;
    packet.subscriptions = filters;
    packet.properties.user_properties = user_properties;
    return packet_ptr{outbound_request::make(version, packet, error, std::move(handler)).release()};
}

ASIO_MQTT_DECLARATION packet_ptr make_unsubscribe(protocol_version version, std::string_view filter,
                                                  const unsubscribe_options& options, errc& error) {
    unsubscribe_packet packet;
    packet.filters = {&filter, 1};
    packet.properties.user_properties = options.user_properties;
    return packet_ptr{outbound_request::make(version, packet, error).release()};
}

}  // namespace asio_mqtt::detail
