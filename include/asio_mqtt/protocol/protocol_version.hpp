// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>

namespace asio_mqtt {

/// The version of the protocol, as the Protocol Level byte of CONNECT (3.1.2.2 in 3.1.1, 3.1.2.2
/// in 5.0).
enum class protocol_version : std::uint8_t {
    v3_1_1 = 4,
    v5 = 5,
};

}  // namespace asio_mqtt
