// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/connect_version.hpp>
#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/session/counters.hpp>
#include <asio_mqtt/session/inbound.hpp>
#include <asio_mqtt/session/input_buffer.hpp>
#include <asio_mqtt/session/keep_alive.hpp>
#include <asio_mqtt/session/limits.hpp>
#include <asio_mqtt/session/outbound.hpp>
#include <asio_mqtt/session/output_buffer.hpp>
#include <asio_mqtt/session/packet_trace.hpp>
#include <asio_mqtt/session/received_publish.hpp>
#include <asio_mqtt/session/resumption.hpp>
#include <asio_mqtt/session/session_event.hpp>
#include <asio_mqtt/session/session_settings.hpp>
#include <asio_mqtt/session/subscriptions.hpp>
#include <asio_mqtt/session/time_point.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>

namespace asio_mqtt {

/// An MQTT client session without input and output: bytes go in and come out, time is an argument.
///
/// It outlives its connections. There are four kinds of functions:
///  - the connection: connect() once a transport is there, then for each read prepare_read() and
///    received(), for each write start_write() and finish_write(), disconnected() when it is gone;
///  - commands: publish() and request(), for what outbound_publish::make() and
///    outbound_request::make() give, publish_at_once(), cancel(), acknowledge(), disconnect();
///  - outcomes: next_event(), to be called until it needs data, after each command and each input;
///  - time: deadline() tells when to call expired() next; calling it early is harmless.
/// Not thread-safe. Sections of the standard stand beside the rules that they give.
class session {
public:
    explicit session(const session_settings& settings)
        : settings_{settings}, outbound_{settings, counters_} {}
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    // --- The connection ------------------------------------------------------------------

    /// The version of the next connections; to be called while there is none.
    void use_version(protocol_version version) noexcept { settings_.version = version; }

    /// The next connection is to another broker: a session that it has may be an older one.
    void change_broker() noexcept { resumption_.doubt(); }

    /// Begins on a new transport: CONNECT is the next output [MQTT-3.1.0-1].
    ///
    /// `packet.clean_start` is for the first connection: later ones resume the session when there
    /// is one. An empty client id is replaced by the one that the broker assigned before. Returns
    /// what is wrong with the packet, if anything; nothing has begun then.
    error_code connect(connect_packet packet, time_point now) {
        resumption_.prepare(packet, settings_.version);
        if (phase_ != phase::offline) disconnected();
        if (const measure_result encoded = encode(packet); !encoded) return encoded.error;
        resumption_.asked(packet, settings_.version);
        own_limits_ = asio_mqtt::limits::announced(settings_, packet.properties);
        received_.start_aliases(packet.properties.topic_alias_maximum.value_or(0));
        keep_alive_.await_connack(packet.keep_alive, detail::after(now, settings_.connack_timeout));
        phase_ = phase::connecting;
        return {};
    }

    /// Room for the next read; what event views pointed to is gone after this.
    std::span<std::byte> prepare_read() {
        is_reading_ = true;
        connack_.reset();
        disconnect_.reset();
        return input_.prepare();
    }
    void received(std::size_t size, time_point now) noexcept {
        is_reading_ = false;
        input_.commit(size);
        if (is_over()) input_.discard();  // a peer that goes on sending takes no memory
        counters_.bytes_received += size;
        keep_alive_.received(now);
    }

    /// What to write next, as pieces of one write; empty when there is nothing, or when the write
    /// before is not finished. The pieces stay valid until finish_write(), whatever happens.
    std::span<const std::span<const std::byte>> start_write(time_point now) {
        if (output_.is_writing()) return {};
        flush(now);
        if (output_.empty()) return {};
        const auto pieces = output_.pieces();
        outbound_.written();  // or nothing has changed
        counters_.bytes_sent += output_.size();
        keep_alive_.sent(now);
        output_.start_write();
        detail::trace_sent(settings_.on_packet, settings_.version, pieces);
        return pieces;
    }
    /// The transport has taken in more of it, or all: a slow peer is not a dead one.
    void write_got_on(time_point now) noexcept { keep_alive_.write_got_on(now); }
    void finish_write() noexcept {
        output_.finish_write();
        keep_alive_.write_finished();
    }

