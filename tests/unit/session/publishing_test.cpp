// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/allocation_counter.hpp"
#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("publishing: QoS 0 is done when it is written (4.3.1)") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    driver.publish("zero", qos_0, "t", "x", true);
    CHECK(driver.events() == "");
    CHECK(driver.written() ==
          to_hex(hex(version == v3 ? "31 04 00 01 't' 'x'" : "31 05 00 01 't' 00 'x'")));
    CHECK(driver.events() == "zero done");
}

TEST_CASE("publishing: QoS 1 is done at PUBACK (4.3.2)") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    driver.publish("one", qos_1, "t", "x");
    CHECK(driver.written() == to_hex(hex(version == v3 ? "32 06 00 01 't' 00 01 'x'"
                                                       : "32 07 00 01 't' 00 01 00 'x'")));
    CHECK(driver.events() == "");
    CHECK(driver.receive("40 02 00 01") == "one done");
    CHECK(driver.receive("40 02 00 01") == "");  // once
    CHECK(driver.written() == "");
}

TEST_CASE("publishing: QoS 2 is done at PUBCOMP (4.3.3)") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    driver.publish("two", qos_2, "t", "x");
    CHECK(driver.written() == to_hex(hex(version == v3 ? "34 06 00 01 't' 00 01 'x'"
                                                       : "34 07 00 01 't' 00 01 00 'x'")));
    CHECK(driver.receive("50 02 00 01") == "");
    CHECK(driver.written() == "62 02 00 01");  // flags 0010 [MQTT-3.6.1-1]
    CHECK(driver.events() == "");
    CHECK(driver.receive("70 02 00 01") == "two done");
    CHECK(driver.receive("70 02 00 01") == "");
    CHECK(driver.written() == "");
}

TEST_CASE("publishing: what the broker says comes with the outcome") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("one", qos_1, "t");
    driver.written();
    // 3.4.2: No matching subscribers, reason string, user property
    const std::vector<std::byte> bytes =
        hex("40 0F 00 01 10 0B 1F 00 01 'r' 26 00 01 'k' 00 01 'v'");
    std::span<const std::byte> rest{bytes};
    driver.feed(rest);
    const session_event event = driver.core.next_event();
    CHECK(event.what == session_event::kind::completed);
    CHECK_FALSE(event.error);
    CHECK(event.reason == reason_code::no_matching_subscribers);
    REQUIRE(event.properties != nullptr);
    CHECK(event.properties->reason_string == "r");
    CHECK(event.properties->user_properties.front() == user_property_view{"k", "v"});
}

TEST_CASE("publishing: of what follows an outcome, only what is nothing but success is cut short") {
    session_driver driver{v5};
    driver.go_online();
    for (const char* name : {"1", "2", "3", "4", "5"})
        driver.publish(name, qos_1, "t");
    outbound_publish* const cancelled = driver.publish("6", qos_1, "t");
    driver.publish("7", qos_1, "t");
    driver.written();
    driver.core.cancel(*cancelled);
    driver.publish("8", qos_0, "t");
    driver.written();
    // PUBACK of each (3.4), that of 4 with a reason that is a success, too; a PUBLISH before 5
    const std::vector<std::byte> bytes =
        hex("40 02 00 01  40 02 00 02  40 02 00 03  40 03 00 04 10  30 04 00 01 't' 00"
            "40 02 00 05  40 02 00 06  40 02 00 07");
    std::span<const std::byte> rest{bytes};
    driver.feed(rest);
    const auto name = [](const void* tag) {
        return tag == nullptr ? "" : *static_cast<const std::string*>(tag);
    };
    const auto next = [&] { return name(driver.core.next_event().tag); };
    const auto next_published = [&] { return name(driver.core.next_published()); };
    CHECK(next() == "8");
    CHECK(next_published() == "1");
    CHECK(next_published() == "2");
    CHECK(next_published() == "3");
    CHECK(next_published() == "");
    const session_event with_reason = driver.core.next_event();
    CHECK(name(with_reason.tag) == "4");
    CHECK(with_reason.reason == reason_code::no_matching_subscribers);
    CHECK(next_published() == "");
    CHECK(driver.core.next_event().what == session_event::kind::message);
    CHECK(next() == "5");
    CHECK(next_published() == "");  // nobody waits for 6
    CHECK(next() == "7");
    CHECK(next_published() == "");
    CHECK(driver.core.next_event().what == session_event::kind::need_data);
}

