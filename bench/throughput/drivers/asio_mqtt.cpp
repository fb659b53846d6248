// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "driver.hpp"

#include <asio_mqtt.hpp>

#include <asio/io_context.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace mqtt = asio_mqtt;

namespace {

mqtt::client_options to_options(const bench::task& task) {
    mqtt::client_options options;
    options.brokers = {"mqtt://127.0.0.1:" + std::to_string(task.port)};
    options.client_id = task.client_id();
    options.version =
        task.version == 4 ? mqtt::protocol_version::v3_1_1 : mqtt::protocol_version::v5;
    // As many as the other drivers may; both brokers here bear them.
    options.assumed_receive_maximum = 65'535;
    options.single_threaded = task.variant == "single_threaded";
    if (task.variant == "traced") options.on_packet = [](const mqtt::packet_trace&) {};
    return options;
}

/// A large payload is shared, as an application would that has it in a string of its own.
class content {
public:
    explicit content(std::size_t size)
        : bytes_{std::make_shared<const std::string>(size, 'x')},
          is_large_{size >= mqtt::shared_payload_size} {}

    mqtt::payload payload() const {
        return is_large_ ? mqtt::payload{bytes_} : mqtt::payload{*bytes_};
    }

private:
    const std::shared_ptr<const std::string> bytes_;
    const bool is_large_;
};

/// Keeps `window` messages going, each completion starting the next one.
class publisher {
public:
    publisher(mqtt::client& client, const bench::task& task)
        : client_{client},
          task_{task},
          payload_{task.size},
          options_{.qos = static_cast<mqtt::qos>(task.qos)} {
        if (task.variant == "expiring") options_.message_expiry_interval = std::chrono::hours{1};
    }

    void start() {
        watch_.start();
        if (task_.variant == "room") return publish_when_there_is_room();
        for (std::uint32_t i = 0; i < task_.window && started_ < task_.count; ++i)
            publish();
    }

private:
    void publish() {
        ++started_;
        client_.async_publish("bench/topic", payload_.payload(), options_,
                              [this](mqtt::error_code error, const mqtt::publish_result&) {
                                  if (error) bench::fail(error.message().c_str());
                                  if (started_ < chained_) publish();
                                  if (++done_ == task_.count) finish();
                              });
    }
    void publish_when_there_is_room() {
        chained_ = 0;
        client_.async_wait_for_room([this](mqtt::error_code error) {
            if (error) bench::fail(error.message().c_str());
            publish();
            if (started_ < task_.count) publish_when_there_is_room();
        });
    }
    /// At QoS 0 the last one tells that the broker has read all before it.
    void finish() {
        client_.async_publish("bench/topic", "", mqtt::qos::at_least_once,
                              [this](mqtt::error_code, const mqtt::publish_result&) {
                                  watch_.stop(task_.count);
                                  client_.async_disconnect([](mqtt::error_code) {});
                              });
    }

    mqtt::client& client_;
    const bench::task& task_;
    const content payload_;
    mqtt::publish_options options_;
    std::uint64_t chained_ = task_.count;  // so many, each started by the end of another one
    std::uint64_t started_ = 0;
    std::uint64_t done_ = 0;
    bench::stopwatch watch_;
};

class receiver {
public:
    receiver(mqtt::client& client, const bench::task& task) : client_{client}, task_{task} {}

    void start() {
        if (task_.variant == "subscriptions") return subscribe_to_others(0);
        receive();
    }

private:
    /// 1,000 filters with wildcards, among which each message belongs to another one than that
    /// before it.
    void subscribe_to_others(std::size_t first) {
        if (first == 1000) return receive();
        std::vector<mqtt::subscription> filters;
        for (std::size_t i = first; i < first + 100; ++i) {
            filters.push_back({.filter = "+/machine" + std::to_string(1000 + i).substr(1) + "/#",
                               .qos = static_cast<mqtt::qos>(task_.qos)});
        }
        client_.async_subscribe(
            filters, [this](const mqtt::message_view& message) { received(message); },
            [this, first](mqtt::error_code error, const mqtt::subscribe_result&) {
                if (error) bench::fail(error.message().c_str());
                subscribe_to_others(first + 100);
            });
    }

