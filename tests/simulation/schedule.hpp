// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client.hpp>
#include <asio_mqtt/testing/broker.hpp>
#include <asio_mqtt/testing/manual_clock.hpp>

#include "simulation/faulty_network.hpp"
#include "simulation/random.hpp"
#include "support/wire_observer.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace simulation {

using mqtt::testing::manual_clock;

/// One run of two clients and a broker through all the trouble that a seed can make: who publishes,
/// breaks, stops, cancels and waits when. Everything is decided by the seed.
///
/// What must hold however bad it gets:
///  - every completion handler is called exactly once;
///  - what is on the wire is legal: identifiers, DUP, order of resends, Receive Maximum, no
///    acknowledgement before the application has taken a message over, and those in order;
///  - queues and buffers stay within their sizes;
///  - what the client tells of its connection makes sense;
///  - when the network is good again, everything comes to its end;
/// and while the broker keeps its sessions:
///  - what was published with success arrives: at QoS 1 at least once, at QoS 2 exactly once;
///  - what arrives at QoS 2 arrives once, whatever its publisher was told;
///  - messages of one QoS arrive in the order in which they were published.
class schedule {
public:
    explicit schedule(std::uint64_t seed)
        : chance_{seed},
          version_{chance_.chance(50) ? mqtt::protocol_version::v5
                                      : mqtt::protocol_version::v3_1_1},
          loses_sessions_{chance_.chance(25)},
          broker_{io_.get_executor(), broker_options()},
          publisher_{*this, "publisher"},
          subscriber_{*this, "subscriber"} {}

    /// What went wrong; empty when nothing did.
    std::string run() {
        subscribe();
        if (verdict_.empty()) make_trouble();
        if (verdict_.empty()) recover();
        if (verdict_.empty()) end();
        if (verdict_.empty()) judge();
        return verdict_;
    }

private:
    using client = mqtt::basic_client<faulty_connector, mqtt::testing::manual_timer>;
    using message_number = std::uint64_t;

    /// A completion that is waited for.
    struct operation {
        std::string what;
        mqtt::qos qos = mqtt::qos::at_most_once;
        message_number number = 0;
        int calls = 0;
        mqtt::error_code error{};
        asio::cancellation_signal cancellation{};
    };