    /// The transport is gone, or was never there. What was unfinished waits for the next
    /// connection. `kept(tag, packet)` is called for each message of publish_at_once() that no
    /// write has taken: it waits, too, as `packet`, which is null when there is no memory for it.
    template <class Kept = decltype([](void*, outbound_packet*) {})>
    void disconnected(Kept&& kept = {}) {
        phase_ = phase::offline;
        is_reading_ = false;
        outbound_.disconnected(output_, settings_.version, kept);
        output_.discard();
        input_.clear();
        inbound_.disconnected();
        keep_alive_.stop();
    }

    bool is_online() const noexcept { return phase_ == phase::online; }

    /// What the broker of this connection allows; that of the last one while offline.
    const asio_mqtt::limits& limits() const noexcept { return limits_; }

    /// What has gone through the session, and what is in it now.
    asio_mqtt::counters counters() const noexcept {
        asio_mqtt::counters result = counters_;
        outbound_.count(result);
        return result;
    }

    // --- Commands ------------------------------------------------------------------------

    /// Sends a message as soon as the connection and the broker's limits allow. Ends in one
    /// `completed` event with the tag: at QoS 0 when it was handed to a write, else when the
    /// handshake ended.
    ///
    /// Returns what the broker of this connection does not allow, or errc::queue_full; nothing was
    /// queued then. A limit of a later connection ends the operation with the same error. So do
    /// errc::message_expired and errc::message_dropped, while the message waits.
    error_code publish(outbound_publish_ptr message, void* tag, time_point now) {
        if (const errc error = forbidden(*message); error != errc{}) return error;
        message->tag = tag;
        if (const errc full = outbound_.submit(*message, now); full != errc{}) return full;
        static_cast<void>(message.release());
        return {};
    }

    /// The same with less work, for a message at QoS 0 without properties, when nothing has to be
    /// sent before it; unstored() tells its tag. Otherwise, and when it may not be sent, false.
    [[gnu::always_inline]] bool publish_at_once(const publish_content& message, void* tag) {
        return is_online() && outbound_.write_at_once(message, tag, settings_.version, output_);
    }

    /// The same for a message at QoS 1 or 2 without expiry interval and shared payload: with true
    /// the session has taken it. It ends as one of publish() does.
    bool publish_at_once(outbound_publish_ptr& message, void* tag) {
        message->tag = tag;
        return is_online() && outbound_.send_at_once(message, settings_.version, output_);
    }

    /// Sends a SUBSCRIBE or UNSUBSCRIBE as soon as there is a connection; messages may arrive
    /// before it has completed. A subscription is made again when the broker loses the session.
    /// Errors as for publish(), but for those of the queue.
    error_code request(outbound_request_ptr asked, void* tag) {
        subscriptions_.number(*asked, settings_.version);
        if (const errc error = forbidden(*asked); error != errc{}) return error;
        asked->tag = tag;
        if (asked->type == packet_type::subscribe) subscriptions_.add(*asked);
        outbound_.submit(std::move(asked));
        return {};
    }

    /// Nobody waits for the operation any more. A packet that was not sent is dropped; a handshake
    /// that began goes on, and keeps its identifier, to its end. Not for what has completed.
    void cancel(outbound_packet& packet) noexcept {
        if (packet.type == packet_type::subscribe && packet.packet_id == 0) {
            subscriptions_.failed(static_cast<outbound_request&>(packet));
        }
        outbound_.cancel(packet);
    }

    /// The application has taken over the message: it may be acknowledged.
    void acknowledge(acknowledgement token) noexcept {
        if (token) inbound_.acknowledge(token);
    }
    /// It will not: nothing more is acknowledged now; on another connection the message is new.
    void abandon(acknowledgement token) noexcept { inbound_.abandon(token); }

