// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/testing/broker.hpp>

#include "support/catch.hpp"
#include "unit/testing/broker_fixture.hpp"

using namespace asio_mqtt;
using test::broker_fixture;

// Section numbers are those of MQTT 5.0 unless it says otherwise.

TEST_CASE_METHOD(broker_fixture, "broker: CONNECT is answered in its own version") {
    auto three = client();
    three.send("10 0D 00 04 'MQTT' 04 02 00 00 00 01 'a'");
    CHECK(three.receive(4) == "20 02 00 00");  // 3.2 of 3.1.1
    auto five = client();
    five.send("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'b'");
    CHECK(five.receive(5) == "20 03 00 00 00");  // 3.2
    CHECK(broker.connection_count() == 2);
    CHECK(broker.session_count() == 2);
}

TEST_CASE("broker: CONNACK announces what differs from the defaults (3.2.2.3)") {
    broker_fixture f{{.receive_maximum = 5,
                      .maximum_qos = qos::at_least_once,
                      .maximum_packet_size = 1000,
                      .topic_alias_maximum = 7,
                      .server_keep_alive = 60,
                      .retain_available = false,
                      .wildcard_subscription_available = false,
                      .subscription_identifier_available = false,
                      .shared_subscription_available = false}};
    auto c = f.client();
    c.send("10 0D 00 04 'MQTT' 05 02 00 00 00 00 00");
    CHECK(c.receive(42) == test::to_hex(test::hex(
                               "20 28 00 00 25  21 00 05  24 01  25 00  27 00 00 03 E8"
                               "12 00 0A 'assigned-1'  22 00 07  28 00  29 00  2A 00  13 00 3C")));
}

TEST_CASE_METHOD(broker_fixture, "broker: unsupported versions are refused [MQTT-3.1.2-2]") {
    auto three = client();
    three.send("10 0D 00 04 'MQTT' 03 02 00 00 00 01 'a'");
    CHECK(three.receive(4) == "20 02 00 01");
    CHECK(three.is_closed());
    auto six = client();
    six.send("10 0E 00 04 'MQTT' 06 02 00 00 00 00 01 'a'");
    CHECK(six.receive(5) == "20 03 00 84 00");
    CHECK(six.is_closed());
    auto other = client();
    other.send("10 0F 00 06 'MQIsdp' 03 02 00 00 00 01 'a'");
    CHECK(other.is_closed());
    CHECK(broker.session_count() == 0);
}

TEST_CASE_METHOD(broker_fixture, "broker: the first packet must be CONNECT [MQTT-3.1.0-1]") {
    auto c = client();
    c.send("C0 00");
    CHECK(c.is_closed());
}

TEST_CASE_METHOD(broker_fixture, "broker: client ids that are empty") {
    auto three = client();
    three.send("10 0C 00 04 'MQTT' 04 02 00 00 00 00");
    CHECK(three.receive(4) == "20 02 00 00");
    auto refused = client();  // [MQTT-3.1.3-8] of 3.1.1
    refused.send("10 0C 00 04 'MQTT' 04 00 00 00 00 00");
    CHECK(refused.receive(4) == "20 02 00 02");
    CHECK(refused.is_closed());
    auto five = client();  // 3.2.2.3.7
    five.send("10 0D 00 04 'MQTT' 05 02 00 00 00 00 00");
    CHECK(five.receive(18) == test::to_hex(test::hex("20 10 00 00 0D 12 00 0A 'assigned-2'")));
}

TEST_CASE("broker: authentication is up to the options") {
    broker_fixture f{{.authenticate = [](const connect_packet& connect) {
        return connect.user_name == "u" && connect.password == "p"
                   ? reason_code::success
                   : reason_code::bad_user_name_or_password;
    }}};
    auto right = f.client();
    right.send("10 13 00 04 'MQTT' 04 C2 00 00 00 01 'a' 00 01 'u' 00 01 'p'");
    CHECK(right.receive(4) == "20 02 00 00");
    auto wrong = f.client();
    wrong.send("10 13 00 04 'MQTT' 04 C2 00 00 00 01 'a' 00 01 'u' 00 01 'x'");
    CHECK(wrong.receive(4) == "20 02 00 04");
    CHECK(wrong.is_closed());
    auto none = f.client();
    none.send("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'b'");
    CHECK(none.receive(5) == "20 03 00 86 00");
    CHECK(none.is_closed());
    CHECK(right.is_quiet());
}

