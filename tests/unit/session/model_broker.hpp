// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/packet_stream.hpp"

namespace test {

namespace mqtt = asio_mqtt;

/// A broker with one client, small enough to be seen to be right: it keeps the session over lost
/// connections, and on a new one sends again what is unfinished, in order, with DUP (4.4).
class model_broker {
public:
    explicit model_broker(mqtt::protocol_version version, std::uint16_t receive_maximum)
        : version_{version}, receive_maximum_{receive_maximum}, input_{version} {}

    // --- What the test looks at ---------------------------------------------------------------

    std::vector<std::string> published;  ///< Payloads as they were taken over from the client.
    std::set<std::string> filters() const { return session_.filters; }
    /// Which session this is, counting from 1; 0 for none.
    int session_number() const { return has_session_ ? session_count_ : 0; }
    bool is_idle() const { return session_.outbound.empty() && session_.received.empty(); }

    // --- What the test does -------------------------------------------------------------------

    void send(const std::string& payload, mqtt::qos qos) {
        if (!has_session_) return;
        message added{payload, qos, 0, false, false, false};
        if (qos != mqtt::qos::at_most_once) added.id = ++session_.last_id;
        session_.outbound.push_back(added);
        pump();
    }

    void lose_connection() {
        is_online_ = false;
        input_.clear();
        output.clear();
        for (message& each : session_.outbound)
            each.is_on_this_connection = false;
        std::erase_if(session_.outbound, [](const message& each) {
            return each.qos == mqtt::qos::at_most_once && each.was_sent;
        });
    }
    void lose_session() {
        has_session_ = false;
        session_ = {};
    }

    std::vector<std::byte> output;  ///< For the client.

    void receive(std::span<const std::byte> bytes) {
        input_.append(bytes);
        input_.for_each([this](const mqtt::any_packet& packet) {
            std::visit([this](const auto& each) { handle(each); }, packet);
        });
    }

private:
    struct message {
        std::string payload;
        mqtt::qos qos;
        std::uint16_t id;
        bool was_sent;
        bool is_on_this_connection;  // PUBLISH or PUBREL was sent on it
        bool is_released;            // PUBREC has come
    };
    struct session {
        std::deque<message> outbound;
        std::set<std::uint16_t> received;  // QoS 2, between PUBREC and PUBREL
        std::set<std::string> filters;
        std::uint16_t last_id = 0;
    };

    void handle(const mqtt::connect_packet& connect) {
        const bool session_present = has_session_ && !connect.clean_start;
        if (!session_present) {
            session_ = {};
            has_session_ = true;
            ++session_count_;
        }
        is_online_ = true;
        client_maximum_ = connect.properties.receive_maximum.value_or(65'535);
        mqtt::connack_packet connack;
        connack.session_present = session_present;
        if (version_ == mqtt::protocol_version::v5) {
            connack.properties.receive_maximum = receive_maximum_;
        }
        encode(connack);
        pump();
    }
    void handle(const mqtt::publish_packet& publish) {
        const std::string payload{publish.payload};
        switch (publish.qos) {
            case mqtt::qos::at_most_once: published.push_back(payload); break;
            case mqtt::qos::at_least_once:
                published.push_back(payload);
                answer<mqtt::puback_packet>(publish.packet_id);
                break;
            case mqtt::qos::exactly_once:
                if (session_.received.insert(publish.packet_id).second) {
                    published.push_back(payload);
                }
                answer<mqtt::pubrec_packet>(publish.packet_id);
                break;
        }
    }
    void handle(const mqtt::pubrel_packet& pubrel) {
        const bool is_known = session_.received.erase(pubrel.packet_id) == 1;
        answer<mqtt::pubcomp_packet>(pubrel.packet_id, is_known);
    }
    void handle(const mqtt::puback_packet& puback) { finish(puback.packet_id); }
    void handle(const mqtt::pubrec_packet& pubrec) {
        bool is_known = false;
        for (message& each : session_.outbound) {
            if (each.id != pubrec.packet_id) continue;
            each.is_released = true;
            is_known = true;
        }
        answer<mqtt::pubrel_packet>(pubrec.packet_id, is_known);
    }
    void handle(const mqtt::pubcomp_packet& pubcomp) { finish(pubcomp.packet_id); }
    void handle(const mqtt::subscribe_packet& subscribe) {
        mqtt::suback_packet suback;
        suback.packet_id = subscribe.packet_id;
        std::vector<mqtt::reason_code> reasons;
        for (const mqtt::topic_subscription& each : subscribe.subscriptions) {
            session_.filters.insert(std::string{each.filter});
            reasons.push_back(static_cast<mqtt::reason_code>(each.qos));
        }
        suback.reasons = reasons;
        encode(suback);
    }
    void handle(const mqtt::unsubscribe_packet& unsubscribe) {
        mqtt::unsuback_packet unsuback;
        unsuback.packet_id = unsubscribe.packet_id;
        std::vector<mqtt::reason_code> reasons;
        for (const std::string_view each : unsubscribe.filters) {
            session_.filters.erase(std::string{each});
            if (version_ == mqtt::protocol_version::v5) reasons.push_back({});
        }
        unsuback.reasons = reasons;
        encode(unsuback);
    }
    template <class Packet>
    void handle(const Packet&) {
        throw std::runtime_error{"not what the session should send"};
    }

    void finish(std::uint16_t id) {
        std::erase_if(session_.outbound, [id](const message& each) { return each.id == id; });
        pump();
    }

    /// Sends what has not been sent on this connection, in order, as far as the client allows.
    void pump() {
        if (!is_online_) return;
        std::size_t in_flight = 0;
        for (const message& each : session_.outbound) {
            if (each.qos != mqtt::qos::at_most_once && each.is_on_this_connection) ++in_flight;
        }
        for (message& each : session_.outbound) {
            if (each.is_on_this_connection) continue;
            if (each.is_released) {
                answer<mqtt::pubrel_packet>(each.id);
            } else {
                if (each.qos != mqtt::qos::at_most_once && in_flight >= client_maximum_) break;
                mqtt::publish_packet publish;
                publish.topic = "t";
                publish.payload = each.payload;
                publish.qos = each.qos;
                publish.packet_id = each.id;
                publish.dup = each.was_sent;
                encode(publish);
            }
            each.was_sent = true;
            each.is_on_this_connection = true;
            if (each.qos != mqtt::qos::at_most_once) ++in_flight;
        }
        std::erase_if(session_.outbound, [](const message& each) {
            return each.qos == mqtt::qos::at_most_once && each.was_sent;
        });
    }

    template <class Ack>
    void answer(std::uint16_t id, bool is_known = true) {
        Ack ack;
        ack.packet_id = id;
        if (!is_known && version_ == mqtt::protocol_version::v5) {
            ack.reason = mqtt::reason_code::packet_identifier_not_found;
        }
        encode(ack);
    }
    template <class Packet>
    void encode(const Packet& packet) {
        if (version_ == mqtt::protocol_version::v5) {
            mqtt::codec_v5::encode(packet, output);
        } else {
            mqtt::codec_v3_1_1::encode(packet, output);
        }
    }

    const mqtt::protocol_version version_;
    const std::uint16_t receive_maximum_;
    packet_stream input_;
    bool is_online_ = false;
    bool has_session_ = false;
    int session_count_ = 0;
    std::size_t client_maximum_ = 65'535;
    session session_;
};

}  // namespace test
