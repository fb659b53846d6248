// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

constexpr std::size_t one_kilobyte = 1'000;

/// Memory that a message with a topic of one byte and this payload takes: that of its PUBLISH,
/// without the fixed header.
std::size_t memory_of(std::string_view payload, qos level = qos_1) {
    return sizeof(outbound_publish) + 4 + (level == qos_0 ? 0 : 2) + payload.size();
}
const std::string large(one_kilobyte, 'x');

/// Room for so many large messages.
session_settings room_for(std::size_t count) {
    session_settings settings;
    settings.queue_size = count * memory_of(large);
    return settings;
}

/// A 5.0 message with an expiry interval (3.3.2.3.3), and maybe with the property that stands
/// before it on the wire.
error_code publish_expiring(session_driver& driver, qos level, std::uint32_t seconds, void* tag,
                            bool has_format = false) {
    publish_packet packet;
    packet.qos = level;
    packet.topic = "t";
    packet.properties.message_expiry_interval = seconds;
    if (has_format) packet.properties.payload_format_indicator = payload_format::utf8;
    errc error{};
    outbound_publish_ptr made = outbound_publish::make(v5, packet, error);
    REQUIRE(made != nullptr);
    return driver.core.publish(std::move(made), tag, driver.now);
}

}  // namespace

TEST_CASE("queue: a message without room is rejected") {
    session_driver driver{v5, room_for(2)};
    driver.publish("1", qos_0, "t", large);
    driver.publish("2", qos_1, "t", large);
    CHECK_FALSE(driver.refusal);
    driver.publish("3", qos_2, "t");
    CHECK(driver.refusal == errc::queue_full);
    CHECK(driver.core.counters().queued_messages == 2);
    CHECK(driver.core.counters().queued_bytes == memory_of(large, qos_0) + memory_of(large, qos_1));
    driver.go_online();
    CHECK(driver.written() == to_hex(hex("30 EC 07 00 01 't' 00 '" + large +
                                         "' 32 EE 07 00 01 't' 00 01 00 '" + large + '\'')));
    CHECK(driver.core.counters().queued_bytes == 0);
    driver.publish("4", qos_1, "t", large);
    CHECK_FALSE(driver.refusal);
}

TEST_CASE("queue: the oldest of its kind gives way, where that was chosen") {
    session_settings settings = room_for(3);
    settings.when_queue_full = {queue_overflow::drop_oldest, queue_overflow::reject,
                                queue_overflow::drop_oldest};
    session_driver driver{v5, settings};
    driver.publish("one", qos_1, "1", large);
    driver.publish("zero", qos_0, "2", large);
    driver.publish("two", qos_2, "3", large);
    const std::string dropped = ": " + make_error_code(errc::message_dropped).message();
    driver.publish("new", qos_1, "4", large);
    CHECK(driver.refusal == errc::queue_full);
    CHECK(driver.events() == "");
    driver.publish("newer", qos_2, "5", large);
    CHECK(driver.events() == "zero" + dropped);
    driver.publish("newest", qos_0, "6", large);
    CHECK(driver.events() == "two" + dropped);
    CHECK(driver.core.counters().messages_dropped == 2);
    // Larger than all that may be dropped: nothing is dropped for nothing.
    driver.publish("huge", qos_0, "7", std::string(5 * one_kilobyte / 2, 'x'));
    CHECK(driver.refusal == errc::queue_full);
    CHECK(driver.events() == "");
    driver.go_online();
    const std::string written = driver.written();
    CHECK(written.find("00 01 31") < written.find("00 01 35"));
    CHECK(written.find("00 01 35") < written.find("00 01 36"));
}