TEST_CASE("broker: a refusal that CONNACK cannot express (3.2.2.2)") {
    broker_fixture f{
        {.authenticate = [](const connect_packet&) { return reason_code::session_taken_over; }}};
    auto three = f.client();
    three.send("10 0D 00 04 'MQTT' 04 02 00 00 00 01 'a'");
    CHECK(three.receive(4) == "20 02 00 03");
    auto five = f.client();
    five.send("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'b'");
    CHECK(five.receive(5) == "20 03 00 80 00");
}

TEST_CASE_METHOD(broker_fixture, "broker: enhanced authentication is refused (4.12)") {
    auto c = client();
    c.send("10 12 00 04 'MQTT' 05 02 00 00 04 15 00 01 'm' 00 01 'a'");
    CHECK(c.receive(5) == "20 03 00 8C 00");
    CHECK(c.is_closed());
}

TEST_CASE_METHOD(broker_fixture, "broker: acknowledges what a client publishes (3.4 to 3.7)") {
    SECTION("3.1.1") {
        auto c = connected_3("a");
        c.send("30 05 00 03 'a/b'");
        c.send("32 08 00 03 'a/b' 00 01 'x'");
        CHECK(c.receive(4) == "40 02 00 01");
        c.send("34 08 00 03 'a/b' 00 02 'x'");
        CHECK(c.receive(4) == "50 02 00 02");
        c.send("62 02 00 02");
        CHECK(c.receive(4) == "70 02 00 02");
        c.send("62 02 00 02");
        CHECK(c.receive(4) == "70 02 00 02");
        CHECK(c.is_quiet());
    }
    SECTION("5.0, which says that nobody subscribed, and that an identifier is not known") {
        auto c = connected_5("a");
        c.send("32 09 00 03 'a/b' 00 01 00 'x'");
        CHECK(c.receive(5) == "40 03 00 01 10");
        c.send("34 09 00 03 'a/b' 00 02 00 'x'");
        CHECK(c.receive(5) == "50 03 00 02 10");
        c.send("62 02 00 02");
        CHECK(c.receive(4) == "70 02 00 02");
        c.send("62 02 00 02");
        CHECK(c.receive(5) == "70 03 00 02 92");
    }
}

TEST_CASE_METHOD(broker_fixture, "broker: QoS 2 from a client is passed on once [MQTT-4.3.3-10]") {
    auto subscriber = connected_3("s");
    subscriber.send("82 06 00 01 00 01 't' 00");
    CHECK(subscriber.receive(5) == "90 03 00 01 00");
    auto c = connected_5("a");
    c.send("34 07 00 01 't' 00 07 00 'x'");
    CHECK(c.receive(4) == "50 02 00 07");
    c.send("3C 07 00 01 't' 00 07 00 'x'");
    CHECK(c.receive(4) == "50 02 00 07");
    c.send("62 02 00 07");
    CHECK(c.receive(4) == "70 02 00 07");
    CHECK(subscriber.receive(6) == "30 04 00 01 74 78");
    CHECK(subscriber.is_quiet());
    c.send("34 07 00 01 't' 00 07 00 'y'");  // the identifier is free again
    CHECK(c.receive(4) == "50 02 00 07");
    CHECK(subscriber.receive(6) == "30 04 00 01 74 79");
}

TEST_CASE_METHOD(broker_fixture, "broker: sends at the lower QoS of message and subscription") {
    auto c = connected_3("s");
    c.send("82 0E 00 01 00 01 'a' 00 00 01 'b' 01 00 01 'c' 02");
    CHECK(c.receive(7) == "90 05 00 01 00 01 02");
    broker.publish("a", "x", qos::exactly_once);
    CHECK(c.receive(6) == "30 04 00 01 61 78");
    broker.publish("b", "x", qos::exactly_once);
    CHECK(c.receive(8) == "32 06 00 01 62 00 01 78");
    c.send("40 02 00 01");
    broker.publish("c", "x", qos::exactly_once);
    CHECK(c.receive(8) == "34 06 00 01 63 00 02 78");
    c.send("50 02 00 02");
    CHECK(c.receive(4) == "62 02 00 02");
    c.send("70 02 00 02");
    broker.publish("c", "x", qos::at_most_once);
    CHECK(c.receive(6) == "30 04 00 01 63 78");
    CHECK(c.is_quiet());
}