    /// A client and its way to the broker.
    struct node {
        node(schedule& in, const std::string& id)
            : observer{in.version_, in.version_ == mqtt::protocol_version::v5
                                        ? in.broker_maximum_
                                        : in.assumed_maximum_},
              way{in.broker_, in.chance_, observer} {
            mqtt::client_options options{.brokers = {"mqtt://simulated"}};
            options.version = in.version_;
            options.client_id = id;
            options.keep_alive = 10s;
            const std::uint16_t receive_maximum = in.pick({1, 2, 10, 65'535});
            if (in.version_ == mqtt::protocol_version::v5)
                options.receive_maximum = receive_maximum;
            options.assumed_receive_maximum = in.assumed_maximum_;
            options.connect_timeout = 5s;
            options.connack_timeout = 5s;
            options.ping_response_timeout = 5s;
            options.disconnect_timeout = 2s;
            options.minimum_reconnect_delay = 100ms;
            options.maximum_reconnect_delay = 2s;
            options.reconnect_seed = in.chance_.next() | 1;
            options.single_threaded = in.chance_.chance(50);
            options.queue_size = in.queue_size_;
            for (mqtt::queue_overflow& each : options.when_queue_full) {
                if (in.chance_.chance(50)) each = mqtt::queue_overflow::drop_oldest;
            }
            options.in_flight_size = in.in_flight_size_;
            options.receive_buffer_size = in.receive_buffer_size_;
            options.maximum_packet_size = in.maximum_packet_size_;
            if (in.chance_.chance(25)) {
                options.ask_for_credentials = [&in](mqtt::credentials_answer answer) {
                    in.give_credentials(std::move(answer));
                };
            }
            options.on_connection = [this, &in](const mqtt::connection_event& event) {
                check(in, event);
            };
            // What has come in and was not looked at any more does not count.
            options.on_packet = [this](const mqtt::packet_trace& packet) {
                if (packet.direction == mqtt::packet_direction::received) {
                    observer.client_received(packet.bytes);
                }
            };
            core.emplace(in.io_.get_executor(), std::move(options), faulty_connector{way});
        }

        /// Each event must be one that may follow the one before.
        void check(schedule& in, const mqtt::connection_event& event) {
            using kind = mqtt::connection_event::kind;
            const bool is_between = last_event == kind::disconnected || last_event == kind::stopped;
            const bool is_right = event.what == kind::connecting  ? is_between
                                  : event.what == kind::connected ? last_event == kind::connecting
                                  : event.what == kind::disconnected ? !is_between
                                                                     : last_event != kind::stopped;
            if (!is_right) in.fail("a connection event that cannot follow the one before");
            if (event.delay > 2s) in.fail("a wait over the maximum");
            if (event.what != kind::subscription_lost) last_event = event.what;
        }

        test::wire_observer observer;
        network way;
        std::optional<client> core;
        operation* running = nullptr;
        mqtt::connection_event::kind last_event = mqtt::connection_event::kind::stopped;
    };

    /// It refuses some topics, and while there is trouble a client now and then.
    mqtt::testing::broker_options broker_options() {
        mqtt::testing::broker_options options;
        options.receive_maximum = broker_maximum_;
        options.authenticate = [this](const mqtt::connect_packet&) {
            const bool refuses = !publisher_.way.now.is_calm && chance_.chance(10);
            return refuses ? mqtt::reason_code::server_unavailable : mqtt::reason_code::success;
        };
        // Always the same ones: a message may be judged again when it is sent again.
        options.authorize_publish = [](std::string_view, std::string_view topic) {
            return topic.starts_with("t/");
        };
        return options;
    }

    std::uint16_t pick(std::array<std::uint16_t, 4> from) { return from[chance_.below(4)]; }

    void fail(const std::string& text) {
        if (verdict_.empty()) verdict_ = text;
    }

    // --- What is done

    operation& add(std::string what) {
        operation& added = operations_.emplace_back();
        added.what = std::move(what);
        return added;
    }
    /// A handler that counts its calls.
    template <class... Results>
    static auto report(operation& to) {
        return asio::bind_cancellation_slot(to.cancellation.slot(),
                                            [&to](mqtt::error_code error, const Results&...) {
                                                ++to.calls;
                                                to.error = error;
                                            });
    }

    void start(node& of) {
        if (of.running != nullptr && of.running->calls == 0) return;
        of.running = &add("run");
        of.core->async_run(report(*of.running));
    }

    void publish() {
        operation& made = add("publish");
        made.number = ++published_;
        made.qos = static_cast<mqtt::qos>(chance_.below(3));
        mqtt::publish_options options{.qos = made.qos};
        if (chance_.chance(10)) options.timeout = std::chrono::milliseconds{chance_.below(5'000)};
        if (chance_.chance(10) && version_ == mqtt::protocol_version::v5) {
            options.message_expiry_interval = std::chrono::seconds{chance_.below(5)};
        }
        // 3.1.1 cannot tell the publisher that it is refused.
        const bool is_refused = version_ == mqtt::protocol_version::v5 && chance_.chance(5);
        const std::string topic = is_refused ? "refused/" : "t/";
        publisher_.core->async_publish(topic + std::to_string(static_cast<int>(made.qos)),
                                       payload_of(made.number), options,
                                       report<mqtt::publish_result>(made));
    }
    /// The number, and so many dots that messages are of many sizes.
    static std::string payload_of(message_number number) {
        return std::to_string(number) + std::string(number * number % 97, '.');
    }

    void give_credentials(mqtt::credentials_answer answer) {
        const bool is_prompt = publisher_.way.now.is_calm || chance_.chance(70);
        const auto wait = std::make_shared<mqtt::testing::manual_timer>(io_);
        wait->expires_after(std::chrono::milliseconds{is_prompt ? 0 : chance_.below(8'000)});
        const bool fails = !publisher_.way.now.is_calm && chance_.chance(20);
        wait->async_wait([wait, answer = std::move(answer), fails](mqtt::error_code) {
            answer(fails ? std::make_error_code(std::errc::timed_out) : mqtt::error_code{}, {});
        });
    }

    /// Memory that is over its limit shows here.
    void check_memory(node& of) {
        operation& made = add("counters");
        of.core->async_counters([this, &made](mqtt::error_code error, const mqtt::counters& now) {
            ++made.calls;
            made.error = error;
            if (error) return;
            // What was in flight goes back to the queue when the broker loses the session.
            if (now.queued_bytes > queue_size_ + in_flight_size_) fail("a queue over its size");
            if (now.in_flight_messages > 1 && now.in_flight_bytes > in_flight_size_) {
                fail("too much in flight");
            }
            if (now.waiting_bytes > receive_buffer_size_ + 2 * maximum_packet_size_) {
                fail("too much that waits for the application");
            }
        });
    }

    /// The subscriber takes its messages in one of four ways.
    void subscribe() {
        operation& made = add("subscribe");
        const auto take = [this](const mqtt::message_view& message) { received(message.payload); };
        switch (chance_.below(4)) {
            case 0:
                subscriber_.core->async_subscribe("t/+", mqtt::qos::exactly_once, take,
                                                  report<mqtt::subscribe_result>(made));
                break;
            case 1:  // takes a message over later than it comes
                subscriber_.core->async_subscribe("t/+", mqtt::qos::exactly_once,
                                                  asio::bind_executor(io_.get_executor(), take),
                                                  report<mqtt::subscribe_result>(made));
                break;
            case 2:  // acknowledges by hand
                subscriber_.core->async_subscribe(
                    "t/+", mqtt::qos::exactly_once,
                    [this](const mqtt::message_view& message,
                           mqtt::manual_acknowledgement acknowledgement) {
                        held_.push_back({std::string{message.payload}, std::move(acknowledgement)});
                    },
                    report<mqtt::subscribe_result>(made));
                break;
            default:
                subscriber_.core->async_subscribe("t/+", mqtt::qos::exactly_once,
                                                  report<mqtt::subscribe_result>(made));
                receive();
        }
        start(subscriber_);
        if (!pass_time_until([&made] { return made.calls != 0; })) return fail("not subscribed");
        if (made.error) fail("subscribe: " + made.error.message());
    }

    void receive() {
        operation& made = add("receive");
        subscriber_.core->async_receive(asio::bind_cancellation_slot(
            made.cancellation.slot(),
            [this, &to = made](mqtt::error_code error, const mqtt::message& message) {
                ++to.calls;
                to.error = error;
                if (!error) received(message.payload);
                if (!is_ending_) receive();
            }));
    }

    void received(std::string_view payload) {
        received_.push_back(std::stoull(std::string{payload}));
        subscriber_.observer.application_took(payload);
    }
    /// Takes over messages that are acknowledged by hand, out of order.
    void take_over_some(std::uint64_t percent) {
        for (held& each : held_) {
            if (each.is_taken || !chance_.chance(static_cast<unsigned>(percent))) continue;
            each.is_taken = true;
            subscriber_.observer.application_took(each.payload);
            each.acknowledgement.acknowledge();
        }
        // They count as received in the order in which they came.
        while (!held_.empty() && held_.front().is_taken) {
            received_.push_back(std::stoull(held_.front().payload));
            held_.pop_front();
        }
    }

    void stop(node& of) { of.core->async_disconnect(report(add("disconnect"))); }

    void cancel_one() {
        operation& one = operations_[chance_.below(operations_.size())];
        if (one.calls != 0) return;
        constexpr asio::cancellation_type types[] = {asio::cancellation_type::total,
                                                     asio::cancellation_type::partial,
                                                     asio::cancellation_type::terminal};
        one.cancellation.emit(types[chance_.below(3)]);
    }

    // --- The course of things

    void make_trouble() {
        for (node* each : {&publisher_, &subscriber_}) {
            each->way.now = {.is_calm = false,
                             .delay = static_cast<unsigned>(chance_.below(30)),
                             .cut = static_cast<unsigned>(chance_.below(100)),
                             .half_open = static_cast<unsigned>(chance_.below(50)),
                             .longest = 1 + chance_.below(chance_.chance(50) ? 8 : 2'000)};
        }
        start(publisher_);
        const std::uint64_t steps = 10 + chance_.below(60);
        for (std::uint64_t step = 0; step < steps && verdict_.empty(); ++step) {
            node& one = chance_.chance(50) ? publisher_ : subscriber_;
            if (chance_.chance(30)) check_memory(one);
            take_over_some(diligence_);
            switch (chance_.below(21)) {
                case 0: one.way.cut(); break;
                case 1: broker_.disconnect_all(); break;
                case 2: one.way.now.is_down = !one.way.now.is_down; break;
                case 3:
                    if (loses_sessions_) broker_.drop_sessions();
                    break;
                case 4: stop(one); break;
                case 5: start(one); break;
                case 6: cancel_one(); break;
                case 20: one.core->check_connection(); break;
                case 7:
                case 8:
                case 9: pass_time(std::chrono::milliseconds{chance_.below(8'000)}); break;
                default: publish();
            }
            // Sometimes all that can happen does, sometimes the next thing comes in between.
            chance_.chance(40) ? settle() : poll(chance_.below(20));
        }
    }

    void recover() {
        for (node* each : {&publisher_, &subscriber_})
            each->way.now = {};
        settle();
        const auto is_done = [this] {
            take_over_some(100);
            for (const operation& each : operations_) {
                const bool must_end = each.what == "publish" || each.what == "disconnect";
                if (must_end && each.calls == 0) return false;
            }
            return true;
        };
        const bool is_over = pass_time_until([&] {
            start(publisher_);
            start(subscriber_);
            return is_done();
        });
        if (!is_over) return fail("a publish or disconnect has not completed");
        // All that went before it has arrived when this has.
        publish_last();
    }

    /// What a broker that lost its sessions gets before the subscriber is back may be lost.
    void publish_last() {
        for (int tries = loses_sessions_ ? 5 : 1; tries > 0; --tries) {
            operation& last = add("publish");
            last.number = ++published_;
            last.qos = mqtt::qos::exactly_once;
            publisher_.core->async_publish("t/2", payload_of(last.number), last.qos,
                                           report<mqtt::publish_result>(last));
            const bool has_arrived = pass_time_until(
                [&] {
                    start(publisher_);
                    start(subscriber_);
                    take_over_some(100);
                    return last.calls != 0 &&
                           std::count(received_.begin(), received_.end(), last.number) != 0;
                },
                400);
            if (has_arrived) return;
        }
        fail("the last message has not arrived");
    }

    void end() {
        is_ending_ = true;
        for (node* each : {&publisher_, &subscriber_}) {
            if (chance_.chance(50)) {
                stop(*each);
                if (chance_.chance(50)) settle();
            }
            each->core.reset();
        }
        take_over_some(50);  // some of them never
        settle();
        pass_time(10s);
    }

    void judge() {
        for (const operation& each : operations_) {
            if (each.calls != 1) {
                fail(each.what + ' ' + std::to_string(each.number) + ": handler called " +
                     std::to_string(each.calls) + " times");
            }
        }
        for (const node* each : {&publisher_, &subscriber_}) {
            if (!each->observer.faults.empty()) fail("on the wire: " + each->observer.faults);
        }
        if (!loses_sessions_) judge_deliveries();
    }

    void judge_deliveries() {
        std::array<message_number, 3> latest{};
        std::set<message_number> seen;
        std::vector<mqtt::qos> levels(published_ + 1);
        for (const operation& each : operations_) {
            if (each.what == "publish") levels[each.number] = each.qos;
        }
        for (const message_number number : received_) {
            const auto level = static_cast<std::size_t>(levels.at(number));
            const std::string text = std::to_string(number) + " at QoS " + std::to_string(level);
            if (!seen.insert(number).second) {
                if (level != 1) fail("message " + text + " has arrived twice");
                continue;
            }
            if (number < latest[level]) fail("message " + text + " has arrived out of order");
            latest[level] = number;
        }
        for (const operation& each : operations_) {
            if (each.what == "publish" && each.qos != mqtt::qos::at_most_once && !each.error &&
                seen.count(each.number) == 0) {
                fail("message " + std::to_string(each.number) + " was published and is lost");
            }
        }
    }

    // --- Time

    /// Runs up to so many handlers.
    void poll(std::uint64_t count) {
        io_.restart();
        for (std::uint64_t i = 0; i < count && io_.poll_one() != 0; ++i) {
        }
    }
    /// Runs all that can run now.
    void settle() {
        io_.restart();
        for (int i = 0; i < 200'000; ++i) {
            if (io_.poll_one() == 0) return;
        }
        fail("it never comes to rest");
    }
    void pass_time(std::chrono::milliseconds time) {
        const auto step = time / 8 + 1ms;
        for (auto passed = 0ms; passed < time; passed += step) {
            manual_clock::advance(step);
            settle();
        }
    }
    template <class Done>
    bool pass_time_until(Done done, int steps = 2'000) {
        for (int i = 0; i < steps; ++i) {
            settle();
            if (done()) return true;
            if (!verdict_.empty()) return false;
            manual_clock::advance(100ms);
        }
        return false;
    }

    random chance_;
    asio::io_context io_;
    const mqtt::protocol_version version_;
    const bool loses_sessions_;
    const std::uint16_t broker_maximum_ = pick({1, 2, 5, 65'535});
    const std::uint16_t assumed_maximum_ = pick({1, 2, 5, 20});
    const std::size_t queue_size_ = chance_.chance(50) ? 67'108'864 : 300 + chance_.below(5'000);
    const std::size_t in_flight_size_ =
        chance_.chance(50) ? 67'108'864 : 100 + chance_.below(3'000);
    const std::size_t receive_buffer_size_ =
        chance_.chance(50) ? 16'777'216 : 100 + chance_.below(2'000);
    const std::uint32_t maximum_packet_size_ = 1'000;
    mqtt::testing::broker broker_;
    std::deque<operation> operations_;
    std::vector<message_number> received_;
    struct held {
        std::string payload;
        mqtt::manual_acknowledgement acknowledgement;
        bool is_taken = false;
    };
    std::deque<held> held_;                                        // to be acknowledged by hand
    const std::uint64_t diligence_ = chance_.chance(50) ? 0 : 30;  // percent of them, each step
    message_number published_ = 0;
    bool is_ending_ = false;
    std::string verdict_;
    node publisher_;
    node subscriber_;
};

}  // namespace simulation
