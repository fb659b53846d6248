// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/testing/broker.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include "unit/client/connect_with.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace test {

/// A memory_stream that is lost after a number of bytes, counted in either direction.
class lossy_stream {
public:
    using executor_type = asio::any_io_executor;

    lossy_stream(asio_mqtt::testing::memory_stream inner, std::size_t received_bytes)
        : inner_{std::move(inner)}, left_to_receive_{received_bytes} {}

    executor_type get_executor() const { return inner_.get_executor(); }
    void close() { inner_.close(); }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return inner_.async_write_some(buffers, std::forward<Token>(token));
    }

    template <class Token>
    auto async_read_some(const asio::mutable_buffer& buffer, Token&& token) {
        if (left_to_receive_ == 0) inner_.close();  // the read fails
        const asio::mutable_buffer room{buffer.data(), std::min(buffer.size(), left_to_receive_)};
        // Reads are as small as need be to count them: one byte at a time towards the end.
        const std::size_t size =
            left_to_receive_ > far ? room.size() : std::min<std::size_t>(room.size(), 1);
        if (left_to_receive_ <= far) left_to_receive_ -= std::min(left_to_receive_, size);
        return inner_.async_read_some(asio::mutable_buffer{room.data(), size},
                                      std::forward<Token>(token));
    }

    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

private:
    static constexpr std::size_t far = unlimited / 2;

    asio_mqtt::testing::memory_stream inner_;
    std::size_t left_to_receive_;
};

/// Connects to a broker in memory; the first connections are lost as planned. Copies share their
/// state.
class lossy_connector {
public:
    using stream_type = lossy_stream;
    enum class direction { sent, received };
    struct loss {
        direction where;
        std::size_t bytes;
    };

    lossy_connector(asio_mqtt::testing::broker& broker, std::vector<loss> planned)
        : shared_{std::make_shared<shared>(shared{&broker, std::move(planned)})} {}

    /// How many connections were lost, or are about to be: all but the last that was made.
    std::size_t losses() const {
        return std::min(shared_->planned.size(), shared_->connections - 1);
    }

    template <class CompletionToken>
    auto async_connect(const asio_mqtt::broker_address&, CompletionToken&& token) {
        return connect_with(shared_->connect(), std::forward<CompletionToken>(token));
    }

private:
    struct shared {
        asio_mqtt::testing::broker* broker;
        std::vector<loss> planned;
        std::size_t connections = 0;

        lossy_stream connect() {
            asio_mqtt::testing::memory_stream stream = broker->connect();
            std::size_t received = lossy_stream::unlimited;
            if (connections < planned.size()) {
                const loss& next = planned[connections];
                if (next.where == direction::received) {
                    received = next.bytes;
                } else {
                    stream.cut_after(next.bytes);
                }
            }
            ++connections;
            return {std::move(stream), received};
        }
    };

    std::shared_ptr<shared> shared_;
};

}  // namespace test