TEST_CASE("publishing: what PUBREC says comes with the outcome, unless PUBCOMP says more") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("two", qos_2, "t");
    driver.written();
    CHECK(driver.receive("50 03 00 01 10") == "");  // 3.5.2.1: No matching subscribers
    const auto next_reason = [&driver](std::string_view pubcomp) {
        const std::vector<std::byte> bytes = hex(pubcomp);
        std::span<const std::byte> rest{bytes};
        driver.feed(rest);
        const session_event event = driver.core.next_event();
        CHECK(event.what == session_event::kind::completed);
        CHECK(event.error == error_code{event.reason});
        return event.reason;
    };
    SECTION("PUBCOMP without a reason") {
        driver.written();
        CHECK(next_reason("70 02 00 01") == reason_code::no_matching_subscribers);
    }
    SECTION("PUBCOMP with one (3.7.2.1)") {
        driver.written();
        CHECK(next_reason("70 03 00 01 92") == reason_code::packet_identifier_not_found);
    }
    SECTION("PUBCOMP of a broker that had answered before") {
        driver.resume();
        driver.written();
        CHECK(next_reason("70 03 00 01 92") == reason_code::no_matching_subscribers);
    }
    SECTION("the session is lost, and with it the PUBCOMP") {
        driver.lose();
        driver.connect();
        const std::vector<std::byte> bytes = hex(accepted[v5]);
        std::span<const std::byte> rest{bytes};
        driver.feed(rest);
        CHECK(driver.core.next_event().what == session_event::kind::connected);
        CHECK(driver.core.next_event().reason == reason_code::no_matching_subscribers);
    }
}

TEST_CASE("publishing: PUBACK with an error fails the operation") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("one", qos_1, "t");
    driver.written();
    CHECK(driver.receive("40 03 00 01 87") == "one: Not authorized");
    driver.resume();
    CHECK(driver.written() == "");  // [MQTT-4.4.0-2]
}

TEST_CASE("publishing: PUBREC with an error ends the handshake [immune-35]") {
    session_driver driver{v5};
    driver.go_online("20 06 00 00 03 21 00 01");  // Receive Maximum 1
    driver.publish("two", qos_2, "t");
    driver.publish("next", qos_2, "t");
    CHECK(driver.written() == to_hex(hex("34 06 00 01 't' 00 01 00")));
    CHECK(driver.receive("50 03 00 01 97") == "two: Quota exceeded");
    CHECK(driver.written() == to_hex(hex("34 06 00 01 't' 00 02 00")));  // no PUBREL, and room
    driver.resume();
    CHECK(driver.written() == to_hex(hex("3C 06 00 01 't' 00 02 00")));
}

TEST_CASE("publishing: acknowledgements out of order complete their own operations [immune-34]") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("a", qos_1, "t");
    driver.publish("b", qos_2, "t");
    driver.publish("c", qos_1, "t");
    driver.publish("d", qos_2, "t");
    driver.written();
    CHECK(driver.receive("40 02 00 03 50 02 00 04 50 02 00 02 40 02 00 01") == "c done, a done");
    CHECK(driver.written() == "62 02 00 04 62 02 00 02");  // [MQTT-4.6.0-4]
    CHECK(driver.receive("70 02 00 02 70 02 00 04") == "b done, d done");
}

TEST_CASE("publishing: acknowledgements of unknown identifiers are borne [immune-31]") {
    session_driver driver{v5};
    driver.go_online();
    CHECK(driver.receive("40 02 00 09") == "");
    CHECK(driver.receive("70 02 00 09") == "");
    CHECK(driver.receive("90 04 00 09 00 00") == "");
    CHECK(driver.receive("B0 04 00 09 00 00") == "");
    CHECK(driver.written() == "");
    // Those that ask for an answer get one: Packet Identifier not found (3.6.2.1, 3.7.2.1).
    CHECK(driver.receive("50 02 00 09") == "");
    CHECK(driver.written() == "62 03 00 09 92");
    CHECK(driver.receive("62 02 00 09") == "");
    CHECK(driver.written() == "70 03 00 09 92");
    CHECK(driver.receive("50 03 00 09 80") == "");
    CHECK(driver.written() == "");
    CHECK(driver.core.is_online());

    session_driver old{v3};
    old.go_online();
    CHECK(old.receive("50 02 00 09 62 02 00 0A 40 02 00 09") == "");
    CHECK(old.written() == "62 02 00 09 70 02 00 0A");
}

TEST_CASE("publishing: acknowledgements that nobody asked for take no memory [immune-33]") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    // All of them, PUBREC and PUBREL with their answers.
    const std::vector<std::byte> bytes = hex(
        version == v3 ? "40 02 00 09 50 02 00 09 62 02 00 09 70 02 00 09 90 03 00 09 00 B0 02 00 09"
                      : "40 02 00 09 50 02 00 09 62 02 00 09 70 02 00 09 90 04 00 09 00 00"
                        "B0 04 00 09 00 00");
    bool is_quiet = true;
    const auto receive_and_answer = [&] {
        std::span<const std::byte> rest{bytes};
        while (!rest.empty()) {
            driver.feed(rest);
            is_quiet &= driver.core.next_event().what == session_event::kind::need_data;
        }
        while (!driver.core.start_write(driver.now).empty())
            driver.core.finish_write();
    };
    for (int i = 0; i < 100; ++i)
        receive_and_answer();  // the buffers get their size
    const std::size_t before = allocation_count();
    for (int i = 0; i < 10'000; ++i)
        receive_and_answer();
    const std::size_t after = allocation_count();
    CHECK(after == before);
    CHECK(is_quiet);
}

