// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/client.hpp>
#include <asio_mqtt/testing/broker.hpp>
#include <asio_mqtt/testing/memory_stream.hpp>
#include <asio_mqtt/transport/acknowledge_at_once.hpp>

#include "support/catch.hpp"
#include "unit/client/client_fixture.hpp"
#include "unit/client/connect_with.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <utility>

using namespace asio_mqtt;
using asio::ip::tcp;

namespace {

/// What a TCP socket is for acknowledge_at_once(), with a count of the calls.
struct fake_socket {
    using protocol_type = tcp;
    int acknowledgements = 0;

    template <class Option>
    void set_option(const Option&, error_code&) {
        ++acknowledgements;
    }
};

class stream_over_fake : public testing::memory_stream {
public:
    stream_over_fake(testing::memory_stream&& stream, fake_socket& socket)
        : memory_stream{std::move(stream)}, socket_{&socket} {}

    fake_socket& lowest_layer() noexcept { return *socket_; }

private:
    fake_socket* socket_;
};

struct connector_over_fake {
    using stream_type = stream_over_fake;
    testing::broker* broker;
    fake_socket* socket;

    template <class Token>
    auto async_connect(const broker_address&, Token&& token) {
        return test::connect_with(stream_over_fake{broker->connect(), *socket},
                                  std::forward<Token>(token));
    }
};

}  // namespace

#ifdef TCP_QUICKACK
TEST_CASE("acknowledge_at_once: a socket that would wait does not any more [immune-80]") {
    asio::io_context io;
    tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    tcp::socket socket{io};
    socket.connect(acceptor.local_endpoint());
    const auto is_quick = [&] {
        int value = -1;
        socklen_t size = sizeof value;
        REQUIRE(getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &value, &size) == 0);
        return value == 1;
    };
    const int off = 0;
    REQUIRE(setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off) == 0);
    REQUIRE_FALSE(is_quick());
    acknowledge_at_once(socket);
    CHECK(is_quick());
}

TEST_CASE("client: what it reads and does not answer is acknowledged at once [immune-80]") {
    asio::io_context io;
    testing::broker broker{io.get_executor()};
    fake_socket socket;
    basic_client<connector_over_fake> client{
        io.get_executor(), {.brokers = {"mqtt://memory"}}, connector_over_fake{&broker, &socket}};
    int received = 0;
    client.async_subscribe(
        "a", qos::at_least_once, [&](const message_view&) { ++received; },
        [](error_code, const subscribe_result&) {});
    client.async_run([](error_code) {});
    test::settle(io);
    const int before = socket.acknowledgements;
    CHECK(before >= 1);  // of the SUBACK: there is no more to say

    broker.publish("a", "", qos::at_most_once);
    test::settle(io);
    CHECK(received == 1);
    CHECK(socket.acknowledgements == before + 1);

    broker.publish("a", "", qos::at_least_once);
    test::settle(io);
    CHECK(received == 2);
    CHECK(socket.acknowledgements == before + 1);  // PUBACK takes it along

    client.async_disconnect([](error_code) {});
    test::settle(io);
}
#endif

TEST_CASE("acknowledge_at_once: nothing happens to a stream that is not over TCP") {
    asio::io_context io;
    testing::memory_stream stream{io.get_executor()};
    acknowledge_at_once(stream);
    CHECK_FALSE(stream.is_open());
}