TEST_CASE_METHOD(broker_fixture, "broker: a failed or unknown PUBREC (3.5.2.1, 3.6.2.1)") {
    auto c = connected_5("s");
    c.send("82 07 00 01 00 00 01 'a' 02");
    CHECK(c.receive(6) == "90 04 00 01 00 02");
    broker.publish("a", "x", qos::exactly_once);
    CHECK(c.receive(9) == "34 07 00 01 61 00 01 00 78");
    c.send("50 03 00 01 97");
    CHECK(c.is_quiet());
    c.send("50 02 00 09");
    CHECK(c.receive(5) == "62 03 00 09 92");
}

TEST_CASE_METHOD(broker_fixture, "broker: honours the client's receive maximum (4.9)") {
    auto c = client();
    c.send("10 11 00 04 'MQTT' 05 02 00 00 03 21 00 02 00 01 'a'");
    CHECK(c.receive(5) == "20 03 00 00 00");
    c.send("82 07 00 01 00 00 01 't' 02");
    CHECK(c.receive(6) == "90 04 00 01 00 02");
    broker.publish("t", "1", qos::at_least_once);
    broker.publish("t", "2", qos::exactly_once);
    broker.publish("t", "3", qos::at_least_once);
    CHECK(c.receive(18) == "32 07 00 01 74 00 01 00 31 34 07 00 01 74 00 02 00 32");
    CHECK(c.is_quiet());
    c.send("50 02 00 02");
    CHECK(c.receive(4) == "62 02 00 02");
    CHECK(c.is_quiet());  // not free before PUBCOMP
    c.send("70 02 00 02");
    CHECK(c.receive(9) == "32 07 00 01 74 00 03 00 33");
}

TEST_CASE_METHOD(broker_fixture, "broker: sends nothing over the client's maximum packet size") {
    auto c = client();  // [MQTT-3.1.2-24]
    c.send("10 13 00 04 'MQTT' 05 02 00 00 05 27 00 00 00 0A 00 01 'a'");
    CHECK(c.receive(5) == "20 03 00 00 00");
    c.send("82 07 00 01 00 00 01 't' 01");
    CHECK(c.receive(6) == "90 04 00 01 00 01");
    broker.publish("t", "123", qos::at_least_once);
    broker.publish("t", "12", qos::at_least_once);
    CHECK(c.receive(10) == "32 08 00 01 74 00 02 00 31 32");
}

TEST_CASE_METHOD(broker_fixture, "broker: passes the properties of a PUBLISH on (3.3.2.3)") {
    auto c = connected_5("s");
    c.send("82 07 00 01 00 00 01 't' 00");
    CHECK(c.receive(6) == "90 04 00 01 00 00");
    auto three = connected_3("3");
    three.send("82 06 00 01 00 01 't' 00");
    CHECK(three.receive(5) == "90 03 00 01 00");
    auto publisher = connected_5("p");
    const std::string properties =
        "01 01  02 00 00 00 3C  08 00 01 'r'  09 00 02 00 FF "
        "26 00 01 'k' 00 01 'v'  26 00 01 'k' 00 01 'w'  03 00 01 'c'";
    publisher.send("30 27 00 01 't' 22" + properties + "'x'");
    CHECK(c.receive(41) == test::to_hex(test::hex("30 27 00 01 't' 22" + properties + "'x'")));
    CHECK(three.receive(6) == "30 04 00 01 74 78");
}

TEST_CASE("broker: topic aliases of clients (3.3.2.3.4)") {
    broker_fixture f{{.topic_alias_maximum = 2}};
    auto subscriber = f.connected_3("s");
    subscriber.send("82 06 00 01 00 01 't' 00");
    CHECK(subscriber.receive(5) == "90 03 00 01 00");
    auto c = f.client();
    c.send("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'c'");
    CHECK(c.receive(8) == "20 06 00 00 03 22 00 02");
    c.send("30 08 00 01 't' 03 23 00 02 'x'");
    c.send("30 07 00 00 03 23 00 02 'y'");
    CHECK(subscriber.receive(12) == "30 04 00 01 74 78 30 04 00 01 74 79");
    SECTION("not known") {
        c.send("30 07 00 00 03 23 00 01 'x'");
        CHECK(c.receive(3) == "E0 01 82");
    }
    SECTION("over the maximum") {
        c.send("30 08 00 01 't' 03 23 00 03 'x'");
        CHECK(c.receive(3) == "E0 01 94");
    }
    CHECK(c.is_closed());
}

