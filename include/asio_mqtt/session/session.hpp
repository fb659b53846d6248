// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec.hpp>
#include <asio_mqtt/session/inbound.hpp>
#include <asio_mqtt/session/input_buffer.hpp>
#include <asio_mqtt/session/keep_alive.hpp>
#include <asio_mqtt/session/limits.hpp>
#include <asio_mqtt/session/outbound.hpp>
#include <asio_mqtt/session/output_buffer.hpp>
#include <asio_mqtt/session/session_event.hpp>
#include <asio_mqtt/session/subscriptions.hpp>
#include <asio_mqtt/session/time_point.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace asio_mqtt {

/// What a session needs to know beside the CONNECT packet.
struct session_settings {
    protocol_version version = protocol_version::v5;
    std::chrono::milliseconds connack_timeout{10'000};        ///< From connect() to CONNACK.
    std::chrono::milliseconds ping_response_timeout{10'000};  ///< From PINGREQ to any answer.
};

/// An MQTT client session without input and output: bytes go in and come out, time is an argument.
///
/// It outlives its connections. There are four kinds of functions:
///  - the connection: connect() once a transport is there, then for each read prepare_read() and received(),
///    for each write start_write() and finish_write(), disconnected() when the transport is gone;
///  - commands: publish(), subscribe(), unsubscribe(), cancel(), acknowledge(), disconnect(); at any time;
///  - outcomes: next_event(), to be called until it needs data, after each command and each input;
///  - time: deadline() tells when to call expired() next; calling it early is harmless.
/// Not thread-safe. Sections of the standard stand beside the rules that they give.
class session {
public:
    explicit session(session_settings settings) : settings_{settings} {}

    // --- The connection ---------------------------------------------------------------------------------

    /// Begins on a new transport: CONNECT is the next output [MQTT-3.1.0-1].
    ///
    /// `packet.clean_start` is for the first connection: later ones resume the session when there is one.
    /// An empty client id is replaced by the one that the broker assigned before. Returns what is wrong with
    /// the packet, if anything; nothing has begun then.
    error_code connect(connect_packet packet, time_point now) {
        if (has_session_) packet.clean_start = false;
        if (must_start_clean_) packet.clean_start = true;
        if (packet.client_id.empty()) packet.client_id = assigned_client_id_;
        const measure_result encoded = encode(packet);
        if (!encoded) return encoded.error;
        asked_clean_start_ = packet.clean_start;
        asked_keep_alive_ = std::chrono::seconds{packet.keep_alive};
        has_expiry_ = settings_.version == protocol_version::v5
                          ? packet.properties.session_expiry_interval.value_or(0) != 0
                          : !packet.clean_start;
        receive_maximum_ = packet.properties.receive_maximum.value_or(65'535);
        maximum_packet_size_ =
            packet.properties.maximum_packet_size.value_or(max_variable_byte_integer + 5);
        topic_aliases_.assign(packet.properties.topic_alias_maximum.value_or(0), std::string{});
        connack_deadline_ = now + settings_.connack_timeout;
        phase_ = phase::connecting;
        return {};
    }

    /// Room for the next read; what event views pointed to is gone after this.
    std::span<std::byte> prepare_read() { return input_.prepare(); }
    void received(std::size_t size, time_point now) noexcept {
        input_.commit(size);
        keep_alive_.received(now);
    }

    /// What to write next, as pieces of one write; empty when there is nothing. The pieces stay valid until
    /// finish_write(), which must come before the next start_write().
    std::span<const std::span<const std::byte>> start_write(time_point now) {
        if (phase_ == phase::online) {
            inbound_.flush(settings_.version, output_);
            outbound_.flush(settings_.version, output_);
        }
        if (output_.empty()) return {};
        keep_alive_.sent(now);
        outbound_.written();
        return output_.start_write();
    }
    void finish_write() noexcept { output_.finish_write(); }

    /// The transport is gone, or was never there. What was unfinished waits for the next connection.
    void disconnected() {
        phase_ = phase::offline;
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

    // --- Commands ---------------------------------------------------------------------------------------

    /// Sends a message as soon as the connection and the broker's limits allow. Ends in one `completed` event
    /// with the tag: at QoS 0 when it was handed to a write, else when the handshake ended.
    ///
    /// Returns what the broker of this connection does not allow; nothing was queued then. A limit of a later
    /// connection ends the operation with the same error.
    error_code publish(outbound_publish_ptr message, void* tag) {
        if (is_online()) {
            if (const error_code error = outbound_.check(*message, settings_.version)) return error;
        }
        message->tag = tag;
        outbound_.submit(std::move(message));
        return {};
    }

    /// Subscribes; messages may arrive before the operation has completed. The subscription is made again
    /// when the broker loses the session. Errors as for publish(), and all that a packet may have.
    error_code subscribe(outbound_request_ptr request, void* tag) {
        if (settings_.version == protocol_version::v5 && request->subscription_identifier == 0) {
            request->subscription_identifier = ++subscription_count_;
            request->identifier_is_optional = true;
        }
        return submit(std::move(request), tag, true);
    }

    error_code unsubscribe(outbound_request_ptr request, void* tag) {
        return submit(std::move(request), tag, false);
    }

    /// Nobody waits for the operation any more. A packet that was not sent is dropped; a handshake that began
    /// goes on, and keeps its identifier, to its end. Only for operations that have not completed.
    void cancel(outbound_packet& packet) noexcept {
        if (packet.type == packet_type::subscribe && packet.packet_id == 0) {
            forget(static_cast<outbound_request&>(packet));
        }
        outbound_.cancel(packet);
    }

    /// The application has taken over the message: it may be acknowledged.
    void acknowledge(acknowledgement token) noexcept { inbound_.acknowledge(token); }

    /// Ends the connection with DISCONNECT after the output that is ready; nothing follows it
    /// [MQTT-3.14.4-1]. Without a connection nothing happens.
    error_code disconnect(const disconnect_packet& packet) {
        if (phase_ != phase::online && phase_ != phase::connecting) return {};
        const measure_result encoded = encode(packet);
        if (!encoded) return encoded.error;
        if (packet.properties.session_expiry_interval == 0U) has_session_ = false;
        phase_ = phase::closed;
        return {};
    }

    /// Calls `visit(handler)` for each subscription to which a message belongs; for none when it belongs to
    /// no subscription of this session.
    template <class Visitor>
    void for_each_handler(const publish_packet& message, Visitor&& visit) {
        subscriptions_.for_each_handler(message, visit);
    }

    // --- Outcomes ---------------------------------------------------------------------------------------

    session_event next_event() {
        if (outbound_packet* finished = reportable_finished()) return report(*finished);
        while (phase_ != phase::offline && phase_ != phase::closed) {
            if (phase_ == phase::failed) {
                phase_ = phase::closed;
                return closed_;
            }
            if (output_.size() >= answer_limit) return {.what = session_event::kind::paused};
            const auto packet = input_.next(phase_ == phase::connecting ? maximum_first_packet_size()
                                                                        : maximum_packet_size_);
            using status = detail::input_buffer::packet::status;
            if (packet.state == status::need_more) break;
            if (packet.state == status::refused) {
                fail(packet.error, to_reason_code(packet.error));
                continue;
            }
            session_event event = settings_.version == protocol_version::v5
                                      ? handle<codec_v5>(packet.header, packet.body)
                                      : handle<codec_v3_1_1>(packet.header, packet.body);
            if (event.what != session_event::kind::need_data) return event;
            if (outbound_packet* finished = reportable_finished()) return report(*finished);
        }
        return {};
    }

    // --- Time -------------------------------------------------------------------------------------------

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

    /// While the peer is not known to be a broker, little is believed: a CONNACK with every property at its
    /// longest fits.
    static constexpr std::uint32_t first_packet_limit = 524'288;
    /// Answers that wait to be written before reading stops: a peer that sends and does not read is not given
    /// more memory than this.
    static constexpr std::size_t answer_limit = 1'048'576;

    std::uint32_t maximum_first_packet_size() const noexcept {
        return std::min(first_packet_limit, maximum_packet_size_);
    }

    template <class Packet>
    measure_result encode(const Packet& packet) {
        return output_.write(settings_.version, packet);
    }

    /// The peer broke the protocol, or is dead: tell it why where it can be told (4.13), and end.
    void fail(error_code error, reason_code reason = reason_code::protocol_error) {
        closed_ = {.what = session_event::kind::closed, .error = error, .reason = reason};
        if (settings_.version == protocol_version::v5 && phase_ == phase::online) {
            disconnect_packet packet;
            packet.reason = reason;
            encode(packet);
        }
        phase_ = phase::failed;
    }

    error_code submit(outbound_request_ptr request, void* tag, bool is_subscribe) {
        if (const error_code error = is_online()
                                         ? outbound_.check(*request, settings_.version)
                                         : request->check(settings_.version, max_packet_size)) {
            return error;
        }
        request->tag = tag;
        if (is_subscribe) subscriptions_.add(*request);
        outbound_.submit(std::move(request));
        return {};
    }
    static constexpr std::uint32_t max_packet_size = max_variable_byte_integer + 5;

    void forget(const outbound_request& request) {
        for (const subscription& each : request.subscriptions) {
            subscriptions_.refused(each.filter, request.subscription_identifier);
        }
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
        const session_event event{.what = session_event::kind::completed,
                                  .error = finished.error,
                                  .tag = finished.tag};
        detail::outbound::dispose(finished);
        return event;
    }

    template <class Codec>
    session_event handle(const fixed_header& header, std::span<const std::byte> body) {
        const bool is_first = phase_ == phase::connecting;
        if (is_first != (header.type == packet_type::connack) &&
            !(is_first && header.type == packet_type::disconnect)) {
            // [MQTT-3.2.0-1] [MQTT-3.2.0-2]
            fail(header.type == packet_type::auth ? errc::unsolicited_authentication
                                                  : errc::unexpected_packet);
            return {};
        }
        switch (header.type) {
            case packet_type::connack: return on_connack<Codec>(header, body);
            case packet_type::publish: return on_publish<Codec>(header, body);
            case packet_type::puback: return on_ack<Codec, puback_packet>(header, body);
            case packet_type::pubrec: return on_ack<Codec, pubrec_packet>(header, body);
            case packet_type::pubrel: return on_ack<Codec, pubrel_packet>(header, body);
            case packet_type::pubcomp: return on_ack<Codec, pubcomp_packet>(header, body);
            case packet_type::suback: return on_request_ack<Codec, suback_packet>(header, body);
            case packet_type::unsuback: return on_request_ack<Codec, unsuback_packet>(header, body);
            case packet_type::pingresp: {
                pingresp_packet packet;
                if (decode<Codec>(header, body, packet)) keep_alive_.pong();
                return {};
            }
            case packet_type::disconnect:
                if (Codec::version == protocol_version::v5) {
                    return on_disconnect<Codec>(header, body);
                }
                break;
            default: break;  // what only a client sends, and AUTH without a method [MQTT-4.12.0-6]
        }
        fail(header.type == packet_type::auth ? errc::unsolicited_authentication
                                              : errc::unexpected_packet);
        return {};
    }

    template <class Codec, class Packet>
    bool decode(const fixed_header& header, std::span<const std::byte> body, Packet& packet) {
        const decode_result decoded = Codec::decode(header, body, packet);
        if (!decoded) fail(decoded.error, to_reason_code(decoded.error));
        return static_cast<bool>(decoded);
    }

    template <class Codec>
    session_event on_connack(const fixed_header& header, std::span<const std::byte> body) {
        connack_ = {};
        if (!decode<Codec>(header, body, connack_)) return {};
        if (is_failure(connack_.reason)) {
            phase_ = phase::closed;
            return {.what = session_event::kind::closed,
                    .error = connack_.reason,
                    .connack = &connack_,
                    .reason = connack_.reason};
        }
        const bool session_present = connack_.session_present;
        phase_ = phase::online;  // from here on a DISCONNECT may say what is wrong
        if (session_present && asked_clean_start_) {
            fail(errc::unexpected_packet);  // [MQTT-3.2.2-2]
            return {};
        }
        if (session_present && !has_session_ && Codec::version == protocol_version::v5) {
            must_start_clean_ = true;
            fail(errc::session_state_missing);  // [MQTT-3.2.2-4]
            return {};
        }
        must_start_clean_ = false;
        if (connack_.properties.session_expiry_interval) {
            has_expiry_ = *connack_.properties.session_expiry_interval != 0;
        }
        has_session_ = has_expiry_;
        if (connack_.properties.assigned_client_identifier) {
            assigned_client_id_ = *connack_.properties.assigned_client_identifier;
        }
        limits_ = asio_mqtt::limits::from(Codec::version, connack_.properties);
        const auto interval = connack_.properties.server_keep_alive;
        keep_alive_.start(interval ? std::chrono::seconds{*interval} : asked_keep_alive_,
                          settings_.ping_response_timeout);
        outbound_.connected(session_present, limits_);
        if (!session_present) {
            inbound_.session_lost();
            for (outbound_request_ptr& request : subscriptions_.renew()) {
                request->identifier_is_optional = true;
                outbound_.submit(std::move(request));
            }
        }
        return {.what = session_event::kind::connected, .connack = &connack_};
    }

    template <class Codec>
    session_event on_publish(const fixed_header& header, std::span<const std::byte> body) {
        message_ = {};
        if (!decode<Codec>(header, body, message_)) return {};
        if (message_.properties.topic_alias && !resolve_topic_alias()) return {};
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

    bool resolve_topic_alias() {
        const std::size_t alias = *message_.properties.topic_alias;
        if (alias > topic_aliases_.size() ||
            (message_.topic.empty() && topic_aliases_[alias - 1].empty())) {
            fail(errc::topic_alias_invalid, reason_code::topic_alias_invalid);  // (3.3.2.3.4)
            return false;
        }
        std::string& known = topic_aliases_[alias - 1];
        if (message_.topic.empty()) {
            message_.topic = known;
        } else {
            known = message_.topic;
        }
        return true;
    }

    template <class Codec, class Packet>
    session_event on_ack(const fixed_header& header, std::span<const std::byte> body) {
        Packet packet;
        if (!decode<Codec>(header, body, packet)) return {};
        outbound_publish* done = nullptr;
        if constexpr (Packet::type == packet_type::puback) {
            done = outbound_.puback(packet.packet_id);
        } else if constexpr (Packet::type == packet_type::pubcomp) {
            done = outbound_.pubcomp(packet.packet_id);
        } else if constexpr (Packet::type == packet_type::pubrec) {
            if (is_failure(packet.reason)) {
                done = outbound_.pubrec_failed(packet.packet_id);
            } else {
                answer_pubrec(packet.packet_id);
            }
        } else {
            answer_pubrel(packet.packet_id);
        }
        if (done == nullptr) return {};
        void* const tag = done->tag;
        detail::outbound::dispose(*done);
        if (tag == nullptr) return {};
        ack_properties_ = packet.properties;
        return {.what = session_event::kind::completed,
                .error = packet.reason,
                .tag = tag,
                .reason = packet.reason,
                .properties = &ack_properties_};
    }

    void answer_pubrec(std::uint16_t id) {
        using answer = detail::outbound::pubrec_answer;
        const answer due = outbound_.pubrec(id);
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
        if (settings_.version == protocol_version::v5) {
            packet.reason = reason_code::packet_identifier_not_found;
        }
    }

    template <class Codec, class Packet>
    session_event on_request_ack(const fixed_header& header, std::span<const std::byte> body) {
        Packet packet;
        if (!decode<Codec>(header, body, packet)) return {};
        constexpr bool is_suback = Packet::type == packet_type::suback;
        outbound_request* found = outbound_.find_request(
            packet.packet_id, is_suback ? packet_type::subscribe : packet_type::unsubscribe);
        if (found == nullptr) return {};
        const bool has_reasons = is_suback || Codec::version == protocol_version::v5;
        if (has_reasons && packet.reasons.size() != found->subscriptions.size()) {
            fail(errc::wrong_reason_count);  // [MQTT-3.8.4-6] the request is sent again
            return {};
        }
        const outbound_request_ptr done = outbound_.finish_request(*found);
        error_code error;
        auto reason = packet.reasons.begin();
        for (const subscription& each : done->subscriptions) {
            const reason_code granted = has_reasons ? *reason : reason_code::success;
            if (is_failure(granted)) {
                if (!error) error = granted;
                if (is_suback) {
                    subscriptions_.refused(each.filter, done->subscription_identifier);
                }
            } else if (is_suback) {
                subscriptions_.granted(each.filter);
            } else {
                subscriptions_.remove(each.filter);
            }
            if (has_reasons) ++reason;
        }
        if (done->tag == nullptr) return {};
        ack_properties_ = packet.properties;
        return {.what = session_event::kind::completed,
                .error = error,
                .tag = done->tag,
                .properties = &ack_properties_,
                .reasons = packet.reasons};
    }

    template <class Codec>
    session_event on_disconnect(const fixed_header& header, std::span<const std::byte> body) {
        disconnect_ = {};
        if (!decode<Codec>(header, body, disconnect_)) return {};
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
    std::uint32_t subscription_count_ = 0;
    std::string assigned_client_id_;
    bool has_session_ = false;       // the broker may have kept one, and this side has its state
    bool must_start_clean_ = false;  // after session_state_missing

    // The connection.
    detail::input_buffer input_;
    detail::output_buffer output_;
    detail::keep_alive keep_alive_;
    time_point connack_deadline_ = never;
    asio_mqtt::limits limits_;
    std::vector<std::string> topic_aliases_;
    std::uint32_t maximum_packet_size_ = 0;
    std::uint16_t receive_maximum_ = 0;
    std::chrono::seconds asked_keep_alive_{0};
    bool asked_clean_start_ = true;
    bool has_expiry_ = false;

    // What the last event points to.
    connack_packet connack_;
    publish_packet message_;
    disconnect_packet disconnect_;
    ack_properties ack_properties_;
};

}  // namespace asio_mqtt