    void receive() {
        watch_.start();
        const std::string_view filter = task_.variant == "topics" ? "source/#" : "source";
        const auto qos = static_cast<mqtt::qos>(task_.qos);
        const auto subscribed = [](mqtt::error_code error, const mqtt::subscribe_result&) {
            if (error) bench::fail(error.message().c_str());
        };
        if (task_.variant == "awaited") {
            client_.async_subscribe(filter, qos, subscribed);
            return await_next();
        }
        if (task_.variant == "by_hand") {
            const auto handler = [this](const mqtt::message_view& message,
                                        mqtt::manual_acknowledgement acknowledgement) {
                acknowledgement.acknowledge();
                received(message);
            };
            return client_.async_subscribe(filter, qos, handler, subscribed);
        }
        client_.async_subscribe(
            filter, qos, [this](const mqtt::message_view& message) { received(message); },
            subscribed);
    }
    void await_next() {
        client_.async_receive([this](mqtt::error_code error, const mqtt::message& message) {
            if (error) return;  // async_disconnect() was called
            received(message);
            await_next();
        });
    }
    void received(const auto& message) {
        if (message.payload.size() != task_.size) bench::fail("a wrong message");
        if (++count_ == task_.count) finish();
    }
    void finish() {
        watch_.stop(task_.count);
        client_.async_disconnect([](mqtt::error_code) {});
    }

    mqtt::client& client_;
    const bench::task& task_;
    std::uint64_t count_ = 0;
    bench::stopwatch watch_;
};

/// Publishes to itself, each message that comes back starting the next one.
class relay {
public:
    relay(mqtt::client& client, const bench::task& task)
        : client_{client},
          task_{task},
          payload_{task.size},
          options_{.qos = static_cast<mqtt::qos>(task.qos)} {}

    void start() {
        client_.async_subscribe(
            "bench/relay", options_.qos, [this](const mqtt::message_view&) { received(); },
            [this](mqtt::error_code error, const mqtt::subscribe_result&) {
                if (error) bench::fail(error.message().c_str());
                watch_.start();
                for (std::uint32_t i = 0; i < task_.window; ++i)
                    publish_next();
            });
    }

private:
    void publish_next() {
        if (started_ == task_.count) return;
        ++started_;
        client_.async_publish("bench/relay", payload_.payload(), options_,
                              [](mqtt::error_code error, const mqtt::publish_result&) {
                                  if (error) bench::fail(error.message().c_str());
                              });
    }
    void received() {
        publish_next();
        if (++count_ < task_.count) return;
        watch_.stop(task_.count);
        client_.async_disconnect([](mqtt::error_code) {});
    }

    mqtt::client& client_;
    const bench::task& task_;
    const content payload_;
    const mqtt::publish_options options_;
    std::uint64_t started_ = 0;
    std::uint64_t count_ = 0;
    bench::stopwatch watch_;
};

/// QoS 0: there and back again; else until the acknowledgement.
class pinger {
public:
    pinger(mqtt::client& client, const bench::task& task)
        : client_{client},
          task_{task},
          payload_{task.size},
          options_{.qos = static_cast<mqtt::qos>(task.qos)},
          times_{task.what == "ping" ? task.count : 0} {}

    void start() {
        if (task_.qos != 0) return publish();
        client_.async_subscribe(
            "echo", mqtt::qos::at_most_once, [this](const mqtt::message_view&) { answered(); },
            [this](mqtt::error_code, const mqtt::subscribe_result&) { publish(); });
    }

private:
    void publish() {
        times_.sent();
        client_.async_publish(task_.qos == 0 ? "echo" : "bench/topic", payload_.payload(), options_,
                              [this](mqtt::error_code error, const mqtt::publish_result&) {
                                  if (error) bench::fail(error.message().c_str());
                                  if (task_.qos != 0) answered();
                              });
    }
    void answered() {
        times_.answered();
        if (times_.count() < task_.count) return publish();
        times_.print();
        client_.async_disconnect([](mqtt::error_code) {});
    }

    mqtt::client& client_;
    const bench::task& task_;
    const content payload_;
    const mqtt::publish_options options_;
    bench::round_trips times_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::task task = bench::read_task(argc, argv);
    asio::io_context io{1};
    mqtt::client_options options = to_options(task);
    std::function<void()> start;
    options.on_connection = [&](const mqtt::connection_event& event) {
        if (event.what == mqtt::connection_event::kind::disconnected) bench::fail("disconnected");
        if (event.what == mqtt::connection_event::kind::connected) start();
    };
    mqtt::client client{io, std::move(options)};
    publisher publish{client, task};
    receiver receive{client, task};
    pinger ping{client, task};
    relay back{client, task};
    start = [&] {
        if (task.what == "publish") return publish.start();
        if (task.what == "receive") return receive.start();
        if (task.what == "ping") return ping.start();
        if (task.what == "relay") return back.start();
        bench::fail("no such task");
    };
    client.async_run([](mqtt::error_code error) {
        if (error) bench::fail(error.message().c_str());
    });
    io.run();
}
