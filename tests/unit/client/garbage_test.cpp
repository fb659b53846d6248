// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/detached.hpp>

using namespace asio_mqtt;
using test::scripted_fixture;

// What a peer sends that is no broker, or a broken one. Section numbers are those of MQTT 5.0.

namespace {

struct garbage {
    const char* what;
    const char* bytes;
    const char* reason;  ///< Of the DISCONNECT that answers it (4.13), where the client is online.
};

const garbage in_any_version[] = {
    {"packet type 0 (2.1.2)", "00 00", "82"},
    {"Remaining Length of five bytes (1.5.5)", "30 FF FF FF FF 01", "81"},
    {"Remaining Length not in its shortest form (1.5.5)", "D0 80 00", "81"},
    {"a second CONNACK (3.2)", "20 03 00 00 00", "82"},
    {"CONNECT (3.1)", "10 0E 00 04 'MQTT' 05 02 00 00 00 00 01 'c'", "82"},
    {"SUBSCRIBE (3.8)", "82 07 00 01 00 00 01 't' 00", "82"},
    {"UNSUBSCRIBE (3.10)", "A2 06 00 01 00 00 01 't'", "82"},
    {"PINGREQ (3.12)", "C0 00", "82"},
    {"PINGRESP with a body (3.13)", "D0 01 00", "81"},
    {"PINGRESP with flags (2.1.3)", "D1 00", "81"},
    {"PUBACK with flags (2.1.3)", "41 02 00 01", "81"},
    {"PUBREL without its flags (3.6.1)", "60 02 00 01", "81"},
    {"PUBACK cut short (3.4.2)", "40 01 00", "81"},
    {"PUBACK with identifier 0 (2.2.1)", "40 02 00 00", "82"},
    {"PUBLISH with QoS 3 (3.3.1.2)", "36 06 00 01 't' 00 01 00", "81"},
    {"PUBLISH without a topic's end (3.3.2.1)", "30 03 00 05 't'", "81"},
    {"PUBLISH with a wildcard in the topic (3.3.2.1)", "30 04 00 01 '#' 00", "81"},
    {"PUBLISH with broken UTF-8 in the topic (1.5.4)", "30 05 00 02 C3 28 00", "81"},
    {"PUBLISH with identifier 0 (2.2.1)", "32 06 00 01 't' 00 00 00", "82"},
    {"SUBACK without reason codes (3.9.3)", "90 03 00 02 00", "82"},
    {"a packet over the announced maximum (3.1.2.11.4)", "30 90 4E 00 01 't'", "95"},
    {"an HTTP answer", "'HTTP/1.1 400 Bad Request'", "81"},
};

const garbage in_v5[] = {
    {"AUTH without a method (4.12)", "F0 00", "82"},
    {"PUBLISH with an unknown property (2.2.2.2)", "30 06 00 01 't' 02 7F 00", "81"},
    {"PUBLISH with a property twice (3.3.2.3)", "30 08 00 01 't' 04 01 00 01 00", "82"},
    {"PUBLISH with a property of CONNECT (2.2.2.2)", "30 07 00 01 't' 03 21 00 01", "81"},
    {"PUBLISH whose properties run past its end", "30 05 00 01 't' 7F 01", "81"},
    {"PUBLISH without topic and alias (3.3.2.1)", "30 03 00 00 00", "82"},
    {"PUBLISH with alias 0 (3.3.2.3.4)", "30 07 00 01 't' 03 23 00 00", "94"},
    {"PUBLISH with an alias over the maximum (3.3.2.3.4)", "30 07 00 01 't' 03 23 00 01", "94"},
    {"PUBACK with a reason code of others (3.4.2.1)", "40 03 00 01 92", "82"},
    {"DISCONNECT with a Session Expiry Interval (3.14.2.2.2)", "E0 07 00 05 11 00 00 00 01", "82"},
};

client_options options_for(protocol_version version) {
    client_options wanted = scripted_fixture::options(version);
    wanted.maximum_packet_size = 10'000;
    return wanted;
}

/// Operations that are under way while the peer misbehaves: none may be lost, or complete twice.
struct pending_operations {
    scripted_fixture& f;
    scripted_fixture::client c;
    test::plain_outcome ran{};
    test::publish_outcome queued{}, at_least_once{}, exactly_once{};
    test::subscribe_outcome subscribed{}, unsubscribed{};

