// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/coroutine_handler.hpp>
#include <asio_mqtt/testing/broker.hpp>

#include "simulation/deliveries.hpp"
#include "simulation/node.hpp"
#include "simulation/operations.hpp"
#include "simulation/world.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace simulation {

/// The client that takes the messages: those of its main filter in one of five ways, and those of a
/// second filter that comes and goes.
class subscriber : public node {
public:
    subscriber(world& in, operations& all, deliveries& record, mqtt::testing::broker& server)
        : node{in, all, server, "subscriber"}, world_{in}, operations_{all}, record_{record} {
        on_session_lost = [this] { record_.subscription_lost(); };
        observer.on_suback = [this](const std::string& filter, mqtt::qos granted) {
            if (filter == main_filter && is_certain()) record_.subscribed();
            lower(filter, granted);
        };
        // Its first sending may not have arrived. When the identifier was in use in a session that
        // was lost unseen, nothing tells it from a copy of the message of that session.
        observer.on_copy = [this](std::string_view payload) {
            if (!has_unseen_loss()) return;
            record_.may_be_lost(deliveries::number_of(payload));
            observer.application_took(payload);
        };
        observer.on_subscribe = [this](const std::string& filter, mqtt::qos highest) {
            lower(filter, highest);
        };
    }

    static constexpr std::string_view main_filter = "t/+";
    static constexpr std::string_view second_filter = "u/+";

    operation& subscribe() {
        operation& made = add("subscribe");
        const auto take = [this](const mqtt::message_view& message) { take_at_once(message); };
        const auto subscribe_with = [&](auto handler) {
            core->async_subscribe(main_filter, mqtt::qos::exactly_once, std::move(handler),
                                  operations_.report<mqtt::subscribe_result>(made));
        };
        switch (world_.chance.below(5)) {
            case 0: subscribe_with(take); break;
            // Takes a message over later than it comes.
            case 1: subscribe_with(asio::bind_executor(world_.io.get_executor(), take)); break;
            case 2:
                subscribe_with([this](const mqtt::message_view& message,
                                      mqtt::manual_acknowledgement acknowledgement) {
                    hold(message, std::move(acknowledgement));
                });
                break;
            case 3:
                subscribe_with(mqtt::coroutine_handler{
                    world_.io.get_executor(),
                    [this](mqtt::message message) { return take_slowly(std::move(message)); }});
                break;
            default:
                core->async_subscribe(main_filter, mqtt::qos::exactly_once,
                                      operations_.report<mqtt::subscribe_result>(made));
                receive();
        }
        start();
        return made;
    }

    /// Subscribes to the second filter, or ends that.
    operation& change_second(bool subscribes) {
        operation& made = add(subscribes ? "subscribe again" : "unsubscribe");
        made.number = ++changes_;
        second_ = &made;
        std::chrono::milliseconds timeout{0};
        if (!world_.is_calm && world_.chance.chance(20)) {
            timeout = std::chrono::milliseconds{1 + world_.chance.below(5'000)};
            made.may_fail.emplace_back(mqtt::errc::operation_timeout);
        }
        if (!subscribes) {
            core->async_unsubscribe(second_filter, {.timeout = timeout},
                                    operations_.report<mqtt::unsubscribe_result>(made));
            return made;
        }
        core->async_subscribe(
            second_filter, {.qos = mqtt::qos::exactly_once, .timeout = timeout},
            [this, handler = made.number](const mqtt::message_view& message) {
                record_
                    .arrived(deliveries::number_of(message.payload), observer.connection(), handler)
                    .state = deliveries::arrival::taken;
                world_.maybe_throw();
            },
            operations_.report<mqtt::subscribe_result>(made));
        return made;
    }
    /// The handler of the second filter, 0 when there is no subscription; nothing when that is not
    /// certain.
    std::optional<std::uint64_t> second_handler() const {
        if (second_ == nullptr) return 0;
        if (!second_->has_succeeded()) return std::nullopt;
        return second_->what == "unsubscribe" ? 0 : second_->number;
    }

    /// Acknowledges messages by hand, out of order; some are given up.
    void take_over_some(unsigned percent) {
        random& chance = world_.chance;
        for (held& each : held_) {
            if (!each.acknowledgement || !chance.chance(percent)) continue;
            if (!world_.is_calm && chance.chance(world_.given.carelessness)) {
                each.arrival->state = deliveries::arrival::given_up;
                has_given_up_ = true;
            } else {
                taken(*each.arrival, each.payload);
                each.acknowledgement->acknowledge();
            }
            each.acknowledgement.reset();
        }
        while (!held_.empty() && !held_.front().acknowledgement)
            held_.pop_front();
    }
    bool has_given_up() const { return has_given_up_; }

    void receives_no_more() { is_receiving_ = false; }

private:
    struct held {
        deliveries::arrival* arrival;
        std::string payload;
        std::optional<mqtt::manual_acknowledgement> acknowledgement;
    };

    void lower(const std::string& filter, mqtt::qos granted) {
        mqtt::qos& lowest = record_.granted[filter == main_filter ? 0 : 1];
        lowest = std::min(lowest, granted);
    }

    deliveries::arrival& arrived(std::string_view payload) {
        return record_.arrived(deliveries::number_of(payload), observer.connection(), 0);
    }
    void taken(deliveries::arrival& message, std::string_view payload) {
        message.state = deliveries::arrival::taken;
        observer.application_took(payload);
    }
    void take_at_once(const mqtt::message_view& message) {
        taken(arrived(message.payload), message.payload);
        world_.maybe_throw();
    }
    asio::awaitable<void> take_slowly(mqtt::message message) {
        deliveries::arrival& arrival = arrived(message.payload);
        if (world_.chance.chance(30)) {
            manual_timer timer{world_.io};
            timer.expires_after(std::chrono::milliseconds{world_.chance.below(500)});
            co_await timer.async_wait(asio::use_awaitable);
        }
        taken(arrival, message.payload);
        world_.maybe_throw();
    }
    void hold(const mqtt::message_view& message, mqtt::manual_acknowledgement acknowledgement) {
        held_.push_back(
            {&arrived(message.payload), std::string{message.payload}, std::move(acknowledgement)});
        world_.maybe_throw();
    }
    void receive() {
        operation& made = add("receive");
        core->async_receive(asio::bind_cancellation_slot(
            made.cancellation.slot(),
            [this, &made](mqtt::error_code error, const mqtt::message& message) {
                operations_.ended(made, error);
                if (is_receiving_) receive();
                if (!error) taken(arrived(message.payload), message.payload);
                world_.maybe_throw();
            }));
    }

    world& world_;
    operations& operations_;
    deliveries& record_;
    operation* second_ = nullptr;  // the latest change of that filter
    std::uint64_t changes_ = 0;
    std::deque<held> held_;
    bool has_given_up_ = false;
    bool is_receiving_ = true;
};

}  // namespace simulation
