// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

/// What befalls a connection that goes through a relay.
struct network_faults {
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

    /// Of one direction, whose bytes are counted.
    struct direction {
        std::size_t cut_after = never;    ///< The connection breaks, in both directions.
        std::size_t stall_after = never;  ///< What follows is held back for a while, once.
        std::chrono::milliseconds stall{0};
        std::size_t bytes_per_millisecond = never;
    };
    direction to_broker{};
    direction to_client{};
    std::size_t cut_after = never;  ///< Both directions together.
};

/// A network between clients and a broker, which can be cut, and whose connections can be made to
/// break, to stall and to be slow.
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

    /// Connections that were open and were cut so far.
    std::size_t cut_count() const { return *cut_count_; }

    /// Breaks all connections. What was on its way is lost, but for what the broker's socket has.
    void cut() {
        for (const std::weak_ptr<connection>& each : connections_) {
            if (const auto alive = each.lock()) alive->cut();
        }
        connections_.clear();
    }

    /// While it is down, connections are accepted and closed at once.
    void set_down(bool is_down) {
        is_down_ = is_down;
        if (is_down) cut();
    }

    /// Each connection from now on gets what `next` returns for it.
    void set_faults(std::function<network_faults()> next) { next_faults_ = std::move(next); }

    /// Each connection from now on breaks when so many bytes went through it, both directions
    /// together: `first`, and `growth` more each time, so that all that goes on gets its chance.
    void break_after(std::size_t first, std::size_t growth) {
        set_faults([limit = first, growth]() mutable {
            network_faults faults;
            faults.cut_after = std::exchange(limit, limit + growth);
            return faults;
        });
    }
    void stay_up() {
        set_faults([] { return network_faults{}; });
    }

private:
    struct connection : std::enable_shared_from_this<connection> {
        using socket = asio::ip::tcp::socket;

        /// One of its two directions.
        struct flow {
            flow(socket& source, socket& destination, const network_faults::direction& planned)
                : from{source}, to{destination}, plan{planned}, wait{source.get_executor()} {}

            std::size_t room() const {
                const std::size_t until_stall =
                    passed < plan.stall_after ? plan.stall_after - passed : network_faults::never;
                return std::min({piece.size(), plan.cut_after - passed, until_stall,
                                 plan.bytes_per_millisecond});
            }

            /// What has to be waited for before the next bytes go.
            std::chrono::milliseconds pause() const {
                const std::chrono::milliseconds tick{
                    plan.bytes_per_millisecond == network_faults::never ? 0 : 1};
                return passed == plan.stall_after ? std::max(tick, plan.stall) : tick;
            }

            socket& from;
            socket& to;
            const network_faults::direction plan;
            std::size_t passed = 0;
            asio::steady_timer wait;
            std::array<char, 4096> piece;
        };

        connection(socket accepted, const network_faults& faults,
                   std::shared_ptr<std::size_t> cut_counter)
            : client{std::move(accepted)},
              broker{client.get_executor()},
              left{faults.cut_after},
              to_broker{client, broker, faults.to_broker},
              to_client{broker, client, faults.to_client},
              cuts{std::move(cut_counter)} {}

        void start(const asio::ip::tcp::endpoint& endpoint) {
            broker.async_connect(endpoint, [self = shared_from_this()](std::error_code error) {
                if (error) return self->close();
                std::error_code ignored;
                for (socket* each : {&self->client, &self->broker})
                    each->set_option(asio::ip::tcp::no_delay{true}, ignored);
                self->pass(self->to_broker);
                self->pass(self->to_client);
            });
        }

        void pass(flow& bytes) {
            const std::size_t room = std::min(bytes.room(), left);
            bytes.from.async_read_some(
                asio::buffer(bytes.piece.data(), room),
                [this, &bytes, self = shared_from_this()](std::error_code error, std::size_t size) {
                    size = std::min(size, left);
                    left -= size;
                    bytes.passed += size;
                    if (error) return close();
                    asio::async_write(bytes.to, asio::buffer(bytes.piece.data(), size),
                                      [this, &bytes, self](std::error_code failure, std::size_t) {
                                          if (failure) return close();
                                          passed(bytes);
                                      });
                });
        }

        void passed(flow& bytes) {
            if (left == 0 || bytes.passed == bytes.plan.cut_after) return cut();
            const std::chrono::milliseconds pause = bytes.pause();
            if (pause.count() == 0) return pass(bytes);
            bytes.wait.expires_after(pause);
            bytes.wait.async_wait([this, &bytes, self = shared_from_this()](std::error_code error) {
                if (!error) pass(bytes);
            });
        }

        void cut() {
            if (client.is_open()) ++*cuts;
            close();
        }

        /// The client's side breaks. The broker's is shut down, not reset: when a write of
        /// Mosquitto 2.0.11 fails while it resends, it forgets which PUBRELs it has sent, and sends
        /// those PUBLISH packets again, against [MQTT-4.3.3-6].
        void close() {
            if (!client.is_open()) return;
            std::error_code ignored;
            client.close(ignored);
            to_broker.wait.cancel();
            to_client.wait.cancel();
            broker.shutdown(asio::socket_base::shutdown_send, ignored);
            drain();
        }

        /// Until the broker ends it, too: to close it with bytes unread would be a reset.
        void drain() {
            broker.async_read_some(
                asio::buffer(to_client.piece),
                [this, self = shared_from_this()](std::error_code error, std::size_t) {
                    if (!error) return drain();
                    std::error_code ignored;
                    broker.close(ignored);
                });
        }

        socket client;
        socket broker;
        std::size_t left;
        flow to_broker;
        flow to_client;
        const std::shared_ptr<std::size_t> cuts;
    };

    void accept() {
        acceptor_.async_accept([this](std::error_code error, asio::ip::tcp::socket accepted) {
            if (error) return;
            ++connection_count_;
            if (!is_down_) {
                const auto made =
                    std::make_shared<connection>(std::move(accepted), next_faults_(), cut_count_);
                std::erase_if(connections_, [](const auto& each) { return each.expired(); });
                connections_.push_back(made);
                made->start(broker_);
            }
            accept();
        });
    }

    const asio::ip::tcp::endpoint broker_;
    asio::ip::tcp::acceptor acceptor_;
    std::vector<std::weak_ptr<connection>> connections_;
    std::size_t connection_count_ = 0;
    const std::shared_ptr<std::size_t> cut_count_ = std::make_shared<std::size_t>(0);
    std::function<network_faults()> next_faults_ = [] { return network_faults{}; };
    bool is_down_ = false;
};

}  // namespace test