    pending_operations(scripted_fixture& fixture, protocol_version version)
        : f{fixture}, c{fixture.make(options_for(version))} {
        c.async_run(ran.handler());
        c.async_subscribe("s", qos::at_most_once, subscribed.handler());
        c.async_publish("p", "1", qos::at_least_once, at_least_once.handler());
        c.async_publish("p", "2", qos::exactly_once, exactly_once.handler());
    }

    int calls() const {
        return ran.calls + queued.calls + at_least_once.calls + exactly_once.calls +
               subscribed.calls + unsubscribed.calls;
    }

    /// On the next connection all of them come to a good end.
    void finish(protocol_version version) {
        const bool is_v5 = version == protocol_version::v5;
        CHECK(calls() == 0);
        c.async_publish("q", "3", qos::at_most_once, queued.handler());
        auto broker = f.accept(version);  // a new session: all is sent as new
        const std::string sent = broker.receive(is_v5 ? 11 + 9 + 9 + 7 : 8 + 8 + 8 + 6);
        const auto has = [&sent](const char* bytes) {
            return sent.find(test::to_hex(test::hex(bytes))) != std::string::npos;
        };
        CHECK(has("00 01 's' 00"));
        CHECK(has("00 01 'p' 00"));
        CHECK(has("00 01 'q'"));
        // Identifiers 1, 2 and 3 in any order: answer each as what it is.
        const auto id_of = [&sent](const std::string& before) {
            const auto at = sent.find(test::to_hex(test::hex(before)));
            return at == std::string::npos ? std::string{"00 00"}
                                           : sent.substr(at + 3 * test::hex(before).size(), 5);
        };
        const std::string sub = id_of(is_v5 ? "82 09" : "82 06");
        const std::string one = id_of(is_v5 ? "32 07 00 01 'p'" : "32 06 00 01 'p'");
        const std::string two = id_of(is_v5 ? "34 07 00 01 'p'" : "34 06 00 01 'p'");
        broker.send(is_v5 ? "90 04 " + sub + " 00 00" : "90 03 " + sub + " 00");
        broker.send("40 02 " + one + " 50 02 " + two);
        CHECK(broker.receive(4) == "62 02 " + two);
        broker.send("70 02 " + two);
        f.settle();
        CHECK(ran.calls == 0);
        CHECK(queued.succeeded());
        CHECK(subscribed.succeeded());
        CHECK(at_least_once.succeeded());
        CHECK(exactly_once.succeeded());
    }
};

}  // namespace

TEST_CASE_METHOD(scripted_fixture, "garbage: once online, 5.0 [immune-27]") {
    constexpr auto version = protocol_version::v5;
    const auto check = [this](const garbage& each) {
        INFO(each.what);
        pending_operations pending{*this, version};
        auto broker = accept(version);
        broker.receive(11 + 9 + 9);
        broker.send(each.bytes);
        const std::string answer = broker.receive(3);
        CHECK(answer == std::string{"E0 01 "} + each.reason);
        CHECK(broker.is_closed());
        broker.stream().close();
        pending.finish(version);
    };
    for (const garbage& each : in_any_version)
        check(each);
    for (const garbage& each : in_v5)
        check(each);
}

