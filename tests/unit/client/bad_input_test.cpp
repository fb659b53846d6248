// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/scripted_fixture.hpp"

#include <asio/detached.hpp>

#include <optional>

using namespace asio_mqtt;
using test::scripted_fixture;

namespace {

/// A client that is not connected, or is: what is wrong is refused either way, and nothing of it is
/// sent.
struct bad_input_fixture : scripted_fixture {
    const protocol_version version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const bool is_connected = GENERATE(false, true);
    client c = make(options(version));
    std::optional<peer> broker;

    bad_input_fixture() {
        c.async_run(asio::detached);
        if (is_connected) broker.emplace(accept(version));
    }

    bool is_v5() const { return version == protocol_version::v5; }

    template <class Outcome>
    void check_refused(const Outcome& outcome, error_code expected) {
        settle();
        CAPTURE(outcome.error.message(), is_connected, is_v5());
        CHECK(outcome.failed_with(expected));
        CHECK(outcome.error == fault::caller);
    }

    void refuses_publish(std::string_view topic, const publish_options& how, error_code expected,
                         std::string_view content = {}) {
        test::publish_outcome published;
        c.async_publish(topic, content, how, published.handler());
        check_refused(published, expected);
    }
    void refuses_subscribe(std::string_view filter, const subscribe_options& how,
                           error_code expected) {
        test::subscribe_outcome subscribed;
        c.async_subscribe(filter, how, subscribed.handler());
        check_refused(subscribed, expected);
    }
    void refuses_unsubscribe(std::string_view filter, error_code expected) {
        test::subscribe_outcome unsubscribed;
        c.async_unsubscribe(filter, unsubscribed.handler());
        check_refused(unsubscribed, expected);
    }

