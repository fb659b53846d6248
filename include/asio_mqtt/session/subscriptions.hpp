// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/session/filter_trie.hpp>
#include <asio_mqtt/session/intrusive_list.hpp>
#include <asio_mqtt/session/known_topics.hpp>
#include <asio_mqtt/session/outbound_request.hpp>
#include <asio_mqtt/session/trivial_array.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

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
    using handlers = known_topics::handlers;

    subscriptions() = default;
    subscriptions(const subscriptions&) = delete;
    subscriptions& operator=(const subscriptions&) = delete;
    ~subscriptions() {
        while (!groups_.empty())
            erase_group(groups_.front());
    }

    /// Gives a new request its number, and a SUBSCRIBE of 5.0 a Subscription Identifier, if the
    /// application has not given one.
    void number(outbound_request& request, protocol_version version) noexcept {
        request.number = ++request_count_;
        if (version != protocol_version::v5 || request.type != packet_type::subscribe) return;
        if (request.subscription_identifier != 0) return;
        identifier_count_ = identifier_count_ % max_variable_byte_integer + 1;
        request.subscription_identifier = identifier_count_;
        request.identifier_is_optional = true;
    }

    /// To be called before SUBSCRIBE is sent: messages may come before the SUBACK (3.8.4).
    void add(const outbound_request& request) {
        known_.forget();
        auto& added = *new group{request};
        groups_.push_back(added);
        try {
            for (const topic_subscription& each : request.subscriptions())
                add(each, added);
        } catch (...) {
            erase_group(added);
            throw;
        }
    }

    /// What the broker has answered to a SUBSCRIBE or UNSUBSCRIBE, filter by filter; an UNSUBACK of
    /// 3.1.1 has no reasons, and refuses none. Returns the first refusal.
    error_code answered(const outbound_request& request, const list_view<reason_code>& reasons) {
        error_code error;
        auto reason = reasons.begin();
        const auto is_refused = [&] {
            const reason_code given = reasons.empty() ? reason_code::success : *reason++;
            if (is_failure(given) && !error) error = given;
            return is_failure(given);
        };
        if (request.type == packet_type::subscribe) {
            for (const topic_subscription& each : request.subscriptions()) {
                is_refused() ? refused(each.filter, request.number)
                             : granted(each.filter, request.number);
            }
        } else {
            for (const std::string_view filter : request.filters()) {
                if (!is_refused()) removed(filter, request.number);
            }
        }
        return error;
    }

    /// A SUBSCRIBE will not be answered.
    void failed(const outbound_request& request) {
        for (const topic_subscription& each : request.subscriptions())
            refused(each.filter, request.number);
    }

    /// The broker has accepted the filter of this request: it replaces the older ones, and is asked
    /// for again when the session is lost.
    void granted(std::string_view filter, std::uint64_t number) {
        for (entry* each = first_at(filter); each != nullptr; each = each->next()) {
            if (each->filter == filter && each->owner->number == number) each->is_granted = true;
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

    /// The handler of each group to which the message belongs, as the requests have given it, valid
    /// until the next call of anything here. Null when its topic name is not valid.
    const handlers* handlers_of(const publish_packet& message) {
        const auto& identifiers = message.properties.subscription_identifiers;
        if (identifiers.size() <= 1) {
            const handlers* const last = known_.last(message.topic, first_of(identifiers));
            if (last != nullptr) return last;
        }
        return find_handlers(message.topic, identifiers);
    }

    /// Makes requests that ask for the granted subscriptions again, with their options; one for
    /// each filter, since some brokers allow only a few filters in a packet. Where the broker `may`
    /// still `know` them, it is not asked for their retained messages again. False when there is
    /// no memory for all: the next call makes the rest.
    bool renew(bool may_know, intrusive_list<outbound_packet>& requests) {
        try {
            for (group& owner : groups_) {
                for (entry& each : owner.entries) {
                    if (!each.is_granted) continue;
                    outbound_request_ptr made = owner.request(each.options);
                    made->may_exist =
                        may_know && each.options.retain_handling == retain_handling::send;
                    requests.push_back(*made.release());
                    each.is_granted = false;
                }
            }
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }

private:
    struct group;
    struct entry : list_node, filter_trie::entry {
        entry(group& of, const topic_subscription& wanted)
            : owner{&of}, filter{wanted.filter}, options{wanted} {
            options.filter = filter;
        }

        entry* next() const noexcept { return static_cast<entry*>(filter_trie::entry::next()); }

        group* owner;
        std::string filter;
        topic_subscription options;
        bool is_granted = false;
    };
    struct group : list_node {
        explicit group(const outbound_request& request)
            : number{request.number},
              identifier{request.subscription_identifier},
              handler{request.handler},
              properties{request.properties()},
              property_count{request.user_properties().size()} {}

        outbound_request_ptr request(const topic_subscription& wanted) const {
            subscribe_packet packet;
            packet.subscriptions = {&wanted, 1};
            packet.properties.user_properties = user_property_list::from_wire(
                {reinterpret_cast<const std::byte*>(properties.data()), properties.size()},
                property_count);
            errc never{};  // it was sent before
            // In the version that can say all of it: the connection may be of another one by now.
            outbound_request_ptr made =
                outbound_request::make(protocol_version::v5, packet, never, handler);
            made->subscription_identifier = identifier;
            made->identifier_is_optional = true;
            made->number = number;
            return made;
        }

        std::uint64_t number;
        std::uint32_t identifier;
        std::shared_ptr<void> handler;
        std::string properties;  // the user properties in their wire form
        std::size_t property_count;
        intrusive_list<entry> entries{};
        std::uint64_t last_search = 0;  // keeps a group from getting one message twice
    };

    /// The one identifier, as most brokers send it; 0 without any.
    static std::uint32_t first_of(const subscription_identifier_list& identifiers) noexcept {
        return identifiers.empty() ? 0 : *identifiers.begin();
    }

    // For messages on another topic than the one before.
    [[gnu::noinline]] const handlers* find_handlers(
        std::string_view topic, const subscription_identifier_list& identifiers) {
        if (identifiers.size() > 1) return search(topic, identifiers);
        const known_topics::key key{topic, first_of(identifiers)};
        const handlers* const known = known_.find(key);
        if (known != nullptr) return known;
        const handlers* const found = search(topic, identifiers);
        if (found != nullptr) known_.keep(key, *found);
        return found;
    }

    /// Null when the topic name is not valid.
    const handlers* search(std::string_view topic,
                           const subscription_identifier_list& identifiers) {
        if (!is_valid_topic_name(topic)) return nullptr;
        found_.clear();
        ++search_count_;
        const auto found = [&](group& each) {
            if (each.last_search == search_count_) return;
            each.last_search = search_count_;
            found_.push_back(each.handler.get());
        };
        const auto& matches = by_topic_.match(topic);
        const auto for_each_match = [&](auto&& use) {
            for (filter_trie::entry* first : matches) {
                for (auto* each = static_cast<entry*>(first); each != nullptr; each = each->next())
                    use(*each);
            }
        };
        if (!identifiers.empty()) {
            for_each_match([&](const entry& each) {
                if (contains(identifiers, each.owner->identifier)) found(*each.owner);
            });
            if (!found_.empty()) return &found_;
            // Some brokers deliver under another topic name than was subscribed to.
            for (group& each : groups_) {
                if (contains(identifiers, each.identifier)) found(each);
            }
            if (!found_.empty()) return &found_;
        }
        // No identifier, or that of a subscription which a newer one for the same filter has
        // replaced.
        for_each_match([&](const entry& each) {
            if (!has_newer(each)) found(*each.owner);
        });
        return &found_;
    }

    static bool contains(const subscription_identifier_list& identifiers, std::uint32_t id) {
        for (const std::uint32_t each : identifiers) {
            if (each == id) return true;
        }
        return false;
    }

    /// Among the entries of one topic filter are those of its shared subscriptions, too.
    entry* first_at(std::string_view filter) const noexcept {
        return static_cast<entry*>(by_topic_.find(split_shared_filter(filter).filter));
    }

    /// Is there one for the same filter that was asked for later?
    static bool has_newer(const entry& older) noexcept {
        for (const entry* each = older.next(); each != nullptr; each = each->next()) {
            if (each->filter == older.filter) return true;
        }
        return false;
    }

    template <class Predicate>
    void erase_if(std::string_view filter, Predicate&& predicate) {
        entry* each = first_at(filter);
        while (each != nullptr) {
            entry* const next = each->next();
            if (each->filter == filter && predicate(*each)) erase_entry(*each);
            each = next;
        }
    }

    void add(const topic_subscription& wanted, group& owner) {
        auto& made = *new entry{owner, wanted};
        owner.entries.push_back(made);
        by_topic_.add(split_shared_filter(wanted.filter).filter, made);
        // A filter that stands in the request twice counts once.
        erase_if(wanted.filter,
                 [&](const entry& other) { return other.owner == &owner && &other != &made; });
    }

    void erase_group(group& erased) noexcept {
        while (!erased.entries.empty())
            erase_from_group(erased.entries.front());
        erased.unlink();
        delete &erased;
    }

    /// With its group, if it was the last one there.
    void erase_entry(entry& erased) noexcept {
        group& owner = *erased.owner;
        erase_from_group(erased);
        if (owner.entries.empty()) erase_group(owner);
    }
    void erase_from_group(entry& erased) noexcept {
        known_.forget();
        by_topic_.remove(erased);
        erased.unlink();
        delete &erased;
    }

    filter_trie by_topic_;
    intrusive_list<group> groups_;
    std::uint64_t request_count_ = 0;
    std::uint32_t identifier_count_ = 0;
    std::uint64_t search_count_ = 0;
    known_topics known_;
    handlers found_;  // by the last search
};

}  // namespace asio_mqtt::detail
