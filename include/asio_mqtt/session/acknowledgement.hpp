// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstdint>

namespace asio_mqtt {

/// Names one received message towards session::acknowledge(). A copy is as good; one that is late
/// is ignored.
struct acknowledgement {
    std::uint64_t number = 0;  ///< Counts arrivals at QoS 1 and 2; 0: none is asked for (QoS 0).
    std::uint16_t packet_id = 0;

    explicit operator bool() const noexcept { return number != 0; }
};

}  // namespace asio_mqtt
