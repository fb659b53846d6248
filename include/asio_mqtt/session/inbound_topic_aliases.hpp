// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace asio_mqtt::detail {

/// The topic names that the broker has given numbers to; they last as long as the connection
/// (3.3.2.3.4).
class inbound_topic_aliases {
public:
    /// A new connection, with the Topic Alias Maximum of its CONNECT.
    void start(std::uint16_t maximum) { topics_.assign(maximum, std::string{}); }

    /// Puts the topic name into a message that has an alias, or learns it from there. Returns what
    /// is wrong with the alias: success for nothing. The name is valid until the next call.
    reason_code resolve(publish_packet& message) {
        const std::size_t alias = *message.properties.topic_alias;
        if (alias > topics_.size()) return reason_code::topic_alias_invalid;
        std::string& known = topics_[alias - 1];
        if (!message.topic.empty()) {
            known = message.topic;
        } else if (known.empty()) {
            return reason_code::protocol_error;
        }
        message.topic = known;
        return reason_code::success;
    }

private:
    std::vector<std::string> topics_;
};

}  // namespace asio_mqtt::detail
