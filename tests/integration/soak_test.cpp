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

// Messages at QoS 1 and 2, many, from one client to another through Mosquitto, while the networks
// between break, stall and are slow, and the broker is ended and started again. What the standard
// promises is counted: QoS 2 exactly once, QoS 1 at least once, both in order (4.3, 4.6).

namespace {

struct soak_plan {
    std::size_t messages;  // of each QoS
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
    /// 8 bytes to 64 KiB.
    std::size_t place() {
        const double magnitude = 3 + 13 * static_cast<double>(random_()) / 0x1p64;
        return static_cast<std::size_t>(std::exp2(magnitude));
    }

    std::mt19937_64 random_;
};

constexpr qos levels[] = {qos::at_least_once, qos::exactly_once};

/// What one QoS has come to; a message is its number.
struct tally {
    explicit tally(std::size_t count) : completed(count), received(count) {}

    std::vector<std::uint8_t> completed;  // how often each publish has ended
    std::vector<std::uint8_t> received;   // how often each message has come
    std::size_t published = 0;
    std::size_t completed_count = 0;
    std::size_t received_count = 0;  // different ones
    std::size_t repeated_count = 0;
    std::size_t failed_count = 0;
    std::size_t out_of_order_count = 0;
    std::size_t altered_count = 0;
};

/// The number, and that many dots that packets of many lengths come about, some of them long.
std::string payload_of(std::size_t number) {
    const std::size_t length = number % 101 == 0 ? 3000 + number % 2000 : number % 37;
    return std::to_string(number) + ' ' + std::string(length, '.');
}

class soak {
public:
    soak(const soak_plan& plan, protocol_version version, std::uint64_t seed)
        : plan_{plan},
          publisher_network_{io_, broker_.port()},
          subscriber_network_{io_, broker_.port()},
          publisher_{io_, options(publisher_network_, version, "publisher")},
          subscriber_{io_, options(subscriber_network_, version, "subscriber")},
          faults_of_publisher_{seed},
          faults_of_subscriber_{~seed},
          tallies_{tally{plan.messages}, tally{plan.messages}} {}

    void run() {
        const auto begin = std::chrono::steady_clock::now();
        for (const qos level : levels)
            subscribe(level);
        // It has its session, and is not clean: see options().
        REQUIRE_FALSE(publisher_.publish("to nobody", "", qos::at_least_once).error);
        set_unreliable(true);
        const std::size_t all = 2 * plan_.messages;
        for (std::size_t restart = 1; restart <= plan_.restarts; ++restart) {
            run_until_received(restart * all / (plan_.restarts + 1));
            restart % 2 == 0 ? stop_and_start() : kill_and_start();
        }
        run_until_received(all);
        set_unreliable(false);
        wait_for([&] { return completed() >= all; });
        // Whatever was still to be repeated comes before these.
        wait_for_the_last();
        report(std::chrono::steady_clock::now() - begin);
    }

    const tally& of(qos level) const { return tallies_[level == qos::exactly_once ? 1 : 0]; }
    std::size_t cut_count() const {
        return publisher_network_.cut_count() + subscriber_network_.cut_count();
    }
    const test::mosquitto& broker() const { return broker_; }

private:
    /// Published ahead of what the subscriber has, so that cuts meet both of them at work.
    static constexpr std::size_t window = 500;

    static mqtt::client_options options(const test::tcp_relay& network, protocol_version version,
                                        const std::string& client_id) {
        auto options = test::options_for(network.url(), version, client_id);
        options.maximum_reconnect_delay = options.minimum_reconnect_delay;
        options.clean_start = false;  // Mosquitto 2.0.11 saves no session that began clean
        return options;
    }

    tally& tally_of(qos level) { return tallies_[level == qos::exactly_once ? 1 : 0]; }
    static std::string topic_of(qos level) {
        return level == qos::exactly_once ? "exactly once" : "at least once";
    }

    void set_unreliable(bool is_unreliable) {
        if (is_unreliable) {
            publisher_network_.set_faults([this] { return faults_of_publisher_(); });
            subscriber_network_.set_faults([this] { return faults_of_subscriber_(); });
        } else {
            publisher_network_.stay_up();
            subscriber_network_.stay_up();
        }
        publisher_network_.cut();
        subscriber_network_.cut();
    }

