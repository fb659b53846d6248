// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <chrono>

namespace asio_mqtt {

/// How long each step of connecting may take; more than 0 ms. What a client allows for all of them
/// together is client_options::connect_timeout.
struct tcp_connector_options {
    std::chrono::milliseconds resolve_timeout{5'000};
    std::chrono::milliseconds connect_timeout{5'000};  ///< For each address of the name.
};

}  // namespace asio_mqtt
