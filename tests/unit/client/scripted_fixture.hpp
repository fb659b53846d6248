// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "unit/client/client_fixture.hpp"
#include "unit/client/scripted_connector.hpp"

namespace test {

/// Clients whose broker is the test itself, byte by byte.
struct scripted_fixture {
    using client = mqtt::basic_client<scripted_connector, mqtt::testing::manual_timer>;
    using peer = wire_client<mqtt::testing::memory_stream>;

    asio::io_context io;
    scripted_connector connector{io.get_executor()};

    ~scripted_fixture() { connector.peers().clear(); }  // ends what is pending in the context

    static mqtt::client_options options(
        mqtt::protocol_version version = mqtt::protocol_version::v5) {
        return {.brokers = {"mqtt://a"},
                .version = version,
                .client_id = "c",
                .reconnect_seed = test::reconnect_seed};
    }
    client make(mqtt::client_options with = options()) {
        return {io.get_executor(), std::move(with), connector};
    }

    /// The far end of the next connection, once the client has made it.
    peer accept() {
        pass_time_until([this] { return !connector.peers().empty(); });
        mqtt::testing::memory_stream stream = std::move(connector.peers().at(0));
        connector.peers().pop_front();
        return {io, std::move(stream)};
    }

    // CONNECT with the options above, and the CONNACK of a broker without limits (3.1, 3.2).
    static constexpr const char* connect_5 =
        "10 18 00 04 4D 51 54 54 05 02 00 3C 0A 11 00 00 02 58 27 01 00 00 00 00 01 63";
    static constexpr const char* connack_5 = "20 03 00 00 00";
    static constexpr const char* connect_3 = "10 0D 00 04 4D 51 54 54 04 00 00 3C 00 01 63";
    static constexpr const char* connack_3 = "20 02 00 00";

    /// The same, and the handshake done.
    peer accept_5(const std::string& connack = connack_5) {
        peer accepted = accept();
        accepted.receive(26);
        accepted.send(connack);
        settle();
        return accepted;
    }
    peer accept_3(const std::string& connack = connack_3) {
        peer accepted = accept();
        accepted.receive(15);
        accepted.send(connack);
        settle();
        return accepted;
    }
    peer accept(mqtt::protocol_version version) {
        return version == mqtt::protocol_version::v5 ? accept_5() : accept_3();
    }

    void settle() { test::settle(io); }
    bool pass_time_until(const std::function<bool()>& done) {
        return test::pass_time_until(io, done);
    }
};

}  // namespace test
