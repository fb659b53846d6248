// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/allocation_counter.hpp"
#include "unit/session/session_driver.hpp"

#include <map>

using namespace asio_mqtt;
using namespace test;

namespace {

/// The packet that the session has made of each message that it has kept, by its name.
using kept_packets = std::map<std::string, outbound_packet*>;

kept_packets lose(session_driver& driver) {
    kept_packets kept;
    driver.core.disconnected([&](void* tag, outbound_packet* packet) {
        kept.emplace(*static_cast<const std::string*>(tag), packet);
    });
    return kept;
}

}  // namespace

TEST_CASE("publishing at once: PUBLISH is written, and told when a write takes it (3.3)") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    CHECK(driver.publish_at_once("one", "t", "x"));
    CHECK(driver.publish_at_once("two", "t", "", true));
    CHECK(driver.publish_at_once("three", "long/topic", std::string(125, 'y')));
    CHECK(driver.told() == "");
    CHECK(driver.core.counters().queued_messages == 3);
    CHECK(driver.core.counters().messages_sent == 0);
    const in_versions expected{"30 04 00 01 't' 'x' 31 03 00 01 't' 30 89 01 00 0A 'long/topic' '",
                               "30 05 00 01 't' 00 'x' 31 04 00 01 't' 00 "
                               "30 8A 01 00 0A 'long/topic' 00 '"};
    CHECK(driver.written() ==
          to_hex(hex(std::string{expected[version]} + std::string(125, 'y') + '\'')));
    CHECK(driver.told() == "one, two, three");
    CHECK(driver.events() == "");
    CHECK(driver.core.counters().queued_messages == 0);
    CHECK(driver.core.counters().queued_bytes == 0);
    CHECK(driver.core.counters().messages_sent == 3);
    CHECK(driver.told() == "");
}

TEST_CASE("publishing at once: what was published before leaves before") {
    session_driver driver;
    CHECK_FALSE(driver.publish_at_once("offline", "t"));
    driver.connect();
    CHECK_FALSE(driver.publish_at_once("before CONNACK", "t"));
    driver.receive(accepted[v5]);
    SECTION("a message that waits") {
        driver.publish("first", qos_0, "a");
        CHECK_FALSE(driver.publish_at_once("second", "t"));
        CHECK(driver.written() == to_hex(hex("30 04 00 01 'a' 00")));
        CHECK(driver.publish_at_once("third", "t"));
    }
    SECTION("a message that has not left with the others") {
        // [MQTT-3.3.4-9] The Receive Maximum is used up.
        driver.lose();
        driver.go_online("20 06 00 00 03 21 00 01");
        driver.publish("first", qos_1, "a");
        driver.publish("second", qos_1, "b");
        driver.written();
        CHECK_FALSE(driver.publish_at_once("third", "t"));
        driver.receive("40 02 00 01");
        driver.written();
        CHECK(driver.publish_at_once("third", "t"));
    }
    SECTION("a request") {
        driver.subscribe("subscribe", {{"a"}});
        CHECK_FALSE(driver.publish_at_once("second", "t"));
    }
    SECTION("what is sent again") {
        driver.publish("first", qos_1, "a");
        driver.written();
        driver.resume();
        CHECK_FALSE(driver.publish_at_once("second", "t"));
    }
    SECTION("nothing is published behind DISCONNECT [MQTT-3.14.4-1]") {
        CHECK_FALSE(driver.core.disconnect({}, driver.now));
        CHECK_FALSE(driver.publish_at_once("late", "t"));
        CHECK(driver.written() == "E0 00");
    }
}

