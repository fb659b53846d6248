// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "integration/child_process.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <sys/inotify.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

namespace test {

/// The real broker, in a directory and on a port of 127.0.0.1 of its own.
class mosquitto {
public:
    static constexpr std::string_view open_to_all = "allow_anonymous true\n";
    /// Open to all, and sessions and messages outlive it: what stop() or save() wrote is there
    /// after start(). Those of 2.0.11 only that did not begin with a clean start.
    static constexpr std::string_view keeps_sessions =
        "allow_anonymous true\npersistence true\npersistence_location ./\n";

    /// `configuration` is what the broker's file says beside the port; `files` are what it refers
    /// to, by name and content.
    explicit mosquitto(std::string_view configuration = open_to_all,
                       const std::map<std::string, std::string>& files = {}) {
        // Bound and not listening, it keeps the port free for the broker, also while that is down.
        const asio::ip::tcp::endpoint any_port{asio::ip::address_v4::loopback(), 0};
        port_.open(any_port.protocol());
        port_.set_option(asio::socket_base::reuse_address{true});
        port_.bind(any_port);
        for (const auto& [name, content] : files)
            write(name, content);
        write("mosquitto.conf",
              "listener " + std::to_string(port()) + " 127.0.0.1\n" +
                  "user root\n"  // keeps its rights to the directory, if it has any
                  "log_type all\nconnection_messages true\n" +
                  std::string{configuration});
        start();
    }
    ~mosquitto() {
        process_.reset();
        if (std::uncaught_exceptions() > exceptions_) show_end_of_log();
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    mosquitto(const mosquitto&) = delete;
    mosquitto& operator=(const mosquitto&) = delete;

    std::uint16_t port() const { return port_.local_endpoint().port(); }
    std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port()); }

    /// Starts it again; it serves clients on return.
    void start() {
        const char* program = std::getenv("ASIO_MQTT_MOSQUITTO");
        const int output =
            ::open((directory_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        process_.emplace(std::vector<std::string>{program != nullptr ? program : "mosquitto", "-c",
                                                  "mosquitto.conf"},
                         directory_, output);
        ::close(output);
        wait_until_it_serves();
    }

    /// As a power failure does: nothing is said to the clients, nothing is saved.
    void kill() {
        process_->signal(SIGKILL);
        process_->wait();
        process_.reset();
    }

    /// Has it write all that it knows to disk now; it does so to another file, and renames that.
    void save() {
        const int events = ::inotify_init1(IN_CLOEXEC);
        pollfd renamed{events, POLLIN, 0};
        const bool is_watched =
            events >= 0 && ::inotify_add_watch(events, directory_.c_str(), IN_MOVED_TO) >= 0;
        process_->signal(SIGUSR1);
        const bool is_saved = is_watched && ::poll(&renamed, 1, 10'000) == 1;
        ::close(events);
        if (!is_saved) throw std::runtime_error{"mosquitto does not save"};
    }

    /// As an administrator does. It saves before it ends.
    void stop() {
        process_->signal(SIGTERM);
        process_->wait();
        process_.reset();
    }

    /// Where the file of this name is.
    std::filesystem::path path(const std::string& name) const { return directory_ / name; }

    /// How often its log says this.
    std::size_t count_in_log(std::string_view text) const {
        const std::string all = log();
        std::size_t count = 0;
        for (auto at = all.find(text); at != all.npos; at = all.find(text, at + 1))
            ++count;
        return count;
    }

private:
    std::string log() const {
        std::ifstream file{directory_ / "log"};
        return {std::istreambuf_iterator<char>{file}, {}};
    }

    /// For whoever looks into a test that failed.
    void show_end_of_log() const {
        constexpr std::size_t limit = 4'000;
        const std::string all = log();
        std::cerr << "The broker's log ends with:\n"
                  << (all.size() > limit ? all.substr(all.size() - limit) : all) << '\n';
    }

    static std::filesystem::path make_directory() {
        std::string name = std::filesystem::temp_directory_path() / "asio_mqtt.XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"mkdtemp failed"};
        return name;
    }

    void write(const std::string& name, const std::string& content) {
        std::ofstream{directory_ / name} << content;
        std::filesystem::permissions(directory_ / name, std::filesystem::perms::owner_read |
                                                            std::filesystem::perms::owner_write);
    }

    /// Until its main loop runs, and has noticed that this connection closes: a signal before would
    /// be lost.
    void wait_until_it_serves() {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        while (std::chrono::steady_clock::now() < deadline && !process_->has_exited()) {
            asio::ip::tcp::socket socket{io_};
            std::error_code error;
            socket.connect(port_.local_endpoint(), error);
            if (error) {
                std::this_thread::yield();
                continue;
            }
            socket.shutdown(asio::socket_base::shutdown_send);
            pollfd end{socket.native_handle(), POLLIN, 0};
            if (::poll(&end, 1, 10'000) == 1) return;
        }
        throw std::runtime_error{"mosquitto does not start:\n" + log()};
    }

    const int exceptions_ = std::uncaught_exceptions();
    const std::filesystem::path directory_ = make_directory();
    asio::io_context io_;
    asio::ip::tcp::socket port_{io_};
    std::optional<child_process> process_;
};

}  // namespace test
