// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/session/session_driver.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("subscribing: SUBSCRIBE, SUBACK, messages for the handler (3.8)") {
    session_driver driver{v3};
    driver.go_online();
    driver.subscribe("s", {{.filter = "a/+", .qos = qos_1}, {.filter = "b", .qos = qos_2}}, "h");
    CHECK(driver.written() == to_hex(hex("82 0C 00 01 00 03 'a/+' 01 00 01 'b' 02")));
    // Messages may come before the SUBACK (3.8.4).
    CHECK(driver.receive("30 06 00 03 'a/1' 'x'") == "message a/1=x >h");
    CHECK(driver.receive("90 04 00 01 01 02") == "s done");
    CHECK(driver.receive("30 04 00 01 'b' 'x' 30 04 00 01 'c' 'x'") ==
          "message b=x >h, message c=x");
}

TEST_CASE("subscribing: options and identifier of 5.0 (3.8.3.1)") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("s",
                     {{.filter = "a",
                       .qos = qos_2,
                       .no_local = true,
                       .retain_as_published = true,
                       .retain_handling = retain_handling::do_not_send}},
                     "h");
    CHECK(driver.written() == to_hex(hex("82 09 00 01 02 0B 01 00 01 'a' 2E")));
    CHECK(driver.receive("90 04 00 01 00 02") == "s done");
}

TEST_CASE("subscribing: the reason codes are told, the first refusal is the error") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("s", {{.filter = "a"}, {.filter = "b"}, {.filter = "c"}}, "h");
    driver.written();
    const std::vector<std::byte> bytes = hex("90 06 00 01 00 00 87 97");
    std::span<const std::byte> rest{bytes};
    driver.feed(rest);
    const session_event event = driver.core.next_event();
    CHECK(event.what == session_event::kind::completed);
    CHECK(event.error == reason_code::not_authorized);
    std::vector<reason_code> reasons;
    for (const reason_code reason : event.reasons)
        reasons.push_back(reason);
    CHECK(reasons == std::vector{reason_code::granted_qos_0, reason_code::not_authorized,
                                 reason_code::quota_exceeded});
    CHECK(driver.receive("30 04 00 01 'a' 00 30 04 00 01 'b' 00") == "message a= >h, message b=");

    session_driver old{v3};
    old.go_online();
    old.subscribe("s", {{.filter = "a"}});
    old.written();
    CHECK(old.receive("90 03 00 01 80") == "s: Unspecified error");  // 3.9.3 of 3.1.1
}

TEST_CASE("subscribing: messages go by their identifiers, without any by their topic") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("", {{.filter = "a/#"}}, "one");
    driver.subscribe("", {{.filter = "+/b"}}, "two");
    driver.written();
    driver.receive("90 04 00 01 00 00 90 04 00 02 00 00");
    // (3.3.4) Copies of one message for overlapping filters, or one with both identifiers.
    CHECK(driver.receive("30 08 00 03 'a/b' 02 0B 01") == "message a/b= >one");
    CHECK(driver.receive("30 08 00 03 'a/b' 02 0B 02") == "message a/b= >two");
    const std::string both = driver.receive("30 0A 00 03 'a/b' 04 0B 02 0B 01");
    CHECK((both == "message a/b= >one >two" || both == "message a/b= >two >one"));
    const std::string none = driver.receive("30 06 00 03 'a/b' 00");
    CHECK((none == "message a/b= >one >two" || none == "message a/b= >two >one"));
    // An identifier of nobody; and a topic that the broker has rewritten.
    CHECK(driver.receive("30 08 00 03 'x/b' 02 0B 63") == "message x/b= >two");
    CHECK(driver.receive("30 08 00 03 'x/y' 02 0B 01") == "message x/y= >one");
}

TEST_CASE("subscribing: identifiers of the caller may be shared") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("", {{.filter = "a"}}, "one", 7);
    driver.subscribe("", {{.filter = "b"}}, "two", 7);
    CHECK(driver.written() ==
          to_hex(hex("82 09 00 01 02 0B 07 00 01 'a' 00 82 09 00 02 02 0B 07 00 01 'b' 00")));
    driver.receive("90 04 00 01 00 00 90 04 00 02 00 00");
    CHECK(driver.receive("30 06 00 01 'a' 02 0B 07") == "message a= >one");
    CHECK(driver.receive("30 06 00 01 'b' 02 0B 07") == "message b= >two");
}