    void subscribe(qos level) {
        const auto [error, result] = subscriber_.subscribe(
            topic_of(level), mqtt::subscribe_options{.qos = level},
            [this, level](const mqtt::message_view& message) { received(level, message.payload); });
        REQUIRE_FALSE(error);
    }

    void received(qos level, std::string_view payload) {
        if (payload == "last") {
            ++last_count_;
            return;
        }
        tally& here = tally_of(level);
        std::size_t number = 0;
        std::from_chars(payload.data(), payload.data() + payload.size(), number);
        if (number >= here.received.size() || payload != payload_of(number)) {
            ++here.altered_count;
            return;
        }
        if (here.received[number]++ != 0) {
            ++here.repeated_count;
            return;
        }
        if (number != here.received_count) ++here.out_of_order_count;
        ++here.received_count;
        publish_some(level);
    }

    void publish_some(qos level) {
        tally& here = tally_of(level);
        const std::size_t done = std::min(here.received_count, here.completed_count);
        while (here.published < here.completed.size() && here.published < done + window)
            publish(level, here.published++);
    }

    void publish(qos level, std::size_t number) {
        publisher_.client.async_publish(
            topic_of(level), payload_of(number), level,
            [this, level, number](mqtt::error_code error, const mqtt::publish_result&) {
                tally& here = tally_of(level);
                if (error) ++here.failed_count;
                if (here.completed[number]++ == 0) ++here.completed_count;
                publish_some(level);
            });
    }

    std::size_t received() const { return tallies_[0].received_count + tallies_[1].received_count; }
    std::size_t completed() const {
        return tallies_[0].completed_count + tallies_[1].completed_count;
    }

    /// The deadline is of each step, since all of it takes as long as the machine needs.
    void run_until_received(std::size_t count) {
        for (const qos level : levels)
            publish_some(level);
        wait_for([&] { return received() >= count; });
    }

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

    void wait_for_the_last() {
        for (const qos level : levels)
            REQUIRE_FALSE(publisher_.publish(topic_of(level), "last", level).error);
        REQUIRE(test::run_until(io_, [&] { return last_count_ >= 2; }));
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
        publisher_network_.set_down(true);
        subscriber_network_.set_down(true);
        broker_.save();
        broker_.kill();
        broker_.start();
        publisher_network_.set_down(false);
        subscriber_network_.set_down(false);
    }

    void report(std::chrono::steady_clock::duration time) const {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        std::cout << 2 * plan_.messages << " messages in "
                  << std::chrono::duration_cast<std::chrono::milliseconds>(time).count()
                  << " ms; cuts: " << publisher_network_.cut_count() << " of the publisher, "
                  << subscriber_network_.cut_count()
                  << " of the subscriber; restarts: " << plan_.restarts
                  << "; QoS 1 repeated: " << tallies_[0].repeated_count
                  << "; peak memory: " << usage.ru_maxrss << " KiB\n";
    }

    const soak_plan plan_;
    test::mosquitto broker_{std::string{test::mosquitto::open_to_all} +
                            std::string{test::mosquitto::keeps_on_disk} +
                            "max_queued_messages 0\n"
                            // A log of every packet would be most of the work.
                            "log_type none\nlog_type error\nlog_type warning\nlog_type notice\n"};
    asio::io_context io_;
    test::tcp_relay publisher_network_;
    test::tcp_relay subscriber_network_;
    test::test_client publisher_;
    test::test_client subscriber_;
    random_faults faults_of_publisher_;
    random_faults faults_of_subscriber_;
    std::array<tally, 2> tallies_;
    std::size_t last_count_ = 0;
};

void check_soak(const soak_plan& plan, protocol_version version, std::uint64_t seed) {
    CAPTURE(version, seed);
    soak all{plan, version, seed};
    all.run();
    for (const qos level : levels) {
        CAPTURE(level);
        const tally& here = all.of(level);
        const auto is_one = [](std::uint8_t count) { return count == 1; };
        CHECK(std::all_of(here.completed.begin(), here.completed.end(), is_one));
        CHECK(here.failed_count == 0);
        CHECK(here.received_count == plan.messages);
        CHECK(here.out_of_order_count == 0);
        CHECK(here.altered_count == 0);
        if (level == qos::exactly_once) CHECK(here.repeated_count == 0);
    }
    CHECK(all.cut_count() >= plan.minimum_cuts);
    CHECK(all.broker().count_in_log("being dropped") == 0);
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
