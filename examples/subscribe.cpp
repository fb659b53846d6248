// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// Prints the messages of some topics: see `usage`.
// Exit status: 0 all came, or it was interrupted; 1 it failed; 2 the command line is wrong.
#include <asio_mqtt.hpp>

#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace mqtt = asio_mqtt;

constexpr const char* usage = R"(Usage: subscribe [OPTION]... FILTER...
Prints `TOPIC MESSAGE` for each message, until it is interrupted.
  --broker URL       mqtt://HOST[:PORT] (mqtt://localhost)
  --qos QOS          the highest to receive with: 0, 1 or 2 (0)
  --count N          end after N messages
  --user NAME        user name for the broker
  --password TEXT    password for the broker
  --version VERSION  of MQTT: 3.1.1 or 5 (5)
)";

struct arguments {
    mqtt::client_options client{.brokers = {"mqtt://localhost"}};
    mqtt::qos qos = mqtt::qos::at_most_once;
    std::uint64_t count = 0;  // 0: no end
    std::vector<mqtt::subscription> filters{};
};

arguments parse_arguments(int argc, char** argv) {
    arguments parsed;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        const auto value = [&] {
            if (++i == argc) throw std::invalid_argument{name + " needs a value"};
            return std::string{argv[i]};
        };
        if (name == "--broker") {
            parsed.client.brokers = {value()};
        } else if (name == "--qos") {
            const std::string qos = value();
            if (qos != "0" && qos != "1" && qos != "2") {
                throw std::invalid_argument{"--qos is not 0, 1 or 2: " + qos};
            }
            parsed.qos = static_cast<mqtt::qos>(qos[0] - '0');
        } else if (name == "--count") {
            const std::string count = value();
            const char* const end = count.data() + count.size();
            const auto [stop, error] = std::from_chars(count.data(), end, parsed.count);
            if (error != std::errc{} || stop != end || parsed.count == 0) {
                throw std::invalid_argument{"--count is not a positive number: " + count};
            }
        } else if (name == "--user") {
            parsed.client.user_name = value();
        } else if (name == "--password") {
            parsed.client.password = value();
        } else if (name == "--version") {
            const std::string version = value();
            if (version != "3.1.1" && version != "5") {
                throw std::invalid_argument{"--version is neither 3.1.1 nor 5: " + version};
            }
            if (version == "3.1.1") parsed.client.version = mqtt::protocol_version::v3_1_1;
        } else if (name.starts_with("--")) {
            throw std::invalid_argument{"unknown option: " + name};
        } else {
            parsed.filters.emplace_back().filter = name;
        }
    }
    if (parsed.filters.empty()) throw std::invalid_argument{"needed is a FILTER"};
    for (mqtt::subscription& each : parsed.filters)
        each.qos = parsed.qos;
    return parsed;
}

int main(int argc, char** argv) {
    arguments given;
    try {
        given = parse_arguments(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "subscribe: " << error.what() << "\n\n" << usage;
        return 2;
    }

    asio::io_context io;
    mqtt::client client{io, given.client};
    asio::signal_set interrupted{io, SIGINT, SIGTERM};
    asio::steady_timer patience{io, std::chrono::seconds{30}};
    std::uint64_t received = 0;
    int status = 0;
    const auto end = [&](const std::string& error) {
        if (!error.empty()) std::cerr << "subscribe: " << error << '\n';
        if (!error.empty()) status = 1;
        client.async_disconnect(asio::detached);
    };

    client.async_subscribe(
        given.filters,
        [&](const mqtt::message_view& message) {
            if (given.count != 0 && received == given.count) return;
            std::cout << message.topic << ' ' << message.payload << std::endl;
            if (++received == given.count) end("");
        },
        [&](mqtt::error_code error, const mqtt::subscribe_result& result) {
            patience.cancel();
            for (std::size_t i = 0; i < result.reasons.size(); ++i) {
                if (!is_failure(result.reasons[i])) continue;
                std::cerr << "subscribe: " << given.filters[i].filter << " is refused\n";
            }
            // A refusal of the broker's; for all else that may be wrong see below.
            if (error && error != asio::error::operation_aborted) end(error.message());
        });
    client.async_run([&](mqtt::error_code error) {
        if (error && status == 0) end(error.message());
        interrupted.cancel();
        patience.cancel();
    });
    interrupted.async_wait([&](mqtt::error_code error, int) {
        if (!error) end("");
    });
    patience.async_wait([&](mqtt::error_code error) {
        if (!error) end("no answer from " + given.client.brokers[0] + " within 30 s");
    });
    io.run();
    return status;
}
