// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "record.hpp"

#include <string>
#include <string_view>

namespace data_sync {

/// The text as a terminal may show it: what others sent could hold control sequences.
inline std::string printable(std::string_view text) {
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        shown += byte < 0x20 || byte == 0x7F ? '?' : c;
    }
    return shown;
}

/// `key = value`, or `key deleted`.
inline std::string describe(std::string_view key, const record& of) {
    return printable(key) + (of.deleted ? " deleted" : " = " + printable(of.value));
}

/// `version 3 by kitchen`
inline std::string origin(const record& of) {
    return "version " + std::to_string(of.version) + " by " + of.node;
}

}  // namespace data_sync
