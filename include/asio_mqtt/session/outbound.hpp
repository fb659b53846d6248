// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/counters.hpp>
#include <asio_mqtt/session/limits.hpp>
#include <asio_mqtt/session/outbound_publish.hpp>
#include <asio_mqtt/session/outbound_request.hpp>
#include <asio_mqtt/session/packet_id_table.hpp>
#include <asio_mqtt/session/publish_queue.hpp>
#include <asio_mqtt/session/unwritten_publishes.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace asio_mqtt::detail {

// The sending half of a session: what waits to be sent, what waits for its acknowledgement, and
// what is sent again after a connection was lost. All transitions of an outbound handshake are in
// this file.
//
//             submit()          flush()             end_handshake()
//   publish:  waiting   --->    in flight   --->    finished: to be reported
//                |  expired, or dropped for newer ones: reported
//                ^                  |  pubrec(): PUBREL, "released"
//                |                  |  connected(), session present: resent, DUP set
//                +------------------+  connected(), session lost: new again; released ones are done
//
//   at once:  write_at_once(), send_at_once(): in the output, until written() or disconnected()
//
//   request:  waiting   --->    in flight   --->    handed back
//                ^------------------+  connected(): a request is no session state, it is sent anew
//
// - An identifier is in use from the first sending until the handshake ended, whoever still waits.
// - Publishes leave in the order in which they were submitted, resends first [MQTT-4.6.0-1].
// - Requests do not wait for the Receive Maximum [MQTT-3.3.4-8], and so may overtake publishes.

class outbound {
public:
    outbound(const session_settings& settings, counters& counted) noexcept
        : publishes_{settings},
          in_flight_limit_{settings.in_flight_size},
          on_session_loss_{settings.on_session_loss},
          counters_{counted} {}
    outbound(const outbound&) = delete;
    outbound& operator=(const outbound&) = delete;
    ~outbound() {
        while (!publishes_.empty())
            drop(publishes_.front());
        unwritten_.lost(dispose, [](const unstored_publishes::entry&) {});
        for (auto* list : {&requests_, &resends_, &sent_, &released_, &asked_, &finished_})
            dispose_all(*list);
    }

    /// Takes over the message, unless it throws or gives an error: errc::queue_full when there is
    /// no room. What is dropped to make room is to be reported.
    errc submit(outbound_publish& publish, time_point now) {
        publish.start_expiry(now);
        if (!publishes_.has_room(publish)) expire(now);
        while (!publishes_.has_room(publish)) {
            outbound_publish* const oldest = publishes_.oldest_to_drop_for(publish);
            if (oldest == nullptr) return errc::queue_full;
            publishes_.remove(*oldest);
            finish(*oldest, errc::message_dropped);
            ++counters_.messages_dropped;
        }
        publishes_.push_back(publish);
        return {};
    }
    void submit(outbound_request_ptr request) noexcept { requests_.push_back(*request.release()); }

    /// Writes a message at QoS 0 without properties to the output, when nothing has to leave before
    /// it: then it need not be stored. Otherwise, and when it may not be sent, false.
    // One function with what calls it, up to publish_request: else 35 of 400 instructions more.
    [[gnu::always_inline]] bool write_at_once(const publish_content& message, void* tag,
                                              protocol_version version, output_buffer& output) {
        if (message.qos != qos::at_most_once || something_waits() || !publishes_.lets_pass()) {
            return false;
        }
        unstored_publishes& unstored = unwritten_.unstored();
        const bool is_valid = unstored.has_last_topic(message.topic, output.bytes());
        const publish_content::measured found = message.measure(version, is_valid);
        const std::size_t size = found.packet_size();
        const std::size_t memory = outbound_publish::memory_of(found);
        if (found.error != errc{} || check(qos::at_most_once, message.retain, size) != errc{} ||
            !publishes_.has_room(memory) || output.size() + size > output.message_limit) {
            return false;
        }
        const std::size_t position = output.bytes().size();
        if (!(unstored.has_room() && output.has_room(size)) && !make_room(output, size))
            return false;
        unstored.push_back(tag, position, size - found.body_size, message.topic);
        message.write(version, found, output.append(size));
        publishes_.pass(memory);
        return true;
    }
    unstored_publishes& unstored() noexcept { return unwritten_.unstored(); }

