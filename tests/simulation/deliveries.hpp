// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/qos.hpp>

#include "simulation/operations.hpp"
#include "simulation/world.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simulation {

/// Which messages were published, and which of them have arrived.
class deliveries {
public:
    using message_number = std::uint64_t;

    explicit deliveries(world& in) : world_{in} {}

    /// The subscriber has a filter for each kind of topic.
    enum topic_kind : std::size_t { main, second, refused };

    struct published {
        mqtt::qos qos{};
        topic_kind kind{};
        const operation* by = nullptr;
        manual_clock::time_point at{};
        std::optional<std::chrono::seconds> expiry_interval{};
        bool may_be_lost = false;
    };
    /// A message that its handler was given.
    struct arrival {
        message_number number;
        int connection;
        std::uint64_t handler;
        enum { waits, taken, given_up } state;
    };

    published& add(operation& by, mqtt::qos level, topic_kind kind) {
        by.number = ++count_;
        return messages_[count_] = {level, kind, &by, manual_clock::now(), {}, false};
    }
    void may_be_lost(message_number number) { messages_.at(number).may_be_lost = true; }
    message_number count() const noexcept { return count_; }
    const published& find(message_number number) const { return messages_.at(number); }

    /// The number, and so many dots that messages are of many sizes.
    static std::string payload_of(message_number number) {
        return std::to_string(number) + std::string(number * number % 97, '.');
    }
    static message_number number_of(std::string_view payload) {
        return std::stoull(std::string{payload});
    }

    arrival& arrived(message_number number, int connection, std::uint64_t handler) {
        return arrivals_.emplace_back(arrival{number, connection, handler, arrival::waits});
    }
    /// To which handlers it was given.
    std::vector<std::uint64_t> handlers_of(message_number number) const {
        std::vector<std::uint64_t> handlers;
        for (const arrival& each : arrivals_) {
            if (each.number == number) handlers.push_back(each.handler);
        }
        return handlers;
    }
    bool has_taken(message_number number) const {
        return std::any_of(arrivals_.begin(), arrivals_.end(), [number](const arrival& each) {
            return each.number == number && each.state == arrival::taken;
        });
    }

    // What the broker is bound to.

    /// The broker has forgotten the main subscription: what is published before it is made again
    /// may be lost.
    void subscription_lost() { complete_after_ = never; }
    void subscribed() {
        if (complete_after_ == never) complete_after_ = count_;
    }
    /// At QoS 2: so many lost sessions of the publisher may each have made one more copy.
    int copies = 1;
    /// What the broker has granted at the lowest, for the main and the second filter.
    std::array<mqtt::qos, 2> granted{mqtt::qos::exactly_once, mqtt::qos::exactly_once};

    void judge() {
        std::array<std::array<message_number, 3>, 2> latest{};
        std::map<message_number, int> taken;
        std::map<message_number, int> last_connection;
        for (const arrival& each : arrivals_) {
            const published& message = messages_.at(each.number);
            if (message.kind == refused) {
                fail("a message has arrived that the broker had refused");
                return;
            }
            const mqtt::qos highest = granted[message.kind];
            const auto level = static_cast<std::size_t>(message.qos);
            const std::string text =
                std::to_string(each.number) + " at QoS " + std::to_string(level);
            const auto [before, is_first] = last_connection.emplace(each.number, each.connection);
            if (is_first && highest == mqtt::qos::exactly_once && is_in_order(each.number)) {
                message_number& before_it = latest[message.kind][level];
                if (each.number < before_it) fail("message " + text + " is out of order");
                before_it = each.number;
            }
            const bool is_once = message.qos == mqtt::qos::at_most_once ||
                                 (message.qos == mqtt::qos::exactly_once && highest == message.qos);
            const bool is_again = !is_first && before->second == each.connection;
            if (is_again && is_once && copies == 1) fail("message " + text + " came twice");
            before->second = each.connection;
            if (each.state != arrival::given_up) ++taken[each.number];
            if (is_once && taken[each.number] > copies) {
                fail("message " + text + " has arrived too often");
            }
        }
        for (const auto& [number, message] : messages_) {
            if (message.by->has_succeeded() && !message.may_be_lost && message.kind == main &&
                number > complete_after_ &&
                std::min(message.qos, granted[main]) != mqtt::qos::at_most_once &&
                !has_taken(number)) {
                fail("message " + std::to_string(number) + " was published and is lost");
            }
        }
    }

private:
    /// A message is no latecomer: one that nobody subscribed to when it was sent may arrive when it
    /// is sent again.
    bool is_in_order(message_number number) const {
        const published& message = messages_.at(number);
        if (message.kind == main) return number > complete_after_;
        return message.qos != mqtt::qos::at_least_once && copies == 1;
    }

    static constexpr message_number never = std::numeric_limits<message_number>::max();

    void fail(const std::string& text) { world_.fail(text); }

    world& world_;
    std::map<message_number, published> messages_;
    std::deque<arrival> arrivals_;
    message_number count_ = 0;
    message_number complete_after_ = never;
};

}  // namespace simulation
