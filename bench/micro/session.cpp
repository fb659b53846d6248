// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// The session alone, without Asio and sockets: messages by the window, with a peer that answers all
// that one write brought in one read. The peer's small part is measured with it.

#include <asio_mqtt/session/session.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace mqtt = asio_mqtt;

namespace {

constexpr mqtt::time_point now{std::chrono::seconds{1'000}};
constexpr std::string_view payload = "0123456789abcdef";
constexpr std::uint16_t window = 64;

std::vector<std::byte> encode_publish(mqtt::qos qos, std::uint16_t id) {
    mqtt::publish_packet packet;
    packet.qos = qos;
    packet.topic = "bench/topic";
    packet.payload = payload;
    if (qos != mqtt::qos::at_most_once) packet.packet_id = id;
    std::vector<std::byte> bytes;
    mqtt::versioned_codec{mqtt::protocol_version::v5}.encode(packet, bytes);
    return bytes;
}

/// A session that is online and has a subscription, and its peer.
class connection {
public:
    connection() : core_{mqtt::session_settings{}} {
        mqtt::connect_packet packet;
        packet.client_id = "c";
        if (core_.connect(packet, now)) std::abort();
        exchange();
        subscribe();
        exchange();
    }

    void publish(mqtt::qos qos) {
        mqtt::publish_packet packet;
        packet.qos = qos;
        packet.topic = "bench/topic";
        packet.payload = payload;
        mqtt::errc error{};
        auto made = mqtt::outbound_publish::make(mqtt::protocol_version::v5, packet, error);
        if (core_.publish(std::move(made), this, now)) std::abort();
    }

    /// Writes, answers and reads until both are done.
    void exchange() {
        take_events();
        while (write()) {
            read(answers_);
            take_events();
        }
    }

    /// The peer has sent this.
    void read(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const std::span<std::byte> room = core_.prepare_read();
            const std::size_t size = std::min(room.size(), bytes.size());
            std::memcpy(room.data(), bytes.data(), size);
            core_.received(size, now);
            bytes = bytes.subspan(size);
            take_events();
        }
    }

    std::int64_t completed() const { return completed_; }
    std::int64_t messages() const { return messages_; }

private:
    void subscribe() {
        const std::vector<mqtt::topic_subscription> filters{
            {.filter = "bench/#", .qos = mqtt::qos::exactly_once}};
        mqtt::subscribe_packet packet;
        packet.subscriptions = filters;
        mqtt::errc error{};
        auto made = mqtt::outbound_request::make(mqtt::protocol_version::v5, packet, error,
                                                 std::make_shared<int>());
        if (core_.request(std::move(made), nullptr)) std::abort();
    }

    void take_events() {
        for (;;) {
            const mqtt::session_event event = core_.next_event();
            switch (event.what) {
                case mqtt::session_event::kind::need_data: return;
                case mqtt::session_event::kind::completed: ++completed_; break;
                case mqtt::session_event::kind::message:
                    messages_ += event.handlers.size();
                    core_.acknowledge(event.token);
                    break;
                case mqtt::session_event::kind::connected: break;
                default: std::abort();
            }
        }
    }

    /// Whether there was anything to write; the answers are ready then.
    bool write() {
        const auto pieces = core_.start_write(now);
        if (pieces.empty()) return false;
        written_.clear();
        for (const auto piece : pieces)
            written_.insert(written_.end(), piece.begin(), piece.end());
        core_.finish_write();
        answers_.clear();
        // All packets here are short: their length is one byte.
        for (std::size_t at = 0; at < written_.size(); at += 2 + number(at + 1))
            answer(at);
        return true;
    }

    void answer(std::size_t at) {
        const unsigned first = number(at);
        switch (first >> 4) {
            case 1: return append({0x20, 3, 0, 0, 0});
            case 3: {
                if ((first & 6) == 0) return;
                const std::size_t id = at + 4 + number(at + 3);
                return append({(first & 6) == 2 ? 0x40U : 0x50U, 2, number(id), number(id + 1)});
            }
            case 5: return append({0x62, 2, number(at + 2), number(at + 3)});
            case 6: return append({0x70, 2, number(at + 2), number(at + 3)});
            case 8: return append({0x90, 4, number(at + 2), number(at + 3), 0, 2});
            default: return;
        }
    }
    unsigned number(std::size_t at) const { return std::to_integer<unsigned>(written_[at]); }
    void append(std::initializer_list<unsigned> bytes) {
        for (const unsigned each : bytes)
            answers_.push_back(static_cast<std::byte>(each));
    }

    mqtt::session core_;
    std::vector<std::byte> written_;
    std::vector<std::byte> answers_;
    std::int64_t completed_ = 0;
    std::int64_t messages_ = 0;
};

void publish(benchmark::State& state) {
    const auto qos = static_cast<mqtt::qos>(state.range(0));
    connection running;
    for (auto _ : state) {
        for (std::uint16_t i = 0; i < window; ++i)
            running.publish(qos);
        running.exchange();
    }
    if (running.completed() != state.iterations() * window) state.SkipWithError("not all done");
    state.SetItemsProcessed(running.completed());
}
BENCHMARK(publish)->ArgName("qos")->DenseRange(0, 2);

void receive(benchmark::State& state) {
    const auto qos = static_cast<mqtt::qos>(state.range(0));
    std::vector<std::byte> messages;
    for (std::uint16_t id = 1; id <= window; ++id) {
        const std::vector<std::byte> one = encode_publish(qos, id);
        messages.insert(messages.end(), one.begin(), one.end());
    }
    connection running;
    for (auto _ : state) {
        running.read(messages);
        running.exchange();
    }
    if (running.messages() != state.iterations() * window) state.SkipWithError("not all received");
    state.SetItemsProcessed(running.messages());
}
BENCHMARK(receive)->ArgName("qos")->DenseRange(0, 2);

}  // namespace
