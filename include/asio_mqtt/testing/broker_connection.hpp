// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec.hpp>
#include <asio_mqtt/testing/broker_policy.hpp>
#include <asio_mqtt/testing/broker_state.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace asio_mqtt::testing {

/// The broker's side of one connection, without input and output: takes the bytes that the client
/// sent, split anywhere, and gives the bytes to send. Knows no socket, no clock and no thread.
///
/// Inputs: received(), lost(), keep_alive_expired(). Output: take_output(), until is_closing() and
/// nothing is left. What another client does can make output here: `on_output` is told, and must
/// not call back. The connection must not outlive the broker_state.
class broker_connection final : private session_connection {
public:
    explicit broker_connection(broker_state& state, std::function<void()> on_output = {})
        : state_{state}, on_output_{std::move(on_output)} {}
    broker_connection(const broker_connection&) = delete;
    broker_connection& operator=(const broker_connection&) = delete;
    ~broker_connection() {
        if (session_ != nullptr) session_->detach();
    }

    void received(std::span<const std::byte> bytes) {
        if (input_.empty()) {
            bytes = take_packets(bytes);
            input_.assign(bytes.begin(), bytes.end());
        } else {
            input_.insert(input_.end(), bytes.begin(), bytes.end());
            const std::span<const std::byte> rest = take_packets(input_);
            input_.erase(input_.begin(), input_.end() - static_cast<std::ptrdiff_t>(rest.size()));
        }
    }

    /// The connection ended without a DISCONNECT. Nothing can be sent any more.
    void lost() {
        closing_ = true;
        end(with_will::yes);
        output_.clear();
    }

    void keep_alive_expired() { fail(reason_code::keep_alive_timeout); }

    /// Seconds; 0: off, or not connected.
    std::uint16_t keep_alive() const noexcept {
        return session_ == nullptr ? std::uint16_t{0} : keep_alive_;
    }

    /// Takes what is to be sent now, in place of what `out` held; none when there is nothing. To be
    /// called again when that was sent: there may be more.
    void take_output(std::vector<std::byte>& out) {
        send_waiting_messages();
        out.clear();
        out.swap(output_);
    }

    /// Bytes that wait to be taken.
    std::size_t output_size() const noexcept { return output_.size(); }

    /// True when the connection is to be closed once all output is sent.
    bool is_closing() const noexcept { return closing_; }

private:
    enum class with_will : bool { no, yes };

    /// Enough for one write; what does not fit waits in the session, where it is bounded.
    static constexpr std::size_t output_limit = 256 * 1024;

    // Input

    /// Handles all packets that are whole; returns the rest.
    std::span<const std::byte> take_packets(std::span<const std::byte> bytes) {
        while (!closing_) {
            const auto [header, need_more, error] = read_fixed_header(bytes);
            if (need_more) return bytes;
            if (error != decode_errc{}) {
                fail(to_reason_code(error));
            } else if (session_ == nullptr && header.type != packet_type::connect) {
                close();  // [MQTT-3.1.0-1]
            } else if (header.packet_size() > state_.options().maximum_packet_size) {
                fail(reason_code::packet_too_large);
            } else if (bytes.size() < header.packet_size()) {
                return bytes;
            } else {
                take_packet(header, bytes.first(header.packet_size()));
                bytes = bytes.subspan(header.packet_size());
            }
        }
        return {};
    }

    void take_packet(const fixed_header& header, std::span<const std::byte> bytes) {
        if (session_ == nullptr) return take_connect(header, bytes.subspan(header.size));
        any_packet packet;
        const decode_result result =
            is_v5() ? codec_v5::decode(bytes, packet) : codec_v3_1_1::decode(bytes, packet);
        if (!result) return fail(to_reason_code(result.error));
        std::visit([this](const auto& alternative) { handle(alternative); }, packet);
    }

    // CONNECT

