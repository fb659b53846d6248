// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/protocol/packet_type.hpp>
#include <asio_mqtt/session/intrusive_list.hpp>

#include <cstdint>

namespace asio_mqtt {

/// What PUBLISH, SUBSCRIBE and UNSUBSCRIBE have in common while a session keeps them.
struct outbound_packet : detail::list_node {
    explicit outbound_packet(packet_type packet) noexcept : type{packet} {}

    const packet_type type;
    bool abandoned = false;       ///< Nobody wants the outcome any more: see session::cancel().
    std::uint16_t packet_id = 0;  ///< 0 while it is not in flight.
    /// Whoever waits for the outcome, as given to the session; null when nobody waits.
    void* tag = nullptr;
    errc error{};  ///< The outcome, when no packet of the broker tells it.

protected:
    ~outbound_packet() = default;
};

}  // namespace asio_mqtt
