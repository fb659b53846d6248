// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/session/acknowledgement.hpp>

#include <span>
#include <string_view>

namespace asio_mqtt {

/// What session::next_event() tells. Pointers and views are valid until the next call of it, and of
/// next_message(), prepare_read(), connect(), request() and cancel().
struct session_event {
    enum class kind {
        need_data,  ///< All that was received is handled: read more.
        paused,     ///< Too many answers wait to be written: write, and read no more until then.
        connected,  ///< The broker has accepted the connection: `connack`.
        message,    ///< A message has arrived: `message`, `token`, `handlers`.
        completed,  ///< An operation has ended: `tag`, `error`, and what the broker said about it.
        subscription_lost,  ///< The broker had lost the session, and has refused to make this
                            ///< subscription again: `filter`, `error`.
        closed,  ///< The connection must end: write what is left, close, call disconnected().
                 ///< `error`.
    };

    kind what = kind::need_data;
    error_code error{};                       ///< completed, closed: false for success.
    const connack_packet* connack = nullptr;  ///< connected; closed when the broker refused.
    const publish_packet* message = nullptr;  ///< message: the topic is there also with an alias.
    acknowledgement token{};                  ///< message: for session::acknowledge().
    std::span<void* const> handlers{};        ///< message: one for each subscription, or null.
    void* tag = nullptr;                      ///< completed: as given to publish() and the like.
    reason_code reason =
        reason_code::success;  ///< completed: of a publish; closed: of a DISCONNECT.
    const ack_properties* properties = nullptr;  ///< completed: null or empty when there are none.
    list_view<reason_code> reasons{};            ///< completed: one for each filter of a request.
    const disconnect_packet* disconnect = nullptr;  ///< closed: when the broker sent one.
    std::string_view filter{};                      ///< subscription_lost.
};

}  // namespace asio_mqtt