TEST_CASE("queue: without end and without a connection it stays within its size") {
    for (const auto policy : {queue_overflow::reject, queue_overflow::drop_oldest}) {
        session_settings settings;
        settings.queue_size = 100'000;
        settings.when_queue_full = {policy, policy, policy};
        session_driver driver{v5, settings};
        for (int i = 0; i < 5'000; ++i) {
            driver.publish("", static_cast<qos>(i % 3), "t", large);
            REQUIRE(driver.core.counters().queued_bytes <= 100'000);
            driver.take_events();
        }
        CHECK(driver.core.counters().queued_bytes > 90'000);
    }
}

TEST_CASE("queue: a message that waits for longer than it lasts is not sent (3.3.2.3.3)") {
    session_driver driver{v5};
    std::string tag = "expiring";
    publish_expiring(driver, qos_1, 10, &tag);
    driver.publish("other", qos_1, "t");
    CHECK(driver.core.deadline() == driver.now + 10s);
    driver.pass(9'999ms);
    CHECK(driver.events() == "");
    driver.pass(1ms);
    CHECK(driver.events() == "expiring: " + make_error_code(errc::message_expired).message());
    CHECK(driver.core.counters().messages_expired == 1);
    CHECK(driver.core.deadline() == never);
    driver.go_online();
    CHECK(driver.written() == to_hex(hex("32 06 00 01 't' 00 01 00")));
}

TEST_CASE("queue: the expiry interval goes down while a message waits (3.3.2.3.3)") {
    session_driver driver{v5};
    std::string tag = "m";
    publish_expiring(driver, qos_1, 10, &tag);
    publish_expiring(driver, qos_0, 10, &tag, true);
    driver.pass(3'500ms);
    driver.go_online();
    CHECK(driver.written() == to_hex(hex("32 0B 00 01 't' 00 01 05 02 00 00 00 07"
                                         "30 0B 00 01 't' 07 01 01 02 00 00 00 07")));
    driver.events();
    // Sent again, it goes on, and never reaches 0: a message that was sent once must be sent again
    // [MQTT-4.4.0-1].
    driver.pass(5s);
    driver.resume();
    CHECK(driver.written() == to_hex(hex("3A 0B 00 01 't' 00 01 05 02 00 00 00 02")));
    driver.pass(1h);
    driver.resume();
    CHECK(driver.written() == to_hex(hex("3A 0B 00 01 't' 00 01 05 02 00 00 00 01")));
    CHECK(driver.receive("40 02 00 01") == "m done");
}

TEST_CASE("queue: the memory of what few messages have is counted") {
    session_driver driver;
    REQUIRE_FALSE(publish_expiring(driver, qos_1, 1, driver.publish("plain", qos_1, "t")));
    // Its PUBLISH has a property of five bytes more.
    CHECK(driver.core.counters().queued_bytes > memory_of("") + memory_of("12345"));
}

TEST_CASE("queue: expired messages make room") {
    session_driver driver{v5, room_for(1)};
    std::string tag = "expiring";
    publish_expiring(driver, qos_1, 1, &tag);
    driver.publish("large", qos_1, "t", large);
    CHECK(driver.refusal == errc::queue_full);
    driver.now += 1s;
    driver.publish("large", qos_1, "t", large);
    CHECK_FALSE(driver.refusal);
}

TEST_CASE("queue: a cancelled message leaves it") {
    session_driver driver{v5, room_for(1)};
    outbound_publish* first = driver.publish("first", qos_1, "t", large);
    driver.core.cancel(*first);
    CHECK(driver.core.counters().queued_bytes == 0);
    driver.publish("second", qos_1, "t", large);
    CHECK_FALSE(driver.refusal);
}

TEST_CASE("queue: a message that has left it is not counted twice") {
    session_driver driver{v5, room_for(2)};
    std::string tag = "expiring";
    publish_packet packet;
    packet.topic = "t";
    packet.payload = large;
    packet.properties.message_expiry_interval = 1;
    errc error{};
    outbound_publish_ptr made = outbound_publish::make(v5, packet, error);
    outbound_publish& expiring = *made;
    driver.core.publish(std::move(made), &tag, driver.now);
    driver.pass(1s);
    driver.core.cancel(expiring);  // before its end was reported
    CHECK(driver.events() == "");
    CHECK(driver.core.counters().queued_bytes == 0);
    driver.publish("1", qos_1, "t", large);
    driver.publish("2", qos_1, "t", large);
    CHECK_FALSE(driver.refusal);
}

TEST_CASE("in flight: what exceeds its size waits") {
    session_settings settings;
    settings.in_flight_size = 2 * memory_of(large);
    session_driver driver{v5, settings};
    driver.go_online();
    driver.publish("1", qos_1, "t", large);
    driver.publish("2", qos_2, "t", large);
    driver.publish("3", qos_1, "t", large);
    driver.written();
    CHECK(driver.core.counters().in_flight_messages == 2);
    CHECK(driver.core.counters().queued_messages == 1);
    CHECK(driver.receive("50 02 00 02") == "");
    CHECK(driver.written() == "62 02 00 02");
    CHECK(driver.receive("40 02 00 01") == "1 done");
    CHECK(driver.written() == to_hex(hex("32 EE 07 00 01 't' 00 03 00 '" + large + '\'')));
    CHECK(driver.core.counters().in_flight_bytes == 2 * memory_of(large));
    SECTION("over a lost session it is counted once") {
        driver.lose();
        driver.connect();
        CHECK(driver.receive(accepted[v5]) == "connected, 2 done");  // the broker has it
        driver.written();
        CHECK(driver.core.counters().in_flight_messages == 1);
        CHECK(driver.receive("40 02 00 04") == "3 done");
        CHECK(driver.core.counters().in_flight_bytes == 0);
    }
}

TEST_CASE("in flight: a message that is larger than all of it goes alone") {
    session_settings settings;
    settings.in_flight_size = 1;
    session_driver driver{v5, settings};
    driver.go_online();
    driver.publish("1", qos_1, "t");
    driver.publish("2", qos_1, "t");
    CHECK(driver.written() == to_hex(hex("32 06 00 01 't' 00 01 00")));
    CHECK(driver.receive("40 02 00 01") == "1 done");
    CHECK(driver.written() == to_hex(hex("32 06 00 01 't' 00 02 00")));
}

TEST_CASE("session lost: what was in flight fails, where that was chosen") {
    session_settings settings;
    settings.on_session_loss = session_loss::fail;
    session_driver driver{v5, settings};
    driver.go_online();
    driver.publish("1", qos_1, "t");
    driver.publish("2", qos_2, "t");
    driver.publish("released", qos_2, "t");
    driver.written();
    driver.receive("50 02 00 03");
    driver.lose();
    driver.publish("new", qos_1, "t");
    driver.connect();
    const std::string lost = ": " + make_error_code(errc::session_lost).message();
    // (4.3.3) After its PUBREC the broker has it.
    CHECK(driver.receive(accepted[v5]) == "connected, released done, 1" + lost + ", 2" + lost);
    CHECK(driver.written() == to_hex(hex("32 06 00 01 't' 00 04 00")));
}

TEST_CASE(
    "session lost: what is sent as new waits beyond the size of the queue, and may give way") {
    session_settings settings = room_for(2);
    settings.when_queue_full.fill(queue_overflow::drop_oldest);
    session_driver driver{v5, settings};
    driver.go_online("20 06 00 00 03 21 00 01");  // Receive Maximum 1
    driver.publish("1", qos_1, "t", large);
    driver.written();
    driver.publish("2", qos_1, "t", large);
    driver.publish("3", qos_1, "t", large);
    driver.lose();
    driver.go_online();
    CHECK(driver.core.counters().queued_bytes == 3 * memory_of(large));
    CHECK(driver.core.counters().in_flight_bytes == 0);
    SECTION("all of it is sent, in its order") {
        CHECK(driver.written().substr(0, 29) == "32 EE 07 00 01 74 00 02 00 78");
        CHECK(driver.receive("40 02 00 02 40 02 00 03 40 02 00 04") == "1 done, 2 done, 3 done");
    }
    SECTION("what comes later takes its place") {
        driver.publish("4", qos_1, "t", large);
        const std::string dropped = ": " + make_error_code(errc::message_dropped).message();
        CHECK(driver.events() == "1" + dropped + ", 2" + dropped);
        CHECK(driver.core.counters().queued_bytes == 2 * memory_of(large));
    }
}
