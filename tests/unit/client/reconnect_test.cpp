// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/client_fixture.hpp"
#include "unit/client/connect_with.hpp"
#include "unit/client/lossy_connector.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <system_error>

using namespace asio_mqtt;
using test::client_fixture;
using test::lossy_connector;

namespace {

using lossy_client = basic_client<lossy_connector, testing::manual_timer>;

/// A kind of errors that the library has not heard of, as those of TLS and of other systems are to
/// it.
class strange_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "strange"; }
    std::string message(int) const override { return "strange"; }
};
const strange_category_type strange_category;

/// The errors of the reads and writes that come after the CONNACK, one for each connection.
struct failures {
    bool reads = false;
    std::deque<error_code> errors{};
};

/// A memory_stream whose second read, or second write, fails.
class failing_stream {
public:
    using executor_type = asio::any_io_executor;

    failing_stream(testing::memory_stream inner, bool fails_reading, error_code error)
        : inner_{std::move(inner)}, fails_reading_{fails_reading}, error_{error} {}

    executor_type get_executor() const { return inner_.get_executor(); }
    void close() { inner_.close(); }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        if (!fails_reading_ && ++calls_ == 2) return fail(token);
        return inner_.async_write_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        if (fails_reading_ && ++calls_ == 2) return fail(token);
        return inner_.async_read_some(buffers, std::forward<Token>(token));
    }

private:
    template <class Token>
    auto fail(Token& token) {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [](auto handler, const executor_type& executor, error_code error) {
                const auto on = asio::get_associated_executor(handler, executor);
                asio::post(on, [handler = std::move(handler), error]() mutable {
                    std::move(handler)(error, std::size_t{0});
                });
            },
            token, get_executor(), error_);
    }

    testing::memory_stream inner_;
    bool fails_reading_;
    error_code error_;
    int calls_ = 0;
};

struct failing_connector {
    using stream_type = failing_stream;
    testing::broker* broker;
    std::shared_ptr<failures> planned;

    template <class Token>
    auto async_connect(const broker_address&, Token&& token) {
        error_code error;
        if (!planned->errors.empty()) {
            error = planned->errors.front();
            planned->errors.pop_front();
        }
        return test::connect_with(failing_stream{broker->connect(), planned->reads && error, error},
                                  std::forward<Token>(token));
    }
};

/// The CONNECT that comes first on a connection, in hexadecimal; of less than 130 bytes.
std::string receive_connect(test::scripted_fixture::peer& from) {
    const std::string head = from.receive(2);
    return head + ' ' + from.receive(std::stoul(head.substr(3), nullptr, 16));
}

/// A client that publishes and gets all of it back, while its first connections are lost after a
/// number of bytes. Returns how many of the planned losses happened.
std::size_t run_with_losses(protocol_version version, std::vector<lossy_connector::loss> losses) {
    client_fixture f;
    lossy_connector connector{f.broker, std::move(losses)};
    auto wanted = client_fixture::options("a", version);
    lossy_client c{f.io.get_executor(), wanted, connector};
    test::plain_outcome ran;
    c.async_run(ran.handler());

    std::map<std::string, int> seen;
    std::string order;
    test::subscribe_outcome subscribed;
    c.async_subscribe(
        "t", qos::exactly_once,
        [&](const message_view& m) {
            if (++seen[std::string{m.payload}] == 1 && m.qos != qos::at_most_once) {
                order += m.payload;
            }
        },
        subscribed.handler());
    REQUIRE(f.pass_time_until([&] { return subscribed.calls != 0; }));

    test::publish_outcome published[6];
    const char* const payloads[] = {"a", "b", "c", "d", "e", "f"};
    for (int i = 0; i < 6; ++i) {
        const qos level = i == 0       ? qos::at_most_once
                          : i % 2 == 1 ? qos::at_least_once
                                       : qos::exactly_once;
        c.async_publish("t", payloads[i], level, published[i].handler());
    }
    const auto is_done = [&] {
        for (const auto& each : published) {
            if (each.calls == 0) return false;
        }
        return seen.size() >= 5 + seen.count("a");
    };
    REQUIRE(f.pass_time_until(is_done));
    test::subscribe_outcome unsubscribed;
    c.async_unsubscribe("t", unsubscribed.handler());
    REQUIRE(f.pass_time_until([&] { return unsubscribed.calls != 0; }));

    CHECK(ran.calls == 0);
    CHECK(subscribed.succeeded());
    CHECK(unsubscribed.succeeded());
    for (const auto& each : published)
        CHECK(each.succeeded());
    CHECK(seen["a"] <= 1);                                     // at most once
    CHECK((seen["b"] > 0 && seen["d"] > 0 && seen["f"] > 0));  // at least once
    CHECK(seen["c"] == 1);                                     // exactly once
    CHECK(seen["e"] == 1);
    CHECK(order == "bcdef");

    test::plain_outcome disconnected;
    c.async_disconnect(disconnected.handler());
    REQUIRE(f.pass_time_until([&] { return disconnected.calls != 0 && ran.calls != 0; }));
    CHECK(ran.succeeded());
    return connector.losses();
}

}  // namespace

