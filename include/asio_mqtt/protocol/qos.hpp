// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>

namespace asio_mqtt {

/// Quality of service of one message (section 4.3).
enum class qos : std::uint8_t {
    at_most_once = 0,   ///< Sent once, never acknowledged: may be lost.
    at_least_once = 1,  ///< Acknowledged: may arrive twice.
    exactly_once = 2,   ///< Acknowledged in two steps: arrives once.
};

}  // namespace asio_mqtt
