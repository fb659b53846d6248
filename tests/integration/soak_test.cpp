// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "integration/mosquitto.hpp"
#include "integration/tcp_relay.hpp"
#include "integration/test_client.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <random>
#include <string>
#include <vector>

namespace mqtt = asio_mqtt;
using mqtt::protocol_version;
using mqtt::qos;

// Messages at QoS 1 and 2, many, between two clients both ways through Mosquitto, while the
// networks between break, stall and are slow, and the broker is ended and started again. What the
// standard promises is counted: QoS 2 exactly once, QoS 1 at least once, both in order (4.3, 4.6).

namespace {

/// Mosquitto 2.0.11 breaks the promises itself when more messages wait for a client than may be in
/// flight: it sends new ones before them, and after a restart forgets handshakes, so that a PUBLISH
/// comes again after its PUBREL. 65534 is its highest limit; 65535 is 0 to it, no limit, with which
/// a restart forgets all handshakes.
constexpr const char* highest_inflight_limit = "max_inflight_messages 65534\n";

struct soak_plan {
    std::size_t messages;  // of each QoS, each way
    std::size_t restarts;
    std::size_t minimum_cuts;
};

/// Faults at places that follow from the seed: each connection breaks, after a number of bytes of
/// one direction. All orders of magnitude are as likely, so that CONNECT, short packets and long
/// queues are all broken within; one in four stalls before, one in eight is slow.
class random_faults {
public:
    explicit random_faults(std::uint64_t seed) : random_{seed} {}

    test::network_faults operator()() {
        test::network_faults faults;
        auto& broken = one_of(faults);
        broken.cut_after = place();
        if (one_in(4)) {
            auto& stalled = one_of(faults);
            stalled.stall_after = place();
            stalled.stall = std::chrono::milliseconds{1 + random_() % 20};
        }
        if (one_in(8)) one_of(faults).bytes_per_millisecond = 16 + random_() % 500;
        return faults;
    }

private:
    bool one_in(unsigned count) { return random_() % count == 0; }
    test::network_faults::direction& one_of(test::network_faults& faults) {
        return one_in(2) ? faults.to_broker : faults.to_client;
    }
    /// 8 bytes to 256 KiB.
    std::size_t place() {
        const double magnitude = 3 + 15 * static_cast<double>(random_()) / 0x1p64;
        return static_cast<std::size_t>(std::exp2(magnitude));
    }

    std::mt19937_64 random_;
};

/// A client, and the network between it and the broker.
struct peer {
    peer(asio::io_context& io, std::uint16_t broker_port, protocol_version version,
         const std::string& client_id, std::uint64_t seed)
        : network{io, broker_port},
          client{io, options(network, version, client_id)},
          faults{seed} {}

    static mqtt::client_options options(const test::tcp_relay& network, protocol_version version,
                                        const std::string& client_id) {
        auto options = test::options_for(network.url(), version, client_id);
        options.maximum_reconnect_delay = options.minimum_reconnect_delay;
        options.clean_start = false;  // Mosquitto 2.0.11 saves no session that began clean
        return options;
    }

    test::tcp_relay network;
    test::test_client client;
    random_faults faults;
};

/// All messages of one QoS one way, and what they have come to. A message is its number.
class message_flow {
public:
    message_flow(peer& from, peer& to, const std::string& name, qos level, std::size_t count)
        : from_{from.client},
          to_{to.client},
          topic_{name + (level == qos::exactly_once ? "/exactly once" : "/at least once")},
          level_{level},
          completed_(count),
          received_(count) {}

    void subscribe() {
        const auto [error, result] =
            to_.subscribe(topic_, mqtt::subscribe_options{.qos = level_},
                          [this](const mqtt::message_view& message) { receive(message.payload); });
        REQUIRE_FALSE(error);
    }

    /// From here on each message that has gone all the way makes room for the next.
    void publish_some() {
        const std::size_t done = std::min(received_count_, completed_count_);
        while (published_ < completed_.size() && published_ < done + window)
            publish(published_++);
    }