TEST_CASE("broker: limits that a client breaks end the connection (4.13)") {
    broker_fixture f{{.receive_maximum = 1,
                      .maximum_qos = qos::exactly_once,
                      .maximum_packet_size = 40,
                      .retain_available = false}};
    auto c = f.client();
    c.send("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'c'");
    CHECK(c.receive(15) == "20 0D 00 00 0A 21 00 01 25 00 27 00 00 00 28");
    SECTION("receive maximum [MQTT-3.3.4-8]") {
        c.send("34 07 00 01 't' 00 01 00 'x'");
        CHECK(c.receive(5) == "50 03 00 01 10");
        c.send("3C 07 00 01 't' 00 01 00 'x'");  // again: does not count twice
        CHECK(c.receive(4) == "50 02 00 01");
        c.send("34 07 00 01 't' 00 02 00 'x'");
        CHECK(c.receive(3) == "E0 01 93");
    }
    SECTION("maximum packet size, refused before it is whole") {
        c.send("30 80 01");
        CHECK(c.receive(3) == "E0 01 95");
    }
    SECTION("retain [MQTT-3.2.2-14]") {
        c.send("31 05 00 01 't' 00 'x'");
        CHECK(c.receive(3) == "E0 01 9A");
    }
    CHECK(c.is_closed());
}

TEST_CASE_METHOD(broker_fixture, "broker: malformed packets end the connection (4.13)") {
    SECTION("5.0 gets the reason") {
        auto c = connected_5("c");
        const auto [bytes, reason] = GENERATE(table<std::string, std::string>({
            {"00 00", "81"},                        // type 0
            {"C1 00", "81"},                        // reserved flags [MQTT-2.1.3-1]
            {"36 05 00 01 't' 00 01", "81"},        // QoS 3 [MQTT-3.3.1-4]
            {"30 FF FF FF FF", "81"},               // length of five bytes (1.5.5)
            {"30 02 00 05", "81"},                  // topic past the end
            {"30 04 00 01 '+' 00", "81"},           // wildcard [MQTT-3.3.2-2]
            {"30 07 00 01 't' 03 23 00 00", "94"},  // topic alias 0 [MQTT-3.3.2-8]
            {"30 06 00 01 't' 02 0B 01", "82"},     // subscription identifier [MQTT-3.3.4-6]
            {"82 03 00 01 00", "82"},               // no filter [MQTT-3.8.3-2]
            {"90 04 00 01 00 00", "82"},            // what only a broker sends
            {"10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'c'", "82"},  // second CONNECT [MQTT-3.1.0-2]
            {"F0 00", "82"},                                        // AUTH without method
        }));
        CAPTURE(bytes);
        c.send(bytes);
        const std::string answer = c.receive(3);
        // Type 0 and AUTH count as either error: 0x81 and 0x82 are both right.
        if (bytes == "00 00") {
            CHECK((answer == "E0 01 81" || answer == "E0 01 82"));
        } else {
            CHECK(answer == "E0 01 " + reason);
        }
        CHECK(c.is_closed());
    }
    SECTION("3.1.1 is closed") {
        auto c = connected_3("c");
        const std::string bytes = GENERATE("00 00", "C1 00", "36 05 00 01 't' 00 01", "F0 00",
                                           "82 06 00 01 00 01 't' 04", "82 06 00 00 00 01 't' 00");
        CAPTURE(bytes);
        c.send(bytes);
        CHECK(c.is_closed());
    }
    SECTION("a malformed CONNECT") {
        auto five = client();
        five.send("10 0E 00 04 'MQTT' 05 03 00 00 00 00 01 'a'");  // reserved flag [MQTT-3.1.2-3]
        CHECK(five.receive(5) == "20 03 00 81 00");
        CHECK(five.is_closed());
        auto three = client();
        three.send("10 0D 00 04 'MQTT' 04 03 00 00 00 01 'a'");
        CHECK(three.is_closed());
    }
    CHECK(broker.connection_count() == 0);
}

TEST_CASE_METHOD(broker_fixture, "broker: takes bytes split anywhere") {
    auto c = client();
    for (const std::byte byte :
         test::hex("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'a' 82 07 00 01 00 00 01 't' 00"
                   "30 05 00 01 't' 00 'x' C0 00")) {
        c.send(test::to_hex(std::span{&byte, 1}));
    }
    CHECK(c.receive(20) == "20 03 00 00 00 90 04 00 01 00 00 30 05 00 01 74 00 78 D0 00");
}

