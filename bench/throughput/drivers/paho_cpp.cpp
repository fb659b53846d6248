// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "callback_driver.hpp"

#include <mqtt/async_client.h>

namespace {

// Counts what waits to be sent, with a connection too.
constexpr int most_waiting = 1'000'000;

class program final : bench::callback_driver, mqtt::iaction_listener {
public:
    explicit program(const bench::task& task)
        : callback_driver{task},
          topic_{task.what == "relay"                   ? "bench/relay"
                 : task.what == "ping" && task.qos == 0 ? "echo"
                                                        : "bench/topic"},
          message_{mqtt::make_message(topic_, std::string(task.size, 'x'),
                                      static_cast<int>(task.qos), false)},
          client_{"tcp://127.0.0.1:" + std::to_string(task.port), task.client_id(),
                  mqtt::create_options{version(), most_waiting}} {
        client_.set_connection_lost_handler(
            [](const std::string&) { bench::fail("disconnected"); });
        client_.set_message_callback([this](const mqtt::const_message_ptr& message) {
            received(message->get_payload_ref().size());
        });
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
        wait();
    }

private:
    int version() const { return task_.version == 4 ? MQTTVERSION_3_1_1 : MQTTVERSION_5; }

    void start() {
        if (task_.what == "publish") {
            start_publishing();
        } else if (task_.what == "receive") {
            start_receiving();
            subscribe("source");
        } else if (task_.what == "relay") {
            subscribe(topic_);
            start_publishing();
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

    void publish() override { publish(message_); }
    void publish_last() override { publish(mqtt::make_message(topic_, "", 1, false)); }
    void publish(const mqtt::const_message_ptr& message) {
        client_.publish(message, nullptr, *this);
    }

    void on_success(const mqtt::token&) override { published(); }
    void on_failure(const mqtt::token&) override { bench::fail("refused"); }

    const std::string topic_;
    const mqtt::const_message_ptr message_;
    mqtt::async_client client_;
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
