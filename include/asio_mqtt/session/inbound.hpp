// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/session/acknowledgement.hpp>
#include <asio_mqtt/session/output_buffer.hpp>
#include <asio_mqtt/session/packet_id_table.hpp>
#include <asio_mqtt/session/ring_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace asio_mqtt::detail {

// The receiving half of a session: which messages the application has still to take over, in which
// order they are acknowledged, and which QoS 2 identifiers must not be delivered again. All of it
// is in this file.
//
// - PUBACK and PUBREC leave in the order in which the messages came, whatever the order in which
//   the application is done with them [MQTT-4.6.0-2] [MQTT-4.6.0-3].
// - The acknowledgement of a message of an earlier connection is never sent on this one: the broker
//   sends the message again; at QoS 2 that copy is answered and not delivered, unless the
//   application has given the first one up.
// - A QoS 2 identifier is remembered until PUBREL, over lost connections too [MQTT-4.3.3-10].

class inbound {
public:
    enum class verdict { deliver, duplicate, over_receive_maximum };

    /// Handles a PUBLISH at QoS 1 or 2. When it is to be delivered, `token` names it.
    verdict publish(const publish_packet& packet, std::uint16_t receive_maximum,
                    acknowledgement& token) {
        const bool is_qos_2 = packet.qos == qos::exactly_once;
        qos_2_message* known = is_qos_2 ? qos_2_.find(packet.packet_id) : nullptr;
        if (known != nullptr && (is_of_lost_session(*known, packet) || is_wanted_again(*known))) {
            qos_2_.erase(packet.packet_id);
            known = nullptr;
        }
        if (known != nullptr) {
            if (!came_on_this_connection(*known)) ++outstanding_;
            // A copy is answered again, unless the answer to an earlier one is still due.
            if (known->latest_copy < first_number_) {
                known->latest_copy = arrived(packet.packet_id, is_qos_2, known->taken_over);
            }
            return verdict::duplicate;
        }
        // [MQTT-3.3.4-9] Only a message that is new takes up room.
        if (outstanding_ >= receive_maximum) return verdict::over_receive_maximum;
        ++outstanding_;
        token = {arrived(packet.packet_id, is_qos_2, false), packet.packet_id};
        if (is_qos_2) qos_2_.insert(packet.packet_id, {token.number, token.number});
        return verdict::deliver;
    }

    /// The application has taken the message over.
    void acknowledge(acknowledgement token) noexcept {
        take_over(token.number);
        qos_2_message* known = qos_2_.find(token.packet_id);
        if (known == nullptr || known->number != token.number) return;
        known->taken_over = true;
        take_over(known->latest_copy);
    }

    /// The application will not take the message over.
    void abandon(acknowledgement token) noexcept {
        qos_2_message* known = qos_2_.find(token.packet_id);
        if (known != nullptr && known->number == token.number)
            known->abandoned = !known->taken_over;
    }

    /// Writes the acknowledgements that are due, in order.
    void flush(output_buffer& output) {
        std::size_t due = 0;
        while (due != arrivals_.size() && arrivals_[due].taken_over)
            ++due;
        if (due == 0) return;
        output.acknowledge_all(due, [this] {
            const arrival first = arrivals_.front();
            if (!first.is_qos_2) --outstanding_;
            arrivals_.pop_front();
            return std::pair{first.is_qos_2 ? packet_type::pubrec : packet_type::puback,
                             first.packet_id};
        });
        first_number_ += due;
    }

    /// Answers PUBREL with PUBCOMP [MQTT-4.3.3-11]: the identifier may carry a new message from now
    /// on. False when the broker may not send it yet.
    bool pubrel(std::uint16_t id, protocol_version version, output_buffer& output) {
        const qos_2_message* known = qos_2_.find(id);
        // PUBREL answers a PUBREC, and none was sent before the application had the message.
        if (known != nullptr && !known->taken_over) return false;
        if (known == nullptr) {
            output.answer_unknown(packet_type::pubcomp, version, id);
            return true;
        }
        if (came_on_this_connection(*known)) --outstanding_;
        qos_2_.erase(id);
        output.acknowledge(packet_type::pubcomp, id);
        return true;
    }

    void disconnected() noexcept {
        first_number_ += arrivals_.size();
        arrivals_.clear();
        connection_start_ = first_number_;
        outstanding_ = 0;
    }

    /// What the broker's session is: one that is not there has forgotten the identifiers
    /// [MQTT-3.2.2-5]; one that is present but not certain to be the same as before may have, and
    /// nothing that comes later tells.
    void connected(bool session_present, bool is_certain) noexcept {
        if (!session_present) qos_2_.clear();
        if (!is_certain) doubtful_before_ = first_number_;
    }

private:
    struct arrival {
        std::uint16_t packet_id = 0;
        bool is_qos_2 = false;
        bool taken_over = false;
    };
    struct qos_2_message {
        std::uint64_t number = 0;       // of the copy that was delivered
        std::uint64_t latest_copy = 0;  // number of the one that came last
        bool taken_over = false;        // PUBREC was sent, or may be
        bool abandoned = false;         // the application has given it up
    };

    std::uint64_t arrived(std::uint16_t id, bool is_qos_2, bool taken_over) {
        arrivals_.push_back({id, is_qos_2, taken_over});
        return first_number_ + arrivals_.size() - 1;
    }

    void take_over(std::uint64_t number) noexcept {
        if (number < first_number_ || number - first_number_ >= arrivals_.size()) return;
        arrivals_[number - first_number_].taken_over = true;
    }

    /// A broker sets DUP when it sends a message again [MQTT-3.3.1-1]. That is believed only where
    /// the identifier alone may mislead: some forget it.
    bool is_of_lost_session(const qos_2_message& known,
                            const publish_packet& packet) const noexcept {
        return known.number < doubtful_before_ && !packet.dup && !came_on_this_connection(known);
    }

    /// The application did not take it over, and no answer says that it did.
    bool is_wanted_again(const qos_2_message& known) const noexcept {
        return known.abandoned && !came_on_this_connection(known);
    }

    bool came_on_this_connection(const qos_2_message& known) const noexcept {
        return known.latest_copy >= connection_start_;
    }

    ring_buffer<arrival> arrivals_;   // of this connection and not acknowledged, in order
    std::uint64_t first_number_ = 1;  // of the first of them, counting over all connections
    std::uint64_t connection_start_ = 1;
    std::uint32_t outstanding_ = 0;  // what the broker has used of the Receive Maximum
    packet_id_table<qos_2_message> qos_2_;
    std::uint64_t doubtful_before_ = 0;  // of messages before this number the broker may not know
};

}  // namespace asio_mqtt::detail