TEST_CASE("publishing at once: what may not be sent is left to publish()") {
    session_driver driver;
    // Maximum Packet Size 8, Retain Available 0 (3.2.2.3.5, 3.2.2.3.6).
    driver.go_online("20 0A 00 00 07 27 00 00 00 08 25 00");
    CHECK_FALSE(driver.publish_at_once("too large", "t", "123"));
    CHECK_FALSE(driver.publish_at_once("retained", "t", "", true));
    CHECK_FALSE(driver.publish_at_once("empty", ""));
    CHECK_FALSE(driver.publish_at_once("wildcard", "+"));
    CHECK_FALSE(driver.publish_at_once("no UTF-8", "\xFF"));
    CHECK_FALSE(driver.core.publish_at_once({"t", "", qos_1, false}, nullptr));
    CHECK(driver.written() == "");
    CHECK(driver.publish_at_once("fits", "t", "12"));
    // The topic before it is known to be valid, no other.
    CHECK_FALSE(driver.publish_at_once("empty", ""));
    CHECK_FALSE(driver.publish_at_once("wildcard", "#"));
    CHECK(driver.written() == to_hex(hex("30 06 00 01 't' 00 '12'")));
    CHECK_FALSE(driver.publish_at_once("wildcard", "#"));
}

TEST_CASE("publishing at once: a write that was not asked about yet") {
    session_driver driver;
    driver.go_online();
    CHECK(driver.publish_at_once("one", "t"));
    CHECK(driver.publish_at_once("two", "t"));
    driver.written();
    const auto* const first =
        static_cast<const std::string*>(driver.core.unstored().next_written());
    CHECK(*first == "one");
    CHECK(driver.publish_at_once("three", "t"));
    CHECK(driver.told() == "two");
    driver.written();
    CHECK(driver.publish_at_once("four", "t"));
    driver.written();
    CHECK(driver.told() == "three, four");
}

TEST_CASE("publishing at once: what no write has taken leaves with the next connection") {
    const auto version = GENERATE(v3, v5);
    const auto next_version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    CHECK(driver.publish_at_once("written", "t", "0"));
    const auto pieces = driver.core.start_write(driver.now);
    CHECK(pieces.size() == 1);
    CHECK(driver.publish_at_once("one", "t", "1"));
    CHECK(driver.publish_at_once("two", "t", "2", true));
    driver.publish("three", qos_0, "t", "3");
    const kept_packets kept = lose(driver);
    driver.core.finish_write();
    CHECK(driver.told() == "written");
    CHECK(kept.size() == 2);
    CHECK(driver.core.counters().queued_messages == 3);
    driver.core.use_version(next_version);
    driver.connect(kept_session(next_version));
    driver.receive(accepted[next_version]);
    const in_versions expected{
        "30 04 00 01 't1' 31 04 00 01 't2' 30 04 00 01 't3'",
        "30 05 00 01 't' 00 '1' 31 05 00 01 't' 00 '2' 30 05 00 01 't' 00 '3'"};
    CHECK(driver.written() == to_hex(hex(expected[next_version])));
    CHECK(driver.events() == "one done, two done, three done");
    CHECK(driver.told() == "");
    CHECK(driver.core.counters().queued_bytes == 0);
}

TEST_CASE("publishing at once: what waits for the next connection can be cancelled") {
    session_driver driver;
    driver.go_online();
    CHECK(driver.publish_at_once("one", "t", "1"));
    CHECK(driver.publish_at_once("two", "t", "2"));
    const kept_packets kept = lose(driver);
    driver.core.cancel(*kept.at("one"));
    driver.go_online();
    CHECK(driver.written() == to_hex(hex("30 05 00 01 't' 00 '2'")));
    CHECK(driver.events() == "two done");
}

