// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/testing/broker_link.hpp>
#include <asio_mqtt/testing/memory_stream.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace asio_mqtt::testing {

/// An MQTT broker inside the process, for tests and demonstrations: a test double, not for
/// production. It keeps nothing on disk and does not count time: messages and sessions do not
/// expire (expire_sessions() does that), a Will Delay Interval counts as zero, and keep-alive is
/// enforced only when asked for.
///
/// Speaks MQTT 3.1.1 and 5.0, as each client asks; QoS 0, 1 and 2 in both directions; retained
/// messages, wills, sessions, shared subscriptions and all of broker_options. A message expiry
/// interval is passed on as it came. AUTH is refused. A client that breaks the protocol is
/// disconnected, with the reason in 5.0.
///
/// All calls must come from one thread or one strand: the one that runs `executor`. The broker may
/// be destroyed at any time before its execution context; open connections are dropped, and pending
/// operations end by themselves.
class broker {
public:
    explicit broker(asio::any_io_executor executor, broker_options options = {})
        : server_{std::make_shared<server>(std::move(executor), std::move(options))} {}
    broker(const broker&) = delete;
    broker& operator=(const broker&) = delete;
    ~broker() { stop(); }

    asio::any_io_executor get_executor() const { return server_->acceptor.get_executor(); }

    /// Accepts TCP connections on the port of the address in the options; 0 takes a free port.
    /// Errors are those of the system, such as address_in_use, or already_open while it listens.
    [[nodiscard]] std::error_code listen(std::uint16_t port = 0) { return server_->listen(port); }

    /// The port of listen(); 0 while the broker does not listen.
    std::uint16_t port() const {
        std::error_code error;
        const auto endpoint = server_->acceptor.local_endpoint(error);
        return error ? std::uint16_t{0} : endpoint.port();
    }

    /// `mqtt://address:port` of listen().
    std::string url() const {
        const std::string& address = server_->state.options().address;
        const bool is_v6 = address.find(':') != std::string::npos;
        return "mqtt://" + (is_v6 ? '[' + address + ']' : address) + ':' + std::to_string(port());
    }

    /// Makes a connection in memory; returns the client's end, which stays on the broker's
    /// executor.
    memory_stream connect() {
        auto [client_end, broker_end] = make_memory_stream_pair(get_executor());
        server_->serve(std::move(broker_end));
        return std::move(client_end);
    }

    /// Drops all connections without a DISCONNECT, as a network would; wills are published,
    /// sessions stay.
    void disconnect_all() { server_->disconnect_all(); }

    /// Stops listening and drops all connections. Sessions and retained messages stay: listen()
    /// goes on.
    void stop() {
        server_->stop_listening();
        server_->disconnect_all();
    }

    /// Drops all connections, and serves those to come with other options: a broker that was
    /// restarted with another configuration. Sessions, with their queues, and retained messages
    /// stay, and so does the address where it listens.
    void restart_with(broker_options options) {
        server_->disconnect_all();
        server_->state.use(std::move(options));
    }

    /// Publishes a message of the broker's own. Fails with the errc of what is not valid, such as
    /// invalid_topic_name; nothing is sent then.
    std::error_code publish(std::string_view topic, std::string_view payload,
                            qos level = qos::at_most_once, bool retain = false) {
        publish_packet packet{.qos = level, .retain = retain, .topic = topic};
        packet.payload = payload;
        return publish(packet);
    }

    /// The same with all that a PUBLISH can say.
    std::error_code publish(const publish_packet& packet) {
        if (!is_valid_topic_name(packet.topic)) return errc::invalid_topic_name;
        if (packet.qos > qos::exactly_once) return errc::invalid_qos;
        const broker_message_ptr message = broker_message::copy_of(packet);
        if (!message) return codec_v5::measure(packet).error;
        server_->state.publish(message, nullptr);
        return {};
    }

    /// Clients whose CONNECT was accepted and that are connected now.
    std::size_t connection_count() const { return server_->state.connection_count(); }
    /// Sessions, those without a connection included.
    std::size_t session_count() const { return server_->state.session_count(); }
    std::size_t retained_count() const { return server_->state.retained().size(); }

    /// Ends the sessions without a connection, as if their expiry intervals had passed.
    void expire_sessions() { server_->state.expire_sessions(); }

    /// Forgets all sessions and drops their connections, as a broker that crashed and keeps nothing
    /// on disk; wills are not published, retained messages stay.
    void drop_sessions() { server_->state.drop_sessions(); }

private:
    /// Kept alive by pending operations.
    struct server : std::enable_shared_from_this<server> {
        server(asio::any_io_executor executor, broker_options options)
            : state{std::move(options)}, acceptor{executor}, retry_timer{executor} {}

        std::error_code listen(std::uint16_t port) {
            std::error_code error;
            const auto address = asio::ip::make_address(state.options().address, error);
            if (error) return error;
            const asio::ip::tcp::endpoint endpoint{address, port};
            acceptor.open(endpoint.protocol(), error);
            if (error) return error;
            acceptor.set_option(asio::ip::tcp::acceptor::reuse_address{true}, error);
            acceptor.bind(endpoint, error);
            if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
            if (error) {
                stop_listening();
            } else {
                accept();
            }
            return error;
        }

        void stop_listening() {
            ++stops;
            std::error_code ignored;
            acceptor.close(ignored);
            retry_timer.cancel();
        }

        void accept() {
            // A handler that was under way when listening stopped must not go on with the next
            // listen().
            acceptor.async_accept([self = shared_from_this(), started = stops](
                                      std::error_code error, asio::ip::tcp::socket socket) {
                if (started != self->stops) return;
                if (error) return self->accept_later();
                std::error_code ignored;
                socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
                self->serve(std::move(socket));
                self->accept();
            });
        }

        /// Descriptors may have run out: trying again at once would spin.
        void accept_later() {
            retry_timer.expires_after(std::chrono::milliseconds{10});
            retry_timer.async_wait(
                [self = shared_from_this(), started = stops](std::error_code error) {
                    if (!error && started == self->stops) self->accept();
                });
        }

        template <class Stream>
        void serve(Stream stream) {
            auto link = std::make_shared<broker_stream_link<Stream>>(
                std::move(stream), state, [this](broker_link& closed) { links.erase(&closed); });
            links.emplace(link.get(), link);
            link->start();
        }

        void disconnect_all() {
            while (!links.empty()) {
                const std::shared_ptr<broker_link> link = links.begin()->second;
                link->close();
            }
        }

        broker_state state;
        asio::ip::tcp::acceptor acceptor;
        asio::steady_timer retry_timer;
        std::unordered_map<broker_link*, std::shared_ptr<broker_link>> links;
        std::size_t stops = 0;  ///< How often listening stopped.
    };

    std::shared_ptr<server> server_;
};

}  // namespace asio_mqtt::testing