TEST_CASE_METHOD(scripted_fixture,
                 "garbage: once online, 3.1.1 has no reason to give [immune-27]") {
    constexpr auto version = protocol_version::v3_1_1;
    for (const garbage& each : in_any_version) {
        INFO(each.what);
        if (std::string_view{each.what}.starts_with("SUBACK")) continue;  // well-formed there
        pending_operations pending{*this, version};
        auto broker = accept(version);
        broker.receive(8 + 8 + 8);
        broker.send(each.bytes);
        CHECK(broker.is_closed());
        broker.stream().close();
        pending.finish(version);
    }
}

TEST_CASE_METHOD(scripted_fixture, "garbage: in the place of CONNACK (3.2)") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const auto check = [&](const char* what, const char* bytes) {
        INFO(what);
        pending_operations pending{*this, version};
        auto broker = accept();
        broker.receive(version == protocol_version::v5 ? 26 : 15);
        broker.send(bytes);
        CHECK(broker.is_closed());  // who the peer is, is not known: nothing is sent (4.13)
        broker.stream().close();
        pending.finish(version);
    };
    for (const garbage& each : in_any_version) {
        // The CONNACK of 5.0 is the garbage of 3.1.1, and the other way round below.
        if (std::string_view{each.what}.starts_with("a second") && version == protocol_version::v5)
            continue;
        check(each.what, each.bytes);
    }
    check("PUBLISH", "30 04 00 01 't' 00");
    check("SUBACK", "90 04 00 01 00 00");
    check("CONNACK with reserved flags (3.2.2.1)", "20 03 02 00 00");
    check("CONNACK cut short (3.2.2)", "20 01 00");
    check("CONNACK with trailing bytes", "20 06 00 00 00 00 00 00");
    check("CONNACK that refuses, with Session Present (3.2.2.1.1)", "20 03 01 88 00");
    check("a large packet that never comes", "20 FF FF FF 7F 00");
    if (version == protocol_version::v5) {
        check("CONNACK of 3.1.1", "20 02 00 00");
        check("CONNACK with Receive Maximum 0 (3.2.2.3.3)", "20 06 00 00 03 21 00 00");
        check("CONNACK with Maximum QoS 2 (3.2.2.3.4)", "20 05 00 00 02 24 02");
        check("CONNACK with Maximum Packet Size 0 (3.2.2.3.6)", "20 08 00 00 05 27 00 00 00 00");
        check("CONNACK with an unknown reason code (3.2.2.2)", "20 03 00 77 00");
    }
}

TEST_CASE_METHOD(scripted_fixture, "garbage: in pieces, byte by byte") {
    pending_operations pending{*this, protocol_version::v5};
    auto broker = accept(protocol_version::v5);
    broker.receive(11 + 9 + 9);
    for (const char* byte : {"36", "06", "00", "01", "74", "00", "01", "00"})
        broker.send(byte);
    CHECK(broker.receive(3) == "E0 01 81");
    CHECK(broker.is_closed());
    broker.stream().close();
    pending.finish(protocol_version::v5);
}

TEST_CASE_METHOD(scripted_fixture, "garbage: acknowledgements that answer nothing are ignored") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const bool is_v5 = version == protocol_version::v5;
    pending_operations pending{*this, version};
    auto broker = accept(version);
    broker.receive(is_v5 ? 11 + 9 + 9 : 8 + 8 + 8);
    // Unknown identifiers [immune-31], and types that do not fit the operation [immune-32].
    broker.send("40 02 00 63  70 02 00 63");
    broker.send(is_v5 ? "90 04 00 63 00 00  B0 04 00 63 00 00" : "90 03 00 63 00  B0 02 00 63");
    broker.send("40 02 00 01  70 02 00 03  70 02 00 02");
    settle();
    CHECK(pending.calls() == 0);
    CHECK(connector.attempts().size() == 1);
    broker.send(is_v5 ? "90 04 00 01 00 00" : "90 03 00 01 00");
    broker.send("40 02 00 02  40 02 00 02  50 02 00 03");
    CHECK(broker.receive(4) == "62 02 00 03");
    broker.send("70 02 00 03  70 02 00 03");
    settle();
    CHECK(pending.subscribed.succeeded());
    CHECK(pending.at_least_once.succeeded());
    CHECK(pending.exactly_once.succeeded());
    CHECK(connector.attempts().size() == 1);
}

