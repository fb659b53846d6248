// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/session/inbound.hpp>
#include <asio_mqtt/session/inbound_topic_aliases.hpp>
#include <asio_mqtt/session/input_buffer.hpp>
#include <asio_mqtt/session/keep_alive.hpp>
#include <asio_mqtt/session/limits.hpp>
#include <asio_mqtt/session/outbound.hpp>
#include <asio_mqtt/session/output_buffer.hpp>
#include <asio_mqtt/session/session_event.hpp>
#include <asio_mqtt/session/session_settings.hpp>
#include <asio_mqtt/session/subscriptions.hpp>
#include <asio_mqtt/session/time_point.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace asio_mqtt {

/// An MQTT client session without input and output: bytes go in and come out, time is an argument.
///
/// It outlives its connections. There are four kinds of functions:
///  - the connection: connect() once a transport is there, then for each read prepare_read() and
///  received(),
///    for each write start_write() and finish_write(), disconnected() when the transport is gone;
///  - commands: publish(), subscribe(), unsubscribe(), cancel(), acknowledge(), disconnect(); at
///  any time;
///  - outcomes: next_event(), to be called until it needs data, after each command and each input;
///  - time: deadline() tells when to call expired() next; calling it early is harmless.
/// Not thread-safe. Sections of the standard stand beside the rules that they give.
class session {
public:
    explicit session(session_settings settings) : settings_{settings} {}

    // --- The connection ------------------------------------------------------------------