    /// Takes over a plain message at QoS 1 or 2 and writes it to the output, when nothing has to
    /// leave before it. Otherwise, and when it may not be sent, or not yet, false.
    // In pieces it would cost each message 20 instructions.
    [[gnu::flatten]] bool send_at_once(outbound_publish_ptr& message, protocol_version version,
                                       output_buffer& output) {
        outbound_publish& publish = *message;
        const std::size_t size = publish.packet_size(version);
        if (publish.qos == qos::at_most_once || !publish.is_plain() || something_waits() ||
            output.size() + size > output.message_limit || check(publish, version) != errc{} ||
            !may_begin(publish)) {
            return false;
        }
        output.reserve(size);  // or nothing has changed
        if (!begin_handshake(publish)) return false;
        static_cast<void>(message.release());
        write_new(publish, version, output);
        return true;
    }

    /// Ends messages that have waited for longer than they last (3.3.2.3.3).
    void expire(time_point now) noexcept {
        while (outbound_publish* const expired = publishes_.expired(now)) {
            publishes_.remove(*expired);
            finish(*expired, errc::message_expired);
            ++counters_.messages_expired;
        }
    }
    /// When the next message expires.
    time_point due() const noexcept { return publishes_.due(); }

    /// Forgets who waits for the packet, and the packet too unless a handshake must end first: then
    /// its identifier stays taken, and it is still sent again when the session resumes
    /// [MQTT-4.4.0-1].
    void cancel(outbound_packet& packet) noexcept {
        packet.tag = nullptr;
        packet.abandoned = true;
        if (packet.packet_id != 0) return;
        if (packet.type != packet_type::publish) {
            packet.unlink();
            dispose(packet);
        } else if (as_publish(packet).progress == outbound_publish::state::queued &&
                   packet.error == errc{}) {
            drop(as_publish(packet));
        }  // else it is written already, or about to be reported: that will find nobody
    }

    /// What is in flight starts over on a new connection whose limits are known.
    void connected(bool session_present, const limits& broker_limits) {
        // First of all, since it may throw.
        if (!session_present) publishes_.reserve_expiring(count_expiring(sent_));
        limits_ = broker_limits;
        // A request is no session state: it is sent anew.
        intrusive_list<outbound_packet> requests;
        while (!asked_.empty()) {
            outbound_packet& request = asked_.pop_front();
            free_id(request);
            if (request.abandoned && !session_present) {
                finish(request, errc::session_lost);
            } else {
                requests.push_back(request);
            }
        }
        requests_.prepend(requests);
        if (session_present) {
            // A PUBREL never waits for the Receive Maximum, so it goes before those that may have
            // to.
            resends_.append(released_);
            resends_.append(sent_);
            return;
        }
        // [MQTT-3.2.2-5] A broker that has lost the session has forgotten the handshakes. It had
        // taken over what it answered with PUBREC; the rest is sent as new, before what was
        // submitted later.
        while (!released_.empty()) {
            outbound_publish& taken_over = as_publish(released_.pop_front());
            end_flight(taken_over);
            finished_.push_back(taken_over);
        }
        intrusive_list<outbound_packet> publishes;
        while (!sent_.empty()) {
            outbound_publish& publish = as_publish(sent_.pop_front());
            end_flight(publish);
            if (publish.abandoned || on_session_loss_ == session_loss::fail) {
                finish(publish, errc::session_lost);
            } else {
                publish.progress = outbound_publish::state::queued;
                publishes.push_back(publish);
            }
        }
        publishes_.prepend(publishes);
    }

