// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/testing/broker.hpp>

#include "support/catch.hpp"
#include "unit/testing/broker_fixture.hpp"

using namespace asio_mqtt;
using test::broker_fixture;

// Section numbers are those of MQTT 5.0 unless it says otherwise.

TEST_CASE_METHOD(broker_fixture, "broker: wildcards and topics that begin with $ (4.7)") {
    auto c = connected_3("c");
    c.send("82 0E 00 01 00 01 '#' 00 00 05 '$S/+x' 00");
    CHECK(c.is_closed());  // '+' must stand alone
    auto s = connected_3("s");
    s.send("82 0D 00 01 00 03 'a/#' 00 00 02 '+a' 00");
    CHECK(s.is_closed());
    auto t = connected_3("t");
    t.send("82 0E 00 01 00 03 'a/#' 00 00 03 '+/b' 00");
    CHECK(t.receive(6) == "90 04 00 01 00 00");
    broker.publish("a", "1");
    broker.publish("c/b", "2");
    broker.publish("c/b/d", "3");
    broker.publish("$x/b", "4");
    CHECK(t.receive(6) == "30 04 00 01 61 31");
    CHECK(t.receive(8) == "30 06 00 03 63 2F 62 32");
    CHECK(t.is_quiet());
}

TEST_CASE_METHOD(broker_fixture, "broker: overlapping filters make one copy (3.3.4)") {
    auto c = connected_5("c");
    c.send("82 09 00 01 02 0B 01 00 01 't' 00");
    CHECK(c.receive(6) == "90 04 00 01 00 00");
    c.send("82 09 00 02 02 0B 02 00 01 '#' 01");
    CHECK(c.receive(6) == "90 04 00 02 00 01");
    broker.publish("t", "x", qos::exactly_once);
    // QoS 1, identifiers of both; in the order of the filters.
    CHECK(c.receive(13) == "32 0B 00 01 74 00 01 04 0B 02 0B 01 78");
    CHECK(c.is_quiet());
}

TEST_CASE_METHOD(broker_fixture, "broker: subscribing again replaces the options [MQTT-3.8.4-3]") {
    auto c = connected_5("c");
    c.send("82 09 00 01 02 0B 01 00 01 't' 02");
    CHECK(c.receive(6) == "90 04 00 01 00 02");
    c.send("82 07 00 02 00 00 01 't' 00");
    CHECK(c.receive(6) == "90 04 00 02 00 00");
    broker.publish("t", "x", qos::exactly_once);
    CHECK(c.receive(7) == "30 05 00 01 74 00 78");
    CHECK(c.is_quiet());
}

TEST_CASE_METHOD(broker_fixture, "broker: UNSUBSCRIBE (3.10, 3.11)") {
    SECTION("5.0 says for each filter whether it existed") {
        auto c = connected_5("c");
        c.send("82 07 00 01 00 00 01 't' 00");
        CHECK(c.receive(6) == "90 04 00 01 00 00");
        c.send("A2 09 00 02 00 00 01 't' 00 01 'u'");
        CHECK(c.receive(7) == "B0 05 00 02 00 00 11");
        broker.publish("t", "x");
        CHECK(c.is_quiet());
    }
    SECTION("3.1.1 does not") {
        auto c = connected_3("c");
        c.send("A2 05 00 02 00 01 't'");
        CHECK(c.receive(4) == "B0 02 00 02");
    }
}

TEST_CASE_METHOD(broker_fixture, "broker: No Local and Retain As Published (3.8.3.1)") {
    auto c = connected_5("c");
    c.send("82 0B 00 01 00 00 01 't' 04 00 01 'u' 08");
    CHECK(c.receive(7) == "90 05 00 01 00 00 00");
    c.send("30 05 00 01 't' 00 'x'");
    c.send("31 05 00 01 'u' 00 'y'");
    CHECK(c.receive(7) == "31 05 00 01 75 00 79");
    CHECK(c.is_quiet());
    broker.publish("t", "z", qos::at_most_once, true);
    CHECK(c.receive(7) == "30 05 00 01 74 00 7A");
}

