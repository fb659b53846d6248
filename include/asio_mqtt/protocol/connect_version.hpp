// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace asio_mqtt {

/// The protocol version that a CONNECT asks for (3.1.2.2), for choosing the codec that reads it.
/// May be a version that no codec exists for.
///
/// `body` is what follows the fixed header; nothing when it does not begin with the name "MQTT" and
/// a version.
constexpr std::optional<std::uint8_t> peek_connect_version(
    std::span<const std::byte> body) noexcept {
    constexpr std::byte name[] = {std::byte{0},   std::byte{4},   std::byte{'M'},
                                  std::byte{'Q'}, std::byte{'T'}, std::byte{'T'}};
    if (body.size() <= std::size(name)) return std::nullopt;
    if (!std::equal(std::begin(name), std::end(name), body.begin())) return std::nullopt;
    return std::to_integer<std::uint8_t>(body[std::size(name)]);
}

/// True for the body of a CONNACK in which a broker that knows 3.1.1 only refuses 5.0: it says so
/// in its own form, with return code 1 (3.1.1: [MQTT-3.1.2-2]).
constexpr bool is_refusal_of_v5(std::span<const std::byte> body) noexcept {
    return body.size() == 2 && body[0] == std::byte{0} && body[1] == std::byte{1};
}

}  // namespace asio_mqtt
