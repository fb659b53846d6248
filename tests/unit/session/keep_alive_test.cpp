// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/keep_alive.hpp>

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;
using action = asio_mqtt::detail::keep_alive::action;

namespace {

const std::string dead = "closed: " + make_error_code(errc::keep_alive_timeout).message();

connect_packet with_keep_alive(std::uint16_t seconds) {
    connect_packet packet = kept_session(v5);
    packet.keep_alive = seconds;
    return packet;
}

/// A session whose ping is due after 10 s of silence, and its answer 3 s later, with a read
/// pending.
void prepare(session_driver& driver, std::string_view connack = accepted[v5]) {
    driver.connect(with_keep_alive(10));
    REQUIRE(driver.receive(connack) == "connected");
    driver.core.prepare_read();
}

/// A read with these bytes, and the next read.
void read(session_driver& driver, std::string_view bytes) {
    driver.receive(bytes);
    driver.core.prepare_read();
}

session_settings settings() {
    return {.ping_response_timeout = 3s};
}

}  // namespace

TEST_CASE("keep alive: the deadlines by themselves") {
    asio_mqtt::detail::keep_alive timer;
    const time_point start{100s};
    CHECK(timer.due() == never);
    timer.sent(start);
    timer.received(start);
    CHECK(timer.due() == never);  // not started
    timer.await_connack(10, start + 5s);
    CHECK(timer.due() == start + 5s);
    timer.start(std::nullopt, 3s);
    CHECK(timer.due() == start + 10s);  // as was asked for
    timer.stop();
    timer.start(10, 3s);
    CHECK(timer.due() == start + 10s);
    timer.sent(start + 4s);
    CHECK(timer.due() == start + 10s);  // nothing received for as long
    timer.received(start + 5s);
    CHECK(timer.due() == start + 14s);
    CHECK(timer.expired(start + 13s, 1) == action::none);
    CHECK(timer.expired(start + 14s, 1) == action::send_ping);
    CHECK(timer.due() == start + 17s);
    CHECK(timer.expired(start + 16s, 1) == action::none);
    timer.received(start + 16s);  // part of something
    CHECK(timer.due() == start + 19s);
    timer.pong();
    timer.received(start + 18s);
    CHECK(timer.due() == start + 24s);
    CHECK(timer.expired(start + 24s, 1) == action::send_ping);
    CHECK(timer.expired(start + 27s, 1) == action::peer_is_dead);
    timer.stop();
    CHECK(timer.due() == never);
    timer.start(0, 3s);
    CHECK(timer.due() == never);
}