TEST_CASE("publishing: acknowledgements of the wrong type match nothing [immune-32]") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("subscribe", {{.filter = "a"}});
    driver.unsubscribe("unsubscribe", {"b"});
    driver.publish("one", qos_1, "t");
    driver.publish("two", qos_2, "t");
    driver.written();
    // SUBSCRIBE is 1, UNSUBSCRIBE 2, QoS 1 is 3, QoS 2 is 4.
    CHECK(driver.receive("40 02 00 01 50 02 00 01 70 02 00 01 B0 04 00 01 00 00") == "");
    CHECK(driver.receive("40 02 00 02 50 02 00 02 70 02 00 02 90 04 00 02 00 00") == "");
    CHECK(driver.receive("50 02 00 03 50 03 00 03 80 70 02 00 03 90 04 00 03 00 00") == "");
    CHECK(driver.receive("70 02 00 04 B0 04 00 04 00 00") == "");
    CHECK(driver.written() == "");
    CHECK(driver.receive("50 02 00 04") == "");
    CHECK(driver.receive("40 02 00 04 50 03 00 04 80") == "");  // too late for both
    CHECK(driver.written() == "62 02 00 04");
    CHECK(driver.receive("90 04 00 01 00 00 B0 04 00 02 00 00 40 02 00 03 70 02 00 04") ==
          "subscribe done, unsubscribe done, one done, two done");
}

TEST_CASE("publishing: acknowledgements in the longest form that means success [immune-82]") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("one", qos_1, "t");
    driver.publish("two", qos_2, "t");
    driver.written();
    // A reason code, and the length of no properties (3.4.2, 3.5.2, 3.6.2, 3.7.2).
    CHECK(driver.receive("40 04 00 01 00 00 50 04 00 02 00 00") == "one done");
    CHECK(driver.written() == "62 02 00 02");
    CHECK(driver.receive("70 04 00 02 00 00") == "two done");
    CHECK(driver.receive("34 06 00 01 't' 00 07 00") == "message t=");
    CHECK(driver.written() == "50 02 00 07");
    CHECK(driver.receive("62 04 00 07 00 00") == "");
    CHECK(driver.written() == "70 02 00 07");
}

TEST_CASE("publishing: PUBACK for a message at QoS 2 ends it, with an error [immune-83]") {
    const auto version = GENERATE(v3, v5);
    session_settings settings;
    settings.assumed_receive_maximum = 1;
    session_driver driver{version, settings};
    driver.go_online(version == v5 ? "20 06 00 00 03 21 00 01" : accepted[v3]);
    driver.publish("one", qos_2, "t");
    driver.publish("two", qos_2, "t");
    driver.written();
    CHECK(driver.receive("40 02 00 01") == "one: broker took a message at QoS 2 over at QoS 1");
    CHECK(driver.core.counters().in_flight_messages == 0);
    CHECK(driver.written() != "");  // its place is free for the next one
    driver.lose();
    driver.go_online(resumed[version]);
    CHECK(driver.receive(version == v5 ? "40 03 00 02 87" : "40 02 00 02") ==
          (version == v5 ? "two: Not authorized"
                         : "two: broker took a message at QoS 2 over at QoS 1"));
    driver.written();
    driver.resume();
    CHECK(driver.written() == "");
}

TEST_CASE("publishing: PUBREC once more is answered once more") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("two", qos_2, "t");
    driver.written();
    CHECK(driver.receive("50 02 00 01 50 02 00 01") == "");
    CHECK(driver.written() == "62 02 00 01 62 02 00 01");
    CHECK(driver.receive("70 02 00 01") == "two done");
}

TEST_CASE("publishing: PUBCOMP with Packet Identifier not found") {
    // (3.7.2.1) An error at most times.
    session_driver driver{v5};
    driver.go_online();
    driver.publish("two", qos_2, "t");
    driver.written();
    driver.receive("50 02 00 01");
    driver.written();
    SECTION("without a reason to be lost, it is reported") {
        CHECK(driver.receive("70 03 00 01 92") == "two: Packet Identifier not found");
    }
    SECTION("after a resumed connection it means that the broker was done before") {
        driver.resume();
        CHECK(driver.written() == "62 02 00 01");
        CHECK(driver.receive("70 03 00 01 92") == "two done");
    }
}

