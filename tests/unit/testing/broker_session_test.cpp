// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/testing/broker.hpp>
#include <asio_mqtt/testing/memory_connector.hpp>

#include "support/catch.hpp"
#include "unit/testing/broker_fixture.hpp"

#include <asio_mqtt/transport/broker_address.hpp>

#include <asio/use_future.hpp>

#include <optional>

using namespace asio_mqtt;
using test::broker_fixture;

// Section numbers are those of MQTT 5.0 unless it says otherwise.

TEST_CASE_METHOD(broker_fixture, "broker: a session that lasts is resumed (4.1)") {
    auto first = connected_3("c", "00");
    first.send("82 06 00 01 00 01 't' 02");
    CHECK(first.receive(5) == "90 03 00 01 02");
    broker.publish("t", "1", qos::at_least_once);
    broker.publish("t", "2", qos::exactly_once);
    broker.publish("t", "3", qos::exactly_once);
    CHECK(first.receive(24) ==
          "32 06 00 01 74 00 01 31 34 06 00 01 74 00 02 32 34 06 00 01 74 00 03 33");
    first.send("50 02 00 02");
    CHECK(first.receive(4) == "62 02 00 02");
    first.send("34 06 00 01 'u' 00 07 'x'");  // QoS 2 from the client, not released
    CHECK(first.receive(4) == "50 02 00 07");
    first.stream().cut_after(0);
    REQUIRE(test::run_until(io, [&] { return broker.connection_count() == 0; }));
    CHECK(broker.session_count() == 1);
    broker.publish("t", "4", qos::at_least_once);
    broker.publish("t", "5", qos::at_most_once);  // lost: nobody is connected

    SECTION("with what was not acknowledged, DUP set [MQTT-4.4.0-1]") {
        auto second = connected_3("c", "00", "20 02 01 00");
        CHECK(second.receive(4) == "62 02 00 02");
        CHECK(second.receive(16) == "3A 06 00 01 74 00 01 31 3C 06 00 01 74 00 03 33");
        CHECK(second.receive(8) == "32 06 00 01 74 00 04 34");
        second.send("3C 06 00 01 'u' 00 07 'x'");
        CHECK(second.receive(4) == "50 02 00 07");
        second.send("62 02 00 07 70 02 00 02 40 02 00 01 50 02 00 03");
        CHECK(second.receive(8) == "70 02 00 07 62 02 00 03");
        second.send("70 02 00 03 40 02 00 04");
        CHECK(second.is_quiet());
    }
    SECTION("by a 5.0 client, within its receive maximum") {
        auto second =
            connected("10 16 00 04 'MQTT' 05 00 00 00 08 21 00 01 11 00 00 00 0A 00 01 'c'",
                      "20 03 01 00 00");
        CHECK(second.receive(4) == "62 02 00 02");
        CHECK(second.receive(9) == "3A 07 00 01 74 00 01 00 31");
        CHECK(second.is_quiet());
        SECTION("in their order") {
            second.send("40 02 00 01");
            CHECK(second.receive(9) == "3C 07 00 01 74 00 03 00 33");
            CHECK(second.is_quiet());
        }
        SECTION("but for what the client answers before it is sent again") {
            second.send("50 03 00 03 97 40 02 00 01");
            CHECK(second.receive(9) == "32 07 00 01 74 00 04 00 34");
        }
    }
    SECTION("unless the client starts clean [MQTT-3.1.2-4]") {
        auto second = connected_3("c");
        CHECK(second.is_quiet());
        broker.publish("t", "6");
        CHECK(second.is_quiet());
        second.send("E0 00");
        CHECK(second.is_closed());
        CHECK(broker.session_count() == 0);
    }
    SECTION("unless it has expired") {
        broker.expire_sessions();
        CHECK(broker.session_count() == 0);
        auto second = connected_3("c", "00");
        CHECK(second.is_quiet());
    }
}

TEST_CASE_METHOD(broker_fixture, "broker: the session expiry interval (3.1.2.11.2)") {
    const std::string with_expiry = "10 13 00 04 'MQTT' 05 00 00 00 05 11 00 00 00 0A 00 01 'c'";
    const std::string without = "10 0E 00 04 'MQTT' 05 00 00 00 00 00 01 'c'";
    SECTION("absent: the session ends with the connection") {
        connected(without, "20 03 00 00 00").stream().close();
        test::run_until(io, [&] { return broker.session_count() == 0; });
        connected(without, "20 03 00 00 00");
    }
    SECTION("given: it stays") {
        connected(with_expiry, "20 03 00 00 00");
        test::run_until(io, [&] { return broker.connection_count() == 0; });
        connected(with_expiry, "20 03 01 00 00");
    }
    SECTION("changed by DISCONNECT to 0 (3.14.2.2.2)") {
        auto c = connected(with_expiry, "20 03 00 00 00");
        c.send("E0 07 00 05 11 00 00 00 00");
        CHECK(c.is_closed());
        CHECK(broker.session_count() == 0);
    }
    SECTION("not changed by DISCONNECT from 0 (3.14.2.2.2)") {
        auto c = connected(without, "20 03 00 00 00");
        c.send("E0 07 00 05 11 00 00 00 01");
        CHECK(c.receive(3) == "E0 01 82");
        CHECK(c.is_closed());
    }
}