    void take_connect(const fixed_header& header, std::span<const std::byte> body) {
        const std::optional<std::uint8_t> level = protocol_level(body);
        if (!level) return close();
        version_ = *level >= 5 ? protocol_version::v5 : protocol_version::v3_1_1;
        if (*level != static_cast<std::uint8_t>(version_)) {
            return refuse(reason_code::unsupported_protocol_version);
        }
        connect_packet connect;
        const decode_result result = is_v5() ? codec_v5::decode(header, body, connect)
                                             : codec_v3_1_1::decode(header, body, connect);
        if (!result) return is_v5() ? refuse(to_reason_code(result.error)) : close();
        const reason_code verdict = judge_connect(state_.options(), version_, connect);
        if (is_failure(verdict)) return refuse(verdict);
        accept(connect);
    }

    void refuse(reason_code reason) {
        if (is_v5() && !is_listed(packet_type::connack, reason)) {
            reason = reason_code::unspecified_error;
        } else if (!is_v5() && wire::to_return_code(reason) == std::size(wire::return_codes)) {
            reason = reason_code::server_unavailable;
        }
        send(connack_packet{.reason = reason});
        close();
    }

    void accept(const connect_packet& connect) {
        const std::string client_id =
            connect.client_id.empty() ? state_.unused_client_id() : std::string{connect.client_id};
        broker_session* found = state_.find_session(client_id);
        if (found != nullptr && found->connection() != nullptr) {
            found->connection()->taken_over();
            found = state_.find_session(client_id);  // may have ended with its connection
        }
        if (found != nullptr && connect.clean_start) {
            state_.end_session(*found);
            found = nullptr;
        }
        session_ = found != nullptr ? found : &state_.add_session(client_id);
        session_->attach(*this);
        take_wishes(connect);
        connack_packet connack{.session_present = found != nullptr};
        if (is_v5()) {
            connack.properties = announcement(state_.options());
            if (connect.client_id.empty()) {
                connack.properties.assigned_client_identifier = client_id;
            }
        }
        send(connack);
        for (const std::uint16_t packet_id : session_->released()) {
            send(pubrel_packet{.packet_id = packet_id});
        }
        notify();
    }

