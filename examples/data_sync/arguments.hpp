// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "record.hpp"

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/protocol/topic.hpp>

#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace data_sync {

namespace mqtt = asio_mqtt;

inline constexpr std::string_view usage =
    R"(Keeps sets of keys and values equal on many nodes, by way of an MQTT broker.

Usage: data_sync [OPTION]...
  --broker URL       mqtt://HOST[:PORT]; without it, an embedded broker is started
  --prefix TOPIC     where the keys are: data_sync, or data_sync_demo with --demo
  --node ID          of letters, digits, '.', '_', '-'; one that no other node has (random)
  --user NAME        user name for the broker
  --password TEXT    password for the broker
  --version VERSION  of MQTT: 3.1.1 or 5 (5)
  --demo             show three nodes that converge, and end
  --help             show this

Without --demo, one node runs and takes commands, a line each, from standard input:
  set KEY VALUE | get KEY | delete KEY | list | quit
)";

struct arguments {
    mqtt::client_options client{};  ///< Its brokers are empty when one is to be embedded.
    std::string prefix{};
    std::string node{};
    bool is_demo = false;
    bool is_help = false;
};

inline std::string random_node_id() {
    return "node-" + std::to_string(std::random_device{}() % 900'000 + 100'000);
}

/// Throws std::invalid_argument, which says what is wrong.
inline arguments parse_arguments(int count, char** values) {
    arguments parsed;
    for (int i = 1; i < count; ++i) {
        const std::string name = values[i];
        const auto value = [&] {
            if (++i == count) throw std::invalid_argument{name + " needs a value"};
            return std::string{values[i]};
        };
        if (name == "--broker") {
            parsed.client.brokers = {value()};
        } else if (name == "--prefix") {
            parsed.prefix = value();
            if (!mqtt::is_valid_topic_name(parsed.prefix)) {
                throw std::invalid_argument{"--prefix is no topic name: " + parsed.prefix};
            }
        } else if (name == "--node") {
            parsed.node = value();
            if (!is_node_id(parsed.node)) {
                throw std::invalid_argument{"--node is no node id: " + parsed.node};
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
            parsed.client.version =
                version == "5" ? mqtt::protocol_version::v5 : mqtt::protocol_version::v3_1_1;
        } else if (name == "--demo") {
            parsed.is_demo = true;
        } else if (name == "--help") {
            parsed.is_help = true;
        } else {
            throw std::invalid_argument{"unknown option: " + name};
        }
    }
    if (parsed.prefix.empty()) parsed.prefix = parsed.is_demo ? "data_sync_demo" : "data_sync";
    if (parsed.node.empty()) parsed.node = random_node_id();
    return parsed;
}

}  // namespace data_sync