    /// Sends requests before all others: they restore what those build on.
    void submit_first(intrusive_list<outbound_packet>& requests) noexcept {
        requests_.prepend(requests);
    }

    /// What was put into the output, and no write has taken, has to wait to be sent, before all
    /// others. Calls `kept(tag, packet)` for each message that was not stored, with null where
    /// there is no memory for it.
    template <class Kept>
    void disconnected(const output_buffer& output, protocol_version version, Kept&& kept) {
        publishes_.reserve_expiring(unwritten_.expiring());  // first of all, since it may throw
        while (!resends_.empty()) {
            outbound_publish& publish = as_publish(resends_.pop_front());
            list_of(publish).push_back(publish);
        }
        for (auto* list : {&sent_, &released_}) {
            for (outbound_packet& publish : *list)
                as_publish(publish).uses_quota = false;
        }
        quota_used_ = 0;
        intrusive_list<outbound_packet> waiting;
        const auto is_new_again = [&](outbound_publish& publish) {
            if (publish.packet_id != 0) end_flight(publish);
            publish.uses_quota = false;
            publish.progress = outbound_publish::state::queued;
            --counters_.messages_sent;
            publish.abandoned ? dispose(publish) : waiting.push_back(publish);
        };
        unwritten_.lost(is_new_again, [&](const unstored_publishes::entry& each) {
            outbound_publish* const publish =
                read_back(output.bytes().subspan(each.position), version);
            if (publish != nullptr) {
                publish->tag = each.tag;
                waiting.push_back(*publish);
            }
            kept(each.tag, publish);
        });
        publishes_.forget_passed();
        publishes_.prepend(waiting);
    }

    /// Writes all that may leave now, up to about output_buffer::message_limit bytes; the rest
    /// stays where it can still be cancelled. To be called after each change, and when a write has
    /// started.
    void flush(protocol_version version, output_buffer& output, time_point now) {
        while (!requests_.empty() && send_request(version, output)) {
        }
        while (output.size() < output.message_limit && !resends_.empty() &&
               resend(version, output, now)) {
        }
        if (!resends_.empty()) return;  // [MQTT-4.6.0-1]
        while (output.size() < output.message_limit && !publishes_.empty() &&
               send(version, output, now)) {
        }
    }

    /// The output is being written now: QoS 0 asks for no more.
    void written() {
        const std::size_t unstored = unwritten_.unstored().waiting().size();
        unwritten_.written(finished_, sent_);
        publishes_.forget_passed();
        counters_.messages_sent += unstored;
    }

    const publish_queue& queue() const noexcept { return publishes_; }
    /// Tells what is in it now.
    void count(counters& now) const noexcept {
        now.queued_messages = publishes_.count() + unwritten_.unstored().waiting().size();
        now.queued_bytes = publishes_.bytes();
        now.in_flight_messages = in_flight_messages_;
        now.in_flight_bytes = in_flight_bytes_;
    }

    // The publishes that are done, and the requests whose outcome no packet of the broker tells.

    bool has_finished() const noexcept { return !finished_.empty(); }
    outbound_packet& take_finished() noexcept { return finished_.pop_front(); }
    /// The tag of the next one when it is a publish of which nothing but success is to be told;
    /// else null, and it stays.
    void* take_success() noexcept {
        if (!has_finished() || finished_.front().type != packet_type::publish) return nullptr;
        outbound_publish& done = as_publish(finished_.front());
        if (done.error != errc{} || done.reason != reason_code::success) return nullptr;
        void* const tag = done.tag;
        if (tag == nullptr) return nullptr;
        done.unlink();
        outbound_publish_deleter{}(&done);
        return tag;
    }

    // Acknowledgements. Those that find what they are for take it out; all others are ignored,
    // since a broker may repeat itself after a lost connection, but for a PUBACK at QoS 2: see
    // end_at_qos_1().

