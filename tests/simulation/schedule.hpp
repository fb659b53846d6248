// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/testing/broker.hpp>

#include "simulation/deliveries.hpp"
#include "simulation/node.hpp"
#include "simulation/operations.hpp"
#include "simulation/subscriber.hpp"
#include "simulation/world.hpp"

#include <asio/bind_cancellation_slot.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulation {

/// One run of two clients and a broker through all the trouble that a seed can make: who publishes,
/// breaks, stops, cancels and waits when. Everything is decided by the seed.
///
/// docs/simulation.md has what may happen, and what must hold however bad it gets.
class schedule {
public:
    explicit schedule(std::uint64_t seed)
        : world_{seed},
          operations_{world_},
          deliveries_{world_},
          broker_{world_.io.get_executor(), broker_options()},
          publisher_{world_, operations_, broker_, "publisher"},
          subscriber_{world_, operations_, deliveries_, broker_} {
        publisher_.observer.on_publish = [this](const mqtt::publish_packet& packet) {
            check_expiry(packet);
        };
    }

    /// What went wrong; empty when nothing did.
    std::string run() {
        subscribe();
        if (is_well()) make_trouble();
        if (is_well()) recover();
        if (is_well()) publish_last();
        if (is_well()) check_second_filter();
        if (is_well()) end();
        if (is_well()) judge();
        return world_.verdict;
    }

private:
    bool is_well() const { return world_.verdict.empty(); }

    // --- The broker

    /// It refuses some topics, and while there is trouble a client now and then.
    mqtt::testing::broker_options broker_options() {
        mqtt::testing::broker_options options;
        options.receive_maximum = given_.broker_maximum;
        options.authenticate = [this](const mqtt::connect_packet& connect) {
            // All of the clients set this in 5.0, and in 3.1.1 there is none.
            const bool is_v5 = connect.properties.maximum_packet_size.has_value();
            if (knows_no_v5_ && is_v5) return mqtt::reason_code::unsupported_protocol_version;
            const bool refuses = !world_.is_calm && chance_.chance(10);
            return refuses ? mqtt::reason_code::server_unavailable : mqtt::reason_code::success;
        };
        // Always the same ones: a message may be judged again when it is sent again.
        options.authorize_publish = [](std::string_view, std::string_view topic) {
            return !topic.starts_with("refused/");
        };
        return options;
    }

    static constexpr std::uint32_t lowest_packet_size = 60;

