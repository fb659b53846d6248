// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/limits.hpp>
#include <asio_mqtt/session/outbound_publish.hpp>
#include <asio_mqtt/session/outbound_request.hpp>
#include <asio_mqtt/session/packet_id_table.hpp>

#include <cstdint>

namespace asio_mqtt::detail {

// The sending half of a session: what waits to be sent, what waits for its acknowledgement, and
// what is sent again after a connection was lost. All transitions of an outbound handshake are in
// this file.
//
//             submit()          flush()             puback() / pubcomp()
//   publish:  waiting   --->    in flight   --->    handed back to be reported
//                ^                  |  pubrec(): PUBREL, "released"
//                |                  |  connected(), session present: resent, DUP set
//                +------------------+  connected(), session lost: new again; released ones are done
//
//   request:  waiting   --->    in flight   --->    handed back
//                ^------------------+  connected(): a request is no session state, it is sent anew
//
// - An identifier is in use from the first sending until the handshake ended, whoever still waits.
// - Publishes leave in the order in which they were submitted, resends first [MQTT-4.6.0-1].
// - Requests do not wait for the Receive Maximum [MQTT-3.3.4-8], and so may overtake publishes.

class outbound {
public:
    outbound() = default;
    outbound(const outbound&) = delete;
    outbound& operator=(const outbound&) = delete;
    ~outbound() {
        dispose_all(publishes_);
        dispose_all(requests_);
        dispose_all(resends_);
        dispose_all(unwritten_);
        dispose_all(sent_);
        dispose_all(released_);
        dispose_all(asked_);
        dispose_all(finished_);
    }

    void submit(outbound_publish_ptr publish) noexcept { publishes_.push_back(*publish.release()); }
    void submit(outbound_request_ptr request) noexcept { requests_.push_back(*request.release()); }

    /// Forgets who waits for the packet, and the packet too unless a handshake must end first: then
    /// its identifier stays taken, and it is still sent again when the session resumes
    /// [MQTT-4.4.0-1].
    void cancel(outbound_packet& packet) noexcept {
        packet.tag = nullptr;
        packet.abandoned = true;
        const bool is_unwritten_qos_0 =
            packet.type == packet_type::publish &&
            as_publish(packet).progress != outbound_publish::state::queued;
        if (packet.packet_id == 0 && !is_unwritten_qos_0) {
            packet.unlink();
            dispose(packet);
        }
    }

