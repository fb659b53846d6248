// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/detached.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace asio_mqtt;
using test::manual_clock;
using test::scripted_fixture;
using namespace std::chrono_literals;

namespace {

/// A client that asks the test for its credentials.
struct credentials_fixture : scripted_fixture {
    std::vector<credentials_answer> questions;

    client make_asking() {
        auto wanted = options();
        wanted.ask_for_credentials = [this](credentials_answer answer) {
            questions.push_back(std::move(answer));
        };
        return make(wanted);
    }
    // CONNECT with user name "u" and the password (3.1.3.5, 3.1.3.6).
    static std::string connect_with(std::string_view password) {
        return test::to_hex(
            test::hex("10 1E 00 04 'MQTT' 05 C2 00 3C 0A 11 00 00 02 58"
                      "27 01 00 00 00 00 01 'c' 00 01 'u' 00 01 '" +
                      std::string{password} + '\''));
    }
};

}  // namespace

TEST_CASE_METHOD(credentials_fixture, "credentials: asked before each attempt [immune-68]") {
    auto c = make_asking();
    c.async_run(asio::detached);
    settle();
    REQUIRE(questions.size() == 1);
    CHECK(connector.attempts().empty());
    questions[0]({}, {.user_name = "u", .password = "1"});
    auto broker = accept();
    CHECK(broker.receive(32) == connect_with("1"));
    broker.send(connack_5);
    broker.stream().close();
    REQUIRE(pass_time_until([&] { return questions.size() == 2; }));
    questions[1]({}, {.user_name = "u", .password = "2"});
    auto next = accept();
    CHECK(next.receive(32).ends_with("00 01 32"));
}

TEST_CASE_METHOD(credentials_fixture, "credentials: given from another thread, twice") {
    auto c = make_asking();
    c.async_run(asio::detached);
    settle();
    std::thread{[this] {
        questions[0]({}, {.user_name = "u", .password = "1"});
        questions[0]({}, {.user_name = "u", .password = "2"});
    }}.join();
    auto broker = accept();
    CHECK(broker.receive(32) == connect_with("1"));
    settle();
    CHECK(connector.attempts().size() == 1);
}

TEST_CASE_METHOD(credentials_fixture, "credentials: an answer without any is a failed attempt") {
    auto c = make_asking();
    test::plain_outcome ran;
    c.async_run(ran.handler());
    settle();
    SECTION("that may heal") {
        questions[0](std::make_error_code(std::errc::timed_out), {});
        CHECK(pass_time_until([&] { return questions.size() == 2; }));
        CHECK(ran.calls == 0);
    }
    SECTION("or not") {
        questions[0](reason_code::not_authorized, {});
        settle();
        CHECK(ran.failed_with(reason_code::not_authorized));
    }
    CHECK(connector.attempts().empty());
}

TEST_CASE_METHOD(credentials_fixture, "credentials: what CONNECT cannot carry ends async_run()") {
    auto c = make_asking();
    test::plain_outcome ran;
    c.async_run(ran.handler());
    settle();
    questions[0]({}, {.user_name = "\xFF"});
    settle();
    CHECK(ran.failed_with(errc::invalid_utf8));
}

TEST_CASE_METHOD(credentials_fixture,
                 "credentials: no answer in time, and one that comes too late") {
    auto c = make_asking();
    c.async_run(asio::detached);
    settle();
    REQUIRE(pass_time_until([&] { return questions.size() == 2; }));
    questions[0]({}, {.user_name = "u", .password = "1"});
    settle();
    CHECK(connector.attempts().empty());
    questions[1]({}, {.user_name = "u", .password = "2"});
    CHECK(accept().receive(32) == connect_with("2"));
}

TEST_CASE_METHOD(credentials_fixture, "credentials: the client ends while it waits for them") {
    test::plain_outcome ran;
    {
        auto c = make_asking();
        c.async_run(ran.handler());
        settle();
        SECTION("by async_disconnect()") {
            test::plain_outcome ended;
            c.async_disconnect(ended.handler());
            settle();
            CHECK(ended.succeeded());
            CHECK(ran.succeeded());
        }
        SECTION("by its destruction") {}
    }
    settle();
    CHECK(ran.calls == 1);
    questions[0]({}, {.user_name = "u", .password = "1"});
    settle();
    CHECK(connector.attempts().empty());
}