    /// A proper publish is the first that the broker sees.
    void check_nothing_was_sent() {
        if (!is_connected) broker.emplace(accept(version));
        c.async_publish("end", "", qos::at_least_once, asio::detached);
        CHECK(broker->receive(is_v5() ? 10 : 9) ==
              test::to_hex(
                  test::hex(is_v5() ? "32 08 00 03 'end' 00 01 00" : "32 07 00 03 'end' 00 01")));
        CHECK(connector.attempts().size() == 1);
    }
};

const std::string too_long(65'536, 'x');
const std::string no_utf8 = "a\xC3\x28";

}  // namespace

TEST_CASE_METHOD(bad_input_fixture, "bad input: topic names (4.7) [immune-21]") {
    const publish_options plain{.qos = qos::exactly_once};
    refuses_publish("", plain, errc::invalid_topic_name);
    refuses_publish("a/+", plain, errc::invalid_topic_name);
    refuses_publish("#", plain, errc::invalid_topic_name);
    refuses_publish(std::string_view{"a\0b", 3}, plain, errc::invalid_topic_name);
    refuses_publish(no_utf8, plain, errc::invalid_topic_name);
    refuses_publish("\xED\xA0\x80", plain, errc::invalid_topic_name);  // a surrogate
    refuses_publish(too_long, plain, errc::invalid_topic_name);
    check_nothing_was_sent();
}

TEST_CASE_METHOD(bad_input_fixture, "bad input: topic filters (4.7, 4.8.2) [immune-25]") {
    for (const std::string& filter :
         {std::string{}, std::string{"a#"}, std::string{"#/"}, std::string{"#/a"},
          std::string{"a+/b"}, std::string{"a\0b", 3}, no_utf8, too_long}) {
        CAPTURE(filter.substr(0, 20));
        refuses_subscribe(filter, {}, errc::invalid_topic_filter);
        refuses_unsubscribe(filter, errc::invalid_topic_filter);
    }
    if (is_v5()) {  // shared subscriptions are of 5.0
        for (const char* filter : {"$share/g", "$share//t", "$share/g/", "$share/+/t"}) {
            CAPTURE(filter);
            refuses_subscribe(filter, {}, errc::invalid_topic_filter);
        }
        refuses_subscribe("$share/g/t", {.no_local = true}, errc::no_local_on_shared);
    }
    test::subscribe_outcome none, second;
    c.async_subscribe(std::vector<subscription>{}, none.handler());
    check_refused(none, errc::empty_list);
    c.async_subscribe(
        {{.filter = "fine"}, {.filter = "a#"}}, [](const message_view&) {}, second.handler());
    check_refused(second, errc::invalid_topic_filter);
    check_nothing_was_sent();
}

TEST_CASE_METHOD(bad_input_fixture, "bad input: QoS 3") {
    refuses_publish("t", {.qos = static_cast<qos>(3)}, errc::invalid_qos);
    if (is_v5()) {
        refuses_publish("t", {.qos = static_cast<qos>(3), .content_type = "x"}, errc::invalid_qos);
    }
    refuses_subscribe("t", {.qos = static_cast<qos>(3)}, errc::invalid_qos);
    check_nothing_was_sent();
}

TEST_CASE_METHOD(bad_input_fixture, "bad input: properties of 5.0 [immune-20] [immune-21]") {
    const auto refuses = [this](const publish_options& how, error_code in_v5) {
        refuses_publish("t", how, is_v5() ? in_v5 : errc::not_in_this_version);
    };
    if (is_v5()) {
        refuses({.response_topic = no_utf8}, errc::invalid_utf8);
        refuses({.response_topic = "a/#"}, errc::invalid_topic_name);
        refuses({.correlation_data = too_long}, errc::string_too_long);
        refuses({.content_type = no_utf8}, errc::invalid_utf8);
        refuses({.content_type = too_long}, errc::string_too_long);
        refuses({.user_properties = {{"k", no_utf8}}}, errc::invalid_utf8);
        refuses({.user_properties = {{too_long, "v"}}}, errc::string_too_long);
        refuses({.message_expiry_interval = std::chrono::seconds{-1}},
                errc::invalid_property_value);
        refuses({.message_expiry_interval = std::chrono::seconds{4'294'967'296}},
                errc::invalid_property_value);
    } else {
        refuses({.payload_format_indicator = payload_format::utf8}, {});
        refuses({.message_expiry_interval = std::chrono::seconds{1}}, {});
        refuses({.response_topic = "r"}, {});
        refuses({.correlation_data = ""}, {});
        refuses({.content_type = "c"}, {});
        refuses({.user_properties = {{"k", "v"}}}, {});
        refuses_subscribe("t", {.no_local = true}, errc::not_in_this_version);
        refuses_subscribe("t", {.retain_as_published = true}, errc::not_in_this_version);
        refuses_subscribe("t", {.retain_handling = retain_handling::do_not_send},
                          errc::not_in_this_version);
        refuses_subscribe("t", {.user_properties = {{"k", "v"}}}, errc::not_in_this_version);
    }
    check_nothing_was_sent();
}

TEST_CASE_METHOD(scripted_fixture,
                 "bad input: a packet over 268,435,460 bytes (2.1.4) [immune-26]") {
    auto c = make();
    c.async_run(asio::detached);
    auto broker = accept_5();
    test::publish_outcome published;
    c.async_publish("t", std::string(268'435'456, 'x'), qos::at_least_once, published.handler());
    settle();
    CHECK(published.failed_with(errc::packet_too_large));
    CHECK(published.error == fault::caller);
}

TEST_CASE_METHOD(scripted_fixture,
                 "bad input: over what the broker has announced (3.2.2.3) [immune-26]") {
    auto c = make();
    c.async_run(asio::detached);
    // Maximum QoS 0, Retain Available 0, Maximum Packet Size 20.
    auto broker = accept_5("20 0C 00 00 09 24 00 25 00 27 00 00 00 14");
    test::publish_outcome too_good, retained, too_large, fits;
    c.async_publish("t", "", qos::at_least_once, too_good.handler());
    c.async_publish("t", "", {.retain = true}, retained.handler());
    c.async_publish("t", std::string(15, 'x'), qos::at_most_once, too_large.handler());
    c.async_publish("t", std::string(14, 'x'), qos::at_most_once, fits.handler());
    CHECK(broker.receive(20) == test::to_hex(test::hex("30 12 00 01 't' 00 'xxxxxxxxxxxxxx'")));
    CHECK(too_good.failed_with(errc::qos_not_supported));
    CHECK(retained.failed_with(errc::retain_not_supported));
    CHECK(too_large.failed_with(errc::packet_too_large));
    CHECK(too_good.error == fault::caller);
    CHECK(retained.error == fault::caller);
    CHECK(too_large.error == fault::caller);
    CHECK(fits.succeeded());
}

namespace {

/// async_run() with these options ends with the error, and does not try to connect.
void check_options(client_options wrong, error_code expected) {
    scripted_fixture f;
    auto c = f.make(std::move(wrong));
    test::plain_outcome ran;
    test::publish_outcome published;
    c.async_publish("t", "", qos::at_least_once, published.handler());
    c.async_run(ran.handler());
    f.settle();
    CAPTURE(ran.error.message());
    CHECK(ran.failed_with(expected));
    CHECK(ran.error == fault::caller);
    CHECK(published.failed_with(expected));
    CHECK(f.connector.attempts().empty());
}

client_options with(const std::function<void(client_options&)>& change,
                    protocol_version version = protocol_version::v5) {
    client_options changed = scripted_fixture::options(version);
    change(changed);
    return changed;
}

}  // namespace

TEST_CASE("bad input: brokers that are none") {
    check_options(with([](auto& o) { o.brokers.clear(); }), errc::no_broker_given);
    for (const char* url :
         {"", "localhost", "localhost:1883", "mqtt://", "mqtt://:1883", "mqtt://host:0",
          "mqtt://host:65536", "mqtt://host:port", "mqtt://[::1", "mqtt://user@host",
          "mqtt://host ", "mqtt://ho st", "mqtt://host\n", "mqtt://host?x=1", "mqtt://host#x"}) {
        CAPTURE(url);
        check_options(with([&](auto& o) { o.brokers = {url}; }), errc::invalid_broker_address);
        check_options(with([&](auto& o) { o.brokers.push_back(url); }),
                      errc::invalid_broker_address);
    }
}

TEST_CASE("bad input: a scheme that the connector does not have") {
    asio::io_context io;
    // Also where its turn would come later: nothing is connected to.
    client c{io, {.brokers = {"mqtt://127.0.0.1:1", "http://127.0.0.1:1"}}};
    test::plain_outcome ran;
    c.async_run(ran.handler());
    REQUIRE(test::run_until(io, [&] { return ran.calls != 0; }));
    CHECK(ran.failed_with(errc::unknown_broker_scheme));
}

TEST_CASE("bad input: options of the connection") {
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    check_options(with([](auto& o) { o.keep_alive = seconds{65'536}; }), errc::invalid_keep_alive);
    check_options(with([](auto& o) { o.keep_alive = seconds{-1}; }), errc::invalid_keep_alive);
    check_options(with([](auto& o) { o.session_expiry_interval = seconds{-1}; }),
                  errc::invalid_session_expiry_interval);
    check_options(with([](auto& o) { o.receive_maximum = 0; }), errc::invalid_receive_maximum);
    check_options(with([](auto& o) { o.assumed_receive_maximum = 0; }),
                  errc::invalid_receive_maximum);
    check_options(with([](auto& o) { o.maximum_packet_size = 0; }),
                  errc::invalid_maximum_packet_size);
    check_options(with([](auto& o) { o.in_flight_size = 0; }), errc::invalid_buffer_size);
    check_options(with([](auto& o) { o.receive_buffer_size = 0; }), errc::invalid_buffer_size);
    check_options(with([](auto& o) { o.connect_timeout = milliseconds{0}; }),
                  errc::invalid_timeout);
    check_options(with([](auto& o) { o.connack_timeout = milliseconds{0}; }),
                  errc::invalid_timeout);
    check_options(with([](auto& o) { o.ping_response_timeout = milliseconds{0}; }),
                  errc::invalid_timeout);
    check_options(with([](auto& o) { o.disconnect_timeout = milliseconds{-1}; }),
                  errc::invalid_timeout);
    check_options(with([](auto& o) { o.minimum_reconnect_delay = -seconds{1}; }),
                  errc::invalid_reconnect_delay);
    check_options(with([](auto& o) { o.maximum_reconnect_delay = milliseconds{499}; }),
                  errc::invalid_reconnect_delay);
    check_options(with([](auto& o) { o.stable_period = -seconds{1}; }),
                  errc::invalid_reconnect_delay);
    check_options(with([](auto& o) { o.client_id = no_utf8; }), errc::invalid_client_id);
    check_options(with([](auto& o) { o.client_id = too_long; }), errc::invalid_client_id);
    check_options(with([](auto& o) { o.user_name = no_utf8; }), errc::invalid_credentials);
    check_options(with([](auto& o) { o.user_name = too_long; }), errc::invalid_credentials);
    check_options(with([](auto& o) { o.password = too_long; }), errc::invalid_credentials);
    check_options(with([](auto& o) {
                      o.connect_user_properties = {{"k", no_utf8}};
                  }),
                  errc::invalid_utf8);
    check_options(with([](auto& o) { o.will = will_options{.topic = ""}; }), errc::invalid_will);
    check_options(with([](auto& o) { o.will = will_options{.topic = "a/#"}; }), errc::invalid_will);
    check_options(with([](auto& o) { o.will = will_options{.topic = "w", .payload = too_long}; }),
                  errc::invalid_will);
    check_options(
        with([](auto& o) { o.will = will_options{.topic = "w", .content_type = no_utf8}; }),
        errc::invalid_will);
    check_options(with([](auto& o) {
                      o.will = will_options{.topic = "w", .delay_interval = seconds{4'294'967'296}};
                  }),
                  errc::invalid_will);
    check_options(
        with([](auto& o) { o.will = will_options{.topic = "w", .delay_interval = seconds{-1}}; }),
        errc::invalid_will);
    check_options(with([](auto& o) {
                      o.will = will_options{.topic = "w", .message_expiry_interval = seconds{-1}};
                  }),
                  errc::invalid_will);
}

TEST_CASE_METHOD(scripted_fixture, "bad input: a queue without room") {
    auto wanted = options();
    wanted.queue_size = 0;
    auto c = make(wanted);
    test::plain_outcome ran;
    c.async_run(ran.handler());
    settle();
    CHECK(ran.failed_with(errc::invalid_buffer_size));
}

TEST_CASE("bad input: options that 3.1.1 does not have") {
    constexpr auto v3 = protocol_version::v3_1_1;
    check_options(with([](auto& o) { o.password = "p"; }, v3), errc::user_name_required);
    check_options(with([](auto& o) { o.receive_maximum = 5; }, v3), errc::not_in_this_version);
    check_options(with([](auto& o) { o.topic_alias_maximum = 5; }, v3), errc::not_in_this_version);
    check_options(with(
                      [](auto& o) {
                          o.connect_user_properties = {{"k", "v"}};
                      },
                      v3),
                  errc::not_in_this_version);
    check_options(with(
                      [](auto& o) {
                          o.will =
                              will_options{.topic = "w", .delay_interval = std::chrono::seconds{1}};
                      },
                      v3),
                  errc::not_in_this_version);
    check_options(
        with([](auto& o) { o.will = will_options{.topic = "w", .content_type = "c"}; }, v3),
        errc::not_in_this_version);
}
