// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/session/filter_trie.hpp>
#include <asio_mqtt/session/outbound_request.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace asio_mqtt::detail {

/// The subscriptions of a session: where an incoming message belongs, and what to ask for again when the broker
/// has lost the session.
///
/// All filters of one SUBSCRIBE form a group with one handler and one Subscription Identifier. A message that
/// carries identifiers belongs to their groups, so that the copies which a broker sends for overlapping filters
/// (3.3.4) go to one group each. Without identifiers (3.1.1) it belongs to each group with a matching filter.
class subscriptions {
public:
    struct group {
        std::uint32_t identifier = 0;
        std::shared_ptr<void> handler;
        std::vector<user_property> user_properties;
        std::uint64_t last_message = 0;  // keeps a group from getting one message twice
    };

    /// To be called before SUBSCRIBE is sent: messages may come before the SUBACK (3.8.4).
    void add(const outbound_request& request) {
        auto added = std::make_shared<group>(group{request.subscription_identifier, request.handler,
                                                   request.user_properties, 0});
        for (const subscription& each : request.subscriptions) {
            remove(each.filter);
            entries_.emplace(each.filter, entry{each, added, false});
            by_topic_[split_shared_filter(each.filter).filter].push_back(added);
        }
        if (added->identifier != 0) by_identifier_[added->identifier] = added;
    }

    /// The broker has accepted the filter: it is asked for again when the session is lost.
    void granted(std::string_view filter) {
        if (const auto found = entries_.find(filter); found != entries_.end()) {
            found->second.is_granted = true;
        }
    }

    /// The broker has refused the filter of this request. A newer request for it is left alone.
    void refused(std::string_view filter, std::uint32_t identifier) {
        const auto found = entries_.find(filter);
        if (found != entries_.end() && found->second.owner->identifier == identifier) {
            remove(filter);
        }
    }

    void remove(std::string_view filter) {
        const auto found = entries_.find(filter);
        if (found == entries_.end()) return;
        const std::shared_ptr<group> owner = found->second.owner;
        entries_.erase(found);
        const std::string_view topic_filter = split_shared_filter(filter).filter;
        std::vector<std::shared_ptr<group>>& groups = by_topic_[topic_filter];
        groups.erase(std::find(groups.begin(), groups.end(), owner));
        if (groups.empty()) by_topic_.erase(topic_filter);
        const bool is_last = std::none_of(entries_.begin(), entries_.end(), [&](const auto& other) {
            return other.second.owner == owner;
        });
        if (is_last) by_identifier_.erase(owner->identifier);
    }

    /// Calls `visit(handler)` once for each group to which the message belongs.
    template <class Visitor>
    void for_each_handler(const publish_packet& message, Visitor&& visit) {
        ++message_count_;
        const auto visit_group = [&](group& each) {
            if (each.last_message == message_count_) return;
            each.last_message = message_count_;
            visit(each.handler);
        };
        if (!message.properties.subscription_identifiers.empty()) {
            for (const std::uint32_t id : message.properties.subscription_identifiers) {
                const auto found = by_identifier_.find(id);
                if (found != by_identifier_.end()) visit_group(*found->second);
            }
            return;
        }
        by_topic_.for_each_match(message.topic, [&](const auto& groups) {
            for (const auto& each : groups) visit_group(*each);
        });
    }

    /// Requests that make the granted subscriptions again, with their options; one for each filter, since some
    /// brokers allow only a few filters in a packet.
    std::vector<outbound_request_ptr> renew() {
        std::vector<outbound_request_ptr> requests;
        for (auto& [filter, each] : entries_) {
            if (!each.is_granted) continue;
            each.is_granted = false;
            requests.push_back(std::make_unique<outbound_request>(
                std::vector<subscription>{each.options}, each.owner->identifier,
                each.owner->user_properties, each.owner->handler));
        }
        return requests;
    }

private:
    struct entry {
        subscription options;
        std::shared_ptr<group> owner;
        bool is_granted = false;
    };

    std::map<std::string, entry, std::less<>> entries_;  // by the whole filter
    filter_trie<std::vector<std::shared_ptr<group>>> by_topic_;
    std::unordered_map<std::uint32_t, std::shared_ptr<group>> by_identifier_;
    std::uint64_t message_count_ = 0;
};

}  // namespace asio_mqtt::detail
