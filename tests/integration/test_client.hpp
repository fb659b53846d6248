// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "integration/run_until.hpp"

#include <asio_mqtt/client.hpp>

#include "support/catch.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

namespace mqtt = asio_mqtt;

/// Options of a client that loses no time with reconnecting.
inline mqtt::client_options options_for(const std::string& broker, mqtt::protocol_version version,
                                        std::string client_id = {}) {
    using namespace std::chrono_literals;
    mqtt::client_options options;
    options.brokers = {broker};
    options.version = version;
    options.client_id = std::move(client_id);
    options.minimum_reconnect_delay = 5ms;
    options.maximum_reconnect_delay = 50ms;
    return options;
}

/// How an operation ended.
template <class Result>
struct outcome {
    mqtt::error_code error;
    Result result;
};

/// A client that runs, and functions that wait, running the io_context, for what they start.
///
/// What its handlers refer to is shared with them: they may be called after it is gone.
template <class Client = mqtt::client>
class basic_test_client {
public:
    basic_test_client(asio::io_context& context, mqtt::client_options options)
        : basic_test_client{context, Client{context, std::move(options)}} {}

    basic_test_client(asio::io_context& context, Client made)
        : io{context}, client{std::move(made)} {
        client.async_run([ended = ended_](mqtt::error_code error) { *ended = error; });
    }

    outcome<mqtt::publish_result> publish(std::string_view topic, mqtt::payload content,
                                          const mqtt::publish_options& options) {
        return wait<mqtt::publish_result>([&](auto token) {
            client.async_publish(topic, std::move(content), options, std::move(token));
        });
    }
    outcome<mqtt::publish_result> publish(std::string_view topic, mqtt::payload content,
                                          mqtt::qos qos) {
        return publish(topic, std::move(content), mqtt::publish_options{.qos = qos});
    }

    /// The messages of the filter are added to `messages()`.
    outcome<mqtt::subscribe_result> subscribe(std::string_view filter,
                                              const mqtt::subscribe_options& options) {
        return subscribe(filter, options,
                         [messages = messages_](const mqtt::message_view& message) {
                             messages->push_back(to_message(message));
                         });
    }
    outcome<mqtt::subscribe_result> subscribe(std::string_view filter, mqtt::qos qos) {
        return subscribe(filter, mqtt::subscribe_options{.qos = qos});
    }
    template <class MessageHandler>
    outcome<mqtt::subscribe_result> subscribe(std::string_view filter,
                                              const mqtt::subscribe_options& options,
                                              MessageHandler handler) {
        return wait<mqtt::subscribe_result>([&](auto token) {
            client.async_subscribe(filter, options, std::move(handler), std::move(token));
        });
    }

    outcome<mqtt::unsubscribe_result> unsubscribe(std::string_view filter) {
        return wait<mqtt::unsubscribe_result>(
            [&](auto token) { client.async_unsubscribe(filter, std::move(token)); });
    }

    /// Waits for the client to have received this many messages in all.
    bool receive(std::size_t count) {
        return run_until(io, [&] { return messages_->size() >= count; });
    }
    std::vector<mqtt::message>& messages() { return *messages_; }

    /// With what async_run() has ended; nothing when it does not within 10 s.
    std::optional<mqtt::error_code> run_end() {
        run_until(io, [&] { return ended_->has_value(); });
        return *ended_;
    }
    bool is_running() const { return !ended_->has_value(); }

    /// Disconnects; with what async_run() has ended.
    std::optional<mqtt::error_code> disconnect() {
        client.async_disconnect([](mqtt::error_code) {});
        return run_end();
    }

    asio::io_context& io;
    Client client;

private:
    template <class Result, class Start>
    outcome<Result> wait(Start&& start) {
        const auto ended = std::make_shared<std::optional<outcome<Result>>>();
        start([ended](mqtt::error_code error, Result result) {
            *ended = outcome<Result>{error, std::move(result)};
        });
        const bool has_ended = run_until(io, [&] { return ended->has_value(); });
        REQUIRE(has_ended);
        return std::move(**ended);
    }

    std::shared_ptr<std::vector<mqtt::message>> messages_ =
        std::make_shared<std::vector<mqtt::message>>();
    std::shared_ptr<std::optional<mqtt::error_code>> ended_ =
        std::make_shared<std::optional<mqtt::error_code>>();
};

using test_client = basic_test_client<>;

/// For GENERATE.
#define BOTH_VERSIONS GENERATE(asio_mqtt::protocol_version::v3_1_1, asio_mqtt::protocol_version::v5)

inline constexpr mqtt::qos every_qos[] = {mqtt::qos::at_most_once, mqtt::qos::at_least_once,
                                          mqtt::qos::exactly_once};

}  // namespace test
