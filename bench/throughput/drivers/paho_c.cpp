// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// Paho C has threads of its own: all after the start happens in its callbacks, each completion
// starting the next message.

#include "driver.hpp"

#include <MQTTAsync.h>

#include <atomic>
#include <future>

namespace {

class program {
public:
    explicit program(const bench::task& task)
        : task_{task}, payload_(task.size, 'x'), times_{task.what == "ping" ? task.count : 0} {
        MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
        options.MQTTVersion = task.version == 4 ? MQTTVERSION_3_1_1 : MQTTVERSION_5;
        // Counts what waits to be sent, with a connection too.
        options.maxBufferedMessages = 1'000'000;
        const std::string broker = "tcp://127.0.0.1:" + std::to_string(task.port);
        check(MQTTAsync_createWithOptions(&client_, broker.c_str(), task.client_id().c_str(),
                                          MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options));
        check(MQTTAsync_setCallbacks(
            client_, this, [](void*, char*) { bench::fail("disconnected"); },
            [](void* self, char* topic, int, MQTTAsync_message* message) {
                static_cast<program*>(self)->received(*message);
                MQTTAsync_freeMessage(&message);
                MQTTAsync_free(topic);
                return 1;
            },
            nullptr));
        published_ = make_response<&program::published>();
    }
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    void run() {
        connect();
        has_ended_.get_future().wait();
    }

private:
    void connect() {
        MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
        if (task_.version == 5) options = MQTTAsync_connectOptions_initializer5;
        options.maxInflight = 65'535;
        options.context = this;
        if (task_.version == 5) {
            options.cleanstart = 1;
            options.onSuccess5 = [](void* self, MQTTAsync_successData5*) {
                static_cast<program*>(self)->start();
            };
            options.onFailure5 = [](void*, MQTTAsync_failureData5*) { bench::fail("connect"); };
        } else {
            options.onSuccess = [](void* self, MQTTAsync_successData*) {
                static_cast<program*>(self)->start();
            };
            options.onFailure = [](void*, MQTTAsync_failureData*) { bench::fail("connect"); };
        }
        check(MQTTAsync_connect(client_, &options));
    }

    void start() {
        if (task_.what == "publish") {
            watch_.start();
            fill_window();
        } else if (task_.what == "receive") {
            watch_.start();
            subscribe("source");
        } else if (task_.what == "relay") {
            topic_ = "bench/relay";
            subscribe(topic_);
        } else if (task_.what != "ping") {
            bench::fail("no such task");
        } else if (task_.qos == 0) {
            topic_ = "echo";
            subscribe(topic_);
        } else {
            ping();
        }
    }

    void subscribe(const char* topic) {
        MQTTAsync_responseOptions response = make_response<&program::subscribed>();
        check(MQTTAsync_subscribe(client_, topic, static_cast<int>(task_.qos), &response));
    }
    void subscribed() {
        if (task_.what == "ping") ping();
        if (task_.what == "relay") {
            watch_.start();
            fill_window();
        }
    }

    void fill_window() {
        for (std::uint32_t i = 0; i < task_.window; ++i)
            publish_next();
    }
    void publish_next() {
        if (started_.fetch_add(1) < task_.count) publish();
    }
    void publish() { send(payload_, static_cast<int>(task_.qos)); }
    void send(const std::string& payload, int qos) {
        check(MQTTAsync_send(client_, topic_, static_cast<int>(payload.size()), payload.data(), qos,
                             0, &published_));
    }

    void published() {
        if (task_.what == "ping" && task_.qos != 0) return answered();
        if (task_.what != "publish") return;
        publish_next();
        const std::uint64_t done = done_.fetch_add(1) + 1;
        // At QoS 0 this one tells that the broker has read all before it.
        if (done == task_.count) send({}, 1);
        if (done == task_.count + 1) end();
    }

    void received(const MQTTAsync_message& message) {
        if (static_cast<std::size_t>(message.payloadlen) != task_.size) {
            bench::fail("a wrong message");
        }
        if (task_.what == "ping") return answered();
        if (task_.what == "relay") publish_next();
        if (++received_ == task_.count) end();
    }

    /// QoS 0: there and back again; else until the acknowledgement.
    void ping() {
        times_.sent();
        publish();
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

    /// Calls `Function` of this program when a call was successful.
    template <void (program::*Function)()>
    MQTTAsync_responseOptions make_response() {
        MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
        response.context = this;
        if (task_.version == 5) {
            response.onSuccess5 = [](void* self, MQTTAsync_successData5*) {
                (static_cast<program*>(self)->*Function)();
            };
            response.onFailure5 = [](void*, MQTTAsync_failureData5*) { bench::fail("refused"); };
        } else {
            response.onSuccess = [](void* self, MQTTAsync_successData*) {
                (static_cast<program*>(self)->*Function)();
            };
            response.onFailure = [](void*, MQTTAsync_failureData*) { bench::fail("refused"); };
        }
        return response;
    }

    static void check(int error) {
        if (error != MQTTASYNC_SUCCESS) bench::fail(MQTTAsync_strerror(error));
    }

    const bench::task& task_;
    const std::string payload_;
    const char* topic_ = "bench/topic";
    MQTTAsync client_ = nullptr;
    MQTTAsync_responseOptions published_;
    // Completions come from the library's thread for sending at QoS 0, else from the one that
    // receives; the first window is published by the latter.
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
    program running{task};
    running.run();
    // To disconnect takes the library a fifth of a second, in which nothing is measured.
    std::exit(0);
}
