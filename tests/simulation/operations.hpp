// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/operation_options.hpp>
#include <asio_mqtt/protocol/errc.hpp>

#include "simulation/world.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace simulation {

/// A completion that is waited for.
struct operation {
    std::string what;
    const void* client = nullptr;
    std::uint64_t number = 0;                  ///< Of the message, if it publishes one.
    std::vector<mqtt::error_code> may_fail{};  ///< With these errors.
    int calls = 0;
    mqtt::error_code error{};
    asio::cancellation_signal cancellation{};

    bool is_pending() const noexcept { return calls == 0; }
    bool has_succeeded() const noexcept { return calls != 0 && !error; }
    bool may_end_with(mqtt::error_code with) const {
        return !with || std::find(may_fail.begin(), may_fail.end(), with) != may_fail.end();
    }
};

/// All of them: each must end once, with success or an error for which there was a reason.
class operations {
public:
    explicit operations(world& in) : world_{in} {}

    operation& add(std::string what, const void* client) {
        operation& added = all_.emplace_back();
        added.what = std::move(what);
        added.client = client;
        return added;
    }

    /// A handler that counts its calls.
    template <class... Results>
    auto report(operation& to) {
        return asio::bind_cancellation_slot(to.cancellation.slot(), report_only<Results...>(to));
    }
    /// The same for an operation that nobody cancels.
    template <class... Results>
    auto report_only(operation& to) {
        return [this, &to](mqtt::error_code error, const Results&...) {
            ended(to, error);
            world_.maybe_throw();
        };
    }

    void ended(operation& one, mqtt::error_code error) {
        ++one.calls;
        one.error = error;
        if (!one.may_end_with(error)) {
            world_.fail(one.what + ' ' + std::to_string(one.number) +
                        " has failed: " + error.message());
        }
    }

    /// The client ends: so does what is pending.
    void may_be_aborted(const void* client) {
        for (operation& each : all_) {
            if (each.client == client && each.is_pending()) {
                each.may_fail.emplace_back(asio::error::operation_aborted);
            }
        }
    }

    operation& any() { return all_[world_.chance.below(all_.size())]; }

    /// All but those that may wait for ever.
    bool are_done() const {
        return std::none_of(all_.begin(), all_.end(), [](const operation& each) {
            return each.is_pending() && each.what != "run" && each.what != "receive";
        });
    }

    void judge() {
        for (const operation& each : all_) {
            if (each.calls != 1) {
                world_.fail(each.what + ' ' + std::to_string(each.number) + ": handler called " +
                            std::to_string(each.calls) + " times");
            }
        }
    }

private:
    world& world_;
    std::deque<operation> all_;
};

}  // namespace simulation
