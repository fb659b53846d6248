// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace asio_mqtt::detail {

/// When to try again, and whether at all.
class reconnect {
public:
    /// The seed decides all waits: give each client another one, so that a fleet does not move in
    /// step.
    reconnect(std::chrono::milliseconds minimum, std::chrono::milliseconds maximum,
              std::uint64_t seed) noexcept
        : minimum_{minimum}, maximum_{std::max(minimum, maximum)}, limit_{minimum}, random_{seed} {}

    /// A random wait of up to a limit that doubles each time ("full jitter").
    std::chrono::milliseconds next_delay() noexcept {
        const auto limit = static_cast<std::uint64_t>(limit_.count());
        limit_ = std::min(maximum_, limit_ * 2);
        return std::chrono::milliseconds{next_random() % (limit + 1)};
    }

    /// Starts over after a connection that lasted longer than the present limit: one that is closed
    /// as soon as it was accepted must not be made again and again without a pause.
    void was_online_for(std::chrono::steady_clock::duration time) noexcept {
        if (time > limit_) limit_ = minimum_;
    }

    /// False for an outcome that trying again cannot change.
    static bool can_heal(error_code error) noexcept {
        // Of other categories are the errors of streams, of which none is final.
        if (error.category() == client_category()) return error != fault::caller;
        if (error.category() != reason_category()) return true;
        switch (static_cast<reason_code>(error.value())) {
            case reason_code::unsupported_protocol_version:
            case reason_code::client_identifier_not_valid:
            case reason_code::bad_user_name_or_password:
            case reason_code::not_authorized:
            case reason_code::banned:
            case reason_code::bad_authentication_method:
            case reason_code::session_taken_over:  // the other client would be thrown out in turn
            case reason_code::topic_name_invalid:
            case reason_code::packet_too_large:
            case reason_code::payload_format_invalid:
            case reason_code::retain_not_supported:
            case reason_code::qos_not_supported: return false;
            default: return true;
        }
    }

private:
    /// SplitMix64 (Steele, Lea and Flood, 2014). Not <random>: that header alone would cost every
    /// program that includes the client a tenth of its compile time.
    std::uint64_t next_random() noexcept {
        random_ += 0x9E37'79B9'7F4A'7C15;
        std::uint64_t mixed = random_;
        mixed = (mixed ^ mixed >> 30) * 0xBF58'476D'1CE4'E5B9;
        mixed = (mixed ^ mixed >> 27) * 0x94D0'49BB'1331'11EB;
        return mixed ^ mixed >> 31;
    }

    std::chrono::milliseconds minimum_;
    std::chrono::milliseconds maximum_;
    std::chrono::milliseconds limit_;
    std::uint64_t random_;
};

}  // namespace asio_mqtt::detail
