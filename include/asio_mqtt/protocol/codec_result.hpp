// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/decode_errc.hpp>
#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/protocol/variable_byte_integer.hpp>

#include <cstddef>
#include <cstdint>

namespace asio_mqtt {

/// Outcome of codec::measure(): true when the packet may be sent.
struct measure_result {
    std::uint32_t remaining_length = 0;
    errc error{};            ///< What forbids sending it; errc{} when nothing does.
    const char* field = "";  ///< Name of the field at fault.

    explicit operator bool() const noexcept { return error == errc{}; }
    /// Size of the whole packet in bytes.
    std::size_t packet_size() const noexcept {
        return 1 + variable_byte_integer_size(remaining_length) + remaining_length;
    }
};

/// Outcome of codec::decode(): true when the packet was read and is well-formed.
struct decode_result {
    decode_errc error{};     ///< What is wrong; decode_errc{} when nothing is.
    std::size_t offset = 0;  ///< Where: bytes from the start of the packet to the field at fault.
    const char* field = "";  ///< Name of that field.

    explicit operator bool() const noexcept { return error == decode_errc{}; }
};

}  // namespace asio_mqtt