    void change_limits() {
        mqtt::testing::broker_options options = broker_options();
        options.receive_maximum = chance_.pick<std::uint16_t>({1, 2, 5, 65'535});
        options.maximum_packet_size =
            chance_.pick<std::uint32_t>({lowest_packet_size, 90, options.maximum_packet_size});
        options.maximum_qos = chance_.pick({mqtt::qos::at_most_once, mqtt::qos::at_least_once,
                                            mqtt::qos::exactly_once, mqtt::qos::exactly_once});
        if (chance_.chance(50)) {
            options.server_keep_alive = chance_.pick<std::uint16_t>({3, 20});
        }
        options.subscription_identifier_available = chance_.chance(50);
        broker_.restart_with(std::move(options));
    }

    void drop_sessions() {
        broker_.drop_sessions();
        publisher_.session_dropped();
        subscriber_.session_dropped();
    }

    /// What a message may still last is what it could when it was published, less the time since
    /// then (3.3.2.3.3).
    void check_expiry(const mqtt::publish_packet& packet) {
        const deliveries::published& message =
            deliveries_.find(deliveries::number_of(packet.payload));
        if (!message.expiry_interval) return;
        const auto left = std::chrono::ceil<std::chrono::seconds>(
            message.at + *message.expiry_interval - manual_clock::now());
        const std::chrono::seconds said{packet.properties.message_expiry_interval.value_or(0)};
        // The client may have heard of it a step of the clock later.
        if (said < std::max(left, 1s) || said > std::max(left, 1s) + 2s) {
            world_.fail("message " + std::to_string(message.by->number) + " lasts too long");
        }
    }

    // --- What is done

    void subscribe() {
        const operation& made = subscriber_.subscribe();
        if (!pass_time_until([&made] { return !made.is_pending(); })) world_.fail("not subscribed");
    }

    operation& publish(deliveries::topic_kind kind, mqtt::publish_options options,
                       bool has_room = false) {
        operation& made = publisher_.add("publish");
        deliveries::published& message = deliveries_.add(made, options.qos, kind);
        message.expiry_interval = options.message_expiry_interval;
        const std::string payload = deliveries::payload_of(made.number);
        const auto may_fail_with = [&made](bool may, mqtt::error_code error) {
            if (may) made.may_fail.push_back(error);
        };
        may_fail_with(options.timeout != 0ms, mqtt::errc::operation_timeout);
        may_fail_with(message.expiry_interval.has_value(), mqtt::errc::message_expired);
        may_fail_with(message.expiry_interval && given_.falls_back,
                      mqtt::errc::not_in_this_version);
        may_fail_with(kind == deliveries::refused, mqtt::reason_code::not_authorized);
        may_fail_with(given_.has_small_queue() && !has_room, mqtt::errc::queue_full);
        may_fail_with(given_.has_small_queue() && publisher_.may_drop(options.qos),
                      mqtt::errc::message_dropped);
        may_fail_with(given_.changes_limits && payload.size() > lowest_packet_size / 2,
                      mqtt::errc::packet_too_large);
        may_fail_with(given_.changes_limits && options.qos != mqtt::qos::at_most_once,
                      mqtt::errc::qos_not_supported);
        may_fail_with(publisher_.may_lose_session() && !publisher_.sends_again() &&
                          options.qos != mqtt::qos::at_most_once,
                      mqtt::errc::session_lost);
        // The second filter comes and goes, and its messages with it.
        if (kind == deliveries::second) subscriber_.observer.application_took(payload);
        static constexpr std::string_view topics[] = {"t/", "u/", "refused/"};
        const std::string topic =
            std::string{topics[kind]} + std::to_string(static_cast<int>(options.qos));
        if (chance_.chance(50)) {
            publisher_.core->async_publish(topic, payload, options,
                                           operations_.report<mqtt::publish_result>(made));
        } else {
            publisher_.core->async_publish(topic, payload, options,
                                           operations_.report_only<mqtt::publish_result>(made));
        }
        return made;
    }

    void publish_any(bool has_room = false) {
        mqtt::publish_options options{.qos = static_cast<mqtt::qos>(chance_.below(3))};
        if (chance_.chance(10)) options.timeout = std::chrono::milliseconds{chance_.below(5'000)};
        if (chance_.chance(15) && given_.is_v5()) {
            options.message_expiry_interval =
                std::chrono::seconds{chance_.below(chance_.chance(50) ? 5 : 40)};
        }
        // 3.1.1 cannot tell the publisher that it is refused.
        const bool is_refused = given_.is_v5() && chance_.chance(5);
        publish(is_refused           ? deliveries::refused
                : chance_.chance(15) ? deliveries::second
                                     : deliveries::main,
                options, has_room);
    }

    /// Publishes from within a handler, where a message may be written at once.
    void publish_in_handler() {
        operation& made = publisher_.add("counters");
        publisher_.core->async_counters([this, &made](mqtt::error_code error,
                                                      const mqtt::counters&) {
            operations_.ended(made, error);
            for (std::uint64_t left = chance_.below(5); left != 0 && !error && !is_ending_; --left)
                publish_any();
            world_.maybe_throw();
        });
    }

    /// Publishes when there is room; there must be then.
    void wait_for_room() {
        operation& made = publisher_.add("wait for room");
        publisher_.core->async_wait_for_room(asio::bind_cancellation_slot(
            made.cancellation.slot(), [this, &made](mqtt::error_code error) {
                operations_.ended(made, error);
                // Half of the queue is more than a message takes.
                if (!error && given_.queue_size > 2'000 && !is_ending_) publish_any(true);
                world_.maybe_throw();
            }));
    }

    void cancel_one() {
        operation& one = operations_.any();
        if (!one.is_pending()) return;
        (one.client == &publisher_ ? publisher_ : static_cast<node&>(subscriber_)).cancel(one);
    }

    // --- The course of things

    void make_trouble() {
        world_.is_calm = false;
        for (node* each : nodes()) {
            each->way.now = {.delay = static_cast<unsigned>(chance_.below(30)),
                             .cut = static_cast<unsigned>(chance_.below(100)),
                             .half_open = static_cast<unsigned>(chance_.below(50)),
                             .longest = 1 + chance_.below(chance_.chance(50) ? 8 : 2'000)};
        }
        publisher_.start();
        const std::uint64_t steps = 10 + chance_.below(60);
        for (std::uint64_t step = 0; step < steps && is_well(); ++step) {
            node& one = chance_.chance(50) ? publisher_ : static_cast<node&>(subscriber_);
            if (chance_.chance(30)) one.check_memory();
            subscriber_.take_over_some(given_.diligence);
            switch (chance_.below(28)) {
                case 0: one.way.cut(); break;
                case 1: broker_.disconnect_all(); break;
                case 2: one.way.now.is_down = !one.way.now.is_down; break;
                case 3:
                    if (given_.loses_sessions) drop_sessions();
                    if (given_.changes_limits) change_limits();
                    if (given_.falls_back) knows_no_v5_ = !knows_no_v5_;
                    break;
                case 4: one.stop(); break;
                case 5: one.start(); break;
                case 6: cancel_one(); break;
                case 7: one.check_connection(); break;
                case 8: wait_for_room(); break;
                case 14:
                case 15:
                case 16: publish_in_handler(); break;
                case 9:
                case 10: subscriber_.change_second(chance_.chance(60)); break;
                case 11:
                case 12:
                case 13: pass_time(std::chrono::milliseconds{chance_.below(8'000)}); break;
                default: publish_any();
            }
            // Sometimes all that can happen does, sometimes the next thing comes in between.
            chance_.chance(40) ? world_.settle() : world_.poll(chance_.below(20));
        }
    }

    void recover() {
        world_.is_calm = true;
        for (node* each : nodes())
            each->way.now = {};
        if (given_.changes_limits) broker_.restart_with(broker_options());
        world_.settle();
        // What was given up comes again on another connection.
        if (subscriber_.has_given_up()) subscriber_.way.cut();
        if (!pass_time_until([this] { return keep_going() && operations_.are_done(); })) {
            world_.fail("an operation has not completed");
        }
    }

    /// What a good application does.
    bool keep_going() {
        for (node* each : nodes()) {
            each->start();
            // Who wants no pings has to ask himself.
            if (each->switches_pings_off() && manual_clock::now() >= next_check_) {
                each->check_connection();
            }
        }
        if (manual_clock::now() >= next_check_) next_check_ = manual_clock::now() + 5s;
        subscriber_.take_over_some(100);
        return true;
    }

    /// All that went before it has arrived when this has. One may be lost that a broker gets
    /// between losing its sessions and the subscriber's return, or be refused by limits that the
    /// publisher has just heard of and that are no more.
    void publish_last() {
        const bool may_be_lost = publisher_.may_lose_session() || subscriber_.may_lose_session() ||
                                 given_.changes_limits;
        for (int tries = may_be_lost ? 5 : 1; tries > 0; --tries) {
            const operation& last = publish(deliveries::main, {.qos = mqtt::qos::exactly_once});
            const bool has_arrived = pass_time_until(
                [&] {
                    return keep_going() && !last.is_pending() && deliveries_.has_taken(last.number);
                },
                400);
            if (has_arrived) return;
        }
        world_.fail("the last message has not arrived");
    }

    /// It is there, or not, as was asked for last: also when the broker has lost the session.
    void check_second_filter() {
        if (chance_.chance(40)) {
            const operation& made = subscriber_.change_second(chance_.chance(60));
            if (!pass_time_until([&] { return keep_going() && !made.is_pending(); })) return;
        }
        const std::optional<std::uint64_t> handler = subscriber_.second_handler();
        if (!handler) return;
        if (given_.loses_sessions && chance_.chance(50)) drop_sessions();
        int connection = 0;
        do {
            publish_last();
            // It may still be on the way to subscribe again.
            pass_time_until([&] { return keep_going() && !subscriber_.observer.has_unfinished(); });
            connection = subscriber_.observer.connection();
            const operation& made = publish(deliveries::second, {.qos = mqtt::qos::exactly_once});
            // A queue may have room for no more than one.
            pass_time_until([&] { return keep_going() && !made.is_pending(); });
            publish_last();
            if (made.error || connection != subscriber_.observer.connection()) continue;
            const std::vector<std::uint64_t> got = deliveries_.handlers_of(made.number);
            const auto asked_for_it = static_cast<std::size_t>(std::ranges::count(got, *handler));
            if (asked_for_it != got.size())
                world_.fail("a handler that was given up has got a message");
            if (got.empty() && *handler != 0)
                world_.fail("the latest handler has not got a message");
        } while (is_well() && connection != subscriber_.observer.connection());
    }

    void end() {
        is_ending_ = true;
        subscriber_.receives_no_more();
        for (node* each : nodes()) {
            if (chance_.chance(50)) {
                each->stop();
                if (chance_.chance(50)) world_.settle();
            }
            each->destroy();
        }
        subscriber_.take_over_some(50);  // some of them never
        world_.settle();
        pass_time(10s);
    }

    void judge() {
        operations_.judge();
        for (const node* each : nodes()) {
            if (!each->observer.faults.empty()) {
                world_.fail("on the wire: " + each->observer.faults);
            }
        }
        deliveries_.copies = publisher_.copies();
        deliveries_.judge();
    }

    // --- Time

    void pass(std::chrono::milliseconds step) {
        manual_clock::advance(step);
        world_.settle();
        for (node* each : nodes())
            each->check_keep_alive();
    }
    void pass_time(std::chrono::milliseconds time) {
        const auto step = time / 8 + 1ms;
        for (auto passed = 0ms; passed < time; passed += step)
            pass(step);
    }
    template <class Done>
    bool pass_time_until(Done done, int steps = 2'000) {
        world_.settle();
        for (int i = 0; i < steps; ++i) {
            if (done()) return true;
            if (!is_well()) return false;
            pass(100ms);
        }
        return false;
    }

    std::array<node*, 2> nodes() { return {&publisher_, &subscriber_}; }

    world world_;
    random& chance_ = world_.chance;
    const conditions& given_ = world_.given;
    operations operations_;
    deliveries deliveries_;
    bool knows_no_v5_ = false;
    bool is_ending_ = false;
    manual_clock::time_point next_check_{};
    mqtt::testing::broker broker_;
    node publisher_;
    subscriber subscriber_;
};

}  // namespace simulation
