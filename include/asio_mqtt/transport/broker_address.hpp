// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace asio_mqtt {

/// Where a broker is, taken from `scheme://host[:port][/path]`.
struct broker_address {
    std::string scheme{};  ///< In lower case, such as "mqtt".
    std::string host{};    ///< A name or an address; an IPv6 address without its brackets.
    std::string port{};    ///< Digits, or empty for the scheme's own port.
    std::string path{};    ///< With its leading slash; empty when there is none.
    /// Grows with each attempt that led to no lasting connection: of several addresses of the host
    /// another one is to be tried first, since one may accept connections and do no more.
    unsigned round = 0;

    bool operator==(const broker_address&) const = default;
};

namespace detail {

/// 1 to 65,535 in digits.
constexpr bool is_port(std::string_view text) noexcept {
    std::uint32_t number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return false;
        number = number * 10 + static_cast<std::uint32_t>(c - '0');
        if (number > 65'535) return false;
    }
    return number != 0;
}

}  // namespace detail

/// Takes an address apart. `errc::invalid_broker_address` when the scheme or the host is missing
/// or has characters that it cannot have, or the port is not a number from 1 to 65,535. User names
/// and passwords have no place in it: they are options.
inline error_code parse_broker_address(std::string_view text, broker_address& address) {
    const std::size_t colon = text.find("://");
    if (colon == 0 || colon == std::string_view::npos) return errc::invalid_broker_address;
    broker_address parsed;
    for (const char c : text.substr(0, colon)) {
        parsed.scheme.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    text.remove_prefix(colon + 3);
    const std::size_t slash = text.find('/');
    if (slash != std::string_view::npos) {
        parsed.path = text.substr(slash);
        text = text.substr(0, slash);
    }
    for (const char c : text) {
        // A host has none of these; a user name has no place here.
        const bool is_control = static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
        if (is_control || c == '@' || c == '?' || c == '#') {
            return errc::invalid_broker_address;
        }
    }
    std::size_t host_end = text.rfind(':');
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos) return errc::invalid_broker_address;
        parsed.host = text.substr(1, bracket - 1);
        host_end = bracket + 1;
        if (host_end == text.size()) host_end = std::string_view::npos;
        if (host_end != std::string_view::npos && text[host_end] != ':') {
            return errc::invalid_broker_address;
        }
    } else {
        parsed.host = text.substr(0, host_end);
        if (parsed.host.find(':') != std::string::npos) return errc::invalid_broker_address;
    }
    if (host_end != std::string_view::npos) {
        const std::string_view port = text.substr(host_end + 1);
        if (!detail::is_port(port)) return errc::invalid_broker_address;
        parsed.port = port;
    }
    if (parsed.host.empty()) return errc::invalid_broker_address;
    address = std::move(parsed);
    return {};
}

}  // namespace asio_mqtt
