// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/reconnect.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

using namespace asio_mqtt;
using namespace std::chrono_literals;
using detail::reconnect;
using detail::reconnect_settings;

namespace {

constexpr auto v3 = protocol_version::v3_1_1;
constexpr auto v5 = protocol_version::v5;
constexpr auto for_ever = std::chrono::milliseconds::max();

/// A client's connections, told to a reconnect.
struct world {
    explicit world(reconnect_settings settings = {}) : core{complete(settings)} { core.start(); }

    /// An attempt fails without a connection.
    reconnect_plan fail(error_code error = errc::connect_timeout) {
        core.attempt_begins();
        return core.ended(error, {}, false, now);
    }
    /// The broker accepts, and the connection ends after a while.
    reconnect_plan lose_after(std::chrono::milliseconds time,
                              error_code error = errc::connection_closed,
                              std::string_view reference = {}) {
        core.attempt_begins();
        core.accepted(now);
        now += time;
        return core.ended(error, reference, false, now);
    }
    /// The broker refuses, and names others.
    reconnect_plan refuse(reason_code reason, std::string_view reference) {
        core.attempt_begins();
        return core.ended(reason, reference, false, now);
    }
    /// The broker ends the connection without a CONNACK.
    reconnect_plan drop() {
        core.attempt_begins();
        return core.ended(errc::connection_closed, {}, true, now);
    }
    /// The brokers of so many attempts that fail.
    std::vector<std::string> fail_at(int count) {
        std::vector<std::string> tried;
        while (count-- > 0) {
            fail();
            tried.push_back(core.broker());
        }
        return tried;
    }

    std::vector<std::string> brokers{"mqtt://a", "mqtt://b:1"};
    reconnect core;
    time_point now{1'000s};

private:
    reconnect_settings complete(reconnect_settings settings) const {
        settings.brokers = brokers;
        settings.minimum_delay = 500ms;
        settings.maximum_delay = 4s;
        settings.stable_period = 10s;
        return settings;
    }
};

/// The longest of many waits after so many failures, each with another seed: close to the limit.
std::chrono::milliseconds longest_wait(int failures) {
    std::chrono::milliseconds longest{0};
    for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
        world w{{.seed = seed}};
        for (int i = 1; i < failures; ++i)
            w.fail();
        longest = std::max(longest, w.fail().delay);
    }
    return longest;
}

}  // namespace

TEST_CASE("reconnect: waits are random below a limit that doubles up to a maximum") {
    const std::chrono::milliseconds limits[] = {500ms, 1s, 2s, 4s, 4s};
    for (int i = 0; i < 5; ++i) {
        CAPTURE(i);
        const auto longest = longest_wait(i + 1);
        CHECK(longest <= limits[i]);
        CHECK(longest > limits[i] * 9 / 10);
    }
}

TEST_CASE("reconnect: the seed alone decides the waits") {
    world one{{.seed = 7}}, same{{.seed = 7}}, other{{.seed = 8}};
    bool differs = false;
    for (int i = 0; i < 10; ++i) {
        const auto delay = one.fail().delay;
        CHECK(same.fail().delay == delay);
        differs |= other.fail().delay != delay;
    }
    CHECK(differs);
}