    /// Whatever is still to be repeated comes before this one.
    void publish_last() { REQUIRE_FALSE(from_.publish(topic_, "last", level_).error); }
    bool has_received_last() const { return has_received_last_; }

    std::size_t received_count() const { return received_count_; }
    std::size_t completed_count() const { return completed_count_; }
    std::size_t repeated_count() const { return repeated_count_; }

    void check() const {
        CAPTURE(topic_);
        const auto is_one = [](std::uint32_t count) { return count == 1; };
        CHECK(std::all_of(completed_.begin(), completed_.end(), is_one));
        CHECK(failed_count_ == 0);
        CHECK(received_count_ == received_.size());
        CHECK(out_of_order_count_ == 0);
        CHECK(altered_count_ == 0);
        if (level_ == qos::exactly_once) CHECK(repeated_count_ == 0);
    }

private:
    /// Published ahead of what was received, so that cuts meet both clients at work. Each
    /// connection begins with all of that again, and what of it comes through at QoS 1 is one more
    /// message each time: were it more than most connections let through, there would be ever more
    /// to send.
    static constexpr std::size_t window = 50;

    /// The number, and that many dots that packets of many lengths come about, some of them long.
    static std::string payload_of(std::size_t number) {
        const std::size_t length = number % 101 == 0 ? 3000 + number % 2000 : number % 37;
        return std::to_string(number) + ' ' + std::string(length, '.');
    }

    void publish(std::size_t number) {
        from_.client.async_publish(
            topic_, payload_of(number), level_,
            [this, number](mqtt::error_code error, const mqtt::publish_result&) {
                if (error) ++failed_count_;
                if (completed_[number]++ == 0) ++completed_count_;
                publish_some();
            });
    }

    void receive(std::string_view payload) {
        if (payload == "last") {
            has_received_last_ = true;
            return;
        }
        std::size_t number = 0;
        std::from_chars(payload.data(), payload.data() + payload.size(), number);
        if (number >= received_.size() || payload != payload_of(number)) {
            ++altered_count_;
            return;
        }
        if (received_[number]++ != 0) {
            ++repeated_count_;
            return;
        }
        if (number != received_count_) ++out_of_order_count_;
        ++received_count_;
        publish_some();
    }

    test::test_client& from_;
    test::test_client& to_;
    const std::string topic_;
    const qos level_;
    std::vector<std::uint32_t> completed_;  // how often each publish has ended
    std::vector<std::uint32_t> received_;   // how often each message has come
    std::size_t published_ = 0;
    std::size_t completed_count_ = 0;
    std::size_t received_count_ = 0;  // different ones
    std::size_t repeated_count_ = 0;
    std::size_t failed_count_ = 0;
    std::size_t out_of_order_count_ = 0;
    std::size_t altered_count_ = 0;
    bool has_received_last_ = false;
};

class soak {
public:
    soak(const soak_plan& plan, protocol_version version, std::uint64_t seed)
        : plan_{plan},
          peers_{peer{io_, broker_.port(), version, "left", seed},
                 peer{io_, broker_.port(), version, "right", ~seed}},
          flows_{flow(0, qos::at_least_once), flow(0, qos::exactly_once),
                 flow(1, qos::at_least_once), flow(1, qos::exactly_once)} {}

    void run() {
        const auto begin = std::chrono::steady_clock::now();
        for (message_flow& each : flows_)
            each.subscribe();
        set_unreliable(true);
        for (message_flow& each : flows_)
            each.publish_some();
        const std::size_t all = flows_.size() * plan_.messages;
        for (std::size_t restart = 1; restart <= plan_.restarts; ++restart) {
            wait_for([&] { return received() >= restart * all / (plan_.restarts + 1); });
            restart % 2 == 0 ? stop_and_start() : kill_and_start();
        }
        wait_for([&] { return received() >= all; });
        set_unreliable(false);
        wait_for([&] { return completed() >= all; });
        for (message_flow& each : flows_)
            each.publish_last();
        for (const message_flow& each : flows_)
            REQUIRE(test::run_until(io_, [&] { return each.has_received_last(); }));
        report(std::chrono::steady_clock::now() - begin);
    }