TEST_CASE("publishing: a large payload with an owner is written from where it is") {
    session_driver driver{v5};
    driver.go_online();
    const auto payload = std::make_shared<const std::string>(5'000, 'p');
    publish_packet packet{.qos = qos_1, .topic = "t", .payload = *payload};
    errc error{};
    driver.core.publish(outbound_publish::make(v5, packet, error, payload), nullptr, driver.now);
    const auto pieces = driver.core.start_write(driver.now);
    REQUIRE(pieces.size() == 2);
    CHECK(to_hex(pieces[0]) == to_hex(hex("32 8E 27 00 01 't' 00 01 00")));  // 5,006 bytes
    CHECK(static_cast<const void*>(pieces[1].data()) == payload->data());
    CHECK(pieces[1].size() == 5'000);
    driver.core.finish_write();
    CHECK(payload.use_count() == 2);  // it may have to be sent again
    driver.receive("40 02 00 01");
    CHECK(payload.use_count() == 1);
}

TEST_CASE("publishing: topic aliases belong to a connection, not to a message [immune-48]") {
    publish_packet packet{.topic = "t", .properties = {.topic_alias = 1}};
    errc error{};
    CHECK(outbound_publish::make(v5, packet, error) == nullptr);
    CHECK(error == errc::topic_alias_not_supported);
    packet.topic = "";
    CHECK(outbound_publish::make(v5, packet, error) == nullptr);
}

TEST_CASE("publishing: what may not be sent is refused when it is made [immune-25]") {
    errc error{};
    CHECK(outbound_publish::make(v5, publish_packet{.topic = "a/+"}, error) == nullptr);
    CHECK(error == errc::invalid_topic_name);
    CHECK(outbound_publish::make(v5, publish_packet{}, error) == nullptr);
    CHECK(error == errc::invalid_topic_name);
    CHECK(outbound_publish::make(v5, publish_packet{.topic = "\xED\xA0\x80"}, error) == nullptr);
    CHECK(error == errc::invalid_topic_name);
    publish_packet packet{.topic = "t", .properties = {.content_type = "x"}};
    CHECK(outbound_publish::make(v3, packet, error) == nullptr);
    CHECK(error == errc::not_in_this_version);
    packet.qos = static_cast<qos>(3);
    CHECK(outbound_publish::make(v5, packet, error) == nullptr);
    CHECK(error == errc::invalid_qos);
    // As it stands in a message that was received [MQTT-3.3.4-6].
    const std::vector<std::byte> identifier = hex("0B 05");
    packet = {.topic = "t"};
    packet.properties.subscription_identifiers =
        subscription_identifier_list::from_wire(identifier, 1);
    CHECK(outbound_publish::make(v5, packet, error) == nullptr);
    CHECK(error == errc::invalid_property_value);
}

TEST_CASE("publishing: one write at a time") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("a", qos_0, "t", "1");
    const auto first = driver.core.start_write(driver.now);
    REQUIRE(first.size() == 1);
    const std::string bytes = to_hex(first[0]);
    driver.publish("b", qos_0, "t", "2");
    CHECK(driver.core.start_write(driver.now).empty());
    CHECK(to_hex(first[0]) == bytes);
    CHECK(driver.events() == "a done");
    driver.core.finish_write();
    CHECK(driver.written() == to_hex(hex("30 05 00 01 't' 00 '2'")));
    CHECK(driver.events() == "b done");
}

TEST_CASE("publishing: an acknowledgement may come before the write has ended [immune-77]") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("one", qos_1, "t");
    driver.publish("two", qos_2, "t");
    REQUIRE_FALSE(driver.core.start_write(driver.now).empty());
    CHECK(driver.receive("40 02 00 01 50 02 00 02") == "one done");
    driver.core.finish_write();
    CHECK(driver.written() == "62 02 00 02");
    CHECK(driver.receive("70 02 00 02") == "two done");
}

TEST_CASE("publishing: the write under way keeps its bytes when the connection is lost") {
    session_driver driver{v5};
    driver.go_online();
    driver.publish("a", qos_1, "t", "1");
    const auto pieces = driver.core.start_write(driver.now);
    REQUIRE(pieces.size() == 1);
    driver.lose();
    driver.publish("b", qos_0, "t", "2");
    CHECK(to_hex(pieces[0]) == to_hex(hex("32 07 00 01 't' 00 01 00 '1'")));
    driver.core.finish_write();
    driver.go_online(resumed[v5]);
    CHECK(driver.written() == to_hex(hex("3A 07 00 01 't' 00 01 00 '1' 30 05 00 01 't' 00 '2'")));
}
