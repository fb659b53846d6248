// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/operation_options.hpp>

#include <memory>
#include <system_error>
#include <tuple>
#include <utility>

namespace test {

/// What a completion handler was called with, and how often. It may be gone before the operation.
template <class... Results>
class outcome {
    struct state {
        int calls = 0;
        std::error_code error{};
        std::tuple<Results...> results{};
    };
    const std::shared_ptr<state> state_ = std::make_shared<state>();

public:
    /// A handler that reports here.
    auto handler() {
        return [to = state_](std::error_code how, Results... results) {
            ++to->calls;
            to->error = how;
            to->results = {std::move(results)...};
        };
    }

    bool succeeded() const { return calls == 1 && !error; }
    bool failed_with(std::error_code expected) const { return calls == 1 && error == expected; }
    const auto& result() const { return std::get<0>(state_->results); }

    const int& calls = state_->calls;
    const std::error_code& error = state_->error;
};

using plain_outcome = outcome<>;
using publish_outcome = outcome<asio_mqtt::publish_result>;
using subscribe_outcome = outcome<asio_mqtt::subscribe_result>;

}  // namespace test