TEST_CASE("subscribing: a broker without identifiers gets none of ours") {
    session_driver driver{v5};
    driver.subscribe("before", {{.filter = "a"}}, "h");
    driver.go_online("20 05 00 00 02 29 00");  // Subscription Identifier Available 0
    CHECK(driver.written() == to_hex(hex("82 07 00 01 00 00 01 'a' 00")));
    CHECK(driver.receive("90 04 00 01 00 87") == "before: Not authorized");
    CHECK(driver.receive("30 04 00 01 'a' 00") == "message a=");
    driver.subscribe("after", {{.filter = "b"}}, "h");
    CHECK(driver.written() == to_hex(hex("82 07 00 02 00 00 01 'b' 00")));
    driver.subscribe("own", {{.filter = "c"}}, "h", 5);
    CHECK(driver.refusal == errc::subscription_identifier_not_supported);
}

TEST_CASE("subscribing: a lost session is subscribed to again, with all options") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("",
                     {{.filter = "a",
                       .qos = qos_2,
                       .no_local = true,
                       .retain_as_published = true,
                       .retain_handling = retain_handling::send_if_new},
                      {.filter = "b", .qos = qos_1}},
                     "h");
    driver.subscribe("", {{.filter = "refused"}});
    driver.written();
    driver.receive("90 05 00 01 00 02 01 90 04 00 02 00 87");
    driver.resume();
    CHECK(driver.written() == "");  // the broker has them
    driver.lose();
    driver.go_online();
    CHECK(driver.written() == to_hex(hex("82 09 00 03 02 0B 01 00 01 'a' 1E"
                                         "82 09 00 04 02 0B 01 00 01 'b' 01")));
    CHECK(driver.receive("90 04 00 03 00 02") == "");
    // Lost again before the second answer: one is renewed, the other still asked for.
    driver.lose();
    driver.go_online();
    CHECK(driver.written() == to_hex(hex("82 09 00 05 02 0B 01 00 01 'a' 1E"
                                         "82 09 00 06 02 0B 01 00 01 'b' 01")));
    CHECK(driver.receive("90 04 00 05 00 02 90 04 00 06 00 01") == "");
    CHECK(driver.receive("30 06 00 01 'a' 02 0B 01") == "message a= >h");
}

TEST_CASE("subscribing: what 5.0 alone can say of a renewal does not cost it a 3.1.1 broker") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("", {{.filter = "a", .qos = qos_1}}, "h");
    driver.written();
    driver.receive("90 04 00 01 00 01");
    driver.lose();
    driver.connect();  // and no CONNACK: the session may be another one when the next one comes
    driver.resume();
    // (3.8.3.1) Retain Handling 1: the broker may know the subscription.
    CHECK(driver.written() == to_hex(hex("82 09 00 02 02 0B 01 00 01 'a' 11")));
    driver.lose();
    driver.core.use_version(v3);
    REQUIRE_FALSE(driver.core.connect(kept_session(v3), driver.now));
    driver.written();
    CHECK(driver.receive("20 02 01 00") == "connected");
    CHECK(driver.written() == to_hex(hex("82 06 00 03 00 01 'a' 01")));
    CHECK(driver.receive("90 03 00 03 01") == "");
    CHECK(driver.receive("30 04 00 01 'a' 'x'") == "message a=x >h");
}

TEST_CASE("subscribing: a subscription that 3.1.1 cannot express is lost with the session") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("", {{.filter = "a", .no_local = true}});
    driver.written();
    driver.receive("90 04 00 01 00 00");
    driver.lose();
    driver.core.use_version(v3);
    REQUIRE_FALSE(driver.core.connect(kept_session(v3), driver.now));
    driver.written();
    CHECK(driver.receive("20 02 00 00") == "connected");
    CHECK(driver.written() == "");
    CHECK(driver.events() == "lost a: " + make_error_code(errc::not_in_this_version).message());
}

TEST_CASE("subscribing: requests that got no answer are made again") {
    const auto version = GENERATE(v3, v5);
    const bool is_kept = GENERATE(true, false);
    session_driver driver{version};
    driver.go_online();
    driver.subscribe("s", {{.filter = "a"}}, "h");
    driver.unsubscribe("u", {"b"});
    driver.written();
    driver.lose();
    driver.subscribe("later", {{.filter = "c"}}, "h");
    driver.go_online(is_kept ? resumed[version] : accepted[version]);
    CHECK(driver.written() ==
          to_hex(hex(version == v3 ? "82 06 00 03 00 01 'a' 00 A2 05 00 04 00 01 'b'"
                                     "82 06 00 05 00 01 'c' 00"
                                   : "82 09 00 03 02 0B 01 00 01 'a' 00 A2 06 00 04 00 00 01 'b'"
                                     "82 09 00 05 02 0B 02 00 01 'c' 00")));
    CHECK(driver.receive(version == v3 ? "90 03 00 03 00 B0 02 00 04 90 03 00 05 00"
                                       : "90 04 00 03 00 00 B0 04 00 04 00 00 90 04 00 05 00 00") ==
          "s done, u done, later done");
}