    /// Ends the connection with DISCONNECT behind the output that may leave now; nothing follows it
    /// [MQTT-3.14.4-1]. Without a connection nothing happens. Returns what is wrong with the
    /// packet, if anything; the connection goes on then.
    error_code disconnect(const disconnect_packet& packet, time_point now) {
        if (is_over()) return {};
        const measure_result measured = codec().measure(packet);
        if (!measured) return measured.error;
        if (measured.packet_size() > limits_.maximum_packet_size) return errc::packet_too_large;
        const auto expiry = packet.properties.session_expiry_interval;
        // (3.14.2.2.2) What was to end with the connection cannot be kept afterwards.
        if (!resumption_.may_be_kept() && expiry.value_or(0) != 0)
            return errc::invalid_property_value;
        // What flush() takes can be cancelled no more: it must leave with a write that begins now.
        if (!output_.is_writing()) flush(now);
        encode(packet);
        if (expiry == 0U) resumption_.ends();
        end(phase::closed);
        return {};
    }

    /// Asks the broker now whether it is there, not only when the keep-alive is due.
    void probe(time_point now) {
        if (is_online() && keep_alive_.probe(now, output_.writes_left())) encode(pingreq_packet{});
    }

    /// At least half of the queue is free.
    bool has_room() const noexcept { return outbound_.queue().bytes() <= settings_.queue_size / 2; }

    // --- Outcomes ------------------------------------------------------------------------

    /// Without `takes_in` only what does not hang on what was received, for the time in which the
    /// application has no room for messages.
    session_event next_event(bool takes_in = true) {
        session_event event;
        while (!find_finished(event) && takes_in && !find_received(event)) {
        }
        return event;
    }

    /// Those of publish_at_once(): their next_written() is to be asked after each start_write().
    detail::unstored_publishes& unstored() noexcept { return outbound_.unstored(); }

    /// Behind a `completed` event: the tag of the next operation, when all there is to be told is
    /// that a message was published, as it mostly is. Otherwise null: next_event() goes on.
    void* next_published() {
        if (!outbound_.has_finished()) take_acknowledgements();
        return outbound_.take_success();
    }

    /// Behind a `message` event: true when a short message follows at once, as it mostly does; the
    /// event tells it then. Otherwise next_event() goes on, and may tell a message as well.
    bool next_message(session_event& event) {
        event.what = kind::need_data;
        return is_online() && output_.size() < output_.answer_limit && take_short_publish(event) &&
               event.what == kind::message;
    }

    // --- Time ----------------------------------------------------------------------------

    /// When expired() must be called at the latest.
    time_point deadline() const noexcept { return std::min(keep_alive_.due(), outbound_.due()); }

    void expired(time_point now) {
        outbound_.expire(now);
        if (now < keep_alive_.due()) return;
        if (phase_ == phase::connecting) return fail(errc::connect_timeout);
        // The peer cannot be blamed for what nobody reads, but for answers that it does not take.
        if (!is_reading_ && output_.size() < output_.answer_limit) keep_alive_.received(now);
        const auto due = keep_alive_.expired(now, output_.writes_left());
        if (due == detail::keep_alive::action::send_ping) encode(pingreq_packet{});
        if (due == detail::keep_alive::action::peer_is_dead) {
            // The reason "Keep Alive timeout" is for brokers (3.14.2.1).
            fail(errc::keep_alive_timeout, reason_code::unspecified_error);
        }
    }

private:
    using kind = session_event::kind;
    using bytes = std::span<const std::byte>;
    enum class phase {
        offline,
        connecting,  // CONNECT is out, CONNACK is not in
        online,
        failed,  // the event `closed` is due
        closed,  // it was reported, or DISCONNECT was asked for: only output is left
    };

    /// Nothing of what the peer sends counts any more, or there is no peer.
    bool is_over() const noexcept { return phase_ != phase::online && phase_ != phase::connecting; }
    bool is_v5() const noexcept { return settings_.version == protocol_version::v5; }

    /// What the broker of this connection does not allow.
    errc forbidden(const auto& packet) const noexcept {
        return is_online() ? outbound_.check(packet, settings_.version) : errc{};
    }

    template <class Packet>
    measure_result encode(const Packet& packet) {
        return output_.write(settings_.version, packet);
    }

    void flush(time_point now) {
        if (phase_ != phase::online) return;
        inbound_.flush(output_);
        outbound_.expire(now);
        outbound_.flush(settings_.version, output_, now);
    }

