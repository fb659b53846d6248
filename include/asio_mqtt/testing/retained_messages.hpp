// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/testing/broker_message.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace asio_mqtt::testing {

/// The last retained message of each topic (3.3.1.3).
class retained_messages {
public:
    /// Takes the place of the topic's message; one without payload deletes it [MQTT-3.3.1-6].
    void store(const broker_message_ptr& message) {
        const publish_packet& packet = message->packet();
        if (packet.payload.empty()) {
            if (const auto old = by_topic_.find(packet.topic); old != by_topic_.end())
                by_topic_.erase(old);
        } else {
            by_topic_.insert_or_assign(std::string{packet.topic}, message);
        }
    }

    /// Calls `visit(message)` for each that matches, in the order of their topics.
    template <class Visitor>
    void for_each_match(std::string_view filter, Visitor&& visit) const {
        if (!has_wildcard(filter)) {
            if (const auto found = by_topic_.find(filter); found != by_topic_.end())
                visit(found->second);
            return;
        }
        for (const auto& [topic, message] : by_topic_) {
            if (topic_matches(filter, topic)) visit(message);
        }
    }

    std::size_t size() const noexcept { return by_topic_.size(); }

private:
    std::map<std::string, broker_message_ptr, std::less<>> by_topic_;
};

}  // namespace asio_mqtt::testing
