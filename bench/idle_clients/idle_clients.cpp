// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// What clients cost that do nothing but stay connected: all of them on one thread.
//
//   idle_clients asio_mqtt|bare_asio PORT COUNT SECONDS
//
// Bare Asio has for each client a socket, a timer and a few bytes to read into: what stays
// connected needs no less.

#include "../processor_time.hpp"

#include <asio_mqtt.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <malloc.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <string>
#include <system_error>

namespace mqtt = asio_mqtt;

namespace {

using std::chrono::steady_clock;
constexpr std::chrono::seconds keep_alive{1};
// A host has fewer than 30,000 ports for connections to one address and port.
constexpr std::size_t most_to_one_address = 20'000;
// As many at once as no queue for new connections is too short for.
constexpr std::size_t most_connecting = 100;

[[noreturn]] void fail(const std::string& why) {
    std::fprintf(stderr, "idle_clients: %s\n", why.c_str());
    std::exit(1);
}

std::string address(std::size_t client) {
    return "127.0.0." + std::to_string(1 + client / most_to_one_address);
}

using connected_handler = std::function<void()>;

class asio_mqtt_client {
public:
    asio_mqtt_client(asio::io_context& io, std::uint16_t port, std::size_t number,
                     connected_handler connected)
        : client_{io, to_options(port, number, std::move(connected))} {
        client_.async_run([](mqtt::error_code error) { fail(error.message()); });
    }

private:
    static mqtt::client_options to_options(std::uint16_t port, std::size_t number,
                                           connected_handler connected) {
        mqtt::client_options options;
        options.brokers = {"mqtt://" + address(number) + ':' + std::to_string(port)};
        options.client_id = "idle-" + std::to_string(number);
        options.keep_alive = keep_alive;
        options.on_connection = [connected =
                                     std::move(connected)](const mqtt::connection_event& event) {
            if (event.what == mqtt::connection_event::kind::disconnected) fail("disconnected");
            if (event.what == mqtt::connection_event::kind::connected) connected();
        };
        return options;
    }

    mqtt::client client_;
};

class bare_asio_client {
public:
    bare_asio_client(asio::io_context& io, std::uint16_t port, std::size_t number,
                     connected_handler connected)
        : socket_{io}, timer_{io}, connected_{std::move(connected)} {
        socket_.async_connect({asio::ip::make_address_v4(address(number)), port},
                              [this](std::error_code error) {
                                  if (error) fail(error.message());
                                  socket_.set_option(asio::ip::tcp::no_delay{true});
                                  write("\x10\x0E\0\4MQTT\5\2\0\1\0\0\1i", 16);
                                  read();
                              });
    }

private:
    void write(const char* bytes, std::size_t size) {
        asio::async_write(socket_, asio::buffer(bytes, size),
                          [](std::error_code error, std::size_t) {
                              if (error) fail(error.message());
                          });
    }
    void read() {
        socket_.async_read_some(asio::buffer(input_), [this](std::error_code error, std::size_t) {
            if (error) fail(error.message());
            if (connected_ != nullptr) {
                connected_();
                connected_ = nullptr;
                wait();
            }
            read();
        });
    }
    void wait() {
        timer_.expires_after(keep_alive);
        timer_.async_wait([this](std::error_code) {
            write("\xC0\0", 2);
            wait();
        });
    }

    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    connected_handler connected_;
    std::array<char, 16> input_{};
};

std::size_t allocated_bytes() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

std::size_t resident_bytes() {
    std::size_t all = 0;
    std::size_t resident = 0;
    std::ifstream{"/proc/self/statm"} >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double seconds_since(steady_clock::time_point start) {
    return std::chrono::duration<double>(steady_clock::now() - start).count();
}

template <class Client>
void run(const char* name, std::uint16_t port, std::size_t count, double seconds) {
    asio::io_context io{1};
    std::deque<Client> clients;
    std::size_t connected = 0;
    const auto allocated = allocated_bytes();
    const auto resident = resident_bytes();
    const auto start = steady_clock::now();
    const auto start_cpu = bench::cpu_seconds();
    std::function<void()> connect_next = [&] {
        if (clients.size() < count) {
            clients.emplace_back(io, port, clients.size(), [&] {
                ++connected;
                connect_next();
            });
        }
    };
    for (std::size_t i = 0; i < most_connecting; ++i)
        connect_next();
    while (connected < count)
        io.run_one();
    const double connect_seconds = seconds_since(start);
    const double connect_cpu = bench::cpu_seconds() - start_cpu;
    io.poll();
    const auto per_client = [&](std::size_t after, std::size_t before) {
        return static_cast<double>(after - before) / static_cast<double>(count);
    };
    const double allocated_each = per_client(allocated_bytes(), allocated);
    const double resident_each = per_client(resident_bytes(), resident);

    const double idle_cpu = bench::cpu_seconds();
    const auto idle_start = steady_clock::now();
    io.run_for(std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)});
    const double per_second = (bench::cpu_seconds() - idle_cpu) / seconds_since(idle_start);
    std::printf(
        "%-9s  %zu clients connected in %.2f s (CPU %.2f s)   each %.0f bytes allocated, %.0f "
        "resident   keep-alives of %lld s: %.2f µs of CPU for a client in a second (%.1f %% of a "
        "core)\n",
        name, count, connect_seconds, connect_cpu, allocated_each, resident_each,
        static_cast<long long>(keep_alive.count()), per_second / static_cast<double>(count) * 1e6,
        per_second * 100);
    std::fflush(stdout);
    // Ending them one by one is not measured.
    std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fputs("Usage: idle_clients asio_mqtt|bare_asio PORT COUNT SECONDS\n", stderr);
        return 2;
    }
    const std::string who{argv[1]};
    const auto port = static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10));
    const std::size_t count = std::strtoull(argv[3], nullptr, 10);
    const double seconds = std::strtod(argv[4], nullptr);
    rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < count + 64) fail("this system allows too few open files");
    if (who == "asio_mqtt") run<asio_mqtt_client>("asio_mqtt", port, count, seconds);
    if (who == "bare_asio") run<bare_asio_client>("bare Asio", port, count, seconds);
    fail("there is no '" + who + "'");
}
