// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

/// A network between clients and a broker, which can be cut.
class tcp_relay {
public:
    tcp_relay(asio::io_context& io, std::uint16_t broker_port)
        : broker_{asio::ip::address_v4::loopback(), broker_port},
          acceptor_{io, {asio::ip::address_v4::loopback(), 0}} {
        accept();
    }
    ~tcp_relay() { cut(); }

    std::string url() const {
        return "mqtt://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }

    /// Connections that were accepted so far.
    std::size_t connection_count() const { return connection_count_; }

    /// Breaks all connections. What was on its way is lost.
    void cut() {
        for (const std::weak_ptr<connection>& each : connections_) {
            if (const auto alive = each.lock()) alive->close();
        }
        connections_.clear();
    }

    /// While it is down, connections are accepted and closed at once.
    void set_down(bool is_down) {
        is_down_ = is_down;
        if (is_down) cut();
    }

    /// Each connection from now on breaks when so many bytes went through it, both directions
    /// together: `first`, and `growth` more each time, so that all that goes on gets its chance.
    void break_after(std::size_t first, std::size_t growth) {
        limit_ = first;
        growth_ = growth;
    }
    void stay_up() { break_after(std::numeric_limits<std::size_t>::max(), 0); }

private:
    struct connection : std::enable_shared_from_this<connection> {
        connection(asio::ip::tcp::socket accepted, std::size_t byte_limit)
            : client{std::move(accepted)}, broker{client.get_executor()}, left{byte_limit} {}

        void start(const asio::ip::tcp::endpoint& endpoint) {
            broker.async_connect(endpoint, [self = shared_from_this()](std::error_code error) {
                if (error) return self->close();
                self->pass(self->client, self->broker, self->to_broker);
                self->pass(self->broker, self->client, self->to_client);
            });
        }

        void pass(asio::ip::tcp::socket& from, asio::ip::tcp::socket& to,
                  std::array<char, 4096>& piece) {
            const std::size_t room = std::min(piece.size(), left);
            from.async_read_some(asio::buffer(piece.data(), room),
                                 [this, &from, &to, &piece, self = shared_from_this()](
                                     std::error_code error, std::size_t size) {
                                     size = std::min(size, left);
                                     left -= size;
                                     if (error) return close();
                                     asio::async_write(to, asio::buffer(piece.data(), size),
                                                       [this, &from, &to, &piece, self](
                                                           std::error_code failure, std::size_t) {
                                                           if (failure || left == 0) return close();
                                                           pass(from, to, piece);
                                                       });
                                 });
        }

        void close() {
            std::error_code ignored;
            client.close(ignored);
            broker.close(ignored);
        }

        asio::ip::tcp::socket client;
        asio::ip::tcp::socket broker;
        std::size_t left;
        std::array<char, 4096> to_broker;
        std::array<char, 4096> to_client;
    };

    void accept() {
        acceptor_.async_accept([this](std::error_code error, asio::ip::tcp::socket accepted) {
            if (error) return;
            ++connection_count_;
            if (!is_down_) {
                const auto made = std::make_shared<connection>(std::move(accepted), limit_);
                connections_.push_back(made);
                limit_ += growth_;
                made->start(broker_);
            }
            accept();
        });
    }

    const asio::ip::tcp::endpoint broker_;
    asio::ip::tcp::acceptor acceptor_;
    std::vector<std::weak_ptr<connection>> connections_;
    std::size_t connection_count_ = 0;
    std::size_t limit_ = std::numeric_limits<std::size_t>::max();
    std::size_t growth_ = 0;
    bool is_down_ = false;
};

}  // namespace test
