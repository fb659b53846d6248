// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/session/filter_trie.hpp>
#include <asio_mqtt/session/outbound_request.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace asio_mqtt::detail {

/// The subscriptions of a session: where an incoming message belongs, and what to ask for again
/// when the broker has lost the session.
///
/// All filters of one SUBSCRIBE form a group with one handler and one Subscription Identifier. A
/// message that carries identifiers belongs to their groups, so that the copies which a broker
/// sends for overlapping filters (3.3.4) go to one group each. Without identifiers (3.1.1) it
/// belongs to each group with a matching filter.
///
/// A filter that is subscribed to once more keeps its older subscription until the broker has
/// accepted the newer one [MQTT-3.8.4-3]. Requests are told apart by outbound_request::number,
/// which grows.
class subscriptions {
public:
    /// To be called before SUBSCRIBE is sent: messages may come before the SUBACK (3.8.4).
    void add(const outbound_request& request) {
        const auto added =
            std::make_shared<group>(group{request.number, request.subscription_identifier,
                                          request.handler, request.user_properties});
        for (const subscription& each : request.subscriptions) {
            erase_if(each.filter, [&](const entry& other) { return other.owner == added; });
            std::vector<entry>& entries = filters_[each.filter];
            if (entries.empty()) {
                by_topic_[split_shared_filter(each.filter).filter].push_back(&entries);
            }
            entries.push_back({each, added});
            ++added->filter_count;
        }
        if (added->identifier != 0) by_identifier_[added->identifier] = added;
    }

    /// The broker has accepted the filter of this request: it replaces the older ones, and is asked
    /// for again when the session is lost.
    void granted(std::string_view filter, std::uint64_t number) {
        const auto found = filters_.find(filter);
        if (found == filters_.end()) return;
        for (entry& each : found->second) {
            if (each.owner->number == number) each.is_granted = true;
        }
        erase_if(filter, [&](const entry& each) { return each.owner->number < number; });
    }

    /// The filter of this request is not subscribed to; those of others are left alone.
    void refused(std::string_view filter, std::uint64_t number) {
        erase_if(filter, [&](const entry& each) { return each.owner->number == number; });
    }

    /// The broker has taken the filter out for this UNSUBSCRIBE; what was asked for after it stays.
    void removed(std::string_view filter, std::uint64_t number) {
        erase_if(filter, [&](const entry& each) { return each.owner->number < number; });
    }

    /// Calls `visit(handler)` once for each group to which the message belongs. It must not change
    /// anything here.
    template <class Visitor>
    void for_each_handler(const publish_packet& message, Visitor&& visit) {
        const subscription_identifier_list& identifiers =
            message.properties.subscription_identifiers;
        ++message_count_;
        bool is_known = false;
        const auto visit_group = [&](group& each) {
            is_known = true;
            if (each.last_message == message_count_) return;
            each.last_message = message_count_;
            visit(each.handler);
        };
        if (!identifiers.empty()) {
            by_topic_.for_each_match(message.topic, [&](const auto& matching) {
                for (const std::vector<entry>* entries : matching) {
                    for (const entry& each : *entries) {
                        if (contains(identifiers, each.owner->identifier)) visit_group(*each.owner);
                    }
                }
            });
            if (is_known) return;
            // Some brokers deliver under another topic name than was subscribed to.
            for (const std::uint32_t id : identifiers) {
                const auto found = by_identifier_.find(id);
                if (found != by_identifier_.end()) visit_group(*found->second);
            }
            if (is_known) return;
        }
        // No identifier, or that of a subscription which a newer one for the same filter has
        // replaced.
        by_topic_.for_each_match(message.topic, [&](const auto& matching) {
            for (const std::vector<entry>* entries : matching)
                visit_group(*entries->back().owner);
        });
    }

    /// Requests that make the granted subscriptions again, with their options; one for each filter,
    /// since some brokers allow only a few filters in a packet.
    std::vector<outbound_request_ptr> renew() {
        std::vector<outbound_request_ptr> requests;
        for (auto& [filter, entries] : filters_) {
            for (entry& each : entries) {
                if (!each.is_granted) continue;
                each.is_granted = false;
                const group& owner = *each.owner;
                auto request = std::make_unique<outbound_request>(
                    std::vector<subscription>{each.options}, owner.identifier,
                    owner.user_properties, owner.handler);
                request->identifier_is_optional = true;
                request->number = owner.number;
                requests.push_back(std::move(request));
            }
        }
        return requests;
    }

private:
    struct group {
        std::uint64_t number = 0;
        std::uint32_t identifier = 0;
        std::shared_ptr<void> handler;
        std::vector<user_property> user_properties;
        std::size_t filter_count = 0;
        std::uint64_t last_message = 0;  // keeps a group from getting one message twice
    };
    struct entry {
        subscription options;
        std::shared_ptr<group> owner;
        bool is_granted = false;
    };

    static bool contains(const subscription_identifier_list& identifiers, std::uint32_t id) {
        for (const std::uint32_t each : identifiers) {
            if (each == id) return true;
        }
        return false;
    }

    void forget_identifier(const std::shared_ptr<group>& owner) {
        const auto found = by_identifier_.find(owner->identifier);
        if (found != by_identifier_.end() && found->second == owner) by_identifier_.erase(found);
    }

    template <class Predicate>
    void erase_if(std::string_view filter, Predicate&& predicate) {
        const auto found = filters_.find(filter);
        if (found == filters_.end()) return;
        std::vector<entry>& entries = found->second;
        std::erase_if(entries, [&](const entry& each) {
            if (!predicate(each)) return false;
            if (--each.owner->filter_count == 0) forget_identifier(each.owner);
            return true;
        });
        if (!entries.empty()) return;
        const std::string_view topic_filter = split_shared_filter(found->first).filter;
        auto& same_topics = by_topic_[topic_filter];
        std::erase(same_topics, &entries);
        if (same_topics.empty()) by_topic_.erase(topic_filter);
        filters_.erase(found);
    }

    // The entries of a filter stand in the order of their requests: the last one is in charge.
    std::map<std::string, std::vector<entry>, std::less<>> filters_;
    filter_trie<std::vector<std::vector<entry>*>> by_topic_;  // a filter, and those that share it
    std::unordered_map<std::uint32_t, std::shared_ptr<group>> by_identifier_;
    std::uint64_t message_count_ = 0;
};

}  // namespace asio_mqtt::detail
