// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client.hpp>
#include <asio_mqtt/testing/broker.hpp>

#include "simulation/faulty_network.hpp"
#include "simulation/operations.hpp"
#include "simulation/world.hpp"
#include "support/wire_observer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace simulation {

/// A client, its way to the broker, and what is known of its connections and sessions.
class node {
public:
    using client = mqtt::basic_client<faulty_connector, manual_timer>;

    node(world& in, operations& all, mqtt::testing::broker& server, const std::string& id)
        : world_{in},
          operations_{all},
          ends_session_{in.chance.chance(15)},
          keep_alive_{in.chance.pick({10s, 10s, 3s, 0s})},
          sends_again_{in.chance.chance(60)},
          observer{in.given.version, receive_maximum_of(in.given.version)},
          way{in, server, observer} {
        core.emplace(in.io.get_executor(), options(id), faulty_connector{way});
    }

    void start() {
        if (running_ != nullptr && running_->is_pending()) return;
        is_stopping_ = false;
        is_waiting_ = is_sent_on_ = false;
        running_ = &add("run");
        core->async_run(operations_.report(*running_));
    }
    void stop() {
        operation& disconnect = add("disconnect");
        stops();
        core->async_disconnect(operations_.report(disconnect));
    }
    void cancel(operation& one) {
        if (&one == running_) stops();
        one.may_fail.emplace_back(asio::error::operation_aborted);
        one.cancellation.emit(
            world_.chance.pick({asio::cancellation_type::total, asio::cancellation_type::partial,
                                asio::cancellation_type::terminal}));
    }
    void destroy() {
        stops();
        core.reset();
    }
    void check_connection() {
        may_be_early_ = true;
        core->check_connection();
    }

    operation& add(std::string what) {
        operation& added = operations_.add(std::move(what), this);
        if (is_stopping_) added.may_fail.emplace_back(asio::error::operation_aborted);
        return added;
    }

    /// Memory that is over its limit shows here.
    void check_memory() {
        operation& made = add("counters");
        core->async_counters([this, &made](mqtt::error_code error, const mqtt::counters& now) {
            operations_.ended(made, error);
            if (error) return;
            const conditions& given = world_.given;
            // What was in flight goes back to the queue when the broker loses the session.
            if (now.queued_bytes > given.queue_size + given.in_flight_size) {
                world_.fail("a queue over its size");
            }
            if (now.in_flight_messages > 1 && now.in_flight_bytes > given.in_flight_size) {
                world_.fail("too much in flight");
            }
            if (now.waiting_bytes > given.receive_buffer_size + 2 * given.maximum_packet_size) {
                world_.fail("too much that waits for the application");
            }
        });
    }
    void check_keep_alive() {
        if (way.is_too_silent()) world_.fail("silent for longer than the keep-alive");
    }

    /// The broker has dropped the session.
    void session_dropped() {
        is_forgotten_ = true;
        forgotten_on_ = observer.connection();
        if (on_session_lost) on_session_lost();
    }
    /// What is told on this connection is told by a broker that has forgotten nothing since.
    bool is_certain() const { return observer.connection() > forgotten_on_; }

    /// The client has resumed a session without a word that it is not the one before.
    bool has_unseen_loss() const { return unseen_losses_ != 0; }
    bool may_lose_session() const { return ends_session_ || world_.given.loses_sessions; }
    bool switches_pings_off() const { return keep_alive_ == 0s; }
    bool sends_again() const { return sends_again_; }
    bool may_drop(mqtt::qos level) const {
        return when_full_[static_cast<std::size_t>(level)] == mqtt::queue_overflow::drop_oldest;
    }
    /// Copies of a message at QoS 2 for which there was a reason.
    int copies() const { return 1 + unseen_losses_ + (sends_again_ ? lost_sessions_ : 0); }

private:
    using event_kind = mqtt::connection_event::kind;