TEST_CASE_METHOD(scripted_fixture,
                 "garbage: a SUBACK with too few or many reasons (3.8.4) [immune-12]") {
    const char* suback = GENERATE("90 04 00 01 00 00", "90 06 00 01 00 00 00 00");
    auto c = make();
    test::subscribe_outcome subscribed;
    test::publish_outcome published;
    c.async_run(asio::detached);
    c.async_subscribe({{.filter = "s"}, {.filter = "t"}}, subscribed.handler());
    c.async_publish("p", "", qos::at_least_once, published.handler());
    auto broker = accept_5();
    broker.receive(15 + 8);
    broker.send(suback);
    CHECK(broker.receive(3) == "E0 01 82");
    CHECK(broker.is_closed());
    // What such a broker granted nobody knows; asking again would end the next connection, too.
    CHECK(subscribed.failed_with(errc::malformed_answer));
    CHECK(subscribed.error == fault::broker);
    broker.stream().close();
    auto next = accept_5("20 03 01 00 00");
    CHECK(next.receive(8) == test::to_hex(test::hex("3A 06 00 01 'p' 00 02 00")));
    next.send("40 02 00 02");
    settle();
    CHECK(published.succeeded());
}

TEST_CASE_METHOD(scripted_fixture,
                 "garbage: a packet over the default maximum, 16 MiB (3.1.2.11.4) [immune-27]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make(options(version));
    c.async_run(asio::detached);
    auto broker = accept(version);
    // The length is refused when it is there, so 16,777,216 bytes may begin, one more may not.
    broker.send("30 FB FF FF 07");
    settle();
    c.async_publish("t", "", qos::at_most_once, asio::detached);
    const bool is_v5 = version == protocol_version::v5;
    CHECK(broker.receive(is_v5 ? 6 : 5) ==
          test::to_hex(test::hex(is_v5 ? "30 04 00 01 't' 00" : "30 03 00 01 't'")));
    broker.stream().close();
    auto next = accept(version);
    next.send("30 FC FF FF 07");
    CHECK(next.receive(3) == (is_v5 ? "E0 01 95" : ""));
    CHECK(next.is_closed());
}

TEST_CASE_METHOD(scripted_fixture, "garbage: more messages than the Receive Maximum (4.9)") {
    auto wanted = options();
    wanted.receive_maximum = 2;
    wanted.maximum_packet_size = 10'000;
    auto c = make(wanted);
    test::plain_outcome ran;
    c.async_run(ran.handler());
    c.async_subscribe("t", qos::exactly_once, asio::detached);
    auto broker = accept();
    broker.receive(29);
    broker.send(connack_5);
    broker.receive(11);
    broker.send("90 04 00 01 00 02");
    // Nobody receives them, so that none is acknowledged.
    broker.send("32 06 00 01 't' 00 01 00  34 06 00 01 't' 00 02 00  32 06 00 01 't' 00 03 00");
    CHECK(broker.receive(3) == "E0 01 93");
    CHECK(broker.is_closed());
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(scripted_fixture, "garbage: a stream without end is not collected") {
    // A PUBLISH of 9,999 bytes that never ends well, again and again, before any CONNACK.
    auto c = make(options_for(protocol_version::v5));
    test::plain_outcome ran;
    c.async_run(ran.handler());
    for (int i = 0; i < 20; ++i) {
        auto broker = accept();
        std::string flood;
        for (int n = 0; n < 1'000; ++n)
            flood += "30 04 00 01 't' 00 ";
        broker.send(flood);
        broker.receive(29);
        CHECK(broker.is_closed());
    }
    CHECK(ran.calls == 0);
}