    /// The peer broke the protocol, or is dead: tell it why where it can be told (4.13), and end.
    // As a part of take_short_publish(), too, it would add 22 KB to each program.
    [[gnu::noinline]] void fail(error_code error,
                                reason_code reason = reason_code::protocol_error) {
        failure_ = error;
        reason_ = reason;
        if (is_v5() && phase_ == phase::online) encode(disconnect_packet{.reason = reason});
        end(phase::failed);
    }
    void end(phase as) noexcept {
        phase_ = as;
        keep_alive_.stop();
    }

    void close(error_code error, reason_code reason, session_event& event) {
        end(phase::closed);
        event = {.what = kind::closed, .error = error, .reason = reason};
    }

    /// True when there is an outcome; what nobody waits for is dropped.
    bool find_finished(session_event& event) {
        while (event.what == kind::need_data && outbound_.has_finished()) {
            outbound_packet& finished = outbound_.take_finished();
            report(finished, event);
            detail::outbound::dispose(finished);
        }
        return event.what != kind::need_data;
    }
    void report(outbound_packet& finished, session_event& event) {
        const bool is_refused = finished.type == packet_type::subscribe && finished.error != errc{};
        if (is_refused) subscriptions_.failed(static_cast<outbound_request&>(finished));
        if (finished.tag != nullptr) {
            event.what = kind::completed;
            event.tag = finished.tag;
            if (finished.type == packet_type::publish) {
                event.reason = static_cast<outbound_publish&>(finished).reason;
                if (event.reason != reason_code::success) event.error = event.reason;
            }
            if (finished.error != errc{}) event.error = finished.error;
        } else if (is_refused && !finished.abandoned) {
            subscription_lost(static_cast<outbound_request&>(finished), finished.error, event);
        }
    }

    /// Takes one step: true when it led to an event, or when nothing is left to do.
    bool find_received(session_event& event) {
        if (is_over()) {
            if (phase_ == phase::failed) close(failure_, reason_, event);
            return true;
        }
        if (output_.size() >= output_.answer_limit) {
            event.what = kind::paused;
            return true;
        }
        if (!is_online()) return find_packet(event);
        if (!take_short_publish(event)) return !take_acknowledgements() && find_packet(event);
        return event.what != kind::need_data;
    }

    /// Takes what most packets are; anything else is left where it is.
    // In pieces, as the compiler would leave it, it costs 10 to 30 instructions a message.
    [[gnu::flatten]] bool take_short_publish(session_event& event) {
        const auto packet = input_.short_publish(own_limits_.maximum_packet_size);
        if (!packet || !received_.decode_plain(codec(), packet.header, packet.body())) return false;
        const auto* const handlers = subscriptions_.handlers_of(received_.packet());
        if (handlers == nullptr) return false;
        input_.drop(packet);
        detail::trace_received(settings_.on_packet, settings_.version, packet.bytes);
        on_message(event, *handlers);
        return true;
    }

    /// Takes those that come next, as long as they are what most are; false when the first is not.
    // In pieces it costs a message 17 instructions at QoS 1, and 70 at QoS 2.
    [[gnu::flatten]] bool take_acknowledgements() {
        bool any = false;
        for (; is_online() && output_.size() < output_.answer_limit; any = true) {
            const auto packet = input_.next_plain_acknowledgement(own_limits_.maximum_packet_size);
            if (!packet) break;
            detail::trace_received(settings_.on_packet, settings_.version, packet.bytes);
            acknowledged(packet.header.type, wire::load_16(packet.body().data()));
        }
        return any;
    }

    bool find_packet(session_event& event) {
        const std::uint32_t own = own_limits_.maximum_packet_size;
        const auto packet =
            input_.next(is_online() ? own : std::min(own, input_.first_packet_limit));
        if (packet.error != decode_errc{}) {
            fail(packet.error, to_reason_code(packet.error));
            return false;
        }
        if (!packet) return true;
        detail::trace_received(settings_.on_packet, settings_.version, packet.bytes);
        handle(packet.header, packet.body(), event);
        return event.what != kind::need_data;
    }