TEST_CASE_METHOD(broker_fixture, "broker: shared subscriptions take turns (4.8.2)") {
    auto a = connected_5("a");
    auto b = connected_5("b");
    for (auto* c : {&a, &b}) {
        c->send("82 10 00 01 00 00 0A '$share/g/#' 01");
        CHECK(c->receive(6) == "90 04 00 01 00 01");
    }
    broker.publish("t", "1");
    broker.publish("t", "2");
    broker.publish("t", "3");
    CHECK(a.receive(14) == "30 05 00 01 74 00 31 30 05 00 01 74 00 33");
    CHECK(b.receive(7) == "30 05 00 01 74 00 32");
    a.send("A2 0F 00 02 00 00 0A '$share/g/#'");
    CHECK(a.receive(6) == "B0 04 00 02 00 00");
    broker.publish("t", "4");
    broker.publish("t", "5");
    CHECK(b.receive(14) == "30 05 00 01 74 00 34 30 05 00 01 74 00 35");
    b.stream().close();
    CHECK(a.is_quiet());
    broker.publish("t", "6");  // nobody is left
}

TEST_CASE("broker: subscriptions that are refused (3.9.3)") {
    broker_fixture f{
        {.authorize_subscribe = [](std::string_view client_id,
                                   std::string_view filter) { return client_id == filter; },
         .maximum_qos = qos::at_least_once,
         .wildcard_subscription_available = false,
         .subscription_identifier_available = false,
         .shared_subscription_available = false}};
    auto c = f.connected("10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'c'",
                         "20 0B 00 00 08 24 01 28 00 29 00 2A 00");
    c.send("82 1C 00 01 00 00 01 'c' 02 00 01 'd' 00 00 01 '#' 00 00 0A '$share/g/c' 00");
    CHECK(c.receive(9) == "90 07 00 01 00 01 87 A2 9E");
    c.send("82 09 00 02 02 0B 01 00 01 'c' 00");
    CHECK(c.receive(6) == "90 04 00 02 00 A1");
    auto three = f.connected_3("3");
    three.send("82 0A 00 01 00 01 'c' 00 00 01 '3' 02");
    CHECK(three.receive(6) == "90 04 00 01 80 01");
}

TEST_CASE("broker: publishing that is refused") {
    broker_fixture f{{.authorize_publish = [](std::string_view, std::string_view topic) {
        return topic != "no";
    }}};
    auto s = f.connected_3("s");
    s.send("82 06 00 01 00 01 '#' 00");
    CHECK(s.receive(5) == "90 03 00 01 00");
    auto five = f.connected_5("5");
    five.send("32 08 00 02 'no' 00 01 00 'x'");
    CHECK(five.receive(5) == "40 03 00 01 87");
    five.send("34 08 00 02 'no' 00 02 00 'x'");
    CHECK(five.receive(5) == "50 03 00 02 87");
    auto three = f.connected_3("3");
    three.send("34 07 00 02 'no' 00 02 'x'");
    CHECK(three.receive(4) == "50 02 00 02");
    three.send("62 02 00 02");
    CHECK(three.receive(4) == "70 02 00 02");
    CHECK(s.is_quiet());
}