TEST_CASE("reconnect: the connection is lost after every byte, in each direction") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const auto direction =
        GENERATE(lossy_connector::direction::sent, lossy_connector::direction::received);
    std::size_t offset = 0;
    bool happened = true;
    for (; happened; ++offset) {
        CAPTURE(offset);
        happened = run_with_losses(version, {{direction, offset}}) != 0;
    }
    CHECK(offset > 90);  // the whole exchange was cut
}

TEST_CASE("reconnect: several connections are lost in turn") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    using enum lossy_connector::direction;
    for (std::size_t offset = 0; offset < 200; ++offset) {
        CAPTURE(offset);
        run_with_losses(version, {{sent, offset}, {received, offset}, {sent, offset / 2}});
        run_with_losses(version, {{received, offset}, {sent, 200 - offset}, {received, offset}});
    }
}

TEST_CASE_METHOD(client_fixture, "reconnect: the broker lost the session") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    test::plain_outcome ran;
    c.async_run(ran.handler());
    std::vector<std::string> seen;
    c.async_subscribe(
        "t/#", qos::exactly_once, [&](const message_view& m) { seen.emplace_back(m.payload); },
        asio::detached);
    test::outcome<message> received;
    c.async_subscribe("u", qos::exactly_once, asio::detached);
    c.async_receive(received.handler());
    settle();
    broker.drop_sessions();
    test::publish_outcome published;
    c.async_publish("t/1", "1", qos::exactly_once, published.handler());
    c.async_publish("u", "2", qos::exactly_once, asio::detached);
    REQUIRE(pass_time_until([&] { return received.calls != 0 && seen.size() == 1; }));
    CHECK(published.succeeded());
    CHECK(seen == std::vector<std::string>{"1"});
    CHECK(received.result().payload == "2");
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(client_fixture, "reconnect: messages that came meanwhile are delivered") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    auto c = make("a", version);
    c.async_run(asio::detached);
    std::string seen;
    c.async_subscribe(
        "t", qos::exactly_once, [&](const message_view& m) { seen += m.payload; }, asio::detached);
    settle();
    broker.disconnect_all();
    broker.publish("t", "1", qos::at_least_once);
    broker.publish("t", "2", qos::exactly_once);
    REQUIRE(pass_time_until([&] { return seen == "12"; }));
    CHECK(connector.attempts() == 2);
}

TEST_CASE_METHOD(client_fixture, "reconnect: connecting fails for a while") {
    auto c = make("a");
    test::plain_outcome ran;
    test::publish_outcome published;
    connector.refuse_next(5);
    c.async_run(ran.handler());
    c.async_publish("t", "", qos::at_least_once, published.handler());
    REQUIRE(pass_time_until([&] { return published.calls != 0; }));
    CHECK(published.succeeded());
    CHECK(connector.attempts() == 6);
    CHECK(ran.calls == 0);
}

TEST_CASE_METHOD(client_fixture,
                 "reconnect: every error of a stream is worth another try [immune-62]") {
    auto c = make("a");
    test::plain_outcome ran;
    test::publish_outcome published;
    c.async_run(ran.handler());
    for (const error_code error :
         {error_code{asio::error::eof}, error_code{asio::error::operation_aborted},
          error_code{asio::error::host_not_found}, error_code{asio::error::network_unreachable},
          std::make_error_code(std::errc::operation_canceled),
          std::make_error_code(std::errc::timed_out)}) {
        connector.refuse_next(1, error);
        const auto before = connector.attempts();
        broker.disconnect_all();
        REQUIRE(pass_time_until([&] { return connector.attempts() >= before + 2; }));
        settle();
    }
    c.async_publish("t", "", qos::at_least_once, published.handler());
    REQUIRE(pass_time_until([&] { return published.calls != 0; }));
    CHECK(published.succeeded());
    CHECK(ran.calls == 0);
}

