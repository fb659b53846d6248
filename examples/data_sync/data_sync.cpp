// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// Data synchronisation by messages: nodes that each hold a set of keys and values keep them equal.
//   replicated_map.hpp   the rule by which they become equal, without any network
//   record.hpp           what they tell each other
//   sync_node.hpp        the rule on an MQTT client
//   interactive.hpp      a node with commands from standard input
//   demo.hpp             three nodes that show it
#include "arguments.hpp"
#include "demo.hpp"
#include "interactive.hpp"

#include <asio_mqtt/testing/broker.hpp>

#include <asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <memory>

namespace {

int run(data_sync::arguments given) {
    const auto io = std::make_shared<asio::io_context>();
    asio_mqtt::testing::broker embedded{io->get_executor()};
    if (given.client.brokers.empty()) {
        if (const std::error_code error = embedded.listen()) {
            std::cerr << "data_sync: cannot start a broker: " << error.message() << '\n';
            return 1;
        }
        given.client.brokers = {embedded.url()};
    }
    return given.is_demo ? data_sync::demo{*io, given}.run()
                         : data_sync::interactive{io, given}.run();
}

}  // namespace

int main(int count, char** values) {
    data_sync::arguments given;
    try {
        given = data_sync::parse_arguments(count, values);
    } catch (const std::exception& error) {
        std::cerr << "data_sync: " << error.what() << "\n\n" << data_sync::usage;
        return 2;
    }
    if (given.is_help) {
        std::cout << data_sync::usage;
        return 0;
    }
    return run(std::move(given));
}
