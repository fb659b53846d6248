// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdint>

namespace asio_mqtt::wire {

/// The Two Byte Integer at `from` (1.5.2).
inline std::uint16_t load_16(const std::byte* from) noexcept {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(from[0]) << 8 |
                                      std::to_integer<unsigned>(from[1]));
}

}  // namespace asio_mqtt::wire