TEST_CASE("reconnect: every error of a read or a write is worth another try [immune-62]") {
    client_fixture f;
    const auto planned = std::make_shared<failures>();
    planned->reads = GENERATE(true, false);
    planned->errors = {asio::error::eof,
                       asio::error::connection_reset,
                       asio::error::broken_pipe,
                       asio::error::operation_aborted,
                       asio::error::network_unreachable,
                       asio::error::host_unreachable,
                       asio::error::timed_out,
                       asio::error::no_buffer_space,
                       error_code{1236, std::system_category()},  // of Windows: connection aborted
                       error_code{1, strange_category},
                       error_code{0x87, strange_category}};  // the number of Not authorized
    const auto is_used_up = [&] { return planned->errors.empty(); };
    basic_client<failing_connector, testing::manual_timer> c{
        f.io.get_executor(), client_fixture::options("a"), failing_connector{&f.broker, planned}};
    test::plain_outcome ran;
    test::publish_outcome published;
    c.async_run(ran.handler());
    c.async_publish("t", "", qos::at_least_once, published.handler());
    REQUIRE(f.pass_time_until([&] { return is_used_up() && published.calls != 0; }));
    CHECK(published.succeeded());
    CHECK(ran.calls == 0);
}

TEST_CASE("reconnect: a refusal that another try cannot heal ends async_run()") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    reason_code verdict = reason_code::bad_user_name_or_password;
    client_fixture f{{.authenticate = [&](const connect_packet&) { return verdict; }}};
    auto c = f.make("a", version);
    test::plain_outcome ran;
    test::publish_outcome published;
    c.async_publish("t", "", qos::at_least_once, published.handler());
    SECTION("a wrong password") {
        c.async_run(ran.handler());
        f.settle();
        CHECK(ran.failed_with(reason_code::bad_user_name_or_password));
        CHECK(ran.error == fault::broker);
        CHECK(published.failed_with(reason_code::bad_user_name_or_password));
        CHECK(f.connector.attempts() == 1);
    }
    SECTION("a busy server is another matter") {
        verdict = reason_code::server_unavailable;
        c.async_run(ran.handler());
        REQUIRE(f.pass_time_until([&] { return f.connector.attempts() == 4; }));
        verdict = reason_code::success;
        REQUIRE(f.pass_time_until([&] { return published.calls != 0; }));
        CHECK(published.succeeded());
        CHECK(ran.calls == 0);
    }
}

TEST_CASE_METHOD(test::scripted_fixture,
                 "reconnect: each CONNECT says all that the first one said [immune-68]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const bool is_v5 = version == protocol_version::v5;
    auto wanted = options(version);
    wanted.user_name = "user";
    wanted.password = "pass";
    wanted.will = will_options{.topic = "w", .payload = "bye", .qos = qos::at_least_once};
    if (is_v5) {
        wanted.will->content_type = "text";
        wanted.receive_maximum = 7;
        wanted.topic_alias_maximum = 8;
        wanted.connect_user_properties = {{"k", "v"}};
    }
    auto c = make(wanted);
    c.async_run(asio::detached);
    std::string first;
    {
        auto broker = accept();
        first = receive_connect(broker);
        // Flags: user name, password, will with QoS 1, and Clean Start in 5.0 (3.1.2.3)
        CHECK(first.substr(3 * 9, 2) == (is_v5 ? "CE" : "CC"));
        for (const char* part :
             {"00 01 'c'", "00 01 'w'", "00 03 'bye'", "00 04 'user' 00 04 'pass'"})
            CHECK(first.find(test::to_hex(test::hex(part))) != std::string::npos);
        if (is_v5) {
            // Session Expiry Interval 600, Receive Maximum, Topic Alias Maximum, User Property,
            // Content Type of the will
            for (const char* part : {"11 00 00 02 58", "21 00 07", "22 00 08",
                                     "26 00 01 'k' 00 01 'v'", "03 00 04 'text'"})
                CHECK(first.find(test::to_hex(test::hex(part))) != std::string::npos);
        }
        broker.stream().close();  // before a CONNACK: nothing has changed
    }
    {
        auto broker = accept();
        CHECK(receive_connect(broker) == first);
        broker.send(is_v5 ? connack_5 : connack_3);
        settle();
        broker.stream().close();
    }
    first.replace(3 * 9, 2, "CC");  // the session goes on
    for (int i = 0; i < 3; ++i) {
        auto broker = accept();
        CHECK(receive_connect(broker) == first);
        broker.send(is_v5 ? "20 03 01 00 00" : "20 02 01 00");
        settle();
        broker.stream().close();
    }
}

