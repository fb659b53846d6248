// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/testing/memory_stream.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

/// A connector whose streams lead to the test itself. Copies share their state.
class scripted_connector {
public:
    using stream_type = asio_mqtt::testing::memory_stream;

    explicit scripted_connector(asio::any_io_executor executor)
        : shared_{std::make_shared<shared>(shared{std::move(executor)})} {}

    /// Connecting does not end any more, unless it is cancelled.
    void never_connect() { shared_->connects = false; }
    void connect_again() { shared_->connects = true; }
    /// The same, and cancelling changes nothing, as with a resolver that hangs: until
    /// finish_stuck().
    void get_stuck() {
        shared_->connects = false;
        shared_->minds_cancellation = false;
    }
    /// What was stuck ends well after all, however late.
    void finish_stuck() {
        const auto stuck = std::exchange(shared_->stuck, {});
        for (const auto& finish : stuck)
            finish();
    }

    /// Whom the client tried to reach, attempt by attempt.
    const std::vector<std::string>& attempts() const { return shared_->attempts; }
    std::size_t cancelled() const { return shared_->cancelled; }
    /// How often one that was stuck was cancelled.
    std::size_t cancelled_in_vain() const { return shared_->cancelled_in_vain; }

    /// The far ends of the connections that were made and not taken yet, in their order.
    std::deque<stream_type>& peers() { return shared_->peers; }

    template <class CompletionToken>
    auto async_connect(const asio_mqtt::broker_address& broker, CompletionToken&& token) {
        shared_->attempts.push_back(broker.host);
        return asio::async_initiate<CompletionToken, void(std::error_code, stream_type)>(
            [](auto handler, std::shared_ptr<shared> state) {
                const auto executor = asio::get_associated_executor(handler, state->executor);
                auto slot = asio::get_associated_cancellation_slot(handler);
                auto kept = std::make_shared<decltype(handler)>(std::move(handler));
                // It is called from the connector's state, and so must not own it.
                const auto connect = [kept, executor, to = state.get()] {
                    auto ends = asio_mqtt::testing::make_memory_stream_pair(to->executor);
                    to->peers.push_back(std::move(ends.second));
                    asio::post(executor, [kept, near = std::move(ends.first)]() mutable {
                        (*kept)(std::error_code{}, std::move(near));
                    });
                };
                if (state->connects) {
                    connect();
                } else if (!state->minds_cancellation) {
                    state->stuck.push_back(connect);
                    slot.assign(
                        [to = state.get()](asio::cancellation_type) { ++to->cancelled_in_vain; });
                } else {
                    const auto never = std::make_shared<asio::steady_timer>(
                        state->executor, asio::steady_timer::time_point::max());
                    slot.assign([never](asio::cancellation_type) { never->cancel(); });
                    never->async_wait(asio::bind_executor(executor, [kept, state](std::error_code) {
                        ++state->cancelled;
                        (*kept)(asio::error::operation_aborted, stream_type{state->executor});
                    }));
                }
            },
            token, shared_);
    }

private:
    struct shared {
        asio::any_io_executor executor;
        bool connects = true;
        bool minds_cancellation = true;
        std::vector<std::string> attempts{};
        std::size_t cancelled = 0;
        std::size_t cancelled_in_vain = 0;
        std::deque<stream_type> peers{};
        std::vector<std::function<void()>> stuck{};
    };

    std::shared_ptr<shared> shared_;
};

}  // namespace test
