// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "integration/child_process.hpp"
#include "integration/mosquitto.hpp"
#include "integration/run_until.hpp"

#include <asio_mqtt/protocol/protocol_version.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

/// mosquitto_pub or mosquitto_sub.
class command_line_client {
public:
    command_line_client(asio::io_context& io, const std::string& program, const mosquitto& broker,
                        asio_mqtt::protocol_version version, std::vector<std::string> arguments)
        : io_{io}, output_{io} {
        const bool is_v5 = version == asio_mqtt::protocol_version::v5;
        arguments.insert(arguments.begin(),
                         {program, "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-V",
                          is_v5 ? "mqttv5" : "mqttv311"});
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            throw std::system_error{errno, std::generic_category(), "pipe2"};
        }
        output_.assign(ends[0]);
        process_.emplace(std::move(arguments), "/", ends[1]);
        ::close(ends[1]);
        read();
    }

    /// What it has written so far.
    const std::string& output() const { return text_; }

    bool has_written(const std::string& text) {
        return run_until(io_, [&] { return text_.find(text) != text_.npos; });
    }

    /// The exit status of the program, whose output is complete then.
    int wait() {
        run_until(io_, [&] { return has_ended_; });
        return process_->wait();
    }

private:
    void read() {
        output_.async_read_some(asio::buffer(piece_),
                                [this](std::error_code error, std::size_t size) {
                                    if (error == asio::error::operation_aborted) return;
                                    text_.append(piece_.data(), size);
                                    if (error) {
                                        has_ended_ = true;
                                    } else {
                                        read();
                                    }
                                });
    }

    asio::io_context& io_;
    std::array<char, 4096> piece_;
    std::string text_;
    bool has_ended_ = false;
    asio::posix::stream_descriptor output_;
    std::optional<child_process> process_;
};

}  // namespace test
