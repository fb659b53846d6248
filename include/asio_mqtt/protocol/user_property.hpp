// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/properties.hpp>

#include <string>
#include <vector>

namespace asio_mqtt {

/// A user property that owns its strings: for options and for messages that are kept (2.2.2.2).
struct user_property {
    std::string name{};
    std::string value{};

    operator user_property_view() const noexcept { return {name, value}; }
    bool operator==(const user_property&) const = default;
};

/// Copies what the list views.
inline std::vector<user_property> to_owned(const user_property_list& list) {
    std::vector<user_property> copies(list.size());
    user_property* next = copies.data();
    for (const auto& [name, value] : list)
        *next++ = {std::string{name}, std::string{value}};
    return copies;
}

}  // namespace asio_mqtt
