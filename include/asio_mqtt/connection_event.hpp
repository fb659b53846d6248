// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/protocol/packets.hpp>

#include <chrono>
#include <functional>
#include <string_view>

namespace asio_mqtt {

/// What has happened to the connection of a client. Views and pointers are valid until the handler
/// returns.
struct connection_event {
    enum class kind : std::uint8_t {
        connecting,         ///< An attempt begins: `broker`, `attempt`.
        connected,          ///< The broker has accepted: `broker`, `connack`.
        disconnected,       ///< The attempt has failed, or the connection is lost, and there will
                            ///< be another one: `error`, `reason_string`, `delay`.
        subscription_lost,  ///< The broker had lost the session, and has refused to make this
                            ///< subscription again: `filter`, `error`.
        stopped,            ///< async_run() ends, with `error`; success after async_disconnect().
    };

    kind what;
    /// Of the present or the last connection: one of client_options::brokers, or the one to which
    /// the broker has sent the client.
    std::string_view broker{};
    protocol_version version{};  ///< The MQTT version of that connection.
    /// Attempts since a connection lasted for client_options::stable_period.
    unsigned attempt = 0;
    error_code error{};                       ///< Why; see mqtt::fault.
    const connack_packet* connack = nullptr;  ///< connected.
    std::string_view reason_string{};         ///< What the broker said about `error` (5.0).
    std::chrono::milliseconds delay{};        ///< disconnected: until the next attempt.
    std::string_view filter{};                ///< subscription_lost.
};

/// Called on the client's executor.
using connection_handler = std::function<void(const connection_event&)>;

}  // namespace asio_mqtt