TEST_CASE("broker: serves TCP on a free port") {
    broker_fixture f;
    REQUIRE_FALSE(f.broker.listen());
    const std::uint16_t port = f.broker.port();
    CHECK(port != 0);
    CHECK(f.broker.url() == "mqtt://127.0.0.1:" + std::to_string(port));
    CHECK(f.broker.listen() == asio::error::already_open);
    auto c = f.tcp_client();
    c.send("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'a'");
    CHECK(c.receive(5) == "20 03 00 00 00");
    c.send("82 07 00 01 00 00 01 't' 02");
    CHECK(c.receive(6) == "90 04 00 01 00 02");

    SECTION("messages, over the in-memory streams too") {
        auto m = f.connected_3("m");
        m.send("34 06 00 01 't' 00 01 'x'");
        CHECK(m.receive(4) == "50 02 00 01");
        CHECK(c.receive(9) == "34 07 00 01 74 00 01 00 78");
        c.send("50 02 00 01");
        CHECK(c.receive(4) == "62 02 00 01");
        c.send("70 02 00 01");
        CHECK(c.is_quiet());
    }
    SECTION("the last packet arrives although the client had sent more") {
        c.send("C1 00" + std::string(400'000, '0'));
        CHECK(c.receive(3) == "E0 01 81");
        CHECK(c.is_closed());
        CHECK(c.last_error() == asio::error::eof);  // not connection_reset
    }
    SECTION("stops and goes on") {
        f.broker.stop();
        CHECK(c.is_closed());
        CHECK(f.broker.port() == 0);
        REQUIRE_FALSE(f.broker.listen(port));
        auto again = f.tcp_client();
        again.send("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'a'");
        CHECK(again.receive(5) == "20 03 00 00 00");
    }
}

TEST_CASE("broker: listen() tells why it cannot") {
    asio::io_context io;
    testing::broker first{io.get_executor()};
    REQUIRE_FALSE(first.listen());
    testing::broker second{io.get_executor()};
    CHECK(second.listen(first.port()) == asio::error::address_in_use);
    testing::broker third{io.get_executor(), {.address = "nonsense"}};
    CHECK(third.listen());
}

TEST_CASE("broker: closes silent connections when asked to [MQTT-3.1.2-22]") {
    broker_fixture f{{.server_keep_alive = 1, .enforce_keep_alive = true}};
    auto c = f.client();
    c.send("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'a'");
    CHECK(c.receive(8) == "20 06 00 00 03 13 00 01");
    CHECK(c.receive(3) == "E0 01 8D");
    CHECK(c.is_closed());
}

TEST_CASE_METHOD(broker_fixture, "broker: a client that does not read holds up nobody") {
    auto slow = connected_3("s");
    slow.send("82 06 00 01 00 01 't' 01");
    CHECK(slow.receive(5) == "90 03 00 01 01");
    auto quick = connected_3("q");
    quick.send("82 06 00 01 00 01 't' 00");
    CHECK(quick.receive(5) == "90 03 00 01 00");
    const std::string payload(10'000, 'x');
    for (int i = 0; i < 100; ++i) {
        broker.publish("t", payload, qos::at_least_once);
        CHECK(quick.receive(10'006).size() == 3 * 10'006 - 1);
    }
    for (int i = 0; i < 100; ++i) {
        CHECK(slow.receive(10'008).substr(0, 5) == "32 95");  // remaining length 10,005
    }
    CHECK(slow.is_quiet());
}

TEST_CASE("broker: may be destroyed with connections open") {
    asio::io_context io;
    auto broker = std::make_unique<testing::broker>(io.get_executor());
    REQUIRE_FALSE(broker->listen());
    test::wire_client memory{io, broker->connect()};
    memory.send("10 0D 00 04 'MQTT' 04 02 00 00 00 01 'a'");
    asio::ip::tcp::socket socket{io};
    socket.connect({asio::ip::address_v4::loopback(), broker->port()});
    test::wire_client tcp{io, std::move(socket)};
    tcp.send("10 0D 00 04 'MQTT' 04 02 00 00 00 01 'b'");
    CHECK(tcp.receive(4) == "20 02 00 00");
    broker->publish("t", "x");
    broker.reset();
    CHECK(tcp.is_closed());
    CHECK(memory.receive(4) == "20 02 00 00");
    CHECK(memory.is_closed());
    io.restart();
    io.run();  // nothing is left that keeps it running
}

TEST_CASE_METHOD(broker_fixture, "broker: publish() refuses what is not valid") {
    CHECK(broker.publish("", "x") == errc::invalid_topic_name);
    CHECK(broker.publish("a/+", "x") == errc::invalid_topic_name);
    CHECK(broker.publish("a", "x", static_cast<qos>(3)) == errc::invalid_qos);
    publish_packet packet{.topic = "a"};
    packet.properties.content_type = "\xFF";
    CHECK(broker.publish(packet) == errc::invalid_utf8);
}