    void handle(const fixed_header& header, bytes body, session_event& event) {
        // [MQTT-3.2.0-1] [MQTT-3.2.0-2] CONNACK is the first packet, and no other is.
        const bool is_first = phase_ == phase::connecting;
        const bool is_in_time = is_first == (header.type == packet_type::connack) ||
                                header.type == packet_type::disconnect;
        if (is_online() && is_acknowledgement(header.type)) return on_ack(header, body, event);
        switch (is_in_time ? header.type : packet_type::connect) {
            case packet_type::connack: return on_connack(header, body, event);
            case packet_type::publish: return on_publish(header, body, event);
            case packet_type::suback:
            case packet_type::unsuback: return on_request_ack(header, body, event);
            case packet_type::pingresp: return on_pingresp(header, body);
            case packet_type::disconnect:
                if (is_v5()) return on_disconnect(header, body, event);
                break;
            // A PUBLISH before CONNACK, what only a client sends, and AUTH without a method
            // [MQTT-4.12.0-6].
            default: break;
        }
        fail(header.type == packet_type::auth ? errc::unsolicited_authentication
                                              : errc::unexpected_packet);
    }

    versioned_codec codec() const noexcept { return versioned_codec{settings_.version}; }

    bool is_well_formed(const decode_result& decoded) {
        if (!decoded) fail(decoded.error, to_reason_code(decoded.error));
        return static_cast<bool>(decoded);
    }

    void on_pingresp(const fixed_header& header, bytes body) {
        pingresp_packet packet;
        if (is_well_formed(codec().decode(header, body, packet))) keep_alive_.pong();
        input_.shrink();  // who has to ask has little to do
        output_.shrink();
        outbound_.unstored().shrink();
    }

    void on_connack(const fixed_header& header, bytes body, session_event& event) {
        connack_.reset(new connack_packet);
        connack_packet& connack = *connack_;
        if (is_v5() && is_refusal_of_v5(body)) {
            connack.reason = reason_code::unsupported_protocol_version;
        } else if (!is_well_formed(codec().decode(header, body, connack))) {
            return;
        }
        if (is_failure(connack.reason)) {
            resumption_.refused();
            close(connack.reason, connack.reason, event);
            event.connack = &connack;
            return;
        }
        phase_ = phase::online;  // from here on a DISCONNECT may say what is wrong
        if (!resumption_.accepted(connack)) return fail(errc::session_state_missing);
        const connack_properties& properties = connack.properties;
        limits_ = asio_mqtt::limits::from(settings_, properties);
        keep_alive_.start(properties.server_keep_alive, settings_.ping_response_timeout);
        const bool session_present = connack.session_present;
        const bool is_certain = resumption_.is_certain();
        ++counters_.connections;
        inbound_.connected(session_present, is_certain);
        outbound_.connected(session_present, limits_);
        if (!session_present || !is_certain) {
            // To ask again for a subscription that exists does no harm.
            detail::intrusive_list<outbound_packet> requests;
            const bool are_all = subscriptions_.renew(session_present, requests);
            outbound_.submit_first(requests);
            if (!are_all) throw std::bad_alloc{};
        }
        resumption_.settled();
        event = {.what = kind::connected, .connack = &connack};
    }

    void on_publish(fixed_header header, bytes body, session_event& event) {
        if (!is_well_formed(received_.decode(codec(), header, body))) return;
        const reason_code wrong = received_.resolve_alias();
        if (wrong != reason_code::success) return fail(errc::topic_alias_invalid, wrong);
        // Its topic name is valid, or it would not have been decoded.
        on_message(event, *subscriptions_.handlers_of(received_.packet()));
    }

    /// A PUBLISH that was decoded.
    void on_message(session_event& event, const detail::subscriptions::handlers& handlers) {
        const publish_packet& message = received_.packet();
        event.token = {};
        if (message.qos != qos::at_most_once && !is_new(message, event.token)) return;
        ++counters_.messages_received;
        event.what = kind::message;
        event.message = &message;
        event.handlers = {handlers.data(), handlers.size()};
    }

    /// At QoS 1 and 2; false when the broker has sent it before, or may not send it.
    bool is_new(const publish_packet& message, acknowledgement& token) {
        using verdict = detail::inbound::verdict;
        const verdict given = inbound_.publish(message, own_limits_.receive_maximum, token);
        if (given == verdict::duplicate) ++counters_.duplicates_received;
        if (given == verdict::over_receive_maximum) {
            fail(errc::receive_maximum_exceeded, reason_code::receive_maximum_exceeded);
        }
        return given == verdict::deliver;
    }

