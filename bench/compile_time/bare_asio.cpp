// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// The yardstick: what any program pays that connects, writes, reads and uses a timer with Asio.

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <cstdio>
#include <system_error>

int main() {
    asio::io_context io;
    asio::ip::tcp::resolver resolver{io};
    asio::ip::tcp::socket socket{io};
    asio::steady_timer timer{io};
    char answer[64];
    timer.expires_after(std::chrono::seconds{1});
    timer.async_wait([&](std::error_code) { socket.close(); });
    resolver.async_resolve("localhost", "1883", [&](std::error_code error, auto addresses) {
        if (error) return;
        asio::async_connect(
            socket, addresses, [&](std::error_code failed, const asio::ip::tcp::endpoint&) {
                if (failed) return;
                asio::async_write(
                    socket, asio::buffer("?", 1), [&](std::error_code broken, std::size_t) {
                        if (broken) return;
                        socket.async_read_some(
                            asio::buffer(answer), [&](std::error_code, std::size_t size) {
                                std::printf("%.*s\n", static_cast<int>(size), answer);
                                timer.cancel();
                            });
                    });
            });
    });
    io.run();
}
