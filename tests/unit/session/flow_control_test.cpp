// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

std::string connack(bool session_present, int receive_maximum) {
    return std::string{session_present ? "20 06 01 00 03 21 00 " : "20 06 00 00 03 21 00 "} +
           to_hex(std::vector<std::byte>{static_cast<std::byte>(receive_maximum)});
}

/// PUBLISH packets to "t" with these identifiers (3.3).
std::string publishes(std::string_view first, std::initializer_list<int> ids) {
    std::string text;
    for (const int id : ids) {
        if (!text.empty()) text += ' ';
        text += std::string{first} + " 06 00 01 74 00 " +
                to_hex(std::vector<std::byte>{static_cast<std::byte>(id)}) + " 00";
    }
    return text;
}

}  // namespace

TEST_CASE("flow control: no more in flight than the Receive Maximum") {
    const int maximum = GENERATE(1, 2, 3, 7);
    session_driver driver{v5};
    driver.go_online(connack(false, maximum));
    for (int i = 0; i < 20; ++i)
        driver.publish("", qos_1, "t");
    std::size_t written = (driver.written().size() + 1) / (3 * 8);
    CHECK(written == static_cast<std::size_t>(maximum));
    for (int id = 1; id <= 20; ++id) {
        // Each PUBACK lets one more go [MQTT-3.3.4-7].
        driver.receive("40 02 00" + to_hex(std::vector<std::byte>{static_cast<std::byte>(id)}));
        written += (driver.written().size() + 1) / (3 * 8);
        CHECK(written == static_cast<std::size_t>(std::min(20, id + maximum)));
    }
}

TEST_CASE("flow control: a 3.1.1 broker gets no more than is assumed of it") {
    const auto [settings, maximum] =
        GENERATE(std::pair<session_settings, std::size_t>{{}, 20},  // what Mosquitto takes at QoS 2
                 std::pair<session_settings, std::size_t>{{.assumed_receive_maximum = 3}, 3});
    session_driver driver{v3, settings};
    driver.go_online();
    for (int i = 0; i < 50; ++i)
        driver.publish("", qos_2, "t");
    const std::size_t size = 7 * 3;  // of PUBLISH in hexadecimal digits (3.3 of 3.1.1)
    CHECK((driver.written().size() + 1) / size == maximum);
    driver.receive("50 02 00 01 70 02 00 01");
    CHECK(driver.written() == to_hex(hex("62 02 00 01 34 05 00 01 't' 00")) + ' ' +
                                  to_hex(std::vector<std::byte>{std::byte(maximum + 1)}));
}

TEST_CASE("flow control: QoS 2 gives its place back at PUBCOMP [immune-46]") {
    session_driver driver{v5};
    driver.go_online(connack(false, 1));
    driver.publish("a", qos_2, "t");
    driver.publish("b", qos_2, "t");
    driver.publish("c", qos_1, "t");
    CHECK(driver.written() == publishes("34", {1}));
    driver.receive("50 02 00 01");
    CHECK(driver.written() == "62 02 00 01");
    driver.receive("70 02 00 01");
    CHECK(driver.written() == publishes("34", {2}));
    driver.receive("50 02 00 02 70 02 00 02");
    // The PUBREL that the second PUBCOMP overtook, and the next.
    CHECK(driver.written() == "62 02 00 02 " + publishes("32", {3}));
}

TEST_CASE("flow control: a failed publish gives its place back, once [immune-46]") {
    session_driver driver{v5};
    driver.go_online(connack(false, 1));
    for (int i = 0; i < 3; ++i)
        driver.publish("", qos_1, "t");
    CHECK(driver.written() == publishes("32", {1}));
    driver.receive("40 03 00 01 97 40 02 00 01 40 02 00 09 70 02 00 09");
    CHECK(driver.written() == publishes("32", {2}));
}

TEST_CASE("flow control: QoS 0 and requests need no place") {
    session_driver driver{v5};
    driver.go_online(connack(false, 1));
    driver.publish("", qos_0, "t");
    driver.publish("", qos_1, "t");
    driver.subscribe("", {{.filter = "a"}});
    CHECK(driver.written() == to_hex(hex("82 09 00 01 02 0B 01 00 01 'a' 00 30 04 00 01 't' 00")) +
                                  ' ' + publishes("32", {2}));
    driver.unsubscribe("", {"a"});  // [MQTT-3.3.4-8]
    CHECK(driver.written() == to_hex(hex("A2 06 00 03 00 00 01 'a'")));
}

