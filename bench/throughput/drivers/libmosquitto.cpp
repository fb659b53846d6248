// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// On one thread, with mosquitto_loop(). Messages are published between its calls and not in the
// callbacks: the library then writes them at once instead of waking itself up.

#include "driver.hpp"

#include <mosquitto.h>

namespace {

class program {
public:
    explicit program(const bench::task& task)
        : task_{task},
          payload_(task.size, 'x'),
          client_{mosquitto_new(task.client_id().c_str(), true, this)},
          times_{task.what == "ping" ? task.count : 0} {
        if (client_ == nullptr) bench::fail("mosquitto_new");
        check(mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION,
                                   task.version == 4 ? MQTT_PROTOCOL_V311 : MQTT_PROTOCOL_V5));
        check(mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1));
        check(mosquitto_int_option(client_, MOSQ_OPT_SEND_MAXIMUM, 65'535));
        check(mosquitto_int_option(client_, MOSQ_OPT_RECEIVE_MAXIMUM, 65'535));
        mosquitto_connect_callback_set(client_, [](mosquitto*, void* self, int error) {
            if (error != 0) bench::fail(mosquitto_connack_string(error));
            static_cast<program*>(self)->is_connected_ = true;
        });
        mosquitto_subscribe_callback_set(client_, [](mosquitto*, void* self, int, int, const int*) {
            static_cast<program*>(self)->is_subscribed_ = true;
        });
        mosquitto_publish_callback_set(client_, [](mosquitto*, void* self, int) {
            ++static_cast<program*>(self)->published_;
        });
        mosquitto_message_callback_set(
            client_, [](mosquitto*, void* self, const mosquitto_message* message) {
                static_cast<program*>(self)->received(*message);
            });
    }
    ~program() { mosquitto_destroy(client_); }
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    void run() {
        check(mosquitto_connect(client_, "127.0.0.1", task_.port, 60));
        while (!is_connected_)
            loop();
        if (task_.what == "publish") {
            publish();
        } else if (task_.what == "receive") {
            receive();
        } else if (task_.what == "ping") {
            ping();
        } else if (task_.what == "relay") {
            relay();
        } else {
            bench::fail("no such task");
        }
        mosquitto_disconnect(client_);
    }

private:
    void publish() {
        watch_.start();
        keep_window_full("bench/topic", published_);
        // At QoS 0 this one tells that the broker has read all before it.
        check(mosquitto_publish(client_, nullptr, "bench/topic", 0, nullptr, 1, false));
        while (published_ <= task_.count)
            loop();
        stop();
    }

    void receive() {
        watch_.start();
        check(mosquitto_subscribe(client_, nullptr, "source", static_cast<int>(task_.qos)));
        while (received_ < task_.count)
            loop();
        stop();
    }

    void relay() {
        subscribe("bench/relay");
        watch_.start();
        keep_window_full("bench/relay", received_);
        stop();
    }

    /// QoS 0: there and back again; else until the acknowledgement.
    void ping() {
        if (task_.qos == 0) subscribe("echo");
        const std::uint64_t& answered = task_.qos == 0 ? received_ : published_;
        while (times_.count() < task_.count) {
            times_.sent();
            send(task_.qos == 0 ? "echo" : "bench/topic");
            while (answered == times_.count())
                loop();
            times_.answered();
        }
        times_.print();
    }

    void subscribe(const char* topic) {
        check(mosquitto_subscribe(client_, nullptr, topic, static_cast<int>(task_.qos)));
        while (!is_subscribed_)
            loop();
    }

    /// `ended` counts what the window is about.
    void keep_window_full(const char* topic, const std::uint64_t& ended) {
        while (ended < task_.count) {
            for (; started_ < task_.count && started_ - ended < task_.window; ++started_)
                send(topic);
            if (ended < task_.count) loop();
        }
    }
    void send(const char* topic) {
        check(mosquitto_publish(client_, nullptr, topic, static_cast<int>(payload_.size()),
                                payload_.data(), static_cast<int>(task_.qos), false));
    }
    void received(const mosquitto_message& message) {
        if (static_cast<std::size_t>(message.payloadlen) != task_.size) {
            bench::fail("a wrong message");
        }
        ++received_;
    }

    void stop() { watch_.stop(task_.count); }
    void loop() { check(mosquitto_loop(client_, -1, 1)); }
    static void check(int error) {
        if (error != MOSQ_ERR_SUCCESS) bench::fail(mosquitto_strerror(error));
    }

    const bench::task& task_;
    const std::string payload_;
    mosquitto* const client_;
    bool is_connected_ = false;
    bool is_subscribed_ = false;
    std::uint64_t started_ = 0;
    std::uint64_t published_ = 0;
    std::uint64_t received_ = 0;
    bench::stopwatch watch_;
    bench::round_trips times_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::task task = bench::read_task(argc, argv);
    mosquitto_lib_init();
    program{task}.run();
    mosquitto_lib_cleanup();
}
