// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>

#include <cstdint>
#include <string>

namespace asio_mqtt::detail {

/// Knows whether the broker's session is the one whose state is kept on this side.
class resumption {
public:
    /// Has a CONNECT ask for what goes on, whatever it asked for at first.
    void prepare(connect_packet& packet, protocol_version version) const noexcept {
        if (has_session_) packet.clean_start = false;
        // A clean session of 3.1.1 would end with the connection: there one that is not ours goes
        // on.
        if (must_start_clean_ && version == protocol_version::v5) packet.clean_start = true;
        if (packet.client_id.empty()) packet.client_id = assigned_client_id_;
    }

    /// The CONNECT leaves.
    void asked(const connect_packet& packet, protocol_version version) noexcept {
        is_v5_ = version == protocol_version::v5;
        asked_clean_start_ = packet.clean_start;
        asked_to_be_kept_ = is_v5_ ? packet.properties.session_expiry_interval.value_or(0) != 0
                                   : !packet.clean_start;
        ++unanswered_;
    }

    /// The next broker is not the one that keeps the session, unless they share it.
    void doubt() noexcept { ++unanswered_; }

    /// The CONNACK refuses.
    void refused() noexcept { --unanswered_; }

    /// The CONNACK accepts; false when the session of which it tells cannot go on here
    /// [MQTT-3.2.2-2] [MQTT-3.2.2-4]: the next CONNECT asks for a new one.
    bool accepted(const connack_packet& connack) {
        // 3.1.1 takes over the session of an earlier process.
        must_start_clean_ =
            connack.session_present && (asked_clean_start_ || (!has_session_ && is_v5_));
        if (must_start_clean_) return false;
        const connack_properties& properties = connack.properties;
        has_session_ = properties.session_expiry_interval ? *properties.session_expiry_interval != 0
                                                          : asked_to_be_kept_;
        if (properties.assigned_client_identifier) {
            assigned_client_id_ = *properties.assigned_client_identifier;
        }
        is_certain_ = unanswered_ == 1;
        return true;
    }
    /// All is done that it asks for; without that, the next CONNACK is not certain.
    void settled() noexcept { unanswered_ = 0; }

    /// False when a CONNECT whose CONNACK never came may have been the one that would have told of
    /// a lost session, or when the broker is another one: the session that is present now may be
    /// younger, or older, than what is known here.
    bool is_certain() const noexcept { return is_certain_; }

    /// The broker may keep the session of this connection (3.1.2.11.2).
    bool may_be_kept() const noexcept { return asked_to_be_kept_; }
    /// It will not.
    void ends() noexcept { has_session_ = false; }

private:
    std::string assigned_client_id_;
    unsigned unanswered_ = 0;  // CONNECTs since the last that was settled, and one for a doubt
    bool is_v5_ = true;
    bool asked_clean_start_ = true;
    bool asked_to_be_kept_ = false;
    bool is_certain_ = true;
    bool has_session_ = false;       // the broker may have kept one, and this side has its state
    bool must_start_clean_ = false;  // one was resumed that is not ours
};

}  // namespace asio_mqtt::detail