TEST_CASE("reconnect: only a connection that lasted starts the waits over [immune-59]") {
    world w{{.seed = 3}};
    for (unsigned i = 1; i <= 5; ++i)
        CHECK(w.lose_after(9'999ms).attempt == i);
    CHECK(w.lose_after(10s).attempt == 0);
    for (int i = 0; i < 100; ++i)
        CHECK(w.lose_after(10s).delay <= 500ms);
}

TEST_CASE("reconnect: brokers are tried in turn") {
    world w;
    CHECK(w.fail_at(4) ==
          std::vector<std::string>{"mqtt://a", "mqtt://b:1", "mqtt://a", "mqtt://b:1"});
}

TEST_CASE("reconnect: what no try can heal ends it") {
    world w;
    CHECK(w.fail(errc::connect_timeout).try_again);
    CHECK(w.fail(reason_code::server_busy).try_again);
    CHECK(w.fail(reason_code::server_unavailable).try_again);
    CHECK(w.fail(errc::session_state_missing).try_again);
    CHECK(w.fail(std::make_error_code(std::errc::network_unreachable)).try_again);
    CHECK_FALSE(w.fail(reason_code::bad_user_name_or_password).try_again);
    CHECK_FALSE(w.fail(reason_code::not_authorized).try_again);
    CHECK_FALSE(w.fail(reason_code::unsupported_protocol_version).try_again);
    CHECK_FALSE(w.lose_after(1h, reason_code::session_taken_over).try_again);
    CHECK_FALSE(w.fail(errc::invalid_utf8).try_again);
}

TEST_CASE("reconnect: another broker is followed at once, where that is allowed (4.11)") {
    SECTION("not by itself") {
        world w;
        w.refuse(reason_code::use_another_server, "c:2");
        w.fail();
        CHECK(w.core.broker() == "mqtt://b:1");
    }
    SECTION("to the first that it names") {
        world w{{.maximum_redirects = 1}};
        const auto plan = w.refuse(reason_code::use_another_server, "c:2 d:3");
        CHECK(plan.try_again);
        CHECK(plan.delay == 0ms);
        CHECK(plan.broker == "mqtt://a");
        w.fail();
        CHECK(w.core.broker() == "mqtt://c:2");
        w.fail();  // it was in place of the first of the list
        CHECK(w.core.broker() == "mqtt://a");
    }
    SECTION("a reference that is empty is none") {
        world w{{.maximum_redirects = 1}};
        w.refuse(reason_code::server_moved, "");
        w.fail();
        CHECK(w.core.broker() == "mqtt://b:1");
    }
}

TEST_CASE("reconnect: brokers that send a client to each other are not called without end") {
    world w{{.maximum_redirects = 3}};
    int at_once = 0;
    for (int i = 0; i < 20; ++i) {
        const std::string_view other = i % 2 == 0 ? "c" : "d";
        // It is accepted each time, and the connection does not last.
        if (w.lose_after(1s, reason_code::use_another_server, other).delay == 0ms) ++at_once;
    }
    CHECK(at_once >= 3);
    CHECK(at_once <= 5);  // a random wait may be none
}

TEST_CASE("reconnect: after server_moved the new broker is kept while it accepts (4.11)") {
    world w{{.maximum_redirects = 1}};
    w.refuse(reason_code::server_moved, "c");
    w.lose_after(1h);
    CHECK(w.core.broker() == "mqtt://c");
    w.lose_after(1h);
    CHECK(w.core.broker() == "mqtt://c");
    w.fail();
    CHECK(w.core.broker() == "mqtt://c");
    w.fail();
    CHECK(w.core.broker() == "mqtt://a");
}

TEST_CASE("reconnect: falls back to 3.1.1, where that is allowed") {
    SECTION("not by itself") {
        world w;
        CHECK_FALSE(w.fail(reason_code::unsupported_protocol_version).try_again);
        w.drop(), w.drop(), w.drop();
        CHECK(w.core.version() == v5);
    }
    SECTION("when the broker says that it does not know 5.0: at once, the same broker") {
        world w{{.falls_back = true}};
        const auto plan = w.fail(reason_code::unsupported_protocol_version);
        CHECK(plan.try_again);
        CHECK(plan.delay == 0ms);
        CHECK(w.core.version() == v3);
        w.fail();
        CHECK(w.core.broker() == "mqtt://a");
        CHECK(w.core.version() == v3);
        // 3.1.1 is not known either: there is nothing left to try.
        CHECK_FALSE(w.fail(reason_code::unsupported_protocol_version).try_again);
    }
    SECTION("when two connections in a row are dropped without an answer") {
        world w{{.falls_back = true}};
        w.drop();
        w.fail();  // a dead broker does not count
        w.drop();
        CHECK(w.core.version() == v5);
        w.drop();
        CHECK(w.core.version() == v3);
        SECTION("and back, when 3.1.1 is dropped as well") {
            w.drop();
            CHECK(w.core.version() == v5);
        }
        SECTION("and stays there") {
            w.lose_after(1h);
            w.fail();
            CHECK(w.core.version() == v3);
            w.core.start();
            CHECK(w.core.version() == v5);
        }
    }
}

TEST_CASE("reconnect: waits grow without a minimum, too") {
    const std::string brokers[] = {"mqtt://a"};
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        reconnect core{{.brokers = brokers, .maximum_delay = 4s, .seed = seed}};
        core.start();
        std::chrono::milliseconds most{0};
        for (int i = 0; i < 20; ++i) {
            core.attempt_begins();
            const auto delay = core.ended(errc::connect_timeout, {}, false, time_point{1s}).delay;
            CHECK(delay <= 4s);
            most = std::max(most, delay);
        }
        CHECK(most > 1s);
    }
}

TEST_CASE("reconnect: the longest waits and periods that there are") {
    const std::string brokers[] = {"mqtt://a"};
    const auto minimum = GENERATE(0ms, 500ms, for_ever / 2, for_ever / 2 + 1ms, for_ever);
    reconnect core{{.brokers = brokers,
                    .minimum_delay = minimum,
                    .maximum_delay = for_ever,
                    .stable_period = for_ever,
                    .seed = 1}};
    core.start();
    time_point now{1'000s};
    std::chrono::milliseconds last{0};
    for (unsigned i = 1; i <= 200; ++i) {
        core.attempt_begins();
        core.accepted(now);
        now += 24h;
        const auto plan = core.ended(errc::connection_closed, {}, false, now);
        CHECK(plan.delay >= 0ms);
        CHECK(plan.attempt == i);  // no connection lasts for so long
        last = std::max(last, plan.delay);
    }
    CHECK(last > for_ever / 2);
}

TEST_CASE("reconnect: only one broker that drops twice is taken for one of 3.1.1") {
    world w{{.falls_back = true}};
    std::map<std::string, int> drops;
    SECTION("and not two that drop once each") {
        for (int i = 0; i < 4; ++i) {
            w.core.attempt_begins();
            const bool is_dropped = ++drops[w.core.broker()] == 1;
            if (!is_dropped) w.core.accepted(w.now);
            w.core.ended(errc::connection_closed, {}, is_dropped, w.now);
            CHECK(w.core.version() == v5);
        }
        CHECK(drops.size() == 2);
    }
    SECTION("also while another one is out of reach") {
        for (int i = 0; i < 4 && w.core.version() == v5; ++i) {
            w.core.attempt_begins();
            const bool is_dropped = w.core.broker() == "mqtt://a";
            w.core.ended(errc::connection_closed, {}, is_dropped, w.now);
        }
        CHECK(w.core.version() == v3);
        w.core.attempt_begins();
        CHECK(w.core.broker() == "mqtt://a");
    }
    SECTION("also when all of them do") {
        for (int i = 0; i < 4 && w.core.version() == v5; ++i) {
            w.core.attempt_begins();
            ++drops[w.core.broker()];
            w.core.ended(errc::connection_closed, {}, true, w.now);
        }
        CHECK(w.core.version() == v3);
        w.core.attempt_begins();
        CHECK(drops[w.core.broker()] == 2);
    }
}
