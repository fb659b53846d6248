// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "support/hex.hpp"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

/// Runs the context until `done()`, ten seconds at most; returns `done()`.
template <class Predicate>
bool run_until(asio::io_context& io, Predicate done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!done()) {
        io.restart();
        if (io.run_one_until(deadline) == 0) return done();
    }
    return true;
}

/// Speaks to a broker in literal bytes, over any stream. All bytes are written as test::hex() reads
/// them.
template <class Stream>
class wire_client {
public:
    wire_client(asio::io_context& io, Stream stream) : io_{io}, stream_{std::move(stream)} {}

    Stream& stream() { return stream_; }

    void send(std::string_view text) {
        const auto bytes = std::make_shared<std::vector<std::byte>>(hex(text));
        const auto done = std::make_shared<bool>(false);
        asio::async_write(stream_, asio::buffer(*bytes),
                          [bytes, done](std::error_code, std::size_t) { *done = true; });
        run_until(io_, [&] { return *done; });
    }

    /// The next `size` bytes in hexadecimal; fewer when the connection ends or nothing comes.
    std::string receive(std::size_t size) {
        if (stuck_) return "nothing came";
        struct state {
            std::vector<std::byte> bytes;
            std::error_code error;
            bool done = false;
        };
        const auto read = std::make_shared<state>();
        read->bytes.resize(size);
        asio::async_read(stream_, asio::buffer(read->bytes),
                         [read](std::error_code error, std::size_t transferred) {
                             read->error = error;
                             read->bytes.resize(transferred);
                             read->done = true;
                         });
        stuck_ = !run_until(io_, [&] { return read->done; });
        last_error_ = read->error;
        return stuck_ ? "nothing came" : to_hex(read->bytes);
    }

    /// What ended the last receive() early.
    std::error_code last_error() const { return last_error_; }

    /// True when the broker has closed the connection and sent nothing before.
    bool is_closed() { return receive(1).empty(); }

    /// True when the broker has nothing to say but the answer to a PINGREQ (3.12).
    bool is_quiet() {
        send("C0 00");
        return receive(2) == "D0 00";
    }

private:
    asio::io_context& io_;
    Stream stream_;
    std::error_code last_error_;
    bool stuck_ = false;  ///< A read has waited in vain, and waits still.
};

}  // namespace test