    /// A PUBACK, a PUBCOMP, or a PUBREC with an error, which ends the handshake, too (4.3.3).
    void end_handshake(packet_type with, std::uint16_t id, reason_code given) noexcept {
        using state = outbound_publish::state;
        outbound_publish* publish =
            find(id, with == packet_type::puback ? qos::at_least_once : qos::exactly_once);
        const state due = with == packet_type::pubcomp ? state::released : state::sent;
        if (publish == nullptr && with == packet_type::puback) {
            if (!is_failure(given)) return end_at_qos_1(id);
            publish = find(id, qos::exactly_once);  // refused is refused
        }
        if (publish == nullptr || publish->progress != due) return;
        // (3.7.2.1) A broker that had answered before the connection was lost has forgotten it.
        const bool is_late = with == packet_type::pubcomp && publish->pubrel_was_resent;
        if (given != reason_code::success && !is_late) publish->reason = given;
        finished_.push_back(*take(publish));
    }

    /// Some brokers, RabbitMQ among them, take a message at QoS 2 over as one at QoS 1, and answer
    /// with PUBACK. Nothing more would come.
    void end_at_qos_1(std::uint16_t id) noexcept {
        outbound_publish* publish = find(id, qos::exactly_once);
        if (publish == nullptr || publish->progress != outbound_publish::state::sent) return;
        finish(*take(publish), errc::acknowledged_at_qos_1);
    }

    /// Answers PUBREC without an error with PUBREL [MQTT-4.3.3-4].
    void pubrec(std::uint16_t id, reason_code reason, protocol_version version,
                output_buffer& output) {
        if (in_flight_.find(id) == nullptr) {
            return output.answer_unknown(packet_type::pubrel, version, id);
        }
        outbound_publish* publish = find(id, qos::exactly_once);
        if (publish == nullptr) return;
        publish->progress = outbound_publish::state::released;
        publish->reason = reason;
        publish->unlink();  // a resend that was still waiting is not needed any more
        released_.push_back(*publish);
        use_quota(*publish);
        output.acknowledge(packet_type::pubrel, id);
    }

    /// The request that SUBACK or UNSUBACK is for, still in flight: see finish_request().
    outbound_request* find_request(std::uint16_t id, packet_type answer) noexcept {
        const packet_type type =
            answer == packet_type::suback ? packet_type::subscribe : packet_type::unsubscribe;
        outbound_packet** found = in_flight_.find(id);
        if (found == nullptr || (*found)->type != type) return nullptr;
        return static_cast<outbound_request*>(*found);
    }
    outbound_request_ptr finish_request(outbound_request& request) noexcept {
        request.unlink();
        free_id(request);
        return outbound_request_ptr{&request};
    }
    void fail_request(outbound_request& request, errc error) noexcept {
        finish(*finish_request(request).release(), error);
    }

    /// What forbids the message on this connection (3.2.2.3).
    // As a function of its own it would cost a publish at QoS 1 19 of its 870 instructions.
    [[gnu::always_inline]] errc check(const outbound_publish& publish,
                                      protocol_version version) const noexcept {
        if (version != protocol_version::v5 && publish.needs_v5()) return errc::not_in_this_version;
        return check(publish.qos, publish.retain, publish.packet_size(version));
    }

    /// The same for a request.
    errc check(const outbound_request& request, protocol_version version) const noexcept {
        if (version != protocol_version::v5 && request.needs_v5()) return errc::not_in_this_version;
        if (request.packet_size(version) > limits_.maximum_packet_size) {
            return errc::packet_too_large;
        }
        if (request.type != packet_type::subscribe) return {};
        if (request.subscription_identifier != 0 && !request.identifier_is_optional &&
            !limits_.subscription_identifier_available) {
            return errc::subscription_identifier_not_supported;
        }
        for (const topic_subscription& each : request.subscriptions()) {
            if (!limits_.shared_subscription_available && is_shared_filter(each.filter)) {
                return errc::shared_subscription_not_supported;
            }
            if (!limits_.wildcard_subscription_available &&
                has_wildcard(split_shared_filter(each.filter).filter)) {
                return errc::wildcard_not_supported;
            }
        }
        return {};
    }

