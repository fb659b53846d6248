// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// How long a client takes to be where it was after its connection was cut: until it has connected
// again, resumed its session, and finished the messages that were unfinished.
//
//   reconnect PORT CUTS UNFINISHED [default_delays]
//
// The broker is ideal_broker. Half of the messages are at QoS 1, half at QoS 2, and half of these
// have got their PUBREC. Beside each cut a blocking connect, CONNECT and CONNACK is timed on a
// second connection: nothing that reconnects can take less.

#include <asio_mqtt.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt = asio_mqtt;

namespace {

using std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& why) {
    std::fprintf(stderr, "reconnect: %s\n", why.c_str());
    std::exit(1);
}

class durations {
public:
    void add(steady_clock::duration time) { all_.push_back(time); }
    std::size_t count() const { return all_.size(); }
    /// In microseconds; `part` is 0 to 1.
    double quantile(double part) {
        std::sort(all_.begin(), all_.end());
        const auto at = static_cast<std::size_t>(part * static_cast<double>(all_.size()));
        return std::chrono::duration<double, std::micro>(all_[std::min(at, all_.size() - 1)])
            .count();
    }

private:
    std::vector<steady_clock::duration> all_;
};

class measurement {
public:
    measurement(std::uint16_t port, std::size_t cuts, std::size_t unfinished, bool default_delays)
        : broker_{asio::ip::address_v4::loopback(), port},
          cuts_{cuts},
          unfinished_{unfinished},
          client_{io_, options(default_delays)} {}

    void run() {
        client_.async_run([](mqtt::error_code error) {
            if (error) fail(error.message());
        });
        io_.run();
    }

    void print() {
        const double bare = bare_.quantile(0.5);
        std::printf(
            "%6zu unfinished, %4zu cuts: p50 %.0f µs, p99 %.0f µs, maximum %.0f µs   bare connect "
            "and CONNACK: p50 %.0f µs, p99 %.0f µs   ratio of p50 %.2f\n",
            unfinished_, resumed_.count(), resumed_.quantile(0.5), resumed_.quantile(0.99),
            resumed_.quantile(1), bare, bare_.quantile(0.99), resumed_.quantile(0.5) / bare);
    }

private:
    mqtt::client_options options(bool default_delays) {
        mqtt::client_options options;
        options.brokers = {"mqtt://127.0.0.1:" + std::to_string(broker_.port())};
        options.client_id = "reconnect";
        // As if each connection had lasted: else each wait would be longer than the one before.
        options.stable_period = std::chrono::milliseconds{0};
        if (!default_delays) {
            options.minimum_reconnect_delay = std::chrono::milliseconds{0};
            options.maximum_reconnect_delay = std::chrono::milliseconds{0};
        }
        options.on_connection = [this](const mqtt::connection_event& event) {
            if (event.what == mqtt::connection_event::kind::connected) connected(*event.connack);
        };
        return options;
    }

    void connected(const mqtt::connack_packet& connack) {
        if (!is_cut_) return begin();
        if (!connack.session_present) fail("the session was not resumed");
        const std::string_view time = connack.properties.reason_string.value_or("");
        std::int64_t nanoseconds = 0;
        std::from_chars(time.data(), time.data() + time.size(), nanoseconds);
        cut_at_ = steady_clock::time_point{std::chrono::nanoseconds{nanoseconds}};
        is_cut_ = false;
        if (unfinished_ == 0) end();
    }

    void begin() {
        connect_bare();
        finished_ = 0;
        is_cut_ = true;
        publish_at_qos_0("hold");
        for (std::size_t i = 0; i < unfinished_; ++i) {
            const auto qos = i % 2 == 0 ? mqtt::qos::at_least_once : mqtt::qos::exactly_once;
            client_.async_publish("bench/topic", "sixteen bytes...", qos,
                                  [this](mqtt::error_code error, const mqtt::publish_result&) {
                                      if (error) fail(error.message());
                                      if (is_cut_) fail("a message was finished before the cut");
                                      if (++finished_ == unfinished_) end();
                                  });
        }
        publish_at_qos_0("cut");
    }

    void publish_at_qos_0(std::string_view topic) {
        client_.async_publish(topic, "", mqtt::qos::at_most_once,
                              [](mqtt::error_code error, const mqtt::publish_result&) {
                                  if (error) fail(error.message());
                              });
    }

    void end() {
        resumed_.add(steady_clock::now() - cut_at_);
        if (resumed_.count() < cuts_) return begin();
        client_.async_disconnect([](mqtt::error_code) {});
    }

    void connect_bare() {
        static constexpr std::string_view connect{"\x10\x0E\0\4MQTT\5\2\0\1\0\0\1i", 16};
        std::array<char, 5> connack;
        const auto start = steady_clock::now();
        asio::ip::tcp::socket socket{io_};
        socket.connect(broker_);
        asio::write(socket, asio::buffer(connect));
        asio::read(socket, asio::buffer(connack));
        bare_.add(steady_clock::now() - start);
    }

    const asio::ip::tcp::endpoint broker_;
    const std::size_t cuts_;
    const std::size_t unfinished_;
    asio::io_context io_{1};
    mqtt::client client_;
    bool is_cut_ = false;  // or will be, as soon as the broker has got all of this round
    std::size_t finished_ = 0;
    steady_clock::time_point cut_at_;
    durations resumed_;
    durations bare_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4 && argc != 5) {
        std::fputs("Usage: reconnect PORT CUTS UNFINISHED [default_delays]\n", stderr);
        return 2;
    }
    const auto number = [&](int at) { return std::strtoull(argv[at], nullptr, 10); };
    const bool default_delays = argc == 5 && std::string_view{argv[4]} == "default_delays";
    measurement measured{static_cast<std::uint16_t>(number(1)), number(2), number(3),
                         default_delays};
    measured.run();
    measured.print();
}
