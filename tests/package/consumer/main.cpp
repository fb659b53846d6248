// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>

// other.cpp includes the library too: two translation units in one program show a missing `inline`.
asio::awaitable<int> other();

int main() {
    asio::io_context io;
    int answer = 0;
    asio::co_spawn(io, other(), [&](std::exception_ptr, int value) { answer = value; });
    io.run();
    return answer == 42 ? 0 : 1;
}