TEST_CASE_METHOD(broker_fixture, "broker: a client id is taken over [MQTT-3.1.4-3]") {
    SECTION("5.0 is told") {
        auto old = connected_5("c");
        auto fresh = connected_5("c");
        CHECK(old.receive(3) == "E0 01 8E");
        CHECK(old.is_closed());
        CHECK(fresh.is_quiet());
    }
    SECTION("3.1.1 is closed; a session that lasts moves to the new connection") {
        auto old = connected_3("c", "00");
        old.send("82 06 00 01 00 01 't' 00");
        CHECK(old.receive(5) == "90 03 00 01 00");
        auto fresh = connected_3("c", "00", "20 02 01 00");
        CHECK(old.is_closed());
        broker.publish("t", "x");
        CHECK(fresh.receive(6) == "30 04 00 01 74 78");
    }
    CHECK(broker.connection_count() == 1);
    CHECK(broker.session_count() == 1);
}

TEST_CASE("broker: the queue of a session is bounded") {
    broker_fixture f{{.maximum_queued_messages = 2}};
    auto first = f.connected_3("c", "00");
    first.send("82 06 00 01 00 01 't' 01");
    CHECK(first.receive(5) == "90 03 00 01 01");
    first.stream().close();
    REQUIRE(test::run_until(f.io, [&] { return f.broker.connection_count() == 0; }));
    for (const char* payload : {"1", "2", "3"}) {
        f.broker.publish("t", payload, qos::at_least_once);
    }
    auto second = f.connected_3("c", "00", "20 02 01 00");
    CHECK(second.receive(16) == "32 06 00 01 74 00 01 31 32 06 00 01 74 00 02 32");
    CHECK(second.is_quiet());
}

TEST_CASE_METHOD(broker_fixture, "broker: disconnect_all() and drop_sessions()") {
    auto s = connected_3("s");
    s.send("82 06 00 01 00 01 'w' 00");
    CHECK(s.receive(5) == "90 03 00 01 00");
    auto c =
        connected("10 13 00 04 'MQTT' 04 04 00 00 00 01 'c' 00 01 'w' 00 01 'x'", "20 02 00 00");
    broker.publish("r", "x", qos::at_most_once, true);
    SECTION("as a network that fails") {
        broker.disconnect_all();
        CHECK(broker.connection_count() == 0);
        CHECK(broker.session_count() == 1);
        connected_3("c", "00", "20 02 01 00");
    }
    SECTION("as a broker that crashed") {
        broker.drop_sessions();
        CHECK(broker.session_count() == 0);
        connected_3("c", "00");
    }
    CHECK(s.is_closed());
    CHECK(c.is_closed());
    CHECK(broker.retained_count() == 1);
}

TEST_CASE_METHOD(broker_fixture, "broker: restart_with() keeps sessions, and has other limits") {
    const std::string connect = "10 13 00 04 'MQTT' 05 00 00 00 05 11 00 00 00 3C 00 01 'c'";
    auto before = connected(connect, "20 03 00 00 00");
    broker.restart_with({.receive_maximum = 5, .server_keep_alive = 60});
    CHECK(before.is_closed());
    CHECK(broker.connection_count() == 0);
    // (3.2.2.3.3) (3.2.2.3.14)
    connected(connect, "20 09 01 00 06 21 00 05 13 00 3C");
}

TEST_CASE("broker_connection works without input and output") {
    testing::broker_state state{{}};
    int told = 0;
    testing::broker_connection c{state, [&] { ++told; }};
    testing::broker_connection other{state};
    std::vector<std::byte> out;
    c.received(test::hex("10 0D 00 04 'MQTT' 04 02 00 00 00 01 'c' 82 06 00 01 00 01 't' 00"));
    CHECK(told > 0);
    c.take_output(out);
    CHECK(test::to_hex(out) == "20 02 00 00 90 03 00 01 00");
    c.take_output(out);
    CHECK(out.empty());
    told = 0;
    other.received(test::hex("10 0D 00 04 'MQTT' 04 02 00 00 00 01 'o' 30 04 00 01 't' 'x'"));
    CHECK(told > 0);
    c.take_output(out);
    CHECK(test::to_hex(out) == "30 04 00 01 74 78");
    c.received(test::hex("E0 00 C0 00"));
    CHECK(c.is_closing());
    c.take_output(out);
    CHECK(out.empty());
    other.lost();
    CHECK(state.session_count() == 0);
}

TEST_CASE_METHOD(broker_fixture, "memory_connector leads to the broker, or not") {
    testing::memory_connector connector{broker};
    const broker_address address{};
    std::optional<std::error_code> result;
    std::optional<testing::memory_stream> made;
    const auto handler = [&](std::error_code error, testing::memory_stream stream) {
        result = error;
        made.emplace(std::move(stream));
    };
    SECTION("connects") {
        testing::memory_connector{connector}.async_connect(address, handler);
        CHECK_FALSE(result);  // never inside the initiating function
        REQUIRE(test::run_until(io, [&] { return result.has_value(); }));
        CHECK(*result == std::error_code{});
        test::wire_client c{io, std::move(*made)};
        c.send("10 0D 00 04 'MQTT' 04 02 00 00 00 01 'c'");
        CHECK(c.receive(4) == "20 02 00 00");
    }
    SECTION("is refused so often") {
        connector.refuse_next(1, asio::error::host_not_found);
        connector.async_connect(address, handler);
        REQUIRE(test::run_until(io, [&] { return result.has_value(); }));
        CHECK(*result == asio::error::host_not_found);
        CHECK_FALSE(made->is_open());
        result.reset();
        connector.async_connect(address, handler);
        REQUIRE(test::run_until(io, [&] { return result.has_value(); }));
        CHECK_FALSE(*result);
        CHECK(connector.attempts() == 2);
    }
    SECTION("with faults ordered by the hook") {
        connector.on_connect([](testing::memory_stream& stream) { stream.cut_after(0); });
        auto future = connector.async_connect(address, asio::use_future);
        io.restart();
        io.run();
        testing::memory_stream stream = future.get();
        test::wire_client c{io, std::move(stream)};
        CHECK(c.is_closed());
    }
}
