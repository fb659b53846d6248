// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>

#include <functional>
#include <optional>
#include <string>

namespace asio_mqtt {

/// With what a client proves who it is, in CONNECT (3.1.3.5, 3.1.3.6).
struct credentials {
    std::optional<std::string> user_name{};
    std::optional<std::string> password{};
};

/// Takes the answer to one question for credentials: from any thread, unless
/// client_options::single_threaded is set, at once or later. With an error there are none, and the
/// attempt to connect has failed. A second answer is ignored, and so is one for which the client
/// waits no more. May be copied and kept.
using credentials_answer = std::function<void(error_code, credentials)>;

/// Asked before each attempt to connect, on the client's executor, to call its argument once.
using credentials_provider = std::function<void(credentials_answer)>;

}  // namespace asio_mqtt