TEST_CASE_METHOD(client_fixture, "reconnect: two clients with one id do not fight [immune-67]") {
    auto first = make("same");
    auto second = make("same");
    test::plain_outcome first_ran, second_ran;
    first.async_run(first_ran.handler());
    settle();
    second.async_run(second_ran.handler());
    settle();
    CHECK(first_ran.failed_with(reason_code::session_taken_over));
    CHECK(second_ran.calls == 0);
    CHECK(connector.attempts() == 2);
}

TEST_CASE_METHOD(test::scripted_fixture, "reconnect: to 3.1.1, when the broker does not know 5.0") {
    auto wanted = options();
    wanted.fall_back_to_v3_1_1 = true;
    auto c = make(wanted);
    test::publish_outcome plain, expiring;
    c.async_publish("t", "", qos::at_least_once, plain.handler());
    c.async_publish("t", "", {.content_type = "text"}, expiring.handler());
    c.async_run(asio::detached);
    auto broker = accept();
    CHECK(broker.receive(26) == connect_5);
    const bool says_so = GENERATE(true, false);
    if (says_so) {
        broker.send("20 02 00 01");  // (3.1.1: 3.2.2.3) Unacceptable protocol version.
        broker.stream().close();
    } else {
        broker.stream().close();
        auto again = accept();
        CHECK(again.receive(26) == connect_5);
        again.stream().close();
    }
    auto old = accept();
    CHECK(old.receive(15) == connect_3);
    old.send(connack_3);
    CHECK(old.receive(7) == test::to_hex(test::hex("32 05 00 01 't' 00 01")));
    old.send("40 02 00 01");
    settle();
    CHECK(plain.succeeded());
    CHECK(expiring.failed_with(errc::not_in_this_version));
}

TEST_CASE_METHOD(test::scripted_fixture, "reconnect: to the broker that is named") {
    auto wanted = options();
    wanted.maximum_redirects = 1;
    auto c = make(wanted);
    c.async_run(asio::detached);
    SECTION("in a CONNACK: Use another server (3.2.2.3.16)") {
        auto broker = accept_5("20 09 00 9C 06 1C 00 03 'b:1'");
        broker.stream().close();
    }
    SECTION("in a DISCONNECT: Server moved (3.14.2.2.5)") {
        auto broker = accept_5();
        broker.send("E0 08 9D 06 1C 00 03 'b:1'");
        broker.stream().close();
    }
    settle();
    CHECK(connector.attempts() == std::vector<std::string>{"a", "b"});
}

TEST_CASE_METHOD(test::scripted_fixture, "reconnect: to a broker with a session of its own") {
    auto wanted = options();
    wanted.brokers = {"mqtt://a", "mqtt://b"};
    auto c = make(wanted);
    const std::string subscribe_x = test::to_hex(test::hex("82 09 00 01 02 0B 01 00 01 'x' 00"));
    c.async_subscribe("x", qos::at_most_once, asio::detached);
    c.async_run(asio::detached);
    auto first = accept_5();
    CHECK(first.receive(11) == subscribe_x);
    first.send("90 04 00 01 00 00");
    settle();
    first.stream().close();
    auto second = accept_5();
    second.receive(11);
    second.send("90 04 00 02 00 00");
    c.async_subscribe("y", qos::at_most_once, asio::detached);
    CHECK(second.receive(11) == test::to_hex(test::hex("82 09 00 03 02 0B 02 00 01 'y' 00")));
    second.send("90 04 00 03 00 00");
    settle();
    second.stream().close();
    auto third = accept_5("20 03 01 00 00");  // of the first broker, which does not know "y"
    CHECK(connector.attempts() == std::vector<std::string>{"a", "b", "a"});
    CHECK(third.receive(22) ==
          test::to_hex(test::hex("82 09 00 04 02 0B 01 00 01 'x' 10 82 09 00 05 02 0B 02 00 01 'y' "
                                 "10")));
    third.send("90 04 00 04 00 00 90 04 00 05 00 00");
    settle();
    third.stream().close();
    auto fourth = accept_5();
    fourth.receive(22);
    fourth.send("90 04 00 06 00 00 90 04 00 07 00 00");
    settle();
}

TEST_CASE_METHOD(test::scripted_fixture, "reconnect: a broker that is named and makes no sense") {
    auto wanted = options();
    wanted.maximum_redirects = 1;
    auto c = make(wanted);
    test::plain_outcome ran;
    c.async_run(ran.handler());
    auto broker = accept_5("20 09 00 9C 06 1C 00 03 'b:x'");  // Server Reference (3.2.2.3.16)
    broker.stream().close();
    CHECK(pass_time_until([&] { return connector.attempts().size() == 2; }));
    CHECK(connector.attempts() == std::vector<std::string>{"a", "a"});
    CHECK(ran.calls == 0);
}
