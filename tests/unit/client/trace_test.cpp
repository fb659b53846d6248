// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/trace_to.hpp>

#include "support/catch.hpp"
#include "unit/client/client_fixture.hpp"

#include <asio/detached.hpp>
#include <asio/strand.hpp>

#include <sstream>
#include <stdexcept>
#include <streambuf>

using namespace asio_mqtt;
using test::client_fixture;

TEST_CASE_METHOD(client_fixture, "trace: CONNECT is the first packet and DISCONNECT the last") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    std::ostringstream out;
    client_options with = options("c", version);
    with.password = "5ecret";
    with.user_name = "u";
    with.on_packet = trace_to(out);
    client c = make(with);
    test::publish_outcome published;
    test::plain_outcome ended;
    c.async_publish("a/b", std::string(5'000, 'x'), qos::at_least_once, published.handler());
    c.async_run(asio::detached);
    settle();
    CHECK(published.succeeded());
    c.async_disconnect(ended.handler());
    settle();
    CHECK(ended.succeeded());
    const std::string payload = std::string(40, 'x') + "... (5000 bytes)\n";
    if (version == protocol_version::v5) {
        CHECK(out.str() ==
              R"(-> CONNECT client_id="c" keep_alive=60 clean_start=1 user_name="u" password=***)"
              " session_expiry_interval=600 maximum_packet_size=16777216\n"
              "<- CONNACK session_present=0 reason=\"Success\"\n"
              R"(-> PUBLISH packet_id=1 qos=1 topic="a/b" payload=)" +
                  payload +
                  "<- PUBACK packet_id=1 reason=\"No matching subscribers\"\n"
                  "-> DISCONNECT reason=\"Normal disconnection\"\n");
    } else {
        CHECK(out.str() ==
              R"(-> CONNECT client_id="c" keep_alive=60 clean_start=0 user_name="u" password=***)"
              "\n<- CONNACK session_present=0 reason=\"Success\"\n"
              R"(-> PUBLISH packet_id=1 qos=1 topic="a/b" payload=)" +
                  payload +
                  "<- PUBACK packet_id=1\n"
                  "-> DISCONNECT\n");
    }
}

TEST_CASE_METHOD(client_fixture, "trace: on the client's executor, which it may use") {
    std::size_t calls = 0;
    bool is_inside = true;
    test::publish_outcome published;
    client* traced = nullptr;
    client_options with = options("c");
    with.on_packet = [&](const packet_trace& packet) {
        is_inside &= io.get_executor().running_in_this_thread();
        if (++calls != 2) return;
        CHECK(packet.bytes[0] == std::byte{0x20});  // CONNACK
        traced->async_publish("t", "", qos::at_most_once, published.handler());
        CHECK(published.calls == 0);
    };
    client c = make(with);
    traced = &c;
    c.async_run(asio::detached);
    settle();
    CHECK(published.succeeded());
    CHECK(calls == 3);
    CHECK(is_inside);
}

TEST_CASE_METHOD(client_fixture, "trace: a client whose trace cannot be written goes on") {
    std::ostringstream out;
    out.exceptions(std::ios::badbit);
    client_options with = options("c");
    with.on_packet = [print = trace_to(out), &out](const packet_trace& packet) {
        out.setstate(std::ios::badbit);  // throws, as a stream does whose disk is full
        print(packet);
    };
    client c = make(with);
    test::publish_outcome published;
    c.async_run(asio::detached);
    c.async_publish("t", "", qos::exactly_once, published.handler());
    settle();
    CHECK(published.succeeded());
}

TEST_CASE("trace_to: each line is one write") {
    struct : std::streambuf {
        std::streamsize xsputn(const char* text, std::streamsize size) override {
            writes.emplace_back(text, static_cast<std::size_t>(size));
            return size;
        }
        int_type overflow(int_type) override { return writes.emplace_back("a byte"), 0; }
        std::vector<std::string> writes{};
    } buffer;
    std::ostream out{&buffer};
    const packet_tracer tracer = trace_to(out);
    // PINGREQ, PINGRESP, PUBLISH (3.12, 3.13, 3.3).
    const auto sent = test::hex("C0 00");
    const auto received = test::hex("D0 00");
    const auto head = test::hex("30 05 00 01 't'");
    const auto payload = test::hex("'xy'");
    tracer({packet_direction::sent, protocol_version::v5, sent, {}});
    tracer({packet_direction::received, protocol_version::v5, received, {}});
    tracer({packet_direction::sent, protocol_version::v3_1_1, head, payload});
    CHECK(buffer.writes ==
          std::vector<std::string>{"-> PINGREQ\n", "<- PINGRESP\n",
                                   "-> PUBLISH qos=0 topic=\"t\" payload=xy (2 bytes)\n"});
}
