// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// What a client takes while its broker is away and the application goes on publishing without a
// pause, at QoS 0, 1 and 2 in turn; and whether all arrives that was kept.
//
//   broker_away reject|drop_oldest|wait_for_room SECONDS
//
// The broker is a testing::broker in a process of its own. It is there for a second, is away for
// SECONDS, and comes back with its sessions. Each message has its number in its topic, under which
// the broker counts it in memory that both processes share.

#include "../processor_time.hpp"

#include <asio_mqtt.hpp>
#include <asio_mqtt/testing/broker.hpp>

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mqtt = asio_mqtt;

namespace {

using std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

constexpr std::string_view topic_prefix = "away/";
constexpr std::size_t payload_size = 100;
constexpr std::size_t most_messages = std::size_t{1} << 30;
/// Messages that are published before anything else has its turn.
constexpr std::size_t batch = 100;

[[noreturn]] void fail(const std::string& why) {
    std::fprintf(stderr, "broker_away: %s\n", why.c_str());
    std::exit(1);
}

/// How often each message has arrived; takes memory only where some have.
std::uint8_t* shared_counts() {
    void* const memory = mmap(nullptr, most_messages, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) fail("no memory to share");
    return static_cast<std::uint8_t*>(memory);
}

/// The process of the broker. It tells its port, and does what the other end of the socket says:
/// 'l' to listen, 's' to stop; it ends with that process.
[[noreturn]] void run_broker(int socket, std::uint8_t* arrived) {
    asio::io_context io{1};
    mqtt::testing::broker_options options;
    options.authorize_publish = [arrived](std::string_view, std::string_view topic) {
        topic.remove_prefix(topic_prefix.size());
        std::size_t number = 0;
        std::from_chars(topic.data(), topic.data() + topic.size(), number);
        ++arrived[number];
        return true;
    };
    mqtt::testing::broker broker{io.get_executor(), options};
    std::uint16_t port = 0;
    asio::local::stream_protocol::socket commands{io, asio::local::stream_protocol{}, socket};
    char command = 0;
    std::function<void()> next = [&] {
        commands.async_read_some(asio::buffer(&command, 1),
                                 [&](std::error_code error, std::size_t) {
                                     if (error) std::_Exit(0);
                                     if (command == 's') {
                                         broker.stop();
                                     } else if (broker.listen(port)) {
                                         fail("the broker cannot listen");
                                     }
                                     port = command == 'l' ? broker.port() : port;
                                     asio::write(commands, asio::buffer(&port, sizeof port));
                                     next();
                                 });
    };
    next();
    io.run();
    std::_Exit(0);
}

class broker_process {
public:
    explicit broker_process(std::uint8_t* arrived) {
        int sockets[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) fail("no pair of sockets");
        if (fork() == 0) {
            close(sockets[0]);
            run_broker(sockets[1], arrived);
        }
        close(sockets[1]);
        socket_ = sockets[0];
    }
    broker_process(const broker_process&) = delete;
    broker_process& operator=(const broker_process&) = delete;
    ~broker_process() {
        close(socket_);
        wait(nullptr);
    }

    /// Returns the port.
    std::uint16_t listen() const { return command('l'); }
    void stop() const { command('s'); }

private:
    std::uint16_t command(char letter) const {
        std::uint16_t port = 0;
        if (write(socket_, &letter, 1) != 1 || read(socket_, &port, sizeof port) != sizeof port) {
            fail("the broker has gone");
        }
        return port;
    }

    int socket_ = -1;
};

/// Of this process alone, without what it shares with the broker.
std::size_t resident_bytes() {
    std::ifstream status{"/proc/self/status"};
    for (std::string word; status >> word;) {
        std::size_t kibibytes = 0;
        if (word == "RssAnon:" && status >> kibibytes) return kibibytes * 1024;
    }
    fail("the system does not tell what is resident");
}

class application {
public:
    application(std::string policy, double seconds_away, const broker_process& broker,
                const std::uint8_t* arrived)
        : policy_{std::move(policy)},
          seconds_away_{seconds_away},
          broker_{broker},
          arrived_{arrived},
          client_{io_, options()} {}

    void run() {
        client_.async_run([](mqtt::error_code error) {
            if (error) fail(error.message());
        });
        watch();
        go_on();
        after(1, [this] { broker_goes(); });
        io_.run();
        check_unacknowledged();
        print();
    }

private:
    mqtt::client_options options() {
        mqtt::client_options options;
        options.brokers = {"mqtt://127.0.0.1:" + std::to_string(broker_.listen())};
        options.client_id = "away";
        // Else it would be tried again only half a minute after it came back.
        options.maximum_reconnect_delay = std::chrono::seconds{1};
        if (policy_ == "drop_oldest")
            options.when_queue_full.fill(mqtt::queue_overflow::drop_oldest);
        queue_size_ = options.queue_size;
        in_flight_size_ = options.in_flight_size;
        return options;
    }

    void after(double time, std::function<void()> then) {
        timer_.expires_after(std::chrono::duration_cast<steady_clock::duration>(seconds{time}));
        timer_.async_wait([then = std::move(then)](std::error_code) { then(); });
    }

    void broker_goes() {
        broker_.stop();
        went_at_ = steady_clock::now();
        cpu_ = bench::cpu_seconds();
        published_ = next_;
        after(seconds_away_, [this] { broker_comes(); });
    }

    void broker_comes() {
        cpu_ = bench::cpu_seconds() - cpu_;
        away_ = steady_clock::now() - went_at_;
        published_ = next_ - published_;
        kept_ = pending_;
        is_back_ = true;
        came_at_ = steady_clock::now();
        broker_.listen();
    }