TEST_CASE("subscribing: a renewal comes before an UNSUBSCRIBE that was waiting") {
    session_driver driver{v3};
    driver.go_online();
    driver.subscribe("", {{.filter = "a"}}, "h");
    driver.written();
    driver.receive("90 03 00 01 00");
    driver.unsubscribe("sent", {"a"});
    driver.written();
    driver.lose();
    driver.go_online();
    CHECK(driver.written() == to_hex(hex("82 06 00 03 00 01 'a' 00 A2 05 00 04 00 01 'a'")));
    CHECK(driver.receive("90 03 00 03 00 B0 02 00 04") == "sent done");
    driver.lose();
    driver.go_online();
    CHECK(driver.written() == "");
}

TEST_CASE("subscribing: UNSUBSCRIBE and at once SUBSCRIBE to the same filter") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    driver.go_online();
    driver.subscribe("", {{.filter = "a"}}, "old");
    driver.written();
    driver.receive(version == v3 ? "90 03 00 01 00" : "90 04 00 01 00 00");
    driver.unsubscribe("u", {"a"});
    driver.subscribe("s", {{.filter = "a"}}, "new");
    driver.written();
    CHECK(driver.receive(version == v3 ? "B0 02 00 02" : "B0 04 00 02 00 00") == "u done");
    CHECK(driver.receive(version == v3 ? "90 03 00 03 00" : "90 04 00 03 00 00") == "s done");
    CHECK(driver.receive(version == v3 ? "30 03 00 01 'a'" : "30 06 00 01 'a' 02 0B 02") ==
          "message a= >new");
    driver.lose();
    driver.go_online();
    CHECK(driver.written() == to_hex(hex(version == v3 ? "82 06 00 04 00 01 'a' 00"
                                                       : "82 09 00 04 02 0B 02 00 01 'a' 00")));
}

TEST_CASE("subscribing: once more to a filter, the older handler stays until the broker accepts") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("", {{.filter = "a"}}, "old");
    driver.written();
    driver.receive("90 04 00 01 00 00");
    outbound_request* const again =
        driver.subscribe("again", {{.filter = "a", .qos = qos_1}}, "new");
    SECTION("accepted") {
        driver.written();
        CHECK(driver.receive("30 06 00 01 'a' 02 0B 01") == "message a= >old");
        CHECK(driver.receive("90 04 00 02 00 01") == "again done");
        CHECK(driver.receive("30 06 00 01 'a' 02 0B 02") == "message a= >new");
        // One that the broker still had under the older identifier
        CHECK(driver.receive("30 06 00 01 'a' 02 0B 01") == "message a= >new");
        driver.lose();
        driver.go_online();
        CHECK(driver.written() == to_hex(hex("82 09 00 03 02 0B 02 00 01 'a' 01")));
    }
    SECTION("refused") {
        driver.written();
        CHECK(driver.receive("90 04 00 02 00 97") == "again: Quota exceeded");
        CHECK(driver.receive("30 06 00 01 'a' 02 0B 01") == "message a= >old");
        driver.lose();
        driver.go_online();
        CHECK(driver.written() == to_hex(hex("82 09 00 03 02 0B 01 00 01 'a' 00")));
    }
    SECTION("cancelled before it was sent") {
        driver.core.cancel(*again);
        CHECK(driver.written() == "");
        CHECK(driver.receive("30 04 00 01 'a' 00") == "message a= >old");
        driver.lose();
        driver.go_online();
        CHECK(driver.written() == to_hex(hex("82 09 00 02 02 0B 01 00 01 'a' 00")));
    }
}

TEST_CASE("subscribing: of two in flight for one filter, 3.1.1 tells them apart, too") {
    session_driver driver{v3};
    driver.go_online();
    driver.subscribe("first", {{.filter = "a"}}, "first");
    driver.subscribe("second", {{.filter = "a"}}, "second");
    driver.written();
    CHECK(driver.receive("90 03 00 01 80") == "first: Unspecified error");
    CHECK(driver.receive("90 03 00 02 00") == "second done");
    CHECK(driver.receive("30 03 00 01 'a'") == "message a= >second");
}