    /// What the client wants of the connection.
    void take_wishes(const connect_packet& connect) {
        const connect_properties& properties = connect.properties;
        keep_alive_ = connect.keep_alive;
        if (is_v5()) {
            session_->expiry_interval = properties.session_expiry_interval.value_or(0);
            receive_maximum_ = properties.receive_maximum.value_or(65'535);
            maximum_packet_size_ = properties.maximum_packet_size.value_or(maximum_packet_size_);
            keep_alive_ = state_.options().server_keep_alive.value_or(keep_alive_);
        } else {
            session_->expiry_interval = connect.clean_start ? 0 : broker_session::never_expires;
        }
        if (connect.will) will_ = broker_message::copy_of(*connect.will);
    }

    // Messages from the client

    void handle(const publish_packet& packet) {
        publish_packet publish = packet;
        const reason_code fault = check(publish);
        if (is_failure(fault)) return fail(fault);
        switch (publish.qos) {
            case qos::at_most_once: publish_or_reason(publish); break;
            case qos::at_least_once:
                acknowledge<puback_packet>(publish.packet_id, publish_or_reason(publish));
                break;
            case qos::exactly_once: {
                // [MQTT-4.3.3-10] Passed on once, however often it comes before its PUBREL.
                const bool repeated = session_->unreleased.contains(publish.packet_id);
                const reason_code reason =
                    repeated ? reason_code::success : publish_or_reason(publish);
                if (!is_failure(reason)) {
                    session_->unreleased.insert(publish.packet_id);
                    receiving_.insert(publish.packet_id);
                }
                acknowledge<pubrec_packet>(publish.packet_id, reason);
                break;
            }
        }
    }

    /// Looks for what ends the connection, and puts the topic in the place of its alias.
    reason_code check(publish_packet& publish) {
        const broker_options& options = state_.options();
        if (!publish.properties.subscription_identifiers.empty()) {
            return reason_code::protocol_error;  // [MQTT-3.3.4-6]
        }
        if (publish.qos > options.maximum_qos) return reason_code::qos_not_supported;
        if (publish.retain && !options.retain_available) return reason_code::retain_not_supported;
        if (is_v5() && publish.qos != qos::at_most_once &&
            !receiving_.contains(publish.packet_id) &&
            receiving_.size() >= options.receive_maximum) {
            return reason_code::receive_maximum_exceeded;
        }
        if (!publish.properties.topic_alias) return reason_code::success;
        const std::uint16_t alias = *publish.properties.topic_alias;
        if (alias > options.topic_alias_maximum) return reason_code::topic_alias_invalid;
        std::string& topic = topic_aliases_[alias];
        if (!publish.topic.empty()) topic = publish.topic;
        publish.topic = topic;
        return topic.empty() ? reason_code::protocol_error : reason_code::success;
    }

    /// Passes the message on if the client may publish it.
    reason_code publish_or_reason(const publish_packet& publish) {
        if (!may_publish(publish.topic)) return reason_code::not_authorized;
        const broker_message_ptr message = broker_message::copy_of(publish);
        if (!message)
            return reason_code::quota_exceeded;  // with the topic of an alias over 256 MiB
        return state_.publish(message, session_) ? reason_code::success
                                                 : reason_code::no_matching_subscribers;
    }

    bool may_publish(std::string_view topic) const {
        const auto& authorize = state_.options().authorize_publish;
        return !authorize || authorize(session_->client_id(), topic);
    }

    void handle(const pubrel_packet& packet) {
        receiving_.erase(packet.packet_id);
        const bool known = session_->unreleased.erase(packet.packet_id) != 0;
        acknowledge<pubcomp_packet>(
            packet.packet_id,
            known ? reason_code::success : reason_code::packet_identifier_not_found);
    }

    template <class Packet>
    void acknowledge(std::uint16_t packet_id, reason_code reason) {
        send(Packet{.packet_id = packet_id, .reason = is_v5() ? reason : reason_code::success});
        notify();
    }

    // Messages to the client

    void send_waiting_messages() {
        outgoing_message message;
        while (session_ != nullptr && output_.size() < output_limit &&
               session_->next(receive_maximum_, message)) {
            // [MQTT-3.1.2-25] What is too large for the client counts as delivered.
            if (!send_publish(message)) session_->finish(message.packet_id, message.qos);
        }
    }

    bool send_publish(const outgoing_message& message) {
        publish_packet packet = message.message->packet();
        packet.dup = message.dup;
        packet.qos = message.qos;
        packet.retain = message.retain;
        packet.packet_id = message.packet_id;
        if (is_v5()) {
            packet.properties.subscription_identifiers = message.subscription_identifiers;
        } else {
            packet.properties = {};
        }
        return send(packet);
    }

    void handle(const puback_packet& packet) {
        session_->finish(packet.packet_id, qos::at_least_once);
        notify();
    }

    void handle(const pubrec_packet& packet) {
        if (is_failure(packet.reason)) {
            session_->finish(packet.packet_id, qos::exactly_once);
        } else {
            const bool known = session_->received(packet.packet_id);
            acknowledge<pubrel_packet>(
                packet.packet_id,
                known ? reason_code::success : reason_code::packet_identifier_not_found);
        }
        notify();
    }

    void handle(const pubcomp_packet& packet) {
        session_->completed(packet.packet_id);
        notify();
    }

    // Subscriptions

    void handle(const subscribe_packet& packet) {
        const std::uint32_t identifier = packet.properties.subscription_identifier.value_or(0);
        std::vector<reason_code> reasons;
        std::vector<std::pair<std::string_view, broker_subscription>> with_retained;
        for (const topic_subscription& asked : packet.subscriptions) {
            const reason_code verdict = judge_subscription(
                state_.options(), version_, session_->client_id(), asked, identifier);
            reasons.push_back(verdict);
            if (is_failure(verdict)) continue;
            const broker_subscription subscription{
                .qos = std::min(asked.qos, state_.options().maximum_qos),
                .no_local = asked.no_local,
                .retain_as_published = asked.retain_as_published,
                .identifier = identifier,
            };
            reasons.back() = static_cast<reason_code>(subscription.qos);
            const bool added = state_.subscribe(*session_, asked.filter, subscription);
            const bool wants_retained =
                asked.retain_handling == retain_handling::send ||
                (added && asked.retain_handling == retain_handling::send_if_new);
            if (wants_retained && !is_shared_filter(asked.filter)) {
                with_retained.emplace_back(asked.filter, subscription);
            }
        }
        send(suback_packet{.packet_id = packet.packet_id, .reasons = reasons});
        for (const auto& [filter, subscription] : with_retained) {
            state_.send_retained(*session_, filter, subscription);
        }
        notify();
    }

    void handle(const unsubscribe_packet& packet) {
        std::vector<reason_code> reasons;
        for (const std::string_view filter : packet.filters) {
            reasons.push_back(state_.unsubscribe(*session_, filter)
                                  ? reason_code::success
                                  : reason_code::no_subscription_existed);
        }
        if (!is_v5()) reasons.clear();
        send(unsuback_packet{.packet_id = packet.packet_id, .reasons = reasons});
        notify();
    }

    // The rest

    void handle(const pingreq_packet&) {
        send(pingresp_packet{});
        notify();
    }

    void handle(const disconnect_packet& packet) {
        if (const auto expiry = packet.properties.session_expiry_interval) {
            // [MQTT-3.14.2-2] A session that was to end with its connection stays so (3.14.2.2.2).
            if (session_->expiry_interval == 0 && *expiry != 0)
                return fail(reason_code::protocol_error);
            session_->expiry_interval = *expiry;
        }
        // [MQTT-3.14.4-3] Only a normal disconnection discards the will.
        end(packet.reason == reason_code::normal_disconnection ? with_will::no : with_will::yes);
        close();
    }

    /// A second CONNECT, AUTH without a method, or what only a broker may send.
    template <class Packet>
    void handle(const Packet&) {
        fail(reason_code::protocol_error);
    }

    // The end

    /// Closes the connection because of what the client did (4.13).
    void fail(reason_code reason) {
        if (session_ != nullptr && is_v5()) send(disconnect_packet{.reason = reason});
        end(with_will::yes);
        close();
    }

    void taken_over() override { fail(reason_code::session_taken_over); }

    void messages_waiting() override { notify(); }

    void session_dropped() override {
        session_ = nullptr;
        will_ = nullptr;
        output_.clear();
        close();
    }

    void end(with_will choice) {
        if (session_ == nullptr) return;
        const broker_message_ptr will = std::exchange(will_, nullptr);
        const bool will_is_due =
            choice == with_will::yes && will && may_publish(will->packet().topic);
        broker_session& session = *std::exchange(session_, nullptr);
        session.detach();
        if (will_is_due) state_.publish(will, &session);
        if (session.expiry_interval == 0) state_.end_session(session);
    }

    void close() {
        closing_ = true;
        notify();
    }

    // Output

    bool is_v5() const noexcept { return version_ == protocol_version::v5; }

    /// False when the client takes no packet of that size; nothing is sent then [MQTT-3.1.2-24].
    template <class Packet>
    bool send(const Packet& packet) {
        return is_v5() ? send_with<codec_v5>(packet) : send_with<codec_v3_1_1>(packet);
    }

    template <class Codec, class Packet>
    bool send_with(const Packet& packet) {
        const measure_result measured = Codec::measure(packet);
        if (!measured || measured.packet_size() > maximum_packet_size_) return false;
        const std::size_t before = output_.size();
        output_.resize(before + measured.packet_size());
        Codec::write(packet, measured, output_.data() + before);
        return true;
    }

    void notify() {
        if (on_output_) on_output_();
    }

    broker_state& state_;
    std::function<void()> on_output_;
    std::vector<std::byte> input_;  ///< The start of a packet that is not whole yet.
    std::vector<std::byte> output_;
    broker_session* session_ = nullptr;  ///< Null before CONNECT was accepted and after the end.
    broker_message_ptr will_;
    protocol_version version_ = protocol_version::v3_1_1;
    std::uint16_t keep_alive_ = 0;
    std::uint16_t receive_maximum_ = 65'535;
    std::uint32_t maximum_packet_size_ = 0xFFFFFFFF;
    std::unordered_map<std::uint16_t, std::string> topic_aliases_;
    std::unordered_set<std::uint16_t>
        receiving_;  ///< QoS 2 messages of this connection before PUBREL.
    bool closing_ = false;
};

}  // namespace asio_mqtt::testing
