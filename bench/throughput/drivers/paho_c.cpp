// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "callback_driver.hpp"

#include <MQTTAsync.h>

namespace {

class program final : bench::callback_driver {
public:
    explicit program(const bench::task& task) : callback_driver{task}, payload_(task.size, 'x') {
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
                static_cast<program*>(self)->received(
                    static_cast<std::size_t>(message->payloadlen));
                MQTTAsync_freeMessage(&message);
                MQTTAsync_free(topic);
                return 1;
            },
            nullptr));
        published_ = make_response<&program::published>();
    }

    void run() {
        connect();
        wait();
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
            start_publishing();
        } else if (task_.what == "receive") {
            start_receiving();
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
        if (task_.what == "relay") start_publishing();
    }

    void publish() override { send(payload_, static_cast<int>(task_.qos)); }
    void publish_last() override { send({}, 1); }
    void send(const std::string& payload, int qos) {
        check(MQTTAsync_send(client_, topic_, static_cast<int>(payload.size()), payload.data(), qos,
                             0, &published_));
    }

    /// Calls `Function` of this program when a call was successful.
    template <auto Function>
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

    const std::string payload_;
    const char* topic_ = "bench/topic";
    MQTTAsync client_ = nullptr;
    MQTTAsync_responseOptions published_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::task task = bench::read_task(argc, argv);
    program running{task};
    running.run();
    // To disconnect takes the library a fifth of a second, in which nothing is measured.
    std::exit(0);
}