    /// Publishes without a pause until the broker has come back.
    void go_on() {
        if (is_back_) return;
        if (policy_ == "wait_for_room") {
            client_.async_wait_for_room([this](mqtt::error_code) {
                if (!is_back_) publish();
                go_on();
            });
            return;
        }
        for (std::size_t i = 0; i < batch; ++i)
            publish();
        asio::post(io_, [this] { go_on(); });
    }

    void publish() {
        const std::size_t number = next_++;
        if (number == most_messages) fail("more messages than can be counted");
        std::array<char, 32> topic;
        char* const digits = std::copy(topic_prefix.begin(), topic_prefix.end(), topic.begin());
        char* const end = std::to_chars(digits, topic.data() + topic.size(), number).ptr;
        ++pending_;
        client_.async_publish(
            std::string_view{topic.data(), static_cast<std::size_t>(end - topic.data())},
            std::string_view{payload_}, qos_of(number),
            [this, number](mqtt::error_code error, const mqtt::publish_result&) {
                --pending_;
                ended(number, error);
            });
    }

    static mqtt::qos qos_of(std::size_t number) { return static_cast<mqtt::qos>(number % 3); }

    void ended(std::size_t number, mqtt::error_code error) {
        const unsigned count = arrived_[number];
        if (error == mqtt::errc::queue_full || error == mqtt::errc::message_dropped) {
            ++refused_;
            if (count != 0) fail("a message has arrived that was not kept");
        } else if (error) {
            fail(error.message());
        } else if (qos_of(number) != mqtt::qos::at_most_once) {
            if (count == 0) fail("a message was acknowledged that has not arrived");
            if (count != 1 && qos_of(number) == mqtt::qos::exactly_once) fail("one arrived twice");
        } else if (is_back_) {
            unacknowledged_.push_back(number);
        }
        if (is_back_ && pending_ == 0) delivered();
    }

    void delivered() {
        delivered_after_ = steady_clock::now() - came_at_;
        client_.async_disconnect([](mqtt::error_code) {});
    }

    /// Those at QoS 0 that were sent when the broker was there again; the connection has ended.
    void check_unacknowledged() const {
        if (pending_ != 0) fail("a message was neither delivered nor refused");
        for (const std::size_t number : unacknowledged_) {
            if (arrived_[number] != 1) fail("a message at QoS 0 has not arrived");
        }
    }

    /// Looks time and again how much there is.
    void watch() {
        if (is_back_ && pending_ == 0) return;
        watch_timer_.expires_after(std::chrono::milliseconds{50});
        watch_timer_.async_wait([this](std::error_code) {
            resident_ = std::max(resident_, resident_bytes());
            most_pending_ = std::max(most_pending_, pending_);
            client_.async_counters([this](mqtt::error_code, const mqtt::counters& now) {
                queued_ = std::max(queued_, now.queued_bytes);
                in_flight_ = std::max(in_flight_, now.in_flight_bytes);
                if (now.queued_bytes > queue_size_ || now.in_flight_bytes > in_flight_size_) {
                    fail("more is kept than the budget allows");
                }
                watch();
            });
        });
    }

    void print() const {
        const auto mebibytes = [](std::size_t bytes) {
            return static_cast<double>(bytes) / 1'048'576;
        };
        const auto count = [](std::size_t number) { return static_cast<double>(number); };
        std::printf(
            "%-13s  %.1f s away, %zu published, %zu refused, %.1f %% of a core, %.2f µs each   at "
            "most %zu kept: %.1f MiB queued, %.1f MiB in flight, %.1f MiB resident (%.0f bytes "
            "each)   %zu delivered in %.2f s\n",
            policy_.c_str(), away_.count(), published_, refused_, cpu_ / away_.count() * 100,
            published_ == 0 ? 0 : cpu_ / count(published_) * 1e6, most_pending_, mebibytes(queued_),
            mebibytes(in_flight_), mebibytes(resident_ - resident_before_),
            count(resident_ - resident_before_) / count(most_pending_), kept_,
            delivered_after_.count());
    }

    const std::string policy_;
    const double seconds_away_;
    const broker_process& broker_;
    const std::uint8_t* const arrived_;
    const std::string payload_ = std::string(payload_size, 'x');
    const std::size_t resident_before_ = resident_bytes();
    std::size_t queue_size_ = 0;
    std::size_t in_flight_size_ = 0;
    asio::io_context io_{1};
    asio::steady_timer timer_{io_};
    asio::steady_timer watch_timer_{io_};
    mqtt::client client_;
    bool is_back_ = false;
    steady_clock::time_point went_at_;
    steady_clock::time_point came_at_;

    std::size_t next_ = 0;
    std::size_t pending_ = 0;
    std::size_t refused_ = 0;
    std::vector<std::size_t> unacknowledged_;

    std::size_t most_pending_ = 0;
    std::size_t resident_ = resident_before_;
    std::size_t queued_ = 0;
    std::size_t in_flight_ = 0;
    double cpu_ = 0;             // while the broker was away
    std::size_t published_ = 0;  // the same
    std::size_t kept_ = 0;
    seconds away_{};
    seconds delivered_after_{};
};

}  // namespace

int main(int argc, char** argv) {
    const std::string policy{argc == 3 ? argv[1] : ""};
    if (policy != "reject" && policy != "drop_oldest" && policy != "wait_for_room") {
        std::fputs("Usage: broker_away reject|drop_oldest|wait_for_room SECONDS\n", stderr);
        return 2;
    }
    std::uint8_t* const arrived = shared_counts();
    const broker_process broker{arrived};
    application{policy, std::strtod(argv[2], nullptr), broker, arrived}.run();
}
