// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/packet_stream.hpp"

namespace test {

/// Looks at both directions of the wire from the client's end, over all its connections, and notes
/// each packet that the client should not have sent.
class wire_observer {
public:
    /// `receive_maximum`: of the broker, where its CONNACK does not say it.
    wire_observer(mqtt::protocol_version version, std::size_t receive_maximum)
        : version_{version},
          assumed_maximum_{receive_maximum},
          from_client_{version},
          to_client_{version} {}

    std::string faults;  ///< What was wrong; empty when nothing was.
    /// These see what the client publishes, and to which filters it subscribes, with the QoS that
    /// the broker grants at the highest, and that it has granted.
    std::function<void(const mqtt::publish_packet&)> on_publish{};
    std::function<void(const std::string& filter, mqtt::qos highest)> on_subscribe{};
    std::function<void(const std::string& filter, mqtt::qos granted)> on_suback{};
    /// A message at QoS 2 has come that was sent before.
    std::function<void(std::string_view payload)> on_copy{};

    /// The next connections are of this version.
    void next_version(mqtt::protocol_version version, std::size_t receive_maximum) {
        version_ = version;
        assumed_maximum_ = receive_maximum;
        from_client_.next_version(version);
        to_client_.next_version(version);
    }

    /// All that the client has handed to a write, also what is lost on the way.
    void client_wrote(std::span<const std::byte> bytes) {
        if (bytes.empty()) return;  // the rest of what was shown before
        from_client_.append(bytes);
        const std::size_t answered = answered_since_write_.size();
        from_client_.for_each([this](const mqtt::any_packet& packet) {
            std::visit([this](const auto& each) { check_state(each), wrote(each); }, packet);
        });
        answered_since_write_.erase(
            answered_since_write_.begin(),
            answered_since_write_.begin() + static_cast<std::ptrdiff_t>(answered));
    }
    /// What has arrived at the client.
    void client_received(std::span<const std::byte> bytes) {
        if (has_disconnect_) return;  // nobody looks at it any more
        if (received_count_++ >= poisoned_after_) {
            return expect(received_count_ <= poisoned_after_ + 1, "went on after what is no MQTT");
        }
        to_client_.append(bytes);
        to_client_.for_each([this](const mqtt::any_packet& packet) {
            std::visit([this](const auto& each) { received(each); }, packet);
        });
    }
    /// What comes behind so many packets of this connection is no MQTT.
    void poisoned_after(std::size_t packets) { poisoned_after_ = packets; }

    /// The connection is gone; the client may have asked for DISCONNECT and not come to write it.
    void lost_connection_while_disconnecting() {
        answers_may_be_unseen();
        lost_connection();
    }
    void lost_connection() {
        ++connection_;
        from_client_.clear();
        to_client_.clear();
        has_connect_ = has_disconnect_ = is_online_ = has_sent_new_ = false;
        received_count_ = 0;
        poisoned_after_ = std::size_t(-1);
        in_window_.clear();
        last_resent_ = 0;
        acks_due_.clear();
        pubcomps_due_.clear();
        unknown_pubrecs_.clear();
        answered_since_write_.clear();
        std::erase_if(in_use_, [](const auto& each) { return !each.second.is_publish; });
    }

    /// The application has taken over a message that came: from now on it may be acknowledged.
    void application_took(std::string_view payload) { handled_.emplace(payload); }

    bool has_unfinished() const { return !in_use_.empty(); }

    /// Connections up to now.
    int connection() const { return connection_; }
    /// How long the client may be silent now; 0 s: as long as it likes.
    std::chrono::seconds keep_alive() const {
        return is_online_ && !has_disconnect_ ? keep_alive_ : std::chrono::seconds{0};
    }

private:
    /// What the client has under an identifier.
    struct use {
        bool is_publish;
        mqtt::qos qos;
        std::string payload;  // or filter
        std::uint64_t order;  // of the first sending
        int last_sent_on;
        bool is_released;  // PUBREC has arrived
        std::size_t size = 0;
        bool needs_v5 = false;
        bool is_forbidden = false;  // by the limits of a later connection: it may have ended
    };

    void answers_may_be_unseen() {
        for (const auto& [id, before] : answered_since_write_)
            unclear_[id] = before;
    }
    void fault(const std::string& text) { faults += text + "; "; }
    void expect(bool right, const char* otherwise) {
        if (!right) fault(otherwise);
    }

    template <class Packet>
    void check_state(const Packet&) {
        expect(!has_disconnect_, "a packet behind DISCONNECT");  // [MQTT-3.14.4-1]
        if (Packet::type == mqtt::packet_type::connect) {
            expect(!has_connect_, "a second CONNECT");
            has_connect_ = true;
        } else if (Packet::type != mqtt::packet_type::disconnect) {
            expect(is_online_, "a packet before the CONNACK");
        }
    }

