// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/session_event.hpp>

#include <string>

namespace asio_mqtt::detail {

/// What the broker said with the CONNACK or DISCONNECT that ended a connection (5.0).
struct last_words {
    std::string server_reference;
    std::string reason_string;

    static last_words of(const session_event& closed) {
        if (closed.connack != nullptr) return from(closed.connack->properties);
        if (closed.disconnect != nullptr) return from(closed.disconnect->properties);
        return {};
    }

private:
    static last_words from(const auto& properties) {
        return {std::string{properties.server_reference.value_or("")},
                std::string{properties.reason_string.value_or("")}};
    }
};

}  // namespace asio_mqtt::detail
