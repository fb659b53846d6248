// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/properties.hpp>

#include <string>

namespace asio_mqtt {

/// A user property that owns its strings: for options and for messages that are kept (2.2.2.2).
struct user_property {
    std::string name{};
    std::string value{};

    operator user_property_view() const noexcept { return {name, value}; }
    bool operator==(const user_property&) const = default;
};

}  // namespace asio_mqtt