    /// Begins on a new transport: CONNECT is the next output [MQTT-3.1.0-1].
    ///
    /// `packet.clean_start` is for the first connection: later ones resume the session when there
    /// is one. An empty client id is replaced by the one that the broker assigned before. Returns
    /// what is wrong with the packet, if anything; nothing has begun then.
    error_code connect(connect_packet packet, time_point now) {
        if (has_session_) packet.clean_start = false;
        if (must_start_clean_) packet.clean_start = true;
        if (packet.client_id.empty()) packet.client_id = assigned_client_id_;
        if (phase_ != phase::offline) disconnected();
        const measure_result encoded = encode(packet);
        if (!encoded) return encoded.error;
        asked_clean_start_ = packet.clean_start;
        asked_keep_alive_ = std::chrono::seconds{packet.keep_alive};
        asked_to_be_kept_ = is_v5() ? packet.properties.session_expiry_interval.value_or(0) != 0
                                    : !packet.clean_start;
        receive_maximum_ = packet.properties.receive_maximum.value_or(65'535);
        maximum_packet_size_ =
            std::min(settings_.maximum_packet_size,
                     packet.properties.maximum_packet_size.value_or(settings_.maximum_packet_size));
        topic_aliases_.start(packet.properties.topic_alias_maximum.value_or(0));
        connack_deadline_ = now + settings_.connack_timeout;
        ++unanswered_connects_;
        phase_ = phase::connecting;
        return {};
    }

    /// Room for the next read; what event views pointed to is gone after this.
    std::span<std::byte> prepare_read() {
        is_reading_ = true;
        return input_.prepare();
    }
    void received(std::size_t size, time_point now) noexcept {
        is_reading_ = false;
        input_.commit(size);
        keep_alive_.received(now);
    }

    /// What to write next, as pieces of one write; empty when there is nothing, or when the write
    /// before is not finished. The pieces stay valid until finish_write(), even when the connection
    /// is lost before.
    std::span<const std::span<const std::byte>> start_write(time_point now) {
        if (output_.is_writing()) return {};
        flush();
        if (output_.empty()) return {};
        keep_alive_.sent(now);
        outbound_.written();
        return output_.start_write();
    }
    void finish_write() noexcept { output_.finish_write(); }

    /// The transport is gone, or was never there. What was unfinished waits for the next
    /// connection.
    void disconnected() {
        phase_ = phase::offline;
        is_reading_ = false;
        output_.discard();
        input_.clear();
        outbound_.disconnected();
        inbound_.disconnected();
        keep_alive_.stop();
        connack_deadline_ = never;
    }

    bool is_online() const noexcept { return phase_ == phase::online; }

    /// What the broker of this connection allows; that of the last one while offline.
    const asio_mqtt::limits& limits() const noexcept { return limits_; }

    // --- Commands ------------------------------------------------------------------------

    /// Sends a message as soon as the connection and the broker's limits allow. Ends in one
    /// `completed` event with the tag: at QoS 0 when it was handed to a write, else when the
    /// handshake ended.
    ///
    /// Returns what the broker of this connection does not allow; nothing was queued then. A limit
    /// of a later connection ends the operation with the same error.
    error_code publish(outbound_publish_ptr message, void* tag) {
        if (is_online()) {
            if (const error_code error = outbound_.check(*message, settings_.version)) return error;
        }
        message->tag = tag;
        outbound_.submit(std::move(message));
        return {};
    }

    /// Subscribes; messages may arrive before the operation has completed. The subscription is made
    /// again when the broker loses the session. Errors as for publish(), and all that a packet may
    /// have.
    error_code subscribe(outbound_request_ptr request, void* tag) {
        if (is_v5() && request->subscription_identifier == 0) {
            request->subscription_identifier = ++identifier_count_;
            request->identifier_is_optional = true;
        }
        return submit(std::move(request), tag, true);
    }

    error_code unsubscribe(outbound_request_ptr request, void* tag) {
        return submit(std::move(request), tag, false);
    }

    /// Nobody waits for the operation any more. A packet that was not sent is dropped; a handshake
    /// that began goes on, and keeps its identifier, to its end. Only for operations that have not
    /// completed.
    void cancel(outbound_packet& packet) noexcept {
        if (packet.type == packet_type::subscribe && packet.packet_id == 0) {
            forget(static_cast<outbound_request&>(packet));
        }
        outbound_.cancel(packet);
    }

    /// The application has taken over the message: it may be acknowledged.
    void acknowledge(acknowledgement token) noexcept { inbound_.acknowledge(token); }

    /// Ends the connection with DISCONNECT behind the output that may leave now; nothing follows it
    /// [MQTT-3.14.4-1]. Without a connection nothing happens. Returns what is wrong with the
    /// packet, if anything; the connection goes on then.
    error_code disconnect(const disconnect_packet& packet) {
        if (phase_ != phase::online && phase_ != phase::connecting) return {};
        const measure_result measured = versioned_codec{settings_.version}.measure(packet);
        if (!measured) return measured.error;
        if (measured.packet_size() > limits_.maximum_packet_size) return errc::packet_too_large;
        const auto expiry = packet.properties.session_expiry_interval;
        // (3.14.2.2.2) What was to end with the connection cannot be kept afterwards.
        if (!asked_to_be_kept_ && expiry.value_or(0) != 0) return errc::invalid_property_value;
        // What flush() takes counts as sent: it must leave with a write that begins now.
        if (!output_.is_writing()) flush();
        encode(packet);
        if (expiry == 0U) has_session_ = false;
        phase_ = phase::closed;
        return {};
    }

    /// Calls `visit(handler)` for each subscription to which a message belongs; for none when it
    /// belongs to no subscription of this session. `visit` must not call the session.
    template <class Visitor>
    void for_each_handler(const publish_packet& message, Visitor&& visit) {
        subscriptions_.for_each_handler(message, visit);
    }

    // --- Outcomes ------------------------------------------------------------------------

    /// The next outcome that does not hang on what was received, else `need_data`: for the time in
    /// which the application has no room for messages.
    session_event next_finished() noexcept {
        outbound_packet* finished = reportable_finished();
        return finished != nullptr ? report(*finished) : session_event{};
    }

    session_event next_event() {
        if (outbound_packet* finished = reportable_finished()) return report(*finished);
        while (phase_ != phase::offline && phase_ != phase::closed) {
            if (phase_ == phase::failed) {
                phase_ = phase::closed;
                return closed_;
            }
            if (output_.size() >= answer_limit) return {.what = session_event::kind::paused};
            const auto packet = input_.next(
                phase_ == phase::connecting ? maximum_first_packet_size() : maximum_packet_size_);
            using status = detail::input_buffer::packet::status;
            if (packet.state == status::need_more) break;
            if (packet.state == status::refused) {
                fail(packet.error, to_reason_code(packet.error));
                continue;
            }
            session_event event = handle(packet.header, packet.body);
            if (event.what != session_event::kind::need_data) return event;
            if (outbound_packet* finished = reportable_finished()) return report(*finished);
        }
        return {};
    }

    // --- Time ----------------------------------------------------------------------------

    /// When expired() must be called at the latest.
    time_point deadline() const noexcept {
        if (phase_ == phase::connecting) return connack_deadline_;
        return phase_ == phase::online ? keep_alive_.deadline() : never;
    }

    void expired(time_point now) {
        if (now < deadline()) return;
        if (phase_ == phase::connecting) {
            fail(errc::connect_timeout);
            return;
        }
        // The peer cannot be blamed for what nobody reads.
        if (!is_reading_) keep_alive_.received(now);
        using action = detail::keep_alive::action;
        switch (keep_alive_.expired(now)) {
            case action::send_ping: encode(pingreq_packet{}); break;
            case action::peer_is_dead:
                fail(errc::keep_alive_timeout, reason_code::keep_alive_timeout);
                break;
            case action::none: break;
        }
    }

private:
    enum class phase {
        offline,
        connecting,  // CONNECT is out, CONNACK is not in
        online,
        failed,  // the event `closed` is due
        closed,  // it was reported, or DISCONNECT was asked for: only output is left
    };

    /// While the peer is not known to be a broker, little is believed: a CONNACK with every
    /// property at its longest fits.
    static constexpr std::uint32_t first_packet_limit = 524'288;
    /// Answers that wait to be written before reading stops: a peer that sends and does not read is
    /// not given more memory than this.
    static constexpr std::size_t answer_limit = 1'048'576;

    bool is_v5() const noexcept { return settings_.version == protocol_version::v5; }

    std::uint32_t maximum_first_packet_size() const noexcept {
        return std::min(first_packet_limit, maximum_packet_size_);
    }

    template <class Packet>
    measure_result encode(const Packet& packet) {
        return output_.write(settings_.version, packet);
    }

    void flush() {
        if (phase_ != phase::online) return;
        inbound_.flush(settings_.version, output_);
        outbound_.flush(settings_.version, output_);
    }

    /// The peer broke the protocol, or is dead: tell it why where it can be told (4.13), and end.
    void fail(error_code error, reason_code reason = reason_code::protocol_error) {
        closed_ = {.what = session_event::kind::closed, .error = error, .reason = reason};
        if (is_v5() && phase_ == phase::online) {
            disconnect_packet packet;
            packet.reason = reason;
            encode(packet);
        }
        phase_ = phase::failed;
    }

    error_code submit(outbound_request_ptr request, void* tag, bool is_subscribe) {
        if (is_online()) {
            if (const error_code error = outbound_.check(*request, settings_.version)) return error;
        }
        request->tag = tag;
        request->number = ++request_count_;
        if (is_subscribe) subscriptions_.add(*request);
        outbound_.submit(std::move(request));
        return {};
    }
    void forget(const outbound_request& request) {
        for (const topic_subscription& each : request.subscriptions())
            subscriptions_.refused(each.filter, request.number);
    }

    /// Drops what nobody waits for.
    outbound_packet* reportable_finished() noexcept {
        while (outbound_packet* finished = outbound_.next_finished()) {
            if (finished->type == packet_type::subscribe && finished->error) {
                forget(static_cast<outbound_request&>(*finished));
            }
            if (finished->tag != nullptr) return finished;
            detail::outbound::dispose(*finished);
        }
        return nullptr;
    }
    session_event report(outbound_packet& finished) noexcept {
        session_event event{
            .what = session_event::kind::completed, .error = finished.error, .tag = finished.tag};
        if (finished.type == packet_type::publish) {
            event.reason = static_cast<outbound_publish&>(finished).reason;
        }
        detail::outbound::dispose(finished);
        return event;
    }

    session_event handle(const fixed_header& header, std::span<const std::byte> body) {
        // [MQTT-3.2.0-1] [MQTT-3.2.0-2] CONNACK is the first packet, and no other is.
        const bool is_first = phase_ == phase::connecting;
        const bool is_in_time = is_first == (header.type == packet_type::connack) ||
                                header.type == packet_type::disconnect;
        switch (is_in_time ? header.type : packet_type::connect) {
            case packet_type::connack: return on_connack(header, body);
            case packet_type::publish: return on_publish(header, body);
            case packet_type::puback: return on_ack<puback_packet>(header, body);
            case packet_type::pubrec: return on_ack<pubrec_packet>(header, body);
            case packet_type::pubrel: return on_ack<pubrel_packet>(header, body);
            case packet_type::pubcomp: return on_ack<pubcomp_packet>(header, body);
            case packet_type::suback: return on_request_ack<suback_packet>(header, body);
            case packet_type::unsuback: return on_request_ack<unsuback_packet>(header, body);
            case packet_type::pingresp: {
                pingresp_packet packet;
                if (decode(header, body, packet)) keep_alive_.pong();
                return {};
            }
            case packet_type::disconnect:
                if (is_v5()) {
                    return on_disconnect(header, body);
                }
                break;
            default: break;  // what only a client sends, and AUTH without a method [MQTT-4.12.0-6]
        }
        fail(header.type == packet_type::auth ? errc::unsolicited_authentication
                                              : errc::unexpected_packet);
        return {};
    }

    template <class Packet>
    bool decode(const fixed_header& header, std::span<const std::byte> body, Packet& packet) {
        const decode_result decoded =
            versioned_codec{settings_.version}.decode(header, body, packet);
        if (!decoded) fail(decoded.error, to_reason_code(decoded.error));
        return static_cast<bool>(decoded);
    }

    session_event on_connack(const fixed_header& header, std::span<const std::byte> body) {
        connack_ = {};
        if (!decode(header, body, connack_)) return {};
        if (is_failure(connack_.reason)) {
            --unanswered_connects_;
            phase_ = phase::closed;
            return {.what = session_event::kind::closed,
                    .error = connack_.reason,
                    .connack = &connack_,
                    .reason = connack_.reason};
        }
        phase_ = phase::online;  // from here on a DISCONNECT may say what is wrong
        const bool session_present = connack_.session_present;
        // [MQTT-3.2.2-2] [MQTT-3.2.2-4]; 3.1.1 takes over the session of an earlier process.
        must_start_clean_ = session_present && (asked_clean_start_ || (!has_session_ && is_v5()));
        if (must_start_clean_) {
            fail(errc::session_state_missing);
            return {};
        }
        const connack_properties& properties = connack_.properties;
        has_session_ = properties.session_expiry_interval ? *properties.session_expiry_interval != 0
                                                          : asked_to_be_kept_;
        if (properties.assigned_client_identifier) {
            assigned_client_id_ = *properties.assigned_client_identifier;
        }
        limits_ = asio_mqtt::limits::from(settings_, properties);
        keep_alive_.start(properties.server_keep_alive
                              ? std::chrono::seconds{*properties.server_keep_alive}
                              : asked_keep_alive_,
                          settings_.ping_response_timeout);
        // A CONNECT whose CONNACK never came may have been the one that would have told of a lost
        // session: the one that is present now may be younger than what is known here.
        const bool is_certain = std::exchange(unanswered_connects_, 0) == 1;
        outbound_.connected(session_present, limits_);
        inbound_.connected(session_present, is_certain);
        if (!session_present || !is_certain) renew_subscriptions(session_present);
        return {.what = session_event::kind::connected, .connack = &connack_};
    }

    /// To ask again for a subscription that exists does no harm.
    void renew_subscriptions(bool may_exist) {
        detail::intrusive_list<outbound_packet> requests;
        subscriptions_.renew(settings_.version, may_exist, requests);
        outbound_.submit_first(requests);
    }

    session_event on_publish(const fixed_header& header, std::span<const std::byte> body) {
        message_ = {};
        if (!decode(header, body, message_)) return {};
        if (message_.properties.topic_alias) {
            const reason_code wrong = topic_aliases_.resolve(message_);
            if (wrong != reason_code::success) {
                fail(errc::topic_alias_invalid, wrong);
                return {};
            }
        }
        acknowledgement token;
        if (message_.qos != qos::at_most_once) {
            using verdict = detail::inbound::verdict;
            switch (inbound_.publish(message_, receive_maximum_, token)) {
                case verdict::deliver: break;
                case verdict::duplicate: return {};
                case verdict::over_receive_maximum:
                    fail(errc::receive_maximum_exceeded, reason_code::receive_maximum_exceeded);
                    return {};
            }
        }
        return {.what = session_event::kind::message, .message = &message_, .token = token};
    }

    template <class Packet>
    session_event on_ack(const fixed_header& header, std::span<const std::byte> body) {
        Packet packet;
        if (!decode(header, body, packet)) return {};
        outbound_publish* done = nullptr;
        if constexpr (Packet::type == packet_type::puback) {
            done = outbound_.puback(packet.packet_id);
        } else if constexpr (Packet::type == packet_type::pubcomp) {
            done = outbound_.pubcomp(packet.packet_id);
        } else if constexpr (Packet::type == packet_type::pubrec) {
            if (is_failure(packet.reason)) {
                done = outbound_.pubrec_failed(packet.packet_id);
            } else {
                answer_pubrec(packet.packet_id, packet.reason);
            }
        } else {
            answer_pubrel(packet.packet_id);
        }
        if (done == nullptr) return {};
        // (3.7.2.1) A broker that had answered before the connection was lost has forgotten it.
        const bool is_late = Packet::type == packet_type::pubcomp && done->pubrel_was_resent;
        const bool is_silent = packet.reason == reason_code::success;
        const reason_code reason = is_silent || is_late ? done->reason : packet.reason;
        void* const tag = done->tag;
        detail::outbound::dispose(*done);
        if (tag == nullptr) return {};
        ack_properties_ = packet.properties;
        return {.what = session_event::kind::completed,
                .error = reason,
                .tag = tag,
                .reason = reason,
                .properties = &ack_properties_};
    }

    void answer_pubrec(std::uint16_t id, reason_code reason) {
        using answer = detail::outbound::pubrec_answer;
        const answer due = outbound_.pubrec(id, reason);
        if (due == answer::none) return;
        pubrel_packet pubrel;
        pubrel.packet_id = id;
        if (due == answer::pubrel_not_found) set_not_found(pubrel);
        encode(pubrel);
    }

    void answer_pubrel(std::uint16_t id) {
        using verdict = detail::inbound::pubrel_verdict;
        pubcomp_packet pubcomp;
        pubcomp.packet_id = id;
        switch (inbound_.pubrel(id)) {
            case verdict::released: break;
            case verdict::not_found: set_not_found(pubcomp); break;
            case verdict::too_early: fail(errc::unexpected_packet); return;
        }
        encode(pubcomp);
    }

    /// 3.1.1 has no reason codes: the answer alone ends the peer's handshake.
    template <class Packet>
    void set_not_found(Packet& packet) const noexcept {
        if (is_v5()) {
            packet.reason = reason_code::packet_identifier_not_found;
        }
    }

    template <class Packet>
    session_event on_request_ack(const fixed_header& header, std::span<const std::byte> body) {
        Packet packet;
        if (!decode(header, body, packet)) return {};
        constexpr bool is_suback = Packet::type == packet_type::suback;
        outbound_request* found = outbound_.find_request(
            packet.packet_id, is_suback ? packet_type::subscribe : packet_type::unsubscribe);
        if (found == nullptr) return {};
        const bool has_reasons = is_suback || is_v5();
        if (has_reasons && packet.reasons.size() != found->filter_count()) {
            // [MQTT-3.8.4-6] Sending it again would end the next connection, too.
            outbound_.fail_request(*found, errc::wrong_reason_count);
            fail(errc::wrong_reason_count);
            return {};
        }
        const outbound_request_ptr done = outbound_.finish_request(*found);
        error_code error;
        auto reason = packet.reasons.begin();
        const auto is_refused = [&] {
            const reason_code granted = has_reasons ? *reason++ : reason_code::success;
            if (is_failure(granted) && !error) error = granted;
            return is_failure(granted);
        };
        if constexpr (is_suback) {
            for (const topic_subscription& each : done->subscriptions()) {
                is_refused() ? subscriptions_.refused(each.filter, done->number)
                             : subscriptions_.granted(each.filter, done->number);
            }
        } else {
            for (const std::string_view filter : done->filters()) {
                if (!is_refused()) subscriptions_.removed(filter, done->number);
            }
        }
        if (done->tag == nullptr) return {};
        ack_properties_ = packet.properties;
        return {.what = session_event::kind::completed,
                .error = error,
                .tag = done->tag,
                .properties = &ack_properties_,
                .reasons = packet.reasons};
    }

    session_event on_disconnect(const fixed_header& header, std::span<const std::byte> body) {
        disconnect_ = {};
        if (!decode(header, body, disconnect_)) return {};
        if (disconnect_.properties.session_expiry_interval) {
            fail(decode_errc::misplaced_property);  // [MQTT-3.14.2-2]
            return {};
        }
        phase_ = phase::closed;
        const error_code error = is_failure(disconnect_.reason)
                                     ? error_code{disconnect_.reason}
                                     : error_code{errc::connection_closed};
        return {.what = session_event::kind::closed,
                .error = error,
                .reason = disconnect_.reason,
                .disconnect = &disconnect_};
    }

    const session_settings settings_;
    phase phase_ = phase::offline;
    session_event closed_;

    // What outlives a connection.
    detail::outbound outbound_;
    detail::inbound inbound_;
    detail::subscriptions subscriptions_;
    std::uint32_t identifier_count_ = 0;
    std::uint64_t request_count_ = 0;
    unsigned unanswered_connects_ = 0;
    std::string assigned_client_id_;
    bool has_session_ = false;       // the broker may have kept one, and this side has its state
    bool must_start_clean_ = false;  // after session_state_missing

    // The connection.
    detail::input_buffer input_;
    detail::output_buffer output_;
    detail::keep_alive keep_alive_;
    time_point connack_deadline_ = never;
    asio_mqtt::limits limits_;
    detail::inbound_topic_aliases topic_aliases_;
    std::uint32_t maximum_packet_size_ = 0;
    std::uint16_t receive_maximum_ = 0;
    std::chrono::seconds asked_keep_alive_{0};
    bool asked_clean_start_ = true;
    bool asked_to_be_kept_ = false;
    bool is_reading_ = false;

    // What the last event points to.
    connack_packet connack_;
    publish_packet message_;
    disconnect_packet disconnect_;
    ack_properties ack_properties_;
};

}  // namespace asio_mqtt