    mqtt::client_options options(const std::string& id) {
        const conditions& given = world_.given;
        random& chance = world_.chance;
        mqtt::client_options options;
        options.brokers = {std::string{simulated_broker}};
        if (given.has_other_brokers) {
            options.brokers.emplace_back(missing_broker);
            // Only a 5.0 broker can say where it has moved to.
            if (given.is_v5() && !given.falls_back) options.brokers.emplace_back(moved_broker);
            std::rotate(options.brokers.begin(),
                        options.brokers.begin() +
                            static_cast<std::ptrdiff_t>(chance.below(options.brokers.size())),
                        options.brokers.end());
            options.maximum_redirects = 2;
        }
        options.version = given.version;
        options.fall_back_to_v3_1_1 = given.falls_back;
        options.client_id = id;
        options.keep_alive = keep_alive_;
        if (ends_session_) options.session_expiry_interval = 0s;
        options.clean_start = chance.chance(50);
        options.on_session_loss =
            sends_again_ ? mqtt::session_loss::send_again : mqtt::session_loss::fail;
        const auto receive_maximum = chance.pick<std::uint16_t>({1, 2, 10, 65'535});
        if (given.is_v5()) options.receive_maximum = receive_maximum;
        options.assumed_receive_maximum = given.assumed_maximum;
        options.connect_timeout = 5s;
        options.connack_timeout = 5s;
        options.ping_response_timeout = 5s;
        options.disconnect_timeout = 2s;
        options.minimum_reconnect_delay = shortest_wait;
        options.maximum_reconnect_delay = longest_wait;
        options.reconnect_seed = chance.next() | 1;
        options.single_threaded = chance.chance(50);
        options.queue_size = given.queue_size;
        for (mqtt::queue_overflow& each : when_full_) {
            if (chance.chance(50)) each = mqtt::queue_overflow::drop_oldest;
        }
        options.when_queue_full = when_full_;
        options.in_flight_size = given.in_flight_size;
        options.receive_buffer_size = given.receive_buffer_size;
        options.maximum_packet_size = given.maximum_packet_size;
        if (chance.chance(25)) {
            options.ask_for_credentials = [this](mqtt::credentials_answer answer) {
                give_credentials(std::move(answer));
            };
        }
        options.on_connection = [this](const mqtt::connection_event& event) { check(event); };
        // What has come in and was not looked at any more does not count.
        options.on_packet = [this](const mqtt::packet_trace& packet) {
            if (packet.direction == mqtt::packet_direction::received) {
                observer.client_received(packet.bytes);
            }
        };
        return options;
    }

    std::uint16_t receive_maximum_of(mqtt::protocol_version version) const {
        return version == mqtt::protocol_version::v5 ? std::uint16_t{65'535}
                                                     : world_.given.assumed_maximum;
    }

    /// It ends, and what is pending with it.
    void stops() {
        operations_.may_be_aborted(this);
        is_stopping_ = true;
    }

    void give_credentials(mqtt::credentials_answer answer) {
        random& chance = world_.chance;
        const bool is_prompt = world_.is_calm || chance.chance(70);
        const auto wait = std::make_shared<manual_timer>(world_.io);
        wait->expires_after(std::chrono::milliseconds{is_prompt ? 0 : chance.below(8'000)});
        const bool fails = !world_.is_calm && chance.chance(20);
        wait->async_wait([wait, answer = std::move(answer), fails](mqtt::error_code) {
            answer(fails ? std::make_error_code(std::errc::timed_out) : mqtt::error_code{}, {});
        });
    }

    /// Each event must be one that may follow the one before.
    void check(const mqtt::connection_event& event) {
        const bool is_between =
            last_event_ == event_kind::disconnected || last_event_ == event_kind::stopped;
        const bool is_right =
            event.what == event_kind::connecting     ? is_between
            : event.what == event_kind::connected    ? last_event_ == event_kind::connecting
            : event.what == event_kind::disconnected ? !is_between
                                                     : last_event_ != event_kind::stopped;
        if (!is_right) world_.fail("a connection event that cannot follow the one before");
        switch (event.what) {
            case event_kind::connecting: connecting(event); break;
            case event_kind::connected: connected(event); break;
            case event_kind::disconnected: check_wait(event); break;
            default: break;
        }
        if (event.what != event_kind::subscription_lost) last_event_ = event.what;
    }

    void connecting(const mqtt::connection_event& event) {
        if (is_waiting_ && !may_be_early_ && manual_clock::now() < next_attempt_) {
            world_.fail("an attempt to connect before its time");
        }
        if (is_sent_on_ && event.broker != simulated_broker) {
            world_.fail("not where the broker has sent it");
        }
        is_waiting_ = may_be_early_ = is_sent_on_ = false;
        observer.next_version(event.version, receive_maximum_of(event.version));
        if (ends_session_) session_dropped();
    }

    void connected(const mqtt::connection_event& event) {
        if (event.broker != simulated_broker) world_.fail("connected to a broker that is none");
        if (!event.connack->session_present) {
            // The first connection may go on with the session of one whose CONNACK did not arrive:
            // the second begins a new one then, and has lost that.
            if (was_connected_) ++lost_sessions_;
        } else if (is_forgotten_) {
            // That the session was lost was told on a connection that did not last so long.
            ++unseen_losses_;
        }
        is_forgotten_ = false;
        was_connected_ = true;
    }

    /// The waits are random, below a limit that doubles.
    void check_wait(const mqtt::connection_event& event) {
        const unsigned doublings = std::min(event.attempt, 10U);
        if (event.delay > std::min(shortest_wait * (1 << doublings), longest_wait)) {
            world_.fail("a wait over its limit");
        }
        // Attempts without a wait may be among them.
        if (event.attempt >= 12 && event.delay != 0ms) {
            ++late_waits_;
            has_waited_long_ = has_waited_long_ || event.delay > shortest_wait;
            if (late_waits_ >= 6 && !has_waited_long_) world_.fail("waits that do not grow");
        }
        // Two in a row are followed.
        is_sent_on_ = event.error == mqtt::reason_code::use_another_server && event.attempt <= 2;
        if (is_sent_on_ && event.delay != 0ms) world_.fail("a wait although it was sent on");
        is_waiting_ = true;
        next_attempt_ = manual_clock::now() + event.delay;
    }

    static constexpr auto shortest_wait = 100ms;
    static constexpr auto longest_wait = 2'000ms;

    world& world_;
    operations& operations_;
    const bool ends_session_;  // with each connection
    const std::chrono::seconds keep_alive_;
    const bool sends_again_;
    std::array<mqtt::queue_overflow, 3> when_full_{};

public:
    test::wire_observer observer;
    network way;
    std::optional<client> core;
    std::function<void()> on_session_lost{};

private:
    operation* running_ = nullptr;
    bool is_stopping_ = false;

    event_kind last_event_ = event_kind::stopped;
    bool is_waiting_ = false;    // for the next attempt
    bool may_be_early_ = false;  // it was asked for
    bool is_sent_on_ = false;    // by one broker to the other
    manual_clock::time_point next_attempt_{};
    int late_waits_ = 0;
    bool has_waited_long_ = false;

    bool is_forgotten_ = false;  // the session, and the client was not told
    int forgotten_on_ = 0;       // at which of its connections
    bool was_connected_ = false;
    int lost_sessions_ = 0;
    int unseen_losses_ = 0;
};

}  // namespace simulation
