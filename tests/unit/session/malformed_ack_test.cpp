// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

std::string closed(errc error) {
    return "closed: " + make_error_code(error).message();
}
std::string closed(decode_errc error) {
    return "closed: " + make_error_code(error).message();
}

/// The operation has ended since its answer was none.
std::string ended(std::string_view name) {
    return std::string{name} + ": " + make_error_code(errc::malformed_answer).message();
}

/// A session with one operation of each kind in flight: SUBSCRIBE 1, UNSUBSCRIBE 2, QoS 1 as 3, QoS
/// 2 as 4.
void prepare(session_driver& driver) {
    driver.go_online();
    driver.subscribe("subscribe", {{.filter = "a"}, {.filter = "b"}});
    driver.unsubscribe("unsubscribe", {"c"});
    driver.publish("one", qos_1, "t");
    driver.publish("two", qos_2, "t");
    driver.written();
}

}  // namespace

TEST_CASE("acknowledgements cut short: closed with Malformed Packet, nothing is lost [immune-9]") {
    for (const auto version : {v3, v5}) {
        for (const std::string_view type : {"40", "50", "62", "70", "90", "B0"}) {
            for (const std::string_view rest : {"00", "01 00"}) {
                session_driver driver{version};
                prepare(driver);
                const std::string bytes = std::string{type} + std::string{rest};
                INFO(bytes);
                CHECK(driver.receive(bytes) == closed(decode_errc::truncated));
                CHECK(driver.written() == (version == v5 ? "E0 01 81" : ""));
                driver.resume();
                // All four are sent again: requests first, then PUBLISH with DUP.
                const std::string again = driver.written();
                CHECK(again.size() > 4 * 3 * 5);
                CHECK(driver.events() == "");
            }
        }
    }
}

TEST_CASE("acknowledgements in every length that 5.0 allows [immune-10]") {
    for (const std::string_view tail : {"02 00 03", "03 00 03 00", "04 00 03 00 00",
                                        "08 00 03 00 04 1F 00 01 'r'", "03 00 03 10"}) {
        session_driver driver{v5};
        prepare(driver);
        CHECK(driver.receive("40" + std::string{tail}) == "one done");
    }
    for (const std::string_view tail : {"02 00 04", "03 00 04 00", "04 00 04 00 00"}) {
        session_driver driver{v5};
        prepare(driver);
        CHECK(driver.receive("50" + std::string{tail}) == "");
        CHECK(driver.written() == "62 02 00 04");
        CHECK(driver.receive("70" + std::string{tail}) == "two done");
    }
}

TEST_CASE("acknowledgements in the form of the other version [immune-11]") {
    {
        session_driver driver{v5};
        prepare(driver);
        CHECK(driver.receive("90 04 00 01 00 00") ==
              ended("subscribe") + ", " + closed(errc::malformed_answer));
    }
    {
        session_driver driver{v5};
        prepare(driver);
        CHECK(driver.receive("90 03 00 01 01") ==
              ended("subscribe") + ", " + closed(decode_errc::truncated));
        CHECK(driver.written() == "E0 01 81");
    }
    {
        session_driver driver{v5};
        prepare(driver);
        CHECK(driver.receive("B0 02 00 02") ==
              ended("unsubscribe") + ", " + closed(decode_errc::truncated));
    }
    {
        session_driver driver{v3};
        prepare(driver);
        CHECK(driver.receive("40 03 00 03 00") == closed(decode_errc::trailing_bytes));
    }
    {
        session_driver driver{v3};
        prepare(driver);
        // Granted QoS 0 and 0, as 5.0 has it: three codes
        CHECK(driver.receive("90 05 00 01 00 00 00") ==
              ended("subscribe") + ", " + closed(errc::malformed_answer));
    }
}