    void on_ack(const fixed_header& header, bytes body, session_event& event) {
        puback_packet packet;  // or one of the others
        if (!is_well_formed(codec().decode_acknowledgement(header, body, packet))) return;
        acknowledged(header.type, packet.packet_id, packet.reason);
        if (!find_finished(event)) return;
        ack_properties_ = packet.properties;
        event.properties = &ack_properties_;
    }

    void acknowledged(packet_type type, std::uint16_t id,
                      reason_code given = reason_code::success) {
        if (type == packet_type::pubrel) {
            if (!inbound_.pubrel(id, settings_.version, output_)) fail(errc::unexpected_packet);
        } else if (type == packet_type::pubrec && !is_failure(given)) {
            outbound_.pubrec(id, given, settings_.version, output_);
        } else {
            outbound_.end_handshake(type, id, given);
        }
    }

    void on_request_ack(const fixed_header& header, bytes body, session_event& event) {
        suback_packet packet;  // or an UNSUBACK
        const bool is_decoded =
            is_well_formed(codec().decode_acknowledgement(header, body, packet));
        const bool is_suback = header.type == packet_type::suback;
        outbound_request* found = outbound_.find_request(packet.packet_id, header.type);
        if (found == nullptr) return;
        const bool has_reasons = is_suback || is_v5();
        if (!is_decoded || (has_reasons && packet.reasons.size() != found->filter_count())) {
            // [MQTT-3.8.4-6] Sending it again would end the next connection, too.
            outbound_.fail_request(*found, errc::malformed_answer);
            if (is_decoded) fail(errc::malformed_answer);
            return;
        }
        const outbound_request_ptr done = outbound_.finish_request(*found);
        const error_code error = subscriptions_.answered(*done, packet.reasons);
        if (done->tag == nullptr) {
            if (is_suback && error && !done->abandoned) subscription_lost(*done, error, event);
            return;
        }
        ack_properties_ = packet.properties;
        event = {.what = kind::completed,
                 .error = error,
                 .tag = done->tag,
                 .properties = &ack_properties_,
                 .reasons = packet.reasons};
    }

    /// For one that was made again after the broker had lost it: see subscriptions::renew().
    void subscription_lost(const outbound_request& request, error_code error,
                           session_event& event) {
        lost_filter_ = (*request.subscriptions().begin()).filter;
        event = {.what = kind::subscription_lost, .error = error, .filter = lost_filter_};
    }

    void on_disconnect(const fixed_header& header, bytes body, session_event& event) {
        disconnect_.reset(new disconnect_packet);
        if (!is_well_formed(codec().decode(header, body, *disconnect_))) return;
        if (disconnect_->properties.session_expiry_interval) {
            return fail(decode_errc::misplaced_property);  // [MQTT-3.14.2-2]
        }
        const error_code said = disconnect_->reason;
        close(said ? said : errc::connection_closed, disconnect_->reason, event);
        event.disconnect = disconnect_.get();
    }

    session_settings settings_;
    asio_mqtt::counters counters_;
    phase phase_ = phase::offline;
    error_code failure_;  // what the event `closed` will say, with the reason
    reason_code reason_ = reason_code::success;

    // What outlives a connection.
    detail::outbound outbound_;
    detail::inbound inbound_;
    detail::subscriptions subscriptions_;
    detail::resumption resumption_;

    // The connection.
    detail::input_buffer input_;
    detail::output_buffer output_;
    detail::keep_alive keep_alive_;
    asio_mqtt::limits limits_;
    asio_mqtt::limits own_limits_;  // that CONNECT has announced
    bool is_reading_ = false;

    // What the last event points to; what is rare takes memory only as long as it is needed.
    std::unique_ptr<connack_packet> connack_;
    detail::received_publish received_;
    std::unique_ptr<disconnect_packet> disconnect_;
    ack_properties ack_properties_;
    std::string lost_filter_;
};

}  // namespace asio_mqtt