    /// What is in flight starts over on a new connection whose limits are known.
    void connected(bool session_present, const limits& broker_limits) {
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
            outbound_packet& taken_over = released_.pop_front();
            free_id(taken_over);
            finished_.push_back(taken_over);
        }
        intrusive_list<outbound_packet> publishes;
        while (!sent_.empty()) {
            outbound_publish& publish = as_publish(sent_.pop_front());
            free_id(publish);
            if (publish.abandoned) {
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

    void disconnected() {
        while (!resends_.empty()) {
            outbound_publish& publish = as_publish(resends_.pop_front());
            list_of(publish).push_back(publish);
        }
        for (auto* list : {&sent_, &released_}) {
            for (outbound_packet& publish : *list)
                as_publish(publish).uses_quota = false;
        }
        intrusive_list<outbound_packet> unwritten;
        while (!unwritten_.empty()) {
            outbound_publish& publish = as_publish(unwritten_.pop_front());
            if (publish.abandoned) {
                dispose(publish);
                continue;
            }
            publish.progress = outbound_publish::state::queued;
            unwritten.push_back(publish);
        }
        publishes_.prepend(unwritten);
        quota_used_ = 0;
    }

    /// Writes all that may leave now, up to about `output_limit` bytes; the rest stays where it can
    /// still be cancelled. To be called after each change, and when a write has started.
    void flush(protocol_version version, output_buffer& output) {
        while (!requests_.empty() && send_request(version, output)) {
        }
        while (output.size() < output_limit && !resends_.empty() && resend(version, output)) {
        }
        if (!resends_.empty()) return;  // [MQTT-4.6.0-1]
        while (output.size() < output_limit && !publishes_.empty() && send(version, output)) {
        }
    }

    /// The output of flush() is being written now: QoS 0 asks for no more.
    void written() noexcept { finished_.append(unwritten_); }

    /// The next packet whose outcome no packet of the broker tells: null when there is none.
    outbound_packet* next_finished() noexcept {
        return finished_.empty() ? nullptr : &finished_.pop_front();
    }

    // Acknowledgements. Those that find what they are for take it out and hand it over; all others
    // are ignored, since a broker may repeat itself after a lost connection.

    outbound_publish* puback(std::uint16_t id) noexcept {
        outbound_publish* publish = find(id, qos::at_least_once);
        if (publish == nullptr || publish->progress != outbound_publish::state::sent)
            return nullptr;
        return take(publish);
    }

    enum class pubrec_answer { pubrel, pubrel_not_found, none };
    /// Handles PUBREC without an error: says what to answer [MQTT-4.3.3-4].
    pubrec_answer pubrec(std::uint16_t id, reason_code reason) noexcept {
        if (in_flight_.find(id) == nullptr) return pubrec_answer::pubrel_not_found;
        outbound_publish* publish = find(id, qos::exactly_once);
        if (publish == nullptr) return pubrec_answer::none;
        publish->progress = outbound_publish::state::released;
        publish->reason = reason;
        publish->unlink();  // a resend that was still waiting is not needed any more
        released_.push_back(*publish);
        use_quota(*publish);
        return pubrec_answer::pubrel;
    }
    /// Handles PUBREC with an error, which ends the handshake (4.3.3).
    outbound_publish* pubrec_failed(std::uint16_t id) noexcept {
        outbound_publish* publish = find(id, qos::exactly_once);
        if (publish == nullptr || publish->progress != outbound_publish::state::sent)
            return nullptr;
        return take(publish);
    }

    outbound_publish* pubcomp(std::uint16_t id) noexcept {
        outbound_publish* publish = find(id, qos::exactly_once);
        if (publish == nullptr || publish->progress != outbound_publish::state::released) {
            return nullptr;
        }
        return take(publish);
    }

    /// The request that SUBACK or UNSUBACK is for, still in flight: see finish_request().
    outbound_request* find_request(std::uint16_t id, packet_type type) noexcept {
        outbound_packet** found = in_flight_.find(id);
        if (found == nullptr || (*found)->type != type) return nullptr;
        return static_cast<outbound_request*>(*found);
    }
    outbound_request_ptr finish_request(outbound_request& request) noexcept {
        request.unlink();
        free_id(request);
        return outbound_request_ptr{&request};
    }
    void fail_request(outbound_request& request, error_code error) noexcept {
        finish(*finish_request(request).release(), error);
    }

    /// What forbids the message on this connection (3.2.2.3).
    error_code check(const outbound_publish& publish, protocol_version version) const noexcept {
        if (publish.qos > limits_.maximum_qos) return errc::qos_not_supported;
        if (publish.retain && !limits_.retain_available) return errc::retain_not_supported;
        if (publish.packet_size(version) > limits_.maximum_packet_size) {
            return errc::packet_too_large;
        }
        return {};
    }

    /// The same for a request.
    error_code check(const outbound_request& request, protocol_version version) const noexcept {
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
    /// Enough for one write to be worth its system call; what waits beyond it can still be
    /// cancelled.
    static constexpr std::size_t output_limit = 262'144;

    static outbound_publish& as_publish(outbound_packet& packet) noexcept {
        return static_cast<outbound_publish&>(packet);
    }

    /// Where a publish in flight stands.
    intrusive_list<outbound_packet>& list_of(const outbound_publish& publish) noexcept {
        return publish.progress == outbound_publish::state::released ? released_ : sent_;
    }

    static void dispose_all(intrusive_list<outbound_packet>& list) noexcept {
        while (!list.empty())
            dispose(list.pop_front());
    }

    void finish(outbound_packet& packet, error_code error) noexcept {
        packet.error = error;
        finished_.push_back(packet);
    }

    bool send_request(protocol_version version, output_buffer& output) {
        auto& request = static_cast<outbound_request&>(requests_.front());
        if (!limits_.subscription_identifier_available && request.identifier_is_optional) {
            request.subscription_identifier = 0;
        }
        if (const error_code error = check(request, version)) {
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

    bool send(protocol_version version, output_buffer& output) {
        outbound_publish& publish = as_publish(publishes_.front());
        if (const error_code error = check(publish, version)) {
            publish.unlink();
            finish(publish, error);
            return true;
        }
        if (publish.qos != qos::at_most_once) {
            if (quota_used_ >= limits_.receive_maximum) return false;  // [MQTT-3.3.4-7]
            const std::uint16_t id = in_flight_.unused_id();
            if (id == 0) return false;
            put_in_flight(publish, id);
            use_quota(publish);
        }
        publish.unlink();
        publish.progress = outbound_publish::state::sent;
        (publish.qos == qos::at_most_once ? unwritten_ : sent_).push_back(publish);
        publish.write(version, false, output);
        return true;
    }

    bool resend(protocol_version version, output_buffer& output) {
        outbound_publish& publish = as_publish(resends_.front());
        if (publish.progress == outbound_publish::state::released) {
            // It still counts: its PUBCOMP is outstanding.
            publish.unlink();
            released_.push_back(publish);
            publish.pubrel_was_resent = true;
            use_quota(publish);
            pubrel_packet pubrel;
            pubrel.packet_id = publish.packet_id;
            output.write(version, pubrel);
            return true;
        }
        if (quota_used_ >= limits_.receive_maximum) return false;
        if (const error_code error = check(publish, version)) {
            finish(*take(&publish), error);
            return true;
        }
        publish.unlink();
        sent_.push_back(publish);
        use_quota(publish);
        publish.write(version, true, output);  // [MQTT-3.3.1-1]
        return true;
    }

    void put_in_flight(outbound_packet& packet, std::uint16_t id) {
        packet.packet_id = id;
        in_flight_.insert(id, &packet);
    }
    void free_id(outbound_packet& packet) noexcept {
        in_flight_.erase(packet.packet_id);
        packet.packet_id = 0;
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
        free_id(*publish);
        if (publish->uses_quota) --quota_used_;
        return publish;
    }

    // Each packet stands in one of these.
    intrusive_list<outbound_packet> publishes_;  // waiting to be sent
    intrusive_list<outbound_packet> requests_;   // waiting to be sent
    intrusive_list<outbound_packet> resends_;    // waiting to be sent again on this connection
    intrusive_list<outbound_packet> unwritten_;  // QoS 0 in the output, not handed to a write
    intrusive_list<outbound_packet> sent_;       // PUBLISH sent, in the order of sending
    intrusive_list<outbound_packet> released_;   // PUBREL sent, in the order of PUBREC
    intrusive_list<outbound_packet> asked_;      // SUBSCRIBE or UNSUBSCRIBE sent
    intrusive_list<outbound_packet> finished_;   // to be reported

    packet_id_table<outbound_packet*> in_flight_;  // resends_, sent_, released_, asked_
    limits limits_;
    std::uint32_t quota_used_ = 0;
};

}  // namespace asio_mqtt::detail