TEST_CASE("subscribing: an unsubscribe that the broker refuses changes nothing") {
    session_driver driver{v5};
    driver.go_online();
    driver.subscribe("", {{.filter = "a"}, {.filter = "b"}}, "h");
    driver.written();
    driver.receive("90 05 00 01 00 00 00");
    driver.unsubscribe("u", {"a", "b"});
    CHECK(driver.written() == to_hex(hex("A2 09 00 02 00 00 01 'a' 00 01 'b'")));
    CHECK(driver.receive("30 04 00 01 'a' 00") == "message a= >h");  // until then
    CHECK(driver.receive("B0 05 00 02 00 87 11") == "u: Not authorized");
    CHECK(driver.receive("30 04 00 01 'a' 00 30 04 00 01 'b' 00") == "message a= >h, message b=");
}

namespace {

/// The session that is present may not be the one in which the subscription was made: it is asked
/// for again, once.
template <class Doubt>
void check_made_sure_of(session_driver& driver, Doubt&& doubt) {
    const bool is_v5 = driver.version == v5;
    driver.go_online();
    driver.subscribe("", {{.filter = "a"}}, "h");
    driver.written();
    driver.receive(is_v5 ? "90 04 00 01 00 00" : "90 03 00 01 00");
    driver.lose();
    doubt();
    driver.go_online(resumed[driver.version]);
    // In 5.0 retained messages come only if the subscription was gone (3.8.3.1).
    CHECK(driver.written() ==
          to_hex(hex(is_v5 ? "82 09 00 02 02 0B 01 00 01 'a' 10" : "82 06 00 02 00 01 'a' 00")));
    driver.receive(is_v5 ? "90 04 00 02 00 00" : "90 03 00 02 00");
    driver.resume();
    CHECK(driver.written() == "");
}

}  // namespace

TEST_CASE("subscribing: after a CONNACK that never came, the subscriptions are made sure of") {
    const auto version = GENERATE(v3, v5);
    session_driver driver{version};
    check_made_sure_of(driver, [&] {
        driver.connect();  // the broker may have answered that the session is lost, and begun a new
        driver.lose();
    });
    driver.lose();
    driver.connect();
    driver.receive(version == v3 ? "20 02 00 03" : "20 03 00 88 00");  // a refusal is an answer
    driver.lose();
    driver.go_online(resumed[version]);
    CHECK(driver.written() == "");
}

TEST_CASE("subscribing: a session that another broker has is made sure of") {
    session_driver driver{GENERATE(v3, v5)};
    // Its session is older than the subscription.
    check_made_sure_of(driver, [&] { driver.core.change_broker(); });
}

TEST_CASE("subscribing: shared filters, $SYS, and a handler for two filters that match") {
    session_driver driver{v3};
    driver.go_online();
    driver.subscribe("", {{.filter = "$share/g/a/+"}}, "shared");
    driver.subscribe("", {{.filter = "a/1"}, {.filter = "a/#"}}, "both");
    driver.subscribe("", {{.filter = "#"}}, "all");
    driver.written();
    driver.unsubscribe("", {"a/+"});  // not the shared one
    driver.written();
    driver.receive("B0 02 00 04");
    std::string events = driver.receive("30 05 00 03 'a/1'");
    CHECK(events.size() == std::string{"message a/1= >shared >both >all"}.size());
    CHECK(events.find(">shared") != std::string::npos);
    CHECK(events.find(">both") != std::string::npos);
    CHECK(events.find(">all") != std::string::npos);
    CHECK(driver.receive("30 08 00 06 '$SYS/x'") == "message $SYS/x=");  // [MQTT-4.7.2-1]
}

TEST_CASE("subscribing: bad filters are refused at the call [immune-25]") {
    const auto version = GENERATE(v3, v5);
    const bool is_online = GENERATE(true, false);
    session_driver driver{version};
    if (is_online) driver.go_online();
    for (const char* filter : {"", "#/", "a+", "a/#/b", "$share//x", "$share/g/", "\xC0\xAF"}) {
        INFO(filter);
        driver.subscribe("s", {{.filter = filter}});
        CHECK(driver.refusal == errc::invalid_topic_filter);
        driver.unsubscribe("u", {filter});
        CHECK(driver.refusal == errc::invalid_topic_filter);
    }
    driver.subscribe("s", {});
    CHECK(driver.refusal == errc::empty_list);
    driver.subscribe("s", {{.filter = std::string(65'536, 'x')}});
    CHECK(driver.refusal == errc::invalid_topic_filter);
    driver.subscribe("s", {{.filter = "a", .no_local = true}});
    CHECK(driver.refusal == (version == v3 ? error_code{errc::not_in_this_version} : error_code{}));
    if (version == v3) {
        driver.subscribe("s", {{.filter = "a"}}, "h", 5);
        CHECK(driver.refusal == errc::not_in_this_version);
        CHECK(driver.written() == "");
    }
}
