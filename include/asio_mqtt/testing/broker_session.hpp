// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/testing/broker_message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace asio_mqtt::testing {

/// A topic filter that a session is subscribed to, with its options.
struct broker_subscription {
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;
    bool no_local = false;
    bool retain_as_published = false;
    std::uint32_t identifier = 0;  ///< 0: none.
};

/// A message on its way to one client.
struct outgoing_message {
    broker_message_ptr message{};  ///< Null once the client has it (after PUBREC).
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;
    bool retain = false;
    std::vector<std::uint32_t> subscription_identifiers{};
    std::uint16_t packet_id = 0;  ///< Given when it is sent first.
    bool dup = false;
    bool in_window =
        false;  ///< Sent on the present connection, counts against its receive maximum.
};

/// What a session asks of the connection that serves it.
class session_connection {
public:
    virtual void messages_waiting() = 0;
    /// Another connection takes the session; this one no longer has it after the call.
    virtual void taken_over() = 0;
    /// The session is gone.
    virtual void session_dropped() = 0;

protected:
    ~session_connection() = default;
};

/// The state of one client that can outlive a connection (4.1): subscriptions, messages to the
/// client that wait or are in flight, and the identifiers of QoS 2 messages from the client that it
/// has not released.
class broker_session {
public:
    static constexpr std::uint32_t never_expires = 0xFFFFFFFF;

    broker_session(std::string client_id, std::size_t maximum_queued)
        : client_id_{std::move(client_id)}, maximum_queued_{maximum_queued} {}
    broker_session(const broker_session&) = delete;
    broker_session& operator=(const broker_session&) = delete;

    const std::string& client_id() const noexcept { return client_id_; }

    std::uint32_t expiry_interval = 0;  ///< Seconds; 0: the session ends with its connection.
    std::map<std::string, broker_subscription, std::less<>> subscriptions{};
    std::unordered_set<std::uint16_t> unreleased{};  ///< QoS 2 from the client, before PUBREL.

    session_connection* connection() const noexcept { return connection_; }

    void attach(session_connection& connection) noexcept { connection_ = &connection; }

    /// The connection has ended. What is in flight will be sent again on the next one
    /// [MQTT-4.4.0-1]; QoS 0 messages that wait are lost, as in a network.
    void detach() {
        connection_ = nullptr;
        std::erase_if(queue_, [](const outgoing_message& m) { return m.qos == qos::at_most_once; });
        for (outgoing_message& message : in_flight_)
            message.in_window = false;
        window_ = 0;
        unsent_ = in_flight_.begin();
    }

    /// Lets the message wait for next(); drops it when the queue is full, or at QoS 0 when there is
    /// no connection.
    void enqueue(outgoing_message&& message) {
        const bool pointless = message.qos == qos::at_most_once && connection_ == nullptr;
        if (pointless || queue_.size() >= maximum_queued_) return;
        queue_.push_back(std::move(message));
        if (connection_ != nullptr) connection_->messages_waiting();
    }

    /// The next message to be sent: first those to be sent again, in their order, then those that
    /// wait. At most `receive_maximum` of them are unacknowledged at a time. False when there is
    /// nothing to send now.
    bool next(std::size_t receive_maximum, outgoing_message& message) {
        while (unsent_ != in_flight_.end() && unsent_->message == nullptr)
            ++unsent_;
        const bool window_full = window_ >= receive_maximum;
        if (unsent_ != in_flight_.end()) {
            if (window_full) return false;
            message = open_window(*unsent_++);
            return true;
        }
        if (queue_.empty()) return false;
        const bool needs_identifier = queue_.front().qos != qos::at_most_once;
        if (needs_identifier && (window_full || in_flight_.size() >= 65'535)) return false;
        message = std::move(queue_.front());
        queue_.pop_front();
        if (!needs_identifier) return true;
        message.packet_id = unused_packet_id();
        const auto added = in_flight_.insert(in_flight_.end(), message);
        by_id_.emplace(message.packet_id, added);
        open_window(*added).dup = true;  // the next time
        return true;
    }

    /// The packet identifiers for which only PUBCOMP is missing, in their order.
    std::vector<std::uint16_t> released() const {
        std::vector<std::uint16_t> ids;
        for (const outgoing_message& message : in_flight_) {
            if (message.message == nullptr) ids.push_back(message.packet_id);
        }
        return ids;
    }

    /// PUBREC: the client has the message. False when the identifier is not that of a QoS 2
    /// message.
    bool received(std::uint16_t packet_id) {
        const auto found = by_id_.find(packet_id);
        if (found == by_id_.end() || found->second->qos != qos::exactly_once) return false;
        found->second->message = nullptr;
        return true;
    }

    /// PUBCOMP; without a PUBREC before it means nothing.
    void completed(std::uint16_t packet_id) {
        const auto found = by_id_.find(packet_id);
        if (found != by_id_.end() && found->second->message == nullptr) {
            finish(packet_id, qos::exactly_once);
        }
    }

    /// The handshake of a message of that QoS has ended; other identifiers are left alone.
    void finish(std::uint16_t packet_id, qos level) {
        const auto found = by_id_.find(packet_id);
        if (found == by_id_.end() || found->second->qos != level) return;
        const auto message = found->second;
        if (message->in_window) --window_;
        if (unsent_ == message) ++unsent_;
        in_flight_.erase(message);
        by_id_.erase(found);
    }

private:
    using in_flight_list = std::list<outgoing_message>;

    outgoing_message& open_window(outgoing_message& message) noexcept {
        message.in_window = true;
        ++window_;
        return message;
    }

    std::uint16_t unused_packet_id() {
        do {
            ++last_packet_id_;
        } while (last_packet_id_ == 0 || by_id_.contains(last_packet_id_));
        return last_packet_id_;
    }

    std::string client_id_;
    std::size_t maximum_queued_;
    session_connection* connection_ = nullptr;
    std::deque<outgoing_message> queue_;
    in_flight_list in_flight_;  ///< In the order of their first sending.
    in_flight_list::iterator unsent_ =
        in_flight_.end();  ///< The first to send again on this connection.
    std::unordered_map<std::uint16_t, in_flight_list::iterator> by_id_;
    std::size_t window_ = 0;
    std::uint16_t last_packet_id_ = 0;
};

}  // namespace asio_mqtt::testing