TEST_CASE("flow control: after resuming, what was resent counts [immune-45]") {
    session_driver driver{v5};
    driver.go_online(connack(false, 3));
    for (int i = 0; i < 5; ++i)
        driver.publish("", qos_1, "t");
    CHECK(driver.written() == publishes("32", {1, 2, 3}));
    driver.lose();
    driver.go_online(connack(true, 3));
    CHECK(driver.written() == publishes("3A", {1, 2, 3}));
    driver.receive("40 02 00 01");
    CHECK(driver.written() == publishes("32", {4}));
    driver.lose();
    driver.go_online(connack(true, 4));  // more room than before
    CHECK(driver.written() == publishes("3A", {2, 3, 4}) + ' ' + publishes("32", {5}));
}

TEST_CASE("flow control: resuming with less room than is needed [immune-45b]") {
    session_driver driver{v5};
    driver.go_online(connack(false, 5));
    for (int i = 0; i < 6; ++i)
        driver.publish("", qos_2, "t");
    CHECK(driver.written() == publishes("34", {1, 2, 3, 4, 5}));
    driver.receive("50 02 00 01 50 02 00 02 50 02 00 03");
    driver.written();
    driver.lose();
    driver.go_online(connack(true, 2));
    // Three past their PUBREC stay there; no PUBLISH until they have made room.
    CHECK(driver.written() == "62 02 00 01 62 02 00 02 62 02 00 03");
    driver.receive("70 02 00 01");
    CHECK(driver.written() == "");
    driver.receive("70 02 00 02");
    CHECK(driver.written() == publishes("3C", {4}));
    driver.receive("70 02 00 03");
    CHECK(driver.written() == publishes("3C", {5}));
    driver.receive("50 02 00 04");
    CHECK(driver.written() == "62 02 00 04");
    driver.receive("70 02 00 04");
    CHECK(driver.written() == publishes("34", {6}));  // new ones wait behind [immune-41]
}

TEST_CASE("flow control: nothing new before all is resent, QoS 0 neither [immune-41]") {
    session_driver driver{v5};
    driver.go_online(connack(false, 2));
    driver.publish("", qos_1, "t");
    driver.publish("", qos_1, "t");
    driver.written();
    driver.lose();
    driver.publish("", qos_0, "t");
    driver.go_online(connack(true, 1));
    CHECK(driver.written() == publishes("3A", {1}));
    driver.receive("40 02 00 01");
    CHECK(driver.written() == publishes("3A", {2}) + ' ' + to_hex(hex("30 04 00 01 't' 00")));
}

TEST_CASE("flow control: PUBRELs do not wait behind a PUBLISH that must") {
    session_driver driver{v5};
    driver.go_online(connack(false, 3));
    for (int i = 0; i < 3; ++i)
        driver.publish("", qos_2, "t");
    driver.written();
    driver.receive("50 02 00 03");
    driver.lose();
    driver.go_online(connack(true, 1));
    // PUBREL asks for no place, but the broker may count it: a PUBLISH would be one too many.
    CHECK(driver.written() == "62 02 00 03");
    driver.receive("70 02 00 03");
    CHECK(driver.written() == publishes("3C", {1}));
    driver.receive("50 02 00 01 70 02 00 01");
    CHECK(driver.written() == "62 02 00 01 " + publishes("3C", {2}));
}

TEST_CASE("flow control: a PUBREC for what was not resent yet") {
    session_driver driver{v5};
    driver.go_online(connack(false, 2));
    driver.publish("", qos_2, "t");
    driver.publish("", qos_2, "t");
    driver.written();
    driver.lose();
    driver.go_online(connack(true, 1));
    CHECK(driver.written() == publishes("3C", {1}));
    driver.receive("50 02 00 02");
    CHECK(driver.written() == "62 02 00 02");
    driver.receive("50 02 00 01");
    CHECK(driver.written() == "62 02 00 01");
    driver.receive("70 02 00 01 70 02 00 02");
    driver.publish("", qos_1, "t");
    driver.publish("", qos_1, "t");
    CHECK(driver.written() == publishes("32", {3}));
}

TEST_CASE("flow control: a long queue leaves in pieces that can still be cancelled") {
    session_driver driver{v5};
    driver.go_online();
    const std::string payload(100'000, 'p');
    std::vector<outbound_publish*> all;
    for (int i = 0; i < 10; ++i)
        all.push_back(driver.publish("", qos_1, "t", payload));
    const auto pieces = driver.core.start_write(driver.now);
    REQUIRE(pieces.size() == 1);
    CHECK(pieces[0].size() < 700'000);
    CHECK(all[0]->packet_id == 1);
    CHECK(all[9]->packet_id == 0);
    driver.core.cancel(*all[9]);
    driver.core.finish_write();
    const std::size_t rest = driver.written().size() / 3;
    CHECK(pieces[0].size() + rest > 0);
    CHECK(rest / 100'000 == 3);  // six of ten left first, one not at all
}
