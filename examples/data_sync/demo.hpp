// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "arguments.hpp"
#include "print.hpp"
#include "sync_node.hpp"

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace data_sync {

/// Three nodes in one process, each with a client of its own, go through what happens to nodes:
/// changes, changes at the same moment, absence, deletion, a newcomer. After each step all have to
/// become equal.
class demo {
public:
    demo(asio::io_context& io, const arguments& given)
        : io_{io},
          broker_{given.client.brokers.front()},
          event_{io},
          kitchen_{*this, "kitchen", given},
          office_{*this, "office", given},
          garden_{*this, "garden", given} {}

    /// Returns the status of the program.
    int run() {
        int status = 1;
        asio::co_spawn(io_, play(), [&](std::exception_ptr thrown) {
            try {
                if (thrown) std::rethrow_exception(thrown);
                status = 0;
            } catch (const std::exception& error) {
                std::cout << std::flush;
                std::cerr << "data_sync: " << error.what() << std::endl;
            }
            io_.stop();
        });
        io_.run();
        return status;
    }

private:
    /// A node that tells what it does.
    struct actor {
        actor(demo& owner, const std::string& name, const arguments& given)
            : play{owner},
              node{owner.io_.get_executor(), given.client, given.prefix, name, make_events()} {}

        node_events make_events() {
            return {.changed =
                        [this](const std::string& key, const record& now) {
                            say("receives", key, now);
                            play.event_.cancel();
                        },
                    .caught_up =
                        [this] {
                            is_caught_up = true;
                            play.event_.cancel();
                        },
                    .warning =
                        [this](const std::string& what) {
                            std::cout << "  " << node.map().node() << ": " << printable(what)
                                      << std::endl;
                        },
                    .stopped =
                        [this](mqtt::error_code why) {
                            is_running = is_caught_up = false;
                            error = why;
                            play.event_.cancel();
                        }};
        }

        void start() {
            is_running = true;
            node.start();
        }
        void set(const std::string& key, const std::string& value) {
            if (node.set(key, value)) say("sets", key, *node.map().find(key));
        }
        void erase(const std::string& key) {
            if (node.erase(key)) say("deletes", key, *node.map().find(key));
        }
        void say(std::string_view verb, const std::string& key, const record& now) const {
            const std::string what = verb == "deletes" ? printable(key) : describe(key, now);
            std::cout << "  " << std::left << std::setw(9) << node.map().node() << std::setw(10)
                      << verb << std::setw(22) << what << '(' << origin(now) << ')' << std::endl;
        }

        demo& play;
        bool is_running = false;
        bool is_caught_up = false;
        mqtt::error_code error{};
        sync_node node;
    };

    asio::awaitable<void> play() {
        tell("Two nodes connect to " + broker_ + ": kitchen and office");
        kitchen_.start();
        office_.start();
        co_await caught_up(kitchen_);
        co_await caught_up(office_);

        tell("What one of them sets, the other receives");
        kitchen_.set("light", "on");
        office_.set("temperature", "21.5");
        co_await all_equal();

        tell("Both change one key at the same moment: equal versions, so the higher node id wins");
        kitchen_.set("light", "red");
        office_.set("light", "blue");
        co_await all_equal();

        tell("office goes away");
        office_.node.stop();
        co_await stopped(office_);

        tell("Meanwhile, kitchen goes on; and office changes its copy without a connection");
        kitchen_.erase("temperature");
        kitchen_.set("door", "closed");
        kitchen_.set("light", "off");
        kitchen_.set("light", "green");
        office_.set("light", "yellow");
        office_.set("window", "open");

        tell("office comes back: both catch up, the deleted key stays deleted");
        office_.start();
        co_await caught_up(office_);
        co_await all_equal();

        tell("A third node, garden, is new: it has all from the broker");
        garden_.start();
        co_await caught_up(garden_);
        co_await all_equal();

        tell("It takes part like the others, in setting and in deleting");
        garden_.set("door", "open");
        garden_.erase("window");
        co_await all_equal();

        tell("In the end each node holds:");
        std::size_t count = 0;
        for (const auto& [key, held] : garden_.node.map().all()) {
            if (held.deleted) continue;
            ++count;
            std::cout << "  " << std::left << std::setw(19) << printable(key)
                      << printable(held.value) << '\n';
        }
        for (actor* each : actors_) {
            each->node.stop();
            co_await stopped(*each);
        }
        std::cout << "\n3 nodes, " << count << " keys, all equal" << std::endl;
    }

    static void tell(const std::string& what) { std::cout << '\n' << what << '\n' << std::flush; }

    asio::awaitable<void> caught_up(actor& one) {
        return until([&one] { return one.is_caught_up; }, one.node.map().node() + " to catch up");
    }

    asio::awaitable<void> stopped(actor& one) {
        return until([&one] { return !one.is_running; }, one.node.map().node() + " to disconnect");
    }

    /// The nodes that run hold the same, and all that they wrote is among it.
    asio::awaitable<void> all_equal() {
        return until([this] { return are_equal(); }, "all nodes to be equal");
    }

    bool are_equal() const {
        const replicated_map* first = nullptr;
        for (const actor* each : actors_) {
            if (!each->is_running) continue;
            if (first == nullptr) first = &each->node.map();
            if (each->node.map().all() != first->all()) return false;
        }
        return true;
    }

    /// Waits until something happened that makes the condition true.
    template <class Condition>
    asio::awaitable<void> until(Condition condition, std::string what) {
        event_.expires_after(std::chrono::seconds{10});
        const auto deadline = event_.expiry();
        while (!condition()) {
            for (const actor* each : actors_) {
                if (each->error) throw std::system_error{each->error, each->node.map().node()};
            }
            if (std::chrono::steady_clock::now() >= deadline) {
                throw std::runtime_error{"waited in vain for " + what};
            }
            asio::error_code is_cancelled_by_each_event;
            auto token = asio::redirect_error(asio::use_awaitable, is_cancelled_by_each_event);
            co_await event_.async_wait(token);
        }
    }

    asio::io_context& io_;
    std::string broker_;
    asio::steady_timer event_;
    actor kitchen_, office_, garden_;
    actor* actors_[3] = {&kitchen_, &office_, &garden_};
};

}  // namespace data_sync
