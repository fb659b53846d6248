// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/protocol_version.hpp>
#include <asio_mqtt/protocol/variable_byte_integer.hpp>

#include <chrono>
#include <cstdint>

namespace asio_mqtt {

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
};

}  // namespace asio_mqtt