    static void dispose(outbound_packet& packet) noexcept {
        if (packet.type == packet_type::publish) {
            outbound_publish_deleter{}(&as_publish(packet));
        } else {
            outbound_request_deleter{}(static_cast<outbound_request*>(&packet));
        }
    }

private:
    static outbound_publish& as_publish(outbound_packet& packet) noexcept {
        return static_cast<outbound_publish&>(packet);
    }

    errc check(qos level, bool retain, std::size_t packet_size) const noexcept {
        if (level > limits_.maximum_qos) return errc::qos_not_supported;
        if (retain && !limits_.retain_available) return errc::retain_not_supported;
        return packet_size > limits_.maximum_packet_size ? errc::packet_too_large : errc{};
    }

    /// It has to leave before a message that is published now.
    bool something_waits() const noexcept {
        return !publishes_.empty() || !requests_.empty() || !resends_.empty();
    }

    /// For one more message that is not stored; false for want of memory.
    [[gnu::noinline]] bool make_room(output_buffer& output, std::size_t size) noexcept {
        try {
            output.reserve(size);
            unwritten_.unstored().reserve();
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }

    /// The PUBLISH with which the bytes begin; null for want of memory.
    static outbound_publish* read_back(std::span<const std::byte> bytes, protocol_version version) {
        const fixed_header header = read_fixed_header(bytes).header;
        publish_packet packet;
        versioned_codec{version}.decode(header, bytes.subspan(header.size, header.remaining_length),
                                        packet);
        errc error{};
        try {
            return outbound_publish::make(version, packet, error).release();
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    /// Where a publish in flight stands.
    intrusive_list<outbound_packet>& list_of(const outbound_publish& publish) noexcept {
        return publish.progress == outbound_publish::state::released ? released_ : sent_;
    }

    void drop(outbound_publish& publish) noexcept {
        publishes_.remove(publish);
        dispose(publish);
    }
    static void dispose_all(intrusive_list<outbound_packet>& list) noexcept {
        while (!list.empty())
            dispose(list.pop_front());
    }

    void finish(outbound_packet& packet, errc error) noexcept {
        packet.error = error;
        finished_.push_back(packet);
    }

    bool send_request(protocol_version version, output_buffer& output) {
        auto& request = static_cast<outbound_request&>(requests_.front());
        if (!limits_.subscription_identifier_available && request.identifier_is_optional) {
            request.subscription_identifier = 0;
        }
        if (const errc error = check(request, version); error != errc{}) {
            request.unlink();
            finish(request, error);
            return true;
        }
        const std::uint16_t id = in_flight_.unused_id();
        if (id == 0) return false;
        request.unlink();
        put_in_flight(request, id);
        asked_.push_back(request);
        request.write(version, output);
        return true;
    }

    bool send(protocol_version version, output_buffer& output, time_point now) {
        outbound_publish& publish = publishes_.front();
        if (const errc error = check(publish, version); error != errc{}) {
            publishes_.remove(publish);
            finish(publish, error);
            return true;
        }
        const bool has_handshake = publish.qos != qos::at_most_once;
        if (has_handshake && !may_begin(publish)) return false;
        output.reserve(publish.copied_size(version));  // or nothing has changed
        if (has_handshake && !begin_handshake(publish)) return false;
        publishes_.remove(publish);
        publish.update_expiry(now);
        write_new(publish, version, output);
        return true;
    }

    /// For the first time in this session.
    // As a function of its own it would cost a publish at QoS 1 30 of its 860 instructions.
    [[gnu::always_inline]] void write_new(outbound_publish& publish, protocol_version version,
                                          output_buffer& output) {
        publish.progress = outbound_publish::state::sent;
        unwritten_.push_back(publish, output.bytes().size());
        ++counters_.messages_sent;
        publish.write(version, false, output);
    }

    bool may_begin(const outbound_publish& publish) const noexcept {
        if (quota_used_ >= limits_.receive_maximum) return false;  // [MQTT-3.3.4-7]
        const std::size_t bytes = in_flight_bytes_ + publish.memory();
        return bytes <= in_flight_limit_ || in_flight_bytes_ == 0;
    }

    /// False when there is no identifier.
    // As a function of its own it would cost a publish at QoS 1 24 of its 860 instructions.
    [[gnu::always_inline]] bool begin_handshake(outbound_publish& publish) {
        const std::uint16_t id = in_flight_.unused_id();
        if (id == 0) return false;
        put_in_flight(publish, id);
        ++in_flight_messages_;
        in_flight_bytes_ += publish.memory();
        use_quota(publish);
        return true;
    }

    bool resend(protocol_version version, output_buffer& output, time_point now) {
        outbound_publish& publish = as_publish(resends_.front());
        if (publish.progress == outbound_publish::state::released) {
            // It still counts: its PUBCOMP is outstanding.
            publish.unlink();
            released_.push_back(publish);
            publish.pubrel_was_resent = true;
            use_quota(publish);
            output.acknowledge(packet_type::pubrel, publish.packet_id);
            ++counters_.messages_resent;
            return true;
        }
        if (quota_used_ >= limits_.receive_maximum) return false;
        if (const errc error = check(publish, version); error != errc{}) {
            finish(*take(&publish), error);
            return true;
        }
        publish.unlink();
        sent_.push_back(publish);
        use_quota(publish);
        publish.update_expiry(now);
        publish.write(version, true, output);  // [MQTT-3.3.1-1]
        ++counters_.messages_resent;
        return true;
    }

    void put_in_flight(outbound_packet& packet, std::uint16_t id) {
        in_flight_.insert(id, &packet);
        packet.packet_id = id;
    }
    void free_id(outbound_packet& packet) noexcept {
        in_flight_.erase(packet.packet_id);
        packet.packet_id = 0;
    }

    void end_flight(outbound_publish& publish) noexcept {
        free_id(publish);
        --in_flight_messages_;
        in_flight_bytes_ -= publish.memory();
    }

    void use_quota(outbound_publish& publish) noexcept {
        if (publish.uses_quota) return;
        publish.uses_quota = true;
        ++quota_used_;
    }

    outbound_publish* find(std::uint16_t id, qos level) noexcept {
        outbound_packet** found = in_flight_.find(id);
        if (found == nullptr || (*found)->type != packet_type::publish) return nullptr;
        outbound_publish& publish = as_publish(**found);
        return publish.qos == level ? &publish : nullptr;
    }

    outbound_publish* take(outbound_publish* publish) noexcept {
        publish->unlink();
        end_flight(*publish);
        if (publish->uses_quota) --quota_used_;
        return publish;
    }

    // Each packet stands in one of these.
    publish_queue publishes_;                   // waiting to be sent
    unwritten_publishes unwritten_;             // in the output, not handed to a write
    intrusive_list<outbound_packet> requests_;  // waiting to be sent
    intrusive_list<outbound_packet> resends_;   // waiting to be sent again on this connection
    intrusive_list<outbound_packet> sent_;      // PUBLISH sent, in the order of sending
    intrusive_list<outbound_packet> released_;  // PUBREL sent, in the order of PUBREC
    intrusive_list<outbound_packet> asked_;     // SUBSCRIBE or UNSUBSCRIBE sent
    intrusive_list<outbound_packet> finished_;  // to be reported

    packet_id_table<outbound_packet*> in_flight_;  // all but what is waiting, or finished
    limits limits_;
    std::uint32_t quota_used_ = 0;
    std::size_t in_flight_messages_ = 0;
    std::size_t in_flight_bytes_ = 0;
    const std::size_t in_flight_limit_;
    const session_loss on_session_loss_;
    counters& counters_;
};

}  // namespace asio_mqtt::detail
