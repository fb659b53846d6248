// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <stdexcept>

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

/// What a session has traced: a line for each packet.
struct traces {
    std::string lines{};
    std::string sent{};  // all bytes that were sent

    session_settings settings() {
        return {.on_packet = [this](const packet_trace& packet) {
            const std::string bytes = to_hex(packet.bytes);
            lines += packet.direction == packet_direction::sent ? "-> " : "<- ";
            lines += packet.version == v5 ? "5: " : "3: ";
            lines += bytes.substr(0, 40);
            if (!packet.shared_payload.empty()) {
                lines += " and " + std::to_string(packet.shared_payload.size());
            }
            lines += '\n';
            if (packet.direction == packet_direction::received) return;
            for (const auto part : {packet.bytes, packet.shared_payload})
                sent += (sent.empty() || part.empty() ? "" : " ") + to_hex(part);
        }};
    }
    /// What was traced since the last call.
    std::string take() { return std::exchange(lines, {}); }
};

}  // namespace

TEST_CASE("packet trace: both directions, in order") {
    const auto version = GENERATE(v3, v5);
    traces traced;
    session_driver driver{version, traced.settings()};
    driver.go_online();
    // 3.1, 3.2: each as it is on the wire.
    const in_versions opening{
        "-> 3: 10 0D 00 04 4D 51 54 54 04 00 00 00 00 0\n"
        "<- 3: 20 02 00 00\n",
        "-> 5: 10 13 00 04 4D 51 54 54 05 02 00 00 05 1\n"
        "<- 5: 20 03 00 00 00\n"};
    CHECK(traced.take() == opening[version]);
    driver.publish("one", qos_2, "t");
    driver.written();
    driver.receive("50 02 00 01");
    driver.written();
    driver.receive("70 02 00 01");
    const in_versions handshake{
        "-> 3: 34 05 00 01 74 00 01\n"
        "<- 3: 50 02 00 01\n-> 3: 62 02 00 01\n<- 3: 70 02 00 01\n",
        "-> 5: 34 06 00 01 74 00 01 00\n"
        "<- 5: 50 02 00 01\n-> 5: 62 02 00 01\n<- 5: 70 02 00 01\n"};
    CHECK(traced.take() == handshake[version]);
    CHECK_FALSE(driver.core.disconnect({}, driver.now));
    CHECK(traced.take() == "");  // not before it is written
    driver.written();
    CHECK(traced.take() == (version == v5 ? "-> 5: E0 00\n" : "-> 3: E0 00\n"));
}

TEST_CASE("packet trace: many packets of one write, shared payloads among them") {
    traces traced;
    session_driver driver{v5, traced.settings()};
    driver.go_online();
    driver.written();
    traced.take();
    traced.sent.clear();
    const auto publish_shared = [&driver](std::size_t size) {
        // What would be taken for packets, were they looked for in it.
        const auto owner = std::make_shared<const std::string>(size, '\x30');
        publish_packet packet;
        packet.topic = "s";
        packet.payload = *owner;
        errc error{};
        auto made = outbound_publish::make(v5, packet, error, owner);
        REQUIRE(made != nullptr);
        CHECK_FALSE(driver.core.publish(std::move(made), nullptr, driver.now));
    };
    driver.publish("", qos_0, "a", "1");
    publish_shared(5'000);
    driver.publish("", qos_0, "b");
    driver.publish("", qos_0, "c", std::string(200, 'y'));  // a Remaining Length of two bytes
    publish_shared(20'000);
    publish_shared(4'096);
    const auto pieces = driver.core.start_write(driver.now);
    CHECK(traced.take() ==
          "-> 5: 30 05 00 01 61 00 31\n"
          "-> 5: 30 8C 27 00 01 73 00 and 5000\n"
          "-> 5: 30 04 00 01 62 00\n"
          "-> 5: 30 CC 01 00 01 63 00 79 79 79 79 79 79 7\n"
          "-> 5: 30 A4 9C 01 00 01 73 00 and 20000\n"
          "-> 5: 30 84 20 00 01 73 00 and 4096\n");
    std::string written;
    for (const auto piece : pieces)
        written += (written.empty() ? "" : " ") + to_hex(piece);
    CHECK(traced.sent == written);
    driver.core.finish_write();
    CHECK(driver.written() == "");
    CHECK(traced.take() == "");  // nothing twice
}

TEST_CASE("packet trace: a packet that comes in pieces is traced when it is whole") {
    traces traced;
    session_driver driver{v5, traced.settings()};
    driver.go_online();
    traced.take();
    // Two PUBLISH packets (3.3).
    const auto bytes = hex("30 05 00 01 'a' 00 '1' 30 05 00 01 'b' 00 '2'");
    const std::string_view lines = "<- 5: 30 05 00 01 61 00 31\n<- 5: 30 05 00 01 62 00 32\n";
    SECTION("byte by byte") {
        std::string at;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            driver.receive(std::span{bytes}.subspan(i, 1));
            at += traced.lines.empty() ? "" : std::to_string(i + 1) + ' ';
            if (i < 7) CHECK(traced.lines.empty() == (i != 6));
        }
        CHECK(traced.take() == lines);
    }
    SECTION("both in one read") {
        driver.receive(bytes);
        CHECK(traced.take() == lines);
    }
}

TEST_CASE("packet trace: before it is decoded") {
    traces traced;
    session_driver driver{v5, traced.settings()};
    driver.go_online();
    traced.take();
    SECTION("a malformed packet is traced, and the answer") {
        CHECK(driver.receive("30 03 00 01 '#' D0 00") == "closed: invalid topic name");
        driver.written();
        CHECK(traced.take() == "<- 5: 30 03 00 01 23\n-> 5: E0 01 81\n");
    }
    SECTION("a packet that is refused for its first bytes never gets whole") {
        CHECK(driver.receive("36 03") == "closed: invalid QoS");
        driver.written();
        CHECK(traced.take() == "-> 5: E0 01 81\n");
    }
}

TEST_CASE("packet trace: each connection begins anew, and resends are traced") {
    traces traced;
    session_driver driver{v5, traced.settings()};
    driver.go_online();
    driver.publish("one", qos_1, "t");
    driver.written();
    driver.receive("30 05 00 01");  // half a packet
    traced.take();
    driver.resume();
    driver.written();
    CHECK(traced.take() ==
          "-> 5: 10 13 00 04 4D 51 54 54 05 00 00 00 05 1\n"
          "<- 5: 20 03 01 00 00\n"
          "-> 5: 3A 06 00 01 74 00 01 00\n");
}

TEST_CASE("packet trace: a tracer that throws costs no packet") {
    int calls = 0;
    session_driver driver{v5, {.on_packet = [&calls](const packet_trace&) {
                              ++calls;
                              throw std::runtime_error{"by a tracer"};
                          }}};
    driver.go_online();
    driver.publish("one", qos_1, "t");
    driver.publish("two", qos_1, "t");
    CHECK(driver.written() == "32 06 00 01 74 00 01 00 32 06 00 01 74 00 02 00");
    CHECK(driver.receive("40 02 00 01 40 02 00 02") == "one done, two done");
    CHECK(calls == 6);
}
