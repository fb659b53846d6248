// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/testing/broker_options.hpp>
#include <asio_mqtt/testing/broker_session.hpp>
#include <asio_mqtt/testing/retained_messages.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio_mqtt::testing {

/// All that a broker knows, without input and output: its sessions, who gets which message, and the
/// retained ones. broker_connections stand on it. Everything is ordered, so that equal inputs give
/// equal outputs.
class broker_state {
public:
    explicit broker_state(broker_options options) : options_{std::move(options)} {}
    broker_state(const broker_state&) = delete;
    broker_state& operator=(const broker_state&) = delete;

    const broker_options& options() const noexcept { return options_; }
    /// There must be no connection, since these were told of the options before.
    void use(broker_options options) { options_ = std::move(options); }
    const retained_messages& retained() const noexcept { return retained_; }

    std::size_t session_count() const noexcept { return sessions_.size(); }
    std::size_t connection_count() const noexcept {
        return static_cast<std::size_t>(
            std::count_if(sessions_.begin(), sessions_.end(),
                          [](const auto& entry) { return entry.second->connection() != nullptr; }));
    }

    /// The client's session, or null.
    broker_session* find_session(std::string_view client_id) {
        const auto found = sessions_.find(client_id);
        return found == sessions_.end() ? nullptr : found->second.get();
    }

    /// Makes a session; the client must have none.
    broker_session& add_session(std::string_view client_id) {
        auto session = std::make_unique<broker_session>(std::string{client_id},
                                                        options_.maximum_queued_messages);
        return *sessions_.emplace(std::string{client_id}, std::move(session)).first->second;
    }

    void end_session(broker_session& session) {
        for (const auto& [filter, subscription] : session.subscriptions)
            leave_group(filter, session);
        sessions_.erase(sessions_.find(session.client_id()));
    }

    /// Ends the sessions that have no connection, as if their expiry intervals had passed.
    void expire_sessions() {
        for (auto next = sessions_.begin(); next != sessions_.end();) {
            broker_session& session = *(next++)->second;
            if (session.connection() == nullptr) end_session(session);
        }
    }

    /// Forgets all sessions; their connections close and their wills are not published.
    void drop_sessions() {
        shared_groups_.clear();
        for (const auto& [client_id, session] : std::exchange(sessions_, {})) {
            if (session->connection() != nullptr) session->connection()->session_dropped();
        }
    }

    /// A client identifier that no session has.
    std::string unused_client_id() {
        std::string client_id;
        do {
            client_id = "assigned-" + std::to_string(++assigned_client_ids_);
        } while (sessions_.contains(client_id));
        return client_id;
    }

    /// Adds or replaces a subscription; true when it is new.
    bool subscribe(broker_session& session, std::string_view filter,
                   const broker_subscription& subscription) {
        const bool added =
            session.subscriptions.insert_or_assign(std::string{filter}, subscription).second;
        if (added && is_shared_filter(filter)) {
            shared_groups_[std::string{filter}].members.push_back(&session);
        }
        return added;
    }

    /// True when the subscription existed.
    bool unsubscribe(broker_session& session, std::string_view filter) {
        const auto found = session.subscriptions.find(filter);
        if (found == session.subscriptions.end()) return false;
        leave_group(filter, session);
        session.subscriptions.erase(found);
        return true;
    }

    /// Passes a message on to all that subscribed to it, and keeps it if it is to be retained.
    /// `publisher` is null for a message of the broker's own. True when a subscription matched.
    ///
    /// A client whose filters overlap gets one copy, with the highest QoS and all identifiers of
    /// the subscriptions that match (3.3.4), and one more for each shared subscription in which it
    /// is the turn.
    bool publish(const broker_message_ptr& message, const broker_session* publisher) {
        if (message->packet().retain) retained_.store(message);
        bool matched = false;
        for (const auto& [client_id, session] : sessions_) {
            matched = publish_to(*session, message, publisher) || matched;
        }
        for (auto& [filter, group] : shared_groups_) {
            if (!topic_matches(filter, message->packet().topic)) continue;
            matched = true;
            broker_session& session = group.next();
            delivery copy{message};
            copy.add(session.subscriptions.find(filter)->second);
            copy.send_to(session);
        }
        return matched;
    }

    /// Sends what is retained because of a new subscription.
    void send_retained(broker_session& session, std::string_view filter,
                       const broker_subscription& subscription) const {
        retained_.for_each_match(filter, [&](const broker_message_ptr& message) {
            delivery copy{message};
            copy.add(subscription);
            copy.outgoing.retain = true;  // [MQTT-3.3.1-8]
            copy.send_to(session);
        });
    }

private:
    /// The copy of a message that one client gets, if it gets one.
    struct delivery {
        explicit delivery(const broker_message_ptr& original) : message{original} {}

        void add(const broker_subscription& subscription) {
            const publish_packet& packet = message->packet();
            wanted = true;
            outgoing.qos = std::max(outgoing.qos, std::min(packet.qos, subscription.qos));
            if (packet.retain && subscription.retain_as_published) outgoing.retain = true;
            if (subscription.identifier != 0) {
                outgoing.subscription_identifiers.push_back(subscription.identifier);
            }
        }

        void send_to(broker_session& session) {
            if (!wanted) return;
            outgoing.message = message;
            session.enqueue(std::move(outgoing));
        }

        const broker_message_ptr& message;
        outgoing_message outgoing{};
        bool wanted = false;
    };

    /// The sessions that take turns at a shared subscription (4.8.2).
    struct shared_group {
        std::vector<broker_session*> members{};
        std::size_t turn = 0;

        /// The one whose turn it is; those without a connection are passed over while another has
        /// one.
        broker_session& next() {
            for (std::size_t i = 0; i < members.size(); ++i) {
                broker_session& candidate = *members[(turn + i) % members.size()];
                if (candidate.connection() == nullptr) continue;
                turn = (turn + i + 1) % members.size();
                return candidate;
            }
            return *members[turn++ % members.size()];
        }
    };

    static bool publish_to(broker_session& session, const broker_message_ptr& message,
                           const broker_session* publisher) {
        bool matched = false;
        delivery copy{message};
        for (const auto& [filter, subscription] : session.subscriptions) {
            if (is_shared_filter(filter)) continue;
            if (!topic_matches(filter, message->packet().topic)) continue;
            matched = true;
            if (!subscription.no_local || &session != publisher) copy.add(subscription);
        }
        copy.send_to(session);
        return matched;
    }

    void leave_group(std::string_view filter, const broker_session& session) {
        const auto group = shared_groups_.find(filter);
        if (group == shared_groups_.end()) return;
        std::erase(group->second.members, &session);
        if (group->second.members.empty()) shared_groups_.erase(group);
    }

    broker_options options_;
    retained_messages retained_;
    std::map<std::string, std::unique_ptr<broker_session>, std::less<>> sessions_;
    std::map<std::string, shared_group, std::less<>> shared_groups_;  ///< By whole filter.
    std::size_t assigned_client_ids_ = 0;
};

}  // namespace asio_mqtt::testing
