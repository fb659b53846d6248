// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "arguments.hpp"
#include "print.hpp"
#include "sync_node.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

namespace data_sync {

/// One node, with commands from standard input.
class interactive {
public:
    interactive(std::shared_ptr<asio::io_context> io, const arguments& given)
        : io_{std::move(io)},
          broker_{given.client.brokers.front()},
          prefix_{given.prefix},
          timer_{*io_},
          node_{io_->get_executor(), given.client, given.prefix, given.node, make_events()} {}

    /// Returns the status of the program.
    int run() {
        std::cout << "node " << node_.map().node() << ", connecting to " << broker_ << std::endl;
        node_.start();
        in(std::chrono::seconds{5}, [this] {
            std::cout << "no answer from " << broker_ << " yet, or no right to use " << prefix_
                      << "; still trying" << std::endl;
        });
        io_->run();
        return status_;
    }

private:
    node_events make_events() {
        return {.changed =
                    [](const std::string& key, const record& now) {
                        std::cout << "<- " << describe(key, now) << "   (" << origin(now) << ')'
                                  << std::endl;
                    },
                .caught_up = [this] { caught_up(); },
                .warning =
                    [](const std::string& what) {
                        std::cerr << "warning: " << printable(what) << std::endl;
                    },
                .stopped =
                    [this](mqtt::error_code error) {
                        if (error) finish(1, "stopped: " + error.message());
                        finish(0, "");
                    }};
    }

    /// Not earlier: what is set with no knowledge of the key's version would lose.
    void caught_up() {
        if (is_caught_up_) return;  // after a reconnect
        is_caught_up_ = true;
        timer_.cancel();
        std::cout << "caught up; commands: set KEY VALUE, get KEY, delete KEY, list, quit"
                  << std::endl;
        // Standard input cannot be read asynchronously everywhere. The thread shares the context
        // alone, so that the program may end while it waits for a line that never comes.
        std::thread{[this, io = io_] {
            std::string line;
            while (std::getline(std::cin, line))
                asio::post(*io, [this, line] { obey(line); });
            asio::post(*io, [this] { quit(); });
        }}.detach();
    }

    void obey(const std::string& line) {
        std::istringstream words{line};
        std::string command, key, value;
        words >> command >> key >> std::ws;
        std::getline(words, value);
        if (command.empty() || is_quitting_) return;
        if (command == "quit") return quit();
        if (command == "list") return list();
        if (command == "get" && !key.empty()) return get(key);
        if (command == "delete" && !key.empty()) {
            if (!node_.erase(key)) std::cout << "there is no " << printable(key) << std::endl;
        } else if (command == "set" && !key.empty()) {
            if (!node_.set(key, value)) std::cout << "no version is left for it" << std::endl;
        } else {
            std::cout << "commands: set KEY VALUE, get KEY, delete KEY, list, quit" << std::endl;
        }
    }

    void get(const std::string& key) const {
        const std::string* const value = node_.map().get(key);
        if (value == nullptr) {
            std::cout << "there is no " << printable(key) << std::endl;
        } else {
            std::cout << printable(*value) << std::endl;
        }
    }

    void list() const {
        for (const auto& [key, held] : node_.map().all()) {
            if (!held.deleted) std::cout << describe(key, held) << '\n';
        }
        std::cout.flush();
    }

    void quit() {
        if (std::exchange(is_quitting_, true)) return;
        node_.stop();
        in(std::chrono::seconds{30},
           [this] { finish(1, "the broker did not take all changes in time"); });
    }

    void finish(int status, const std::string& error) {
        if (io_->stopped()) return;
        if (!error.empty()) std::cerr << "data_sync: " << error << std::endl;
        status_ = status;
        io_->stop();
    }

    template <class Action>
    void in(std::chrono::seconds delay, Action action) {
        timer_.expires_after(delay);
        timer_.async_wait([action](asio::error_code error) {
            if (!error) action();
        });
    }

    std::shared_ptr<asio::io_context> io_;
    std::string broker_;
    std::string prefix_;
    asio::steady_timer timer_;
    bool is_caught_up_ = false;
    bool is_quitting_ = false;
    int status_ = 0;
    sync_node node_;
};

}  // namespace data_sync