TEST_CASE("SUBACK and UNSUBACK with the wrong number of reason codes [immune-12]") {
    struct row {
        protocol_version version;
        std::string_view bytes;
        std::string_view name;
    };
    const row rows[] = {{v3, "90 03 00 01 00", "subscribe"},
                        {v3, "90 05 00 01 00 01 02", "subscribe"},
                        {v5, "90 04 00 01 00 00", "subscribe"},
                        {v5, "90 06 00 01 00 00 01 02", "subscribe"},
                        {v5, "B0 05 00 02 00 00 00", "unsubscribe"}};
    for (const row& each : rows) {
        INFO(each.bytes);
        session_driver driver{each.version};
        prepare(driver);
        const std::string message = make_error_code(errc::malformed_answer).message();
        CHECK(driver.receive(each.bytes) ==
              std::string{each.name} + ": " + message + ", closed: " + message);
        CHECK(driver.written() == (each.version == v5 ? "E0 01 82" : ""));
        // It is not asked again: the answer would be the same, and end the next connection, too.
        driver.resume();
        const std::string again = driver.written();
        const std::string_view type = each.name == "subscribe" ? "82" : "A2";
        CHECK(again.substr(0, 2) != type);
    }
}

TEST_CASE("UNSUBACK with fewer reason codes than filters [immune-12]") {
    session_driver driver{v5};
    driver.go_online();
    driver.unsubscribe("unsubscribe", {{"a"}, {"b"}, {"c"}});
    driver.written();
    const std::string message = make_error_code(errc::malformed_answer).message();
    CHECK(driver.receive("B0 05 00 01 00 00 11") ==
          "unsubscribe: " + message + ", closed: " + message);
    CHECK(driver.written() == "E0 01 82");
}

TEST_CASE("SUBACK and UNSUBACK that are malformed end the operation, too") {
    struct row {
        protocol_version version;
        std::string_view bytes;
        std::string_view name;
        decode_errc error;
    };
    const row rows[] = {
        {v3, "90 02 00 01", "subscribe", decode_errc::empty_list},
        {v5, "90 03 00 01 00", "subscribe", decode_errc::empty_list},
        {v3, "90 04 00 01 00 55", "subscribe", decode_errc::invalid_reason_code},
        {v5, "90 05 00 01 00 00 55", "subscribe", decode_errc::invalid_reason_code},
        {v5, "90 02 00 01", "subscribe", decode_errc::truncated},
        {v5, "B0 03 00 02 00", "unsubscribe", decode_errc::empty_list},
        {v5, "B0 04 00 02 00 55", "unsubscribe", decode_errc::invalid_reason_code},
    };
    for (const row& each : rows) {
        INFO(each.bytes);
        session_driver driver{each.version};
        prepare(driver);
        CHECK(driver.receive(each.bytes) == ended(each.name) + ", " + closed(each.error));
        CHECK(driver.written().empty() == (each.version == v3));
        // It is not asked again: the answer would be the same, and end the next connection, too.
        driver.resume();
        CHECK(driver.written().substr(0, 2) == (each.name == "subscribe" ? "A2" : "82"));
        CHECK(driver.events() == "");
    }
}

TEST_CASE("SUBACK with properties past its end [immune-13]") {
    session_driver driver{v5};
    prepare(driver);
    CHECK(driver.receive("90 05 00 01 7F 00 00") ==
          ended("subscribe") + ", " + closed(decode_errc::truncated));
    CHECK(driver.written() == "E0 01 81");
    driver.lose();
    driver.go_online();
    CHECK(driver.receive("90 06 00 01 03 1F 00 05") == closed(decode_errc::truncated));
}

TEST_CASE("acknowledgements with identifier zero") {
    for (const std::string_view bytes : {"40 02 00 00", "50 02 00 00", "62 02 00 00", "70 02 00 00",
                                         "90 04 00 00 00 00", "B0 04 00 00 00 00"}) {
        session_driver driver{v5};
        prepare(driver);
        CHECK(driver.receive(bytes) == closed(decode_errc::invalid_packet_id));
    }
}

TEST_CASE("reason codes that the packet may not carry") {
    session_driver driver{v5};
    prepare(driver);
    CHECK(driver.receive("40 03 00 03 04") == closed(decode_errc::invalid_reason_code));
    CHECK(driver.written() == "E0 01 82");  // [MQTT-3.4.2-1]
}
