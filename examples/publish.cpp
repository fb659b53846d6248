// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// Publishes one message from the command line: see `usage`.
// Exit status: 0 the broker has it, 1 it has not, 2 the command line is wrong.
#include <asio_mqtt.hpp>

#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace mqtt = asio_mqtt;

constexpr const char* usage = R"(Usage: publish [OPTION]... TOPIC MESSAGE
MESSAGE - stands for standard input.
  --broker URL       mqtt://HOST[:PORT] (mqtt://localhost)
  --qos QOS          0, 1 or 2 (0)
  --retain           the broker keeps the message for later subscribers
  --user NAME        user name for the broker
  --password TEXT    password for the broker
  --version VERSION  of MQTT: 3.1.1 or 5 (5)
)";

struct arguments {
    mqtt::client_options client{.brokers = {"mqtt://localhost"}};
    mqtt::publish_options publish{};
    std::string topic{};
    std::string message{};
};

arguments parse_arguments(int argc, char** argv) {
    arguments parsed;
    std::vector<std::string> words;
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
            parsed.publish.qos = static_cast<mqtt::qos>(qos[0] - '0');
        } else if (name == "--retain") {
            parsed.publish.retain = true;
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
            words.push_back(name);
        }
    }
    if (words.size() != 2) throw std::invalid_argument{"needed are TOPIC and MESSAGE"};
    parsed.topic = words[0];
    parsed.message = words[1];
    return parsed;
}

int main(int argc, char** argv) {
    arguments given;
    try {
        given = parse_arguments(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "publish: " << error.what() << "\n\n" << usage;
        return 2;
    }
    if (given.message == "-") given.message.assign(std::istreambuf_iterator{std::cin}, {});

    asio::io_context io;
    mqtt::client client{io, given.client};
    int status = 1;
    client.async_publish(given.topic, std::move(given.message), given.publish,
                         [&](mqtt::error_code error, const mqtt::publish_result& result) {
                             if (error) {
                                 std::cerr << "publish: " << error.message();
                                 if (!result.reason_string.empty()) {
                                     std::cerr << " (" << result.reason_string << ')';
                                 }
                                 std::cerr << '\n';
                             }
                             status = error ? 1 : 0;
                             client.async_disconnect(asio::detached);
                         });
    client.async_run(asio::detached);  // if it fails, so does the publish
    io.run_for(std::chrono::seconds{30});
    if (!io.stopped()) {
        std::cerr << "publish: no answer from " << given.client.brokers[0] << " within 30 s\n";
    }
    return status;
}
