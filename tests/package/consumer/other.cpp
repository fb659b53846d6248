// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt.hpp>

#include <asio/awaitable.hpp>

asio::awaitable<int> other() {
    co_return 42;
}
