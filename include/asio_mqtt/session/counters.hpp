// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>

namespace asio_mqtt {

/// What has gone through a client or a session, and what is in it now. What is marked so, only a
/// client knows.
struct counters {
    // Since it was made.
    std::uint64_t connections = 0;          ///< That the broker has accepted.
    std::uint64_t bytes_sent = 0;           ///< Of all packets.
    std::uint64_t bytes_received = 0;       ///< Of all packets.
    std::uint64_t messages_sent = 0;        ///< Each once, and again after a lost session.
    std::uint64_t messages_resent = 0;      ///< PUBLISH and PUBREL after a lost connection.
    std::uint64_t messages_received = 0;    ///< Without those that had come before at QoS 2.
    std::uint64_t duplicates_received = 0;  ///< At QoS 2: not handed over again.
    std::uint64_t messages_dropped = 0;     ///< From the queue, when it was full.
    std::uint64_t messages_expired = 0;     ///< In the queue.
    std::uint64_t messages_discarded = 0;   ///< Received at QoS 0, and no room. A client's.

    // Now.
    std::size_t queued_messages = 0;     ///< To be sent.
    std::size_t queued_bytes = 0;        ///< Memory that these take.
    std::size_t in_flight_messages = 0;  ///< At QoS 1 and 2, whose handshake has not ended.
    std::size_t in_flight_bytes = 0;     ///< Memory that these take.
    std::size_t waiting_bytes = 0;       ///< Memory of received messages that wait for the
                                         ///< application. A client's.
};

}  // namespace asio_mqtt