    void wrote(const mqtt::connect_packet& connect) {
        keep_alive_ = std::chrono::seconds{connect.keep_alive};
    }
    void wrote(const mqtt::pingreq_packet&) {}
    /// What came in after the client had asked for DISCONNECT it has not looked at.
    void wrote(const mqtt::disconnect_packet&) {
        has_disconnect_ = true;
        answers_may_be_unseen();
    }
    void wrote(const mqtt::publish_packet& publish) {
        const std::string payload{publish.payload};
        if (on_publish) on_publish(publish);
        expect(static_cast<std::uint8_t>(publish.qos) <= limits_.maximum_qos.value_or(2),
               "over the Maximum QoS");
        const std::size_t size = size_of(publish);
        expect(size <= limits_.maximum_packet_size.value_or(0xFFFF'FFFF),
               "over the Maximum Packet Size");
        if (publish.qos == mqtt::qos::at_most_once) {
            expect(!publish.dup, "DUP at QoS 0");
            return;
        }
        expect(publish.packet_id != 0, "identifier 0");
        clear_up(publish.packet_id, publish.dup);
        const auto found = in_use_.find(publish.packet_id);
        if (publish.dup) {
            if (found == in_use_.end()) return fault("DUP on a first sending");
            use& resent = found->second;
            expect(resent.is_publish && resent.payload == payload && resent.qos == publish.qos,
                   "another message under the identifier");
            expect(!resent.is_released, "PUBLISH instead of PUBREL");
            expect(resent.last_sent_on < connection_, "resent on the same connection");
            expect(resent.order > last_resent_, "resent out of order");
            expect(!has_sent_new_, "resent after a new one");
            last_resent_ = resent.order;
            resent.last_sent_on = connection_;
        } else {
            if (found != in_use_.end()) return fault("an identifier that is in use, without DUP");
            expect(taken_over_.count(payload) == 0, "a message that the broker had taken over");
            for (const auto& [id, each] : in_use_) {
                expect(!each.is_publish || each.is_released || each.is_forbidden ||
                           each.last_sent_on == connection_,
                       "a new message before one to be resent");
            }
            has_sent_new_ = true;
            use& first = in_use_[publish.packet_id];
            first = {true, publish.qos, payload, ++count_, connection_, false, size};
            first.needs_v5 = publish.properties.message_expiry_interval.has_value();
        }
        in_window_.insert(publish.packet_id);
        expect(in_window_.size() <= limits_.receive_maximum.value_or(0),
               "over the Receive Maximum");
    }
    std::size_t size_of(const mqtt::publish_packet& packet) const {
        return (version_ == mqtt::protocol_version::v5 ? mqtt::codec_v5::measure(packet)
                                                       : mqtt::codec_v3_1_1::measure(packet))
            .packet_size();
    }
    void wrote(const mqtt::pubrel_packet& pubrel) {
        if (const auto unseen = unclear_.find(pubrel.packet_id); unseen != unclear_.end()) {
            if (unseen->second.is_released) in_use_[pubrel.packet_id] = unseen->second;
            unclear_.erase(unseen);
        }
        const auto found = in_use_.find(pubrel.packet_id);
        expect((found != in_use_.end() && found->second.is_released) ||
                   is_answer_to_unknown(pubrel.packet_id),
               "PUBREL without PUBREC");
    }
    bool is_answer_to_unknown(std::uint16_t id) {
        const auto unknown = unknown_pubrecs_.find(id);
        if (unknown == unknown_pubrecs_.end()) return false;
        unknown_pubrecs_.erase(unknown);
        return true;
    }
    void wrote(const mqtt::subscribe_packet& packet) {
        const mqtt::topic_subscription first = *packet.subscriptions.begin();
        if (on_subscribe) {
            on_subscribe(std::string{first.filter},
                         static_cast<mqtt::qos>(limits_.maximum_qos.value_or(2)));
        }
        wrote_request(packet.packet_id, std::string{first.filter});
    }
    void wrote(const mqtt::unsubscribe_packet& packet) { wrote_request(packet.packet_id, {}); }
    void wrote_request(std::uint16_t id, const std::string& filter) {
        expect(id != 0, "identifier 0");
        expect(in_use_.count(id) == 0, "a request under an identifier that is in use");
        in_use_[id] = {false, {}, filter, ++count_, connection_, false};
    }
    void wrote(const mqtt::puback_packet& ack) { wrote_ack(ack.packet_id, "PUBACK"); }
    void wrote(const mqtt::pubrec_packet& ack) { wrote_ack(ack.packet_id, "PUBREC"); }
    void wrote_ack(std::uint16_t id, const char* name) {
        if (acks_due_.empty() || acks_due_.front().first != id) {
            return fault(std::string{name} + " not asked for, or out of order");
        }
        expect(handled_.count(acks_due_.front().second) != 0,
               "acknowledged before the application had it");
        acks_due_.pop_front();
    }
    void wrote(const mqtt::pubcomp_packet& ack) {
        if (pubcomps_due_.empty() || pubcomps_due_.front() != ack.packet_id) {
            return fault("PUBCOMP not asked for, or out of order");
        }
        pubcomps_due_.pop_front();
    }
    template <class Packet>
    void wrote(const Packet&) {
        fault("a packet that has no place here");
    }

    void received(const mqtt::connack_packet& connack) {
        if (mqtt::is_failure(connack.reason)) return;
        is_online_ = true;
        limits_ = {};
        limits_.receive_maximum = connack.properties.receive_maximum.value_or(
            static_cast<std::uint16_t>(assumed_maximum_));
        limits_.maximum_packet_size = connack.properties.maximum_packet_size;
        limits_.maximum_qos = connack.properties.maximum_qos;
        if (connack.properties.server_keep_alive) {
            keep_alive_ = std::chrono::seconds{*connack.properties.server_keep_alive};
        }
        for (auto& [id, each] : in_use_) {
            each.is_forbidden =
                each.is_forbidden || (each.needs_v5 && version_ != mqtt::protocol_version::v5) ||
                static_cast<std::uint8_t>(each.qos) > limits_.maximum_qos.value_or(2) ||
                each.size > limits_.maximum_packet_size.value_or(0xFFFF'FFFF);
        }
        if (connack.session_present) return;
        in_use_.clear();
        unclear_.clear();
    }
    void received(const mqtt::publish_packet& publish) {
        if (publish.qos == mqtt::qos::at_most_once) return;
        if (on_copy && publish.dup && publish.qos == mqtt::qos::exactly_once) {
            on_copy(publish.payload);
        }
        acks_due_.emplace_back(publish.packet_id, publish.payload);
    }
    void received(const mqtt::puback_packet& ack) { finished(ack.packet_id); }
    void received(const mqtt::pubrec_packet& ack) {
        if (mqtt::is_failure(ack.reason)) return finished(ack.packet_id);
        const auto found = in_use_.find(ack.packet_id);
        if (found == in_use_.end()) {
            unknown_pubrecs_.insert(ack.packet_id);
            return;
        }
        answered_since_write_.emplace_back(ack.packet_id, found->second);
        found->second.is_released = true;
        taken_over_.insert(found->second.payload);
    }
    void received(const mqtt::pubcomp_packet& ack) { finished(ack.packet_id); }
    void received(const mqtt::pubrel_packet& pubrel) { pubcomps_due_.push_back(pubrel.packet_id); }
    void received(const mqtt::suback_packet& ack) {
        const auto found = in_use_.find(ack.packet_id);
        const mqtt::reason_code reason = *ack.reasons.begin();
        if (on_suback && found != in_use_.end() && !mqtt::is_failure(reason)) {
            on_suback(found->second.payload, static_cast<mqtt::qos>(reason));
        }
        finished(ack.packet_id);
    }
    void received(const mqtt::unsuback_packet& ack) { finished(ack.packet_id); }
    template <class Packet>
    void received(const Packet&) {}

    /// The first packet about an identifier tells whether the client has seen the answer.
    void clear_up(std::uint16_t id, bool is_resend) {
        const auto found = unclear_.find(id);
        if (found == unclear_.end()) return;
        if (is_resend) {
            in_use_[id] = found->second;
            taken_over_.erase(found->second.payload);
        }
        unclear_.erase(found);
    }

    void finished(std::uint16_t id) {
        if (const auto found = in_use_.find(id); found != in_use_.end()) {
            answered_since_write_.emplace_back(id, found->second);
        }
        in_use_.erase(id);
        in_window_.erase(id);
    }

    mqtt::protocol_version version_;
    std::size_t assumed_maximum_;
    packet_stream from_client_;
    packet_stream to_client_;

    std::map<std::uint16_t, use> in_use_;
    std::set<std::string> taken_over_;      // answered with PUBREC, in whatever session
    std::map<std::uint16_t, use> unclear_;  // as it was before an answer that may not be seen
    std::set<std::string> handled_;         // payloads that the application has taken over
    std::uint64_t count_ = 0;
    int connection_ = 1;

    // Of the connection.
    struct {
        std::optional<std::uint16_t> receive_maximum{};
        std::optional<std::uint32_t> maximum_packet_size{};
        std::optional<std::uint8_t> maximum_qos{};
    } limits_;
    std::chrono::seconds keep_alive_{0};
    std::size_t received_count_ = 0;
    std::size_t poisoned_after_ = std::size_t(-1);
    bool has_connect_ = false;
    bool has_disconnect_ = false;
    bool is_online_ = false;
    bool has_sent_new_ = false;
    std::uint64_t last_resent_ = 0;
    std::set<std::uint16_t> in_window_;  // PUBLISH sent and not finished
    std::vector<std::pair<std::uint16_t, use>> answered_since_write_;
    std::deque<std::pair<std::uint16_t, std::string>> acks_due_;  // with the payload
    std::deque<std::uint16_t> pubcomps_due_;
    std::multiset<std::uint16_t> unknown_pubrecs_;
};

}  // namespace test