TEST_CASE("keep alive: a ping after an interval of silence, PINGRESP ends the wait (3.12)") {
    session_driver driver{v5, settings()};
    prepare(driver);
    CHECK(driver.core.deadline() == driver.now + 10s);
    driver.pass(9'999ms);
    CHECK(driver.written() == "");
    driver.pass(1ms);
    CHECK(driver.written() == "C0 00");
    CHECK(driver.core.deadline() == driver.now + 3s);
    driver.pass(2s);
    read(driver, "D0 00");
    CHECK(driver.core.deadline() == driver.now + 8s);
    driver.pass(8s);
    CHECK(driver.written() == "C0 00");
    CHECK(driver.events() == "");
}

TEST_CASE("keep alive: no PINGRESP in time: the peer is dead") {
    session_driver driver{v5, settings()};
    prepare(driver);
    driver.pass(10s);
    driver.written();
    driver.pass(3s);
    CHECK(driver.events() == dead);
    CHECK(driver.written() == "E0 01 80");
    CHECK(driver.core.deadline() == never);

    session_driver old{v3, settings()};
    connect_packet packet = kept_session(v3);
    packet.keep_alive = 10;
    old.connect(packet);
    old.receive(accepted[v3]);
    old.core.prepare_read();
    old.pass(10s);
    CHECK(old.written() == "C0 00");
    old.pass(3s);
    CHECK(old.events() == dead);
    CHECK(old.written() == "");
}

TEST_CASE("keep alive: a half-open link is noticed by one that only sends [immune-53]") {
    session_driver driver{v5, settings()};
    prepare(driver);
    std::string written;
    std::string events;
    int seconds = 0;
    while (events.find("closed") == std::string::npos && ++seconds < 60) {
        driver.publish("", qos_0, "t");
        written += driver.written() + ' ';
        driver.pass(1s);
        events += driver.events();
    }
    CHECK(seconds == 13);
    CHECK(written.find("C0 00") != std::string::npos);
}

TEST_CASE("keep alive: one that only receives pings, too [MQTT-3.1.2-20]") {
    session_driver driver{v5, settings()};
    prepare(driver);
    int pings = 0;
    for (int seconds = 0; seconds < 100; ++seconds) {
        driver.pass(1s);
        read(driver, "30 04 00 01 't' 00");
        if (driver.written() == "C0 00") {
            ++pings;
            read(driver, "D0 00");
        }
    }
    CHECK(pings == 10);
    CHECK(driver.core.is_online());
}

TEST_CASE("keep alive: a write that hangs does not hide a dead peer [immune-54]") {
    session_driver driver{v5, settings()};
    prepare(driver);
    driver.publish("", qos_0, "t");
    CHECK_FALSE(driver.core.start_write(driver.now).empty());
    // It never ends.
    driver.pass(10s);
    CHECK(driver.core.start_write(driver.now).empty());
    CHECK(driver.core.deadline() == driver.now + 3s);
    driver.pass(3s);
    CHECK(driver.events() == dead);
}

TEST_CASE("keep alive: a large packet that comes slowly is a sign of life [immune-55]") {
    session_driver driver{v5, settings()};
    prepare(driver);
    read(driver, "30 80 80 80 01 00 01 't' 00");  // 2,097,152 bytes are to come
    int pings = 0;
    for (int seconds = 0; seconds < 300; seconds += 2) {
        driver.pass(2s);
        read(driver, "00");
        const std::string written = driver.written();
        // [MQTT-3.1.2-20] also while the answer to a ping queues behind the packet
        if (written == "C0 00") ++pings;
        if (written != "C0 00") CHECK(written == "");
    }
    CHECK(pings == 30);
    CHECK(driver.core.is_online());
    driver.pass(3s);
    driver.pass(10s);
    CHECK(driver.events() == dead);
}

TEST_CASE("keep alive: who does not read cannot blame the peer") {
    session_driver driver{v5, settings()};
    driver.connect(with_keep_alive(10));
    driver.receive(accepted[v5]);
    // The application is behind, so that no read is pending; pings go on.
    int pings = 0;
    for (int seconds = 0; seconds < 100; ++seconds) {
        driver.pass(1s);
        if (driver.written() == "C0 00") ++pings;
    }
    CHECK(pings == 10);
    CHECK(driver.events() == "");
    driver.core.prepare_read();
    driver.pass(13s);
    CHECK(driver.events() == dead);
}

TEST_CASE("keep alive: the broker's interval goes before ours [immune-56]") {
    session_driver driver{v5, settings()};
    SECTION("lower") {
        prepare(driver, "20 06 00 00 03 13 00 05");  // Server Keep Alive [MQTT-3.1.2-21]
        CHECK(driver.core.deadline() == driver.now + 5s);
    }
    SECTION("higher") {
        prepare(driver, "20 06 00 00 03 13 00 14");
        CHECK(driver.core.deadline() == driver.now + 20s);
    }
    SECTION("off") {
        prepare(driver, "20 06 00 00 03 13 00 00");
        CHECK(driver.core.deadline() == never);
        driver.pass(24h);
        CHECK(driver.written() == "");
    }
    SECTION("on, although we asked for none") {
        driver.connect(with_keep_alive(0));
        driver.receive("20 06 00 00 03 13 00 05");
        CHECK(driver.core.deadline() == driver.now + 5s);
    }
    SECTION("of one connection, not of the next") {
        prepare(driver, "20 06 00 00 03 13 00 05");
        driver.lose();
        CHECK(driver.core.deadline() == never);
        prepare(driver, resumed[v5]);
        CHECK(driver.core.deadline() == driver.now + 10s);
    }
}

TEST_CASE("keep alive: zero sends no pings [immune-56]") {
    session_driver driver{v5, settings()};
    driver.go_online();
    CHECK(driver.core.deadline() == never);
    driver.pass(24h);
    CHECK(driver.written() == "");
    CHECK(driver.core.is_online());
}

TEST_CASE("keep alive: a ping of the connection before is not waited for") {
    session_driver driver{v5, settings()};
    prepare(driver);
    driver.pass(10s);
    CHECK(driver.written() == "C0 00");
    driver.lose();
    prepare(driver, resumed[v5]);
    CHECK(driver.core.deadline() == driver.now + 10s);
}

TEST_CASE("keep alive: after a long sleep of the machine the peer has its chance [immune-58]") {
    session_driver driver{v5, settings()};
    prepare(driver);
    driver.pass(24h * 365 * 100);
    CHECK(driver.written() == "C0 00");
    driver.pass(3s);
    CHECK(driver.events() == dead);
}

TEST_CASE("keep alive: the peer is asked at once when the caller wants to know [immune-58]") {
    session_driver driver{v5, settings()};
    driver.core.probe(driver.now);  // there is nobody to ask
    CHECK(driver.written() == "");
    if (GENERATE(true, false)) {
        prepare(driver);
    } else {  // no pings by itself
        driver.go_online();
        driver.core.prepare_read();
    }
    driver.core.probe(driver.now);
    driver.core.probe(driver.now);  // one is enough
    CHECK(driver.written() == "C0 00");
    SECTION("and is dead") {
        driver.pass(2'999ms);
        CHECK(driver.events() == "");
        driver.pass(1ms);
        CHECK(driver.events() == dead);
    }
    SECTION("and answers") {
        const auto deadline = driver.core.deadline();
        read(driver, "D0 00");
        CHECK(driver.core.deadline() > deadline);
        driver.pass(3s);
        CHECK(driver.events() == "");
    }
}

TEST_CASE("keep alive: a ping that waits for a slow write is not late") {
    session_driver driver{v5, settings()};
    prepare(driver);
    const auto write = [&] { REQUIRE_FALSE(driver.core.start_write(driver.now).empty()); };
    driver.publish_at_once("large", "t", std::string(100'000, 'x'));
    write();
    driver.pass(10s);  // the ping waits for the write under way
    for (int i = 0; i < 10; ++i) {
        driver.pass(2s);
        driver.core.write_got_on(driver.now);
        CHECK(driver.events() == "");
    }
    SECTION("it leaves, and is answered") {
        driver.core.finish_write();
        write();
        driver.pass(2s);
        driver.core.write_got_on(driver.now);
        driver.core.finish_write();
        driver.pass(2s);
        read(driver, "D0 00");
        driver.pass(9s);
        CHECK(driver.events() == "");
    }
    SECTION("it leaves, and the peer is silent, whatever is written behind it") {
        driver.core.finish_write();
        write();
        driver.core.write_got_on(driver.now);
        driver.core.finish_write();
        driver.publish_at_once("more", "t", std::string(100'000, 'x'));
        write();
        driver.pass(2s);
        driver.core.write_got_on(driver.now);
        CHECK(driver.events() == "");
        driver.pass(1s);
        CHECK(driver.events() == dead);
    }
    SECTION("the write stands still") {
        driver.pass(2s);
        CHECK(driver.events() == "");
        driver.pass(1s);
        CHECK(driver.events() == dead);
    }
}

TEST_CASE("keep alive: a session that has little to do gives memory back") {
    session_driver driver{v5, settings()};
    prepare(driver);
    REQUIRE(driver.core.prepare_read().size() == 128);
    std::string many;
    for (int i = 0; i < 1'000; ++i)
        many += "30 04 00 01 't' 00";
    driver.receive(many);
    REQUIRE(driver.core.prepare_read().size() > 1'000);
    driver.pass(10s);
    REQUIRE(driver.written() == "C0 00");
    SECTION("it is answered") {
        driver.receive("D0 00");
        CHECK(driver.core.prepare_read().size() == 128);
    }
    SECTION("there is more") {
        CHECK(driver.receive("D0 00 30 04 00 01 't' 00") == "message t=");
        CHECK(driver.core.prepare_read().size() > 1'000);
    }
}

TEST_CASE("keep alive: a peer that has read no answers, and goes silent, is dead") {
    session_driver driver{v5, settings()};
    prepare(driver);
    // The first write never ends, and more than 1 MiB of answers wait behind it.
    driver.receive("62 02 00 09");
    REQUIRE_FALSE(driver.core.start_write(driver.now).empty());
    std::string many;
    for (int i = 0; i < 10'000; ++i)
        many += "62 02 00 09";
    const std::vector<std::byte> bytes = hex(many);
    std::string events;
    for (int i = 0; i < 100 && events != "paused"; ++i) {
        for (std::span<const std::byte> rest{bytes}; !rest.empty() && events != "paused";) {
            driver.feed(rest);
            events = driver.events();
        }
    }
    REQUIRE(events == "paused");  // nothing is read any more
    SECTION("for ever") {
        driver.pass(10s);
        CHECK(driver.events() == "paused");
        driver.pass(3s);
        CHECK(driver.events() == dead);
    }
    SECTION("and is not while it reads again") {
        driver.pass(9s);
        driver.core.finish_write();
        driver.written();
        CHECK(driver.events() == "");
        driver.written();
        driver.core.prepare_read();
        driver.pass(3s);
        CHECK(driver.written() == "C0 00");
        read(driver, "D0 00");
        driver.pass(5s);
        CHECK(driver.events() == "");
        CHECK(driver.core.is_online());
    }
}

TEST_CASE("keep alive: a time-out of all time is none") {
    session_driver driver{v5,
                          {.connack_timeout = std::chrono::milliseconds::max(),
                           .ping_response_timeout = std::chrono::milliseconds::max()}};
    driver.connect(with_keep_alive(10));
    CHECK(driver.core.deadline() > driver.now + 24h * 365);
    driver.pass(24h * 365);
    CHECK(driver.events() == "");
    CHECK(driver.receive(accepted[v5]) == "connected");
    driver.core.prepare_read();
    driver.pass(10s);
    CHECK(driver.written() == "C0 00");
    for (int i = 0; i < 100; ++i) {
        driver.pass(24h);
        CHECK(driver.events() == "");
        CHECK(driver.written() == "C0 00");
    }
}