    void check() const {
        for (const message_flow& each : flows_)
            each.check();
        CHECK(cut_count() >= plan_.minimum_cuts);
        CHECK(broker_.count_in_log("being dropped") == 0);
    }

private:
    message_flow flow(std::size_t from, qos level) {
        const std::string name = from == 0 ? "left to right" : "right to left";
        return {peers_[from], peers_[1 - from], name, level, plan_.messages};
    }

    void set_unreliable(bool is_unreliable) {
        for (peer& each : peers_) {
            if (is_unreliable) {
                each.network.set_faults([&each] { return each.faults(); });
            } else {
                each.network.stay_up();
            }
            each.network.cut();
        }
    }

    void set_down(bool is_down) {
        for (peer& each : peers_)
            each.network.set_down(is_down);
    }

    std::size_t sum(std::size_t (message_flow::*count)() const) const {
        std::size_t result = 0;
        for (const message_flow& each : flows_)
            result += (each.*count)();
        return result;
    }
    std::size_t received() const { return sum(&message_flow::received_count); }
    std::size_t completed() const { return sum(&message_flow::completed_count); }
    std::size_t cut_count() const {
        return peers_[0].network.cut_count() + peers_[1].network.cut_count();
    }

    /// The deadline is of each step, since all of it takes as long as the machine needs.
    template <class Condition>
    void wait_for(Condition&& holds) {
        while (!holds()) {
            const std::size_t before = received() + completed();
            const bool goes_on =
                test::run_until(io_, [&] { return holds() || received() + completed() > before; });
            CAPTURE(received(), completed(), cut_count());
            REQUIRE(goes_on);
        }
    }

    /// Mosquitto saves when it is told to end, and does nothing after that: nothing may be lost,
    /// whatever it was doing.
    void stop_and_start() {
        broker_.stop();
        broker_.start();
    }

    /// What Mosquitto did since it last saved is forgotten with SIGKILL. It has acknowledged some
    /// of that, and has seen the end of handshakes: no client can make this good. So its network
    /// goes down before it saves, wherever it is in its handshakes: what it does from there on, no
    /// client hears of, and nothing may be lost.
    void kill_and_start() {
        set_down(true);
        broker_.save();
        broker_.kill();
        broker_.start();
        set_down(false);
    }

    void report(std::chrono::steady_clock::duration time) const {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        std::cout << flows_.size() * plan_.messages << " messages in "
                  << std::chrono::duration_cast<std::chrono::milliseconds>(time).count()
                  << " ms; cuts: " << cut_count() << "; restarts: " << plan_.restarts
                  << "; repeated: " << sum(&message_flow::repeated_count)
                  << "; peak memory: " << usage.ru_maxrss << " KiB\n";
    }

    const soak_plan plan_;
    test::mosquitto broker_{std::string{test::mosquitto::keeps_sessions} + highest_inflight_limit +
                            "max_queued_messages 0\n" +
                            // A log of every packet would be most of the work.
                            "log_type none\nlog_type error\nlog_type warning\nlog_type notice\n"};
    asio::io_context io_;
    std::array<peer, 2> peers_;
    std::array<message_flow, 4> flows_;
};

void check_soak(const soak_plan& plan, protocol_version version, std::uint64_t seed) {
    CAPTURE(version, seed);
    soak all{plan, version, seed};
    all.run();
    all.check();
}

}  // namespace

TEST_CASE("Thousands of messages arrive as promised over cuts and restarts of the broker") {
    check_soak({.messages = 2'000, .restarts = 4, .minimum_cuts = 20}, BOTH_VERSIONS, 1);
}

// By hand, see CONTRIBUTING.md.
TEST_CASE("A hundred thousand messages of each QoS arrive as promised", "[.soak]") {
    check_soak({.messages = 100'000, .restarts = 20, .minimum_cuts = 200}, BOTH_VERSIONS,
               std::random_device{}());
}
