// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/testing/broker.hpp>
#include <asio_mqtt/testing/manual_clock.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include "simulation/garbage.hpp"
#include "simulation/world.hpp"
#include "support/wire_observer.hpp"

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace simulation {

/// The host of the broker, one where another broker knows of it, and one where there is none.
constexpr std::string_view simulated_broker = "mqtt://simulated";
constexpr std::string_view moved_broker = "mqtt://moved";
constexpr std::string_view missing_broker = "mqtt://missing";

/// How bad the network between one client and the broker is.
struct weather {
    bool is_down = false;         ///< Connections are refused.
    unsigned delay = 0;           ///< Percent of reads and writes that take their time.
    unsigned cut = 0;             ///< Percent of connections that break somewhere.
    unsigned half_open = 0;       ///< Percent of those: nobody is told, bytes just vanish.
    std::size_t longest = 1'000;  ///< Bytes of a read or write.
};

/// The way from one client to the broker: counts bytes, breaks connections, and shows an observer
/// what the client writes.
class network {
public:
    network(world& in, mqtt::testing::broker& server, test::wire_observer& watching)
        : all{in}, chance{in.chance}, broker{server}, observer{watching} {}

    world& all;
    random& chance;
    weather now;
    mqtt::testing::broker& broker;
    test::wire_observer& observer;

    /// One connection, as long as somebody has to do with it.
    struct connection {
        connection(network& through, mqtt::testing::memory_stream made)
            : way{through},
              stream{std::move(made)},
              read_timer{stream.get_executor()},
              write_timer{stream.get_executor()} {}

        bool is_silent() const { return is_half_open && left == 0; }
        /// Bytes in either direction until it breaks.
        void count(std::size_t size) {
            left -= std::min(left, size);
            if (left == 0 && !is_half_open) close();
        }
        void close() {
            if (std::exchange(is_closed, true)) return;
            stream.close();
            read_timer.cancel();
            write_timer.cancel();
        }
        /// How long a read or write waits before it begins: for ever when the peer is gone.
        std::chrono::milliseconds wait() const {
            if (is_closed) return 0ms;
            if (is_silent()) return 1'000'000s;
            if (way.all.is_calm || !way.chance.chance(way.now.delay)) return 0ms;
            return std::chrono::milliseconds{way.chance.below(3'000)};
        }
        std::size_t piece(std::size_t size) const {
            if (way.all.is_calm) return size;
            const std::size_t most =
                std::min({size, way.now.longest, std::max<std::size_t>(left, 1)});
            return 1 + way.chance.below(most);
        }

        network& way;
        mqtt::testing::memory_stream stream;
        manual_timer read_timer;
        manual_timer write_timer;
        std::size_t left = std::size_t(-1);
        bool is_half_open = false;
        bool is_closed = false;
        /// What the client gets in place of what the broker sends next.
        std::string_view plant(std::size_t room) {
            const bool is_time = way.all.given.sends_garbage && !way.all.is_calm && !is_poisoned &&
                                 !is_closed && !is_silent() && received.packets() != 0 &&
                                 way.chance.chance(3);
            if (!is_time) return {};
            const bool is_harmless = way.chance.chance(50);
            const std::string_view bytes =
                is_harmless ? unasked_answers[way.chance.below(std::size(unasked_answers))]
                            : garbage[way.chance.below(std::size(garbage))];
            if (bytes.size() > room) return {};
            if (is_harmless) {
                received.passed(std::as_bytes(std::span{bytes}));
            } else {
                is_poisoned = true;
                way.observer.poisoned_after(received.packets());
            }
            return bytes;
        }

        std::size_t seen_ahead = 0;  // bytes of the next write that the observer has seen
        std::vector<std::byte> piece_to_write;
        bool is_writing = false;
        manual_clock::time_point last_write = manual_clock::now();
        packet_boundary received;
        bool is_poisoned = false;                                 // with what is no MQTT
        std::shared_ptr<mqtt::testing::memory_stream> other_end;  // where that is not the broker's
    };
    std::weak_ptr<connection> latest;

    void cut() {
        if (const auto alive = latest.lock()) alive->close();
    }

    /// The client has not written for longer than the broker has to wait [MQTT-3.1.2-22].
    bool is_too_silent() const {
        const auto alive = latest.lock();
        return alive && !alive->is_closed && !alive->is_writing && observer.keep_alive() != 0s &&
               manual_clock::now() - alive->last_write > observer.keep_alive() * 1.5;
    }

    std::shared_ptr<connection> connect(bool is_moved) {
        if (is_moved) return connect_to_moved();
        auto made = std::make_shared<connection>(*this, broker.connect());
        if (!all.is_calm && chance.chance(now.cut)) {
            made->left = chance.below(chance.chance(50) ? 60 : 1'500);
            made->is_half_open = chance.chance(now.half_open);
        }
        observer.lost_connection_while_disconnecting();
        latest = made;
        return made;
    }

private:
    /// The broker that knows of the other one (4.11).
    std::shared_ptr<connection> connect_to_moved() {
        // CONNACK, "use another server", Server Reference "simulated" (3.2.2.3.16).
        static constexpr std::string_view answer = "\x20\x0F\x00\x9C\x0C\x1C\x00\x09simulated"sv;
        auto [near, far] = mqtt::testing::make_memory_stream_pair(broker.get_executor());
        auto made = std::make_shared<connection>(*this, std::move(near));
        made->other_end = std::make_shared<mqtt::testing::memory_stream>(std::move(far));
        made->other_end->async_write_some(asio::buffer(answer),
                                          [](std::error_code, std::size_t) {});
        observer.lost_connection_while_disconnecting();
        latest = made;
        return made;
    }
};

/// A stream of such a network.
class faulty_stream {
public:
    using executor_type = asio::any_io_executor;

    explicit faulty_stream(std::shared_ptr<network::connection> connection)
        : connection_{std::move(connection)} {}
    faulty_stream(faulty_stream&&) noexcept = default;
    faulty_stream& operator=(faulty_stream&&) noexcept = default;
    ~faulty_stream() {
        if (connection_ != nullptr) close();
    }

    executor_type get_executor() const { return connection_->stream.get_executor(); }
    void close() { connection_->close(); }

    template <class Token>
    auto async_read_some(const asio::mutable_buffer& room, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(
            [](auto handler, std::shared_ptr<network::connection> at, asio::mutable_buffer into) {
                if (const std::string_view planted = at->plant(into.size()); !planted.empty()) {
                    std::memcpy(into.data(), planted.data(), planted.size());
                    return finish(at, std::move(handler), planted.size());
                }
                after_wait(at, at->read_timer, std::move(handler), [at, into](auto done) {
                    const asio::mutable_buffer piece{into.data(), at->piece(into.size())};
                    at->stream.async_read_some(
                        piece,
                        asio::bind_executor(
                            asio::get_associated_executor(done, at->stream.get_executor()),
                            [at, done, into](std::error_code error, std::size_t size) mutable {
                                at->count(size);
                                at->received.passed(
                                    {static_cast<const std::byte*>(into.data()), size});
                                std::move(done)(error, size);
                            }));
                });
            },
            token, connection_, room);
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        std::vector<std::byte> bytes(asio::buffer_size(buffers));
        asio::buffer_copy(asio::buffer(bytes), buffers);
        connection_->way.observer.client_wrote(
            std::span{bytes}.subspan(std::min(bytes.size(), connection_->seen_ahead)));
        connection_->seen_ahead = bytes.size();
        connection_->piece_to_write = std::move(bytes);
        connection_->is_writing = true;
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(
            [](auto handler, std::shared_ptr<network::connection> at) {
                const std::size_t size = at->piece(at->piece_to_write.size());
                const bool vanishes = at->is_silent();
                const auto written = [at](auto done, std::error_code error, std::size_t count) {
                    at->seen_ahead -= count;
                    at->is_writing = false;
                    at->last_write = manual_clock::now();
                    at->count(count);
                    std::move(done)(error, count);
                };
                if (vanishes) {
                    at->seen_ahead -= size;
                    at->is_writing = false;
                    at->last_write = manual_clock::now();
                    return finish(at, std::move(handler), size);
                }
                after_wait(at, at->write_timer, std::move(handler), [at, size, written](auto done) {
                    at->stream.async_write_some(
                        asio::const_buffer{at->piece_to_write.data(), size},
                        asio::bind_executor(
                            asio::get_associated_executor(done, at->stream.get_executor()),
                            [written, done](std::error_code error, std::size_t count) mutable {
                                written(std::move(done), error, count);
                            }));
                });
            },
            token, connection_);
    }

private:
    template <class Handler>
    static void finish(const std::shared_ptr<network::connection>& at, Handler handler,
                       std::size_t size) {
        const auto executor = asio::get_associated_executor(handler, at->stream.get_executor());
        asio::post(executor, [at, handler = std::move(handler), size]() mutable {
            std::move(handler)(std::error_code{}, size);
        });
    }

    /// Calls `begin(handler)` when the time has come; the handler with an error if it is too late.
    template <class Handler, class Begin>
    static void after_wait(const std::shared_ptr<network::connection>& at, manual_timer& timer,
                           Handler handler, Begin begin) {
        const std::chrono::milliseconds wait = at->wait();
        if (wait == 0ms) return begin(std::move(handler));
        timer.expires_after(wait);
        const auto executor = asio::get_associated_executor(handler, at->stream.get_executor());
        timer.async_wait(asio::bind_executor(
            executor, [at, begin, handler = std::move(handler)](std::error_code) mutable {
                if (at->is_closed) {
                    std::move(handler)(asio::error::operation_aborted, 0);
                } else {
                    begin(std::move(handler));
                }
            }));
    }

    std::shared_ptr<network::connection> connection_;
};

/// Connects through such a network, if it is up; sometimes late or never.
class faulty_connector {
public:
    using stream_type = faulty_stream;

    explicit faulty_connector(network& way) : way_{&way} {}

    template <class Token>
    auto async_connect(const mqtt::broker_address& broker, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, stream_type)>(
            [](auto handler, network* way, std::string_view host) {
                const auto executor =
                    asio::get_associated_executor(handler, way->broker.get_executor());
                auto timer = std::make_shared<manual_timer>(executor);
                const bool is_calm = way->all.is_calm;
                timer->expires_after(std::chrono::milliseconds{
                    is_calm || way->chance.chance(70) ? 0 : way->chance.below(8'000)});
                const auto slot = asio::get_associated_cancellation_slot(handler);
                timer->async_wait(asio::bind_cancellation_slot(
                    slot, [timer, way, is_moved = moved_broker.ends_with(host),
                           is_missing = missing_broker.ends_with(host),
                           handler = std::move(handler)](std::error_code error) mutable {
                        auto made = way->connect(is_moved);
                        if (!error && (is_missing || way->now.is_down))
                            error = asio::error::connection_refused;
                        if (error) made->close();
                        std::move(handler)(error, stream_type{std::move(made)});
                    }));
            },
            token, way_, std::string_view{broker.host});
    }

private:
    network* way_;
};

}  // namespace simulation