TEST_CASE_METHOD(broker_fixture, "broker: retained messages (3.3.1.3)") {
    auto publisher = connected_3("p");
    publisher.send("31 06 00 03 'a/1' '1'");
    publisher.send("31 06 00 03 'a/2' '2'");
    publisher.send("31 06 00 03 'a/1' '3'");
    publisher.send("30 06 00 03 'a/3' '4'");
    CHECK(publisher.is_quiet());
    CHECK(broker.retained_count() == 2);

    SECTION("are sent to new subscribers, with RETAIN set [MQTT-3.3.1-8]") {
        auto c = connected_3("c");
        c.send("82 08 00 01 00 03 'a/+' 00");
        CHECK(c.receive(5) == "90 03 00 01 00");
        CHECK(c.receive(16) == "31 06 00 03 61 2F 31 33 31 06 00 03 61 2F 32 32");
        broker.publish("a/1", "5", qos::at_most_once, true);
        CHECK(c.receive(8) == "30 06 00 03 61 2F 31 35");  // [MQTT-3.3.1-12]
        CHECK(c.is_quiet());
    }
    SECTION("are deleted by an empty payload [MQTT-3.3.1-6]") {
        publisher.send("31 05 00 03 'a/1'");
        CHECK(publisher.is_quiet());
        CHECK(broker.retained_count() == 1);
        auto c = connected_3("c");
        c.send("82 08 00 01 00 03 'a/1' 00");
        CHECK(c.receive(5) == "90 03 00 01 00");
        CHECK(c.is_quiet());
    }
    SECTION("are sent as Retain Handling says [MQTT-3.3.1-9]") {
        auto c = connected_5("c");
        c.send("82 09 00 01 00 00 03 'a/1' 20");  // 2: do not
        CHECK(c.receive(6) == "90 04 00 01 00 00");
        CHECK(c.is_quiet());
        c.send("82 09 00 02 00 00 03 'a/1' 10");  // 1: if new, which it is not
        CHECK(c.receive(6) == "90 04 00 02 00 00");
        CHECK(c.is_quiet());
        c.send("82 09 00 03 00 00 03 'a/2' 10");  // 1: if new, which it is
        CHECK(c.receive(6) == "90 04 00 03 00 00");
        CHECK(c.receive(9) == "31 07 00 03 61 2F 32 00 32");
        c.send("82 09 00 04 00 00 03 'a/2' 00");  // 0: at each SUBSCRIBE
        CHECK(c.receive(6) == "90 04 00 04 00 00");
        CHECK(c.receive(9) == "31 07 00 03 61 2F 32 00 32");
    }
    SECTION("are not sent for shared subscriptions (4.8.2)") {
        auto c = connected_5("c");
        c.send("82 12 00 01 00 00 0C '$share/g/a/1' 00");
        CHECK(c.receive(6) == "90 04 00 01 00 00");
        CHECK(c.is_quiet());
    }
}

TEST_CASE_METHOD(broker_fixture, "broker: wills (3.1.2.5)") {
    auto s = connected_3("s");
    s.send("82 06 00 01 00 01 'w' 00");
    CHECK(s.receive(5) == "90 03 00 01 00");
    SECTION("3.1.1") {
        auto c = connected("10 13 00 04 'MQTT' 04 06 00 00 00 01 'c' 00 01 'w' 00 01 'x'",
                           "20 02 00 00");
        SECTION("published when the connection is lost [MQTT-3.1.2-8]") {
            c.stream().close();
            CHECK(s.receive(6) == "30 04 00 01 77 78");
        }
        SECTION("published when the broker closes because of an error") {
            c.send("00 00");
            CHECK(s.receive(6) == "30 04 00 01 77 78");
        }
        SECTION("published when the network fails") {
            c.stream().cut_after(0);
            CHECK(s.receive(6) == "30 04 00 01 77 78");
        }
        SECTION("not published after DISCONNECT [MQTT-3.1.2-10]") {
            c.send("E0 00");
            CHECK(c.is_closed());
        }
    }
    SECTION("5.0, retained, with properties") {
        auto c = connected(
            "10 1E 00 04 'MQTT' 05 26 00 00 00 00 01 'c'"
            "09 18 00 00 00 05 03 00 01 't' 00 01 'w' 00 01 'x'",
            "20 03 00 00 00");
        auto five = connected_5("5");
        five.send("82 07 00 01 00 00 01 'w' 08");
        CHECK(five.receive(6) == "90 04 00 01 00 00");
        SECTION("published after DISCONNECT 0x04 (3.14.2.1)") {
            c.send("E0 01 04");
            CHECK(s.receive(6) == "30 04 00 01 77 78");
            CHECK(five.receive(11) == "31 09 00 01 77 04 03 00 01 74 78");
            CHECK(broker.retained_count() == 1);
        }
        SECTION("not published after DISCONNECT 0x00") {
            c.send("E0 00");
            CHECK(c.is_closed());
            CHECK(five.is_quiet());
        }
    }
    CHECK(s.is_quiet());
}
