// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/protocol_version.hpp>
#include <asio_mqtt/protocol/variable_byte_integer.hpp>
#include <asio_mqtt/session/packet_trace.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace asio_mqtt {

/// What becomes of a message for which the queue has no room.
enum class queue_overflow : std::uint8_t {
    reject,       ///< It is not queued: errc::queue_full.
    drop_oldest,  ///< It takes the place of the oldest ones of the kinds for which this was chosen,
                  ///< which end with errc::message_dropped. When all of them are not enough, it is
                  ///< rejected instead.
};

/// What becomes of messages whose handshake was under way when the broker lost the session.
enum class session_loss : std::uint8_t {
    send_again,  ///< They are sent as new, in their order; one at QoS 1 or 2 may arrive twice.
    fail,        ///< They end with errc::session_lost; they may have arrived.
};

/// What a session needs to know beside the CONNECT packet.
struct session_settings {
    protocol_version version = protocol_version::v5;
    std::chrono::milliseconds connack_timeout{10'000};        ///< From connect() to CONNACK.
    std::chrono::milliseconds ping_response_timeout{10'000};  ///< From PINGREQ to any answer.
    /// Bytes of the largest packet to receive. What CONNECT says may be lower, and is not sent by
    /// itself.
    std::uint32_t maximum_packet_size = max_variable_byte_integer + 5;
    /// What stands for the Receive Maximum of a 3.1.1 broker: QoS 1 and 2 messages that it may be
    /// sent ahead of its acknowledgements, 1 and above.
    std::uint16_t assumed_receive_maximum = 20;
    /// Bytes of memory for messages that wait to be sent.
    std::size_t queue_size = 67'108'864;
    /// The same for messages at QoS 1 and 2 that were sent and whose handshake has not ended; those
    /// that would exceed it wait. One goes in any case.
    std::size_t in_flight_size = 67'108'864;
    /// By QoS.
    std::array<queue_overflow, 3> when_queue_full{};
    session_loss on_session_loss = session_loss::send_again;
    /// Sees all packets, from within start_write() and next_event(). It must not call the session.
    packet_tracer on_packet{};
};

}  // namespace asio_mqtt