TEST_CASE(
    "publishing at once: a message for which there is no memory when the connection is lost") {
    session_driver driver;
    driver.go_online();
    const std::string large(1'000, 'x');
    CHECK(driver.publish_at_once("lost", "t", large));
    int lost = 0;
    {
        const memory_limit none{0};
        driver.core.disconnected(
            [&](void*, const outbound_packet* packet) { lost += packet == nullptr; });
    }
    CHECK(lost == 1);
    CHECK(driver.core.counters().queued_bytes == 0);
    driver.go_online();
    CHECK(driver.written() == "");
}

TEST_CASE("publishing at once: the queue is as large as without") {
    session_settings settings;
    // What two messages with a topic of one byte and no payload take.
    settings.queue_size = 2 * (sizeof(outbound_publish) + 4);
    SECTION("reject") {
        session_driver driver{v5, settings};
        driver.go_online();
        CHECK(driver.publish_at_once("one", "t"));
        CHECK(driver.publish_at_once("two", "t"));
        CHECK(driver.core.counters().queued_bytes == settings.queue_size);
        CHECK_FALSE(driver.core.has_room());
        CHECK_FALSE(driver.publish_at_once("three", "t"));
        driver.publish("three", qos_0, "t");
        CHECK(driver.refusal == errc::queue_full);
        lose(driver);
        CHECK(driver.core.counters().queued_bytes == settings.queue_size);
        driver.go_online();
        driver.written();
        CHECK(driver.publish_at_once("three", "t"));
    }
    SECTION("what may have to give way to newer messages waits in the queue") {
        settings.when_queue_full[0] = queue_overflow::drop_oldest;
        session_driver driver{v5, settings};
        driver.go_online();
        CHECK_FALSE(driver.publish_at_once("one", "t"));
    }
}

TEST_CASE("publishing at once: no more than the output takes") {
    session_driver driver;
    driver.go_online();
    const std::string large(200'000, 'x');
    CHECK(driver.publish_at_once("one", "t", large));
    CHECK(driver.publish_at_once("two", "t", large));
    // More than 524,288 bytes would wait: what stays in the queue can still be cancelled.
    CHECK_FALSE(driver.publish_at_once("three", "t", large));
    CHECK(driver.publish_at_once("three", "t"));
}

TEST_CASE("publishing at once: reading goes on while messages wait to be written") {
    session_driver driver;
    driver.go_online();
    driver.publish_at_once("under way", "t");
    driver.core.start_write(driver.now);
    // As large as nothing that is written at once may be.
    CHECK_FALSE(driver.publish_at_once("large", "t", std::string(1'100'000, 'x')));
    CHECK(driver.publish_at_once("one", "t", std::string(300'000, 'x')));
    CHECK(driver.publish_at_once("two", "t", std::string(200'000, 'x')));
    CHECK(driver.receive("30 04 00 01 'a' 00") == "message a=");
}

TEST_CASE("publishing at once: messages for which nobody waits") {
    session_driver driver;
    driver.go_online();
    CHECK(driver.publish_at_once("", "t"));
    CHECK(driver.publish_at_once("two", "t"));
    CHECK(driver.publish_at_once("", "t"));
    driver.written();
    CHECK(driver.told() == "two");
    CHECK(driver.core.unstored().empty());
}

TEST_CASE("publishing at once: all can be forgotten") {
    session_driver driver;
    driver.go_online();
    CHECK(driver.publish_at_once("written", "t"));
    driver.written();
    CHECK(driver.publish_at_once("waiting", "t"));
    std::string forgotten;
    driver.core.unstored().forget_all(
        [&](void* tag) { forgotten += *static_cast<const std::string*>(tag) + ' '; });
    CHECK(forgotten == "written waiting ");
    CHECK(driver.core.unstored().empty());
    CHECK(lose(driver).empty());
}

TEST_CASE("publishing at once: at QoS 1 and 2 a handshake begins (4.3)") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    CHECK(driver.publish_at_once("zero", "t"));
    CHECK(driver.publish_at_once("one", {"t", "x", qos_1, false}));
    CHECK(driver.publish_at_once("two", {"t", "y", qos_2, true}));
    CHECK(driver.core.counters().in_flight_messages == 2);
    CHECK(driver.core.counters().queued_messages == 1);
    const in_versions expected{
        "30 03 00 01 't' 32 06 00 01 't' 00 01 'x' 35 06 00 01 't' 00 02 'y'",
        "30 04 00 01 't' 00 32 07 00 01 't' 00 01 00 'x' 35 07 00 01 't' 00 02 00 'y'"};
    CHECK(driver.written() == to_hex(hex(expected[version])));
    CHECK(driver.core.counters().messages_sent == 3);
    CHECK(driver.told() == "zero");
    CHECK(driver.receive("40 02 00 01 50 02 00 02") == "one done");
    CHECK(driver.written() == "62 02 00 02");
    CHECK(driver.receive("70 02 00 02") == "two done");
    CHECK(driver.core.counters().in_flight_bytes == 0);
}

TEST_CASE("publishing at once: a handshake waits for what was published before") {
    session_driver driver;
    const publish_content late{"t", "", qos_1, false};
    CHECK_FALSE(driver.publish_at_once("offline", late));
    driver.connect();
    CHECK_FALSE(driver.publish_at_once("before CONNACK", late));
    driver.receive(accepted[v5]);
    SECTION("a message that waits") {
        driver.publish("first", qos_0, "a");
        CHECK_FALSE(driver.publish_at_once("second", late));
        CHECK(driver.written() == to_hex(hex("30 04 00 01 'a' 00")));
        CHECK(driver.publish_at_once("third", late));
    }
    SECTION("a request") {
        driver.subscribe("subscribe", {{"a"}});
        CHECK_FALSE(driver.publish_at_once("second", late));
    }
    SECTION("what is sent again [MQTT-4.6.0-1]") {
        driver.publish("first", qos_1, "a");
        driver.written();
        driver.resume();
        CHECK_FALSE(driver.publish_at_once("second", late));
    }
    SECTION("nothing is published behind DISCONNECT [MQTT-3.14.4-1]") {
        CHECK_FALSE(driver.core.disconnect({}, driver.now));
        CHECK_FALSE(driver.publish_at_once("late", late));
        CHECK(driver.written() == "E0 00");
    }
}

TEST_CASE("publishing at once: a handshake that may not begin, or not yet") {
    session_settings settings;
    settings.in_flight_size = sizeof(outbound_publish) + 100;
    session_driver driver{v5, settings};
    SECTION("limits of the broker (3.2.2.3)") {
        // Receive Maximum 2, Maximum QoS 1, Retain Available 0, Maximum Packet Size 10.
        driver.go_online("20 0F 00 00 0C 21 00 02 24 01 25 00 27 00 00 00 0A");
        CHECK_FALSE(driver.publish_at_once("QoS 2", {"t", "", qos_2, false}));
        CHECK_FALSE(driver.publish_at_once("retained", {"t", "", qos_1, true}));
        CHECK_FALSE(driver.publish_at_once("too large", {"t", "123", qos_1, false}));
        CHECK(driver.publish_at_once("one", {"t", "12", qos_1, false}));
    }
    SECTION("its Receive Maximum [MQTT-3.3.4-7]") {
        driver.go_online("20 06 00 00 03 21 00 01");
        CHECK(driver.publish_at_once("one", {"t", "", qos_1, false}));
        CHECK_FALSE(driver.publish_at_once("two", {"t", "", qos_1, false}));
        driver.written();
        CHECK(driver.receive("40 02 00 01") == "one done");
        CHECK(driver.publish_at_once("two", {"t", "", qos_1, false}));
        CHECK(driver.written() == to_hex(hex("32 06 00 01 't' 00 02 00")));
    }
    SECTION("the memory of what is in flight") {
        driver.go_online();
        const std::string large(60, 'x');
        CHECK(driver.publish_at_once("one", {"t", large, qos_1, false}));
        CHECK_FALSE(driver.publish_at_once("two", {"t", large, qos_1, false}));
    }
    SECTION("no more than the output takes") {
        driver.go_online();
        const std::string large(500'000, 'x');
        CHECK(driver.publish_at_once("zero", "t", large));
        CHECK_FALSE(driver.publish_at_once("one", {"t", large, qos_1, false}));
        CHECK(driver.publish_at_once("one", {"t", "", qos_1, false}));
    }
    SECTION("QoS 0 needs no packet") {
        driver.go_online();
        CHECK_FALSE(driver.publish_at_once("zero", {"t", "", qos_0, false}));
    }
    SECTION("an expiry interval begins when it is published (3.3.2.3.3)") {
        driver.go_online();
        publish_packet packet;
        packet.qos = qos_1;
        packet.topic = "t";
        packet.properties.message_expiry_interval = 1;
        errc error{};
        CHECK_FALSE(driver.publish_at_once("expiring", outbound_publish::make(v5, packet, error)));
    }
    SECTION("a shared payload") {
        driver.go_online();
        errc error{};
        const std::string large(100'000, 'x');
        CHECK_FALSE(driver.publish_at_once(
            "shared", outbound_publish::make(v5, {"t", large, qos_1, false}, error,
                                             std::make_shared<int>(0))));
    }
}

TEST_CASE("publishing at once: a handshake outlives the connection (4.4)") {
    session_driver driver;
    driver.go_online();
    CHECK(driver.publish_at_once("one", {"t", "1", qos_1, false}));
    CHECK(driver.publish_at_once("two", {"t", "2", qos_2, false}));
    driver.core.start_write(driver.now);
    driver.lose();
    driver.core.finish_write();
    SECTION("the session is there [MQTT-3.3.1-1]") {
        driver.go_online(resumed[v5]);
        CHECK(driver.written() ==
              to_hex(hex("3A 07 00 01 't' 00 01 00 '1' 3C 07 00 01 't' 00 02 00 '2'")));
    }
    SECTION("it is not [MQTT-3.2.2-5]") {
        driver.go_online();
        CHECK(driver.written() ==
              to_hex(hex("32 07 00 01 't' 00 03 00 '1' 34 07 00 01 't' 00 04 00 '2'")));
    }
    CHECK(driver.receive("40 02 00 01 40 02 00 03") == "one done");
}

TEST_CASE("publishing at once: a handshake begins when a write takes it") {
    session_driver driver;
    driver.go_online();
    CHECK(driver.publish_at_once("under way", "t"));
    driver.core.start_write(driver.now);
    CHECK(driver.publish_at_once("zero", "t", "0"));
    CHECK(driver.publish_at_once("one", {"t", "1", qos_1, false}));
    CHECK(driver.publish_at_once("zero", "t", "2"));
    CHECK(driver.publish_at_once("two", {"t", "3", qos_2, false}));
    outbound_publish_ptr forgotten = driver.make({"t", "4", qos_1, false});
    outbound_publish& packet = *forgotten;
    CHECK(driver.core.publish_at_once(forgotten, nullptr));
    driver.core.cancel(packet);
    CHECK(driver.core.counters().messages_sent == 4);
    driver.lose();
    driver.core.finish_write();
    CHECK(driver.told() == "under way");
    CHECK(driver.core.counters().messages_sent == 1);
    CHECK(driver.core.counters().in_flight_messages == 0);
    CHECK(driver.core.counters().queued_messages == 4);
    // As if it had never been put into the output, in the order in which all were published.
    driver.go_online(resumed[v5]);
    CHECK(driver.written() == to_hex(hex("30 05 00 01 't' 00 '0' 32 07 00 01 't' 00 04 00 '1' "
                                         "30 05 00 01 't' 00 '2' 34 07 00 01 't' 00 05 00 '3'")));
    CHECK(driver.events() == "zero done, zero done");
    CHECK(driver.receive("40 02 00 04") == "one done");
}

TEST_CASE("publishing: what DISCONNECT has taken into the output keeps its order") {
    session_driver driver;
    driver.go_online();
    driver.publish("one", qos_1, "t", "1");
    driver.publish("zero", qos_0, "t", "0");
    driver.publish("two", qos_1, "t", "2");
    CHECK_FALSE(driver.core.disconnect({}, driver.now));
    driver.lose();
    driver.go_online(resumed[v5]);
    CHECK(driver.written() == to_hex(hex("32 07 00 01 't' 00 03 00 '1' 30 05 00 01 't' 00 '0' "
                                         "32 07 00 01 't' 00 04 00 '2'")));
}
