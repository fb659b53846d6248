// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>

namespace asio_mqtt {

/// Payloads from this size on are not copied when their owner comes with them.
inline constexpr std::size_t shared_payload_size = 4'096;

}  // namespace asio_mqtt
