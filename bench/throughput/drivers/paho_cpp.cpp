// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// Paho C++ has the threads of Paho C, on which it stands: all after the start happens in its
// callbacks, each completion starting the next message.

#include "driver.hpp"

#include <mqtt/async_client.h>

#include <atomic>
#include <future>

namespace {

// Counts what waits to be sent, with a connection too.
constexpr int most_waiting = 1'000'000;

class program : mqtt::iaction_listener {
public:
    explicit program(const bench::task& task)
        : task_{task},
          topic_{task.what == "relay"                   ? "bench/relay"
                 : task.what == "ping" && task.qos == 0 ? "echo"
                                                        : "bench/topic"},
          message_{mqtt::make_message(topic_, std::string(task.size, 'x'),
                                      static_cast<int>(task.qos), false)},
          client_{"tcp://127.0.0.1:" + std::to_string(task.port), task.client_id(),
                  mqtt::create_options{version(), most_waiting}},
          times_{task.what == "ping" ? task.count : 0} {
        client_.set_connection_lost_handler(
            [](const std::string&) { bench::fail("disconnected"); });
        client_.set_message_callback(
            [this](const mqtt::const_message_ptr& message) { received(*message); });
    }

    void run() {
        mqtt::connect_options options;
        options.set_mqtt_version(version());
        options.set_max_inflight(65'535);
        if (task_.version == 5) {
            options.set_clean_start(true);
        } else {
            options.set_clean_session(true);
        }
        client_.connect(options)->wait();
        start();
        has_ended_.get_future().wait();
    }

private:
    int version() const { return task_.version == 4 ? MQTTVERSION_3_1_1 : MQTTVERSION_5; }

    void start() {
        if (task_.what == "publish") {
            watch_.start();
            fill_window();
        } else if (task_.what == "receive") {
            watch_.start();
            subscribe("source");
        } else if (task_.what == "relay") {
            subscribe(topic_);
            watch_.start();
            fill_window();
        } else if (task_.what == "ping") {
            if (task_.qos == 0) subscribe(topic_);
            ping();
        } else {
            bench::fail("no such task");
        }
    }
    void subscribe(const std::string& topic) {
        client_.subscribe(topic, static_cast<int>(task_.qos))->wait();
    }

    void fill_window() {
        for (std::uint32_t i = 0; i < task_.window; ++i)
            publish_next();
    }
    void publish_next() {
        if (started_.fetch_add(1) < task_.count) publish(message_);
    }
    void publish(const mqtt::const_message_ptr& message) {
        client_.publish(message, nullptr, *this);
    }

    void on_success(const mqtt::token&) override {
        if (task_.what == "ping" && task_.qos != 0) return answered();
        if (task_.what != "publish") return;
        publish_next();
        const std::uint64_t done = done_.fetch_add(1) + 1;
        // At QoS 0 this one tells that the broker has read all before it.
        if (done == task_.count) publish(mqtt::make_message(topic_, "", 1, false));
        if (done == task_.count + 1) end();
    }
    void on_failure(const mqtt::token&) override { bench::fail("refused"); }

    void received(const mqtt::message& message) {
        if (message.get_payload_ref().size() != task_.size) bench::fail("a wrong message");
        if (task_.what == "ping") return answered();
        if (task_.what == "relay") publish_next();
        if (++received_ == task_.count) end();
    }

    /// QoS 0: there and back again; else until the acknowledgement.
    void ping() {
        times_.sent();
        publish(message_);
    }
    void answered() {
        times_.answered();
        if (times_.count() < task_.count) return ping();
        times_.print();
        has_ended_.set_value();
    }

    void end() {
        watch_.stop();
        watch_.print(task_.count);
        has_ended_.set_value();
    }

    const bench::task& task_;
    const std::string topic_;
    const mqtt::const_message_ptr message_;
    mqtt::async_client client_;
    // The first window is published by main(), the rest by two threads of the library.
    std::atomic<std::uint64_t> started_{0};
    std::atomic<std::uint64_t> done_{0};
    std::uint64_t received_ = 0;
    bench::stopwatch watch_;
    bench::round_trips times_;
    std::promise<void> has_ended_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::task task = bench::read_task(argc, argv);
    try {
        program running{task};
        running.run();
        // To disconnect takes the library a third of a second, in which nothing is measured.
        std::exit(0);
    } catch (const std::exception& error) {
        bench::fail(error.what());
    }
}
