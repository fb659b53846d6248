// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/testing/broker.hpp>

#include "unit/testing/wire_client.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace test {

/// A broker and clients that speak to it in literal bytes. Client ids are one character.
struct broker_fixture {
    using memory_client = wire_client<asio_mqtt::testing::memory_stream>;

    explicit broker_fixture(asio_mqtt::testing::broker_options options = {})
        : broker{io.get_executor(), std::move(options)} {}

    asio::io_context io;
    asio_mqtt::testing::broker broker;

    memory_client client() { return {io, broker.connect()}; }

    /// A client of 3.1.1 that has a clean session; with `flags` 00 one that lasts.
    memory_client connected_3(const std::string& id, const std::string& flags = "02",
                              const std::string& connack = "20 02 00 00") {
        return connected("10 0D 00 04 'MQTT' 04" + flags + "00 00 00 01 '" + id + "'", connack);
    }

    /// A client of 5.0 whose session ends with the connection.
    memory_client connected_5(const std::string& id) {
        return connected("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 '" + id + "'", "20 03 00 00 00");
    }

    /// Sends the CONNECT and checks the answer.
    memory_client connected(const std::string& connect, const std::string& connack) {
        memory_client made = client();
        made.send(connect);
        const std::string answer = made.receive((connack.size() + 1) / 3);
        if (answer != connack) throw std::runtime_error{"CONNACK is " + answer};
        return made;
    }

    wire_client<asio::ip::tcp::socket> tcp_client() {
        asio::ip::tcp::socket socket{io};
        socket.connect({asio::ip::address_v4::loopback(), broker.port()});
        return {io, std::move(socket)};
    }
};

}  // namespace test
