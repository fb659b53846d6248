// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/session.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/hex.hpp"

namespace test {

namespace mqtt = asio_mqtt;
using namespace std::chrono_literals;

constexpr auto v3 = mqtt::protocol_version::v3_1_1;
constexpr auto v5 = mqtt::protocol_version::v5;
constexpr auto qos_0 = mqtt::qos::at_most_once;
constexpr auto qos_1 = mqtt::qos::at_least_once;
constexpr auto qos_2 = mqtt::qos::exactly_once;

/// A CONNECT whose session outlives its connections: a session expiry in 5.0, no clean session
/// in 3.1.1.
inline mqtt::connect_packet kept_session(mqtt::protocol_version version) {
    mqtt::connect_packet packet;
    packet.client_id = "c";
    packet.clean_start = version == v5;
    if (version == v5) packet.properties.session_expiry_interval = 3'600;
    return packet;
}

/// The same bytes in the form of each version.
struct in_versions {
    std::string_view v3_1_1;
    std::string_view v5;
    std::string_view operator[](mqtt::protocol_version version) const {
        return version == mqtt::protocol_version::v5 ? v5 : v3_1_1;
    }
};

/// CONNACK that accepts (3.2), without and with Session Present.
constexpr in_versions accepted{"20 02 00 00", "20 03 00 00 00"};
constexpr in_versions resumed{"20 02 01 00", "20 03 01 00 00"};

/// A session whose transport, application and clock are the test.
///
/// What happens is told as text: `receive()` and `events()` give the events since the last call,
/// `written()` the bytes that the session has sent. Operations have names, which are their tags.
class session_driver {
public:
    explicit session_driver(mqtt::protocol_version version_ = v5,
                            mqtt::session_settings settings = {})
        : version{version_}, core{with_version(settings, version_)} {}

    // --- The connection -----------------------------------------------------------------------

    /// Brings up a transport; returns what the session sends at once.
    std::string connect(const mqtt::connect_packet& packet) {
        REQUIRE_FALSE(core.connect(packet, now));
        return written();
    }
    std::string connect() { return connect(kept_session(version)); }

    /// Connects and is accepted.
    void go_online(std::string_view connack) {
        connect();
        REQUIRE(receive(connack) == "connected");
    }
    void go_online() { go_online(accepted[version]); }
    /// The connection is lost, and the next one resumes the session.
    void resume() {
        lose();
        go_online(resumed[version]);
    }

    void lose() { core.disconnected(); }

    /// Everything that the session has to send.
    std::string written() {
        std::vector<std::byte> bytes;
        while (true) {
            const auto pieces = core.start_write(now);
            if (pieces.empty()) break;
            for (const auto piece : pieces)
                bytes.insert(bytes.end(), piece.begin(), piece.end());
            core.finish_write();
        }
        return to_hex(bytes);
    }

    /// Bytes from the broker, in as many reads as it takes; returns the events.
    std::string receive(std::span<const std::byte> bytes) {
        do {
            feed(bytes);
            take_events();
        } while (!bytes.empty());
        return events();
    }
    std::string receive(std::string_view bytes) { return receive(hex(bytes)); }

    /// One read, without looking at what it brings.
    void feed(std::span<const std::byte>& bytes) {
        const std::span<std::byte> room = core.prepare_read();
        const std::size_t size = std::min(room.size(), bytes.size());
        if (size != 0) std::memcpy(room.data(), bytes.data(), size);
        core.received(size, now);
        bytes = bytes.subspan(size);
    }

    // --- The application ----------------------------------------------------------------------

    mqtt::outbound_publish* publish(std::string_view name, mqtt::qos qos, std::string_view topic,
                                    std::string_view payload = {}, bool retain = false) {
        mqtt::outbound_publish_ptr made = make({topic, payload, qos, retain});
        mqtt::outbound_publish* const raw = made.get();
        refusal = core.publish(std::move(made), tag(name), now);
        return raw;
    }
    mqtt::outbound_request* subscribe(std::string_view name,
                                      const std::vector<mqtt::topic_subscription>& filters,
                                      std::string_view handler = {}, std::uint32_t identifier = 0) {
        mqtt::subscribe_packet packet;
        packet.subscriptions = filters;
        if (identifier != 0) packet.properties.subscription_identifier = identifier;
        mqtt::errc error{};
        auto made = mqtt::outbound_request::make(version, packet, error,
                                                 std::make_shared<std::string>(handler));
        refusal = error;
        if (made == nullptr) return nullptr;
        mqtt::outbound_request* const raw = made.get();
        refusal = core.request(std::move(made), tag(name));
        return raw;
    }
    mqtt::outbound_request* unsubscribe(std::string_view name,
                                        const std::vector<std::string_view>& filters) {
        mqtt::unsubscribe_packet packet;
        packet.filters = filters;
        mqtt::errc error{};
        auto made = mqtt::outbound_request::make(version, packet, error);
        refusal = error;
        if (made == nullptr) return nullptr;
        mqtt::outbound_request* const raw = made.get();
        refusal = core.request(std::move(made), tag(name));
        return raw;
    }
    bool publish_at_once(std::string_view name, std::string_view topic,
                         std::string_view payload = {}, bool retain = false) {
        return core.publish_at_once({topic, payload, qos_0, retain}, tag(name));
    }
    /// At QoS 1 or 2.
    bool publish_at_once(std::string_view name, mqtt::outbound_publish_ptr message) {
        const bool is_taken = core.publish_at_once(message, tag(name));
        CHECK(is_taken == (message == nullptr));
        return is_taken;
    }
    bool publish_at_once(std::string_view name, const mqtt::publish_content& message) {
        return publish_at_once(name, make(message));
    }
    mqtt::outbound_publish_ptr make(const mqtt::publish_content& message) const {
        mqtt::errc error{};
        mqtt::outbound_publish_ptr made = mqtt::outbound_publish::make(version, message, error);
        REQUIRE(made != nullptr);
        return made;
    }
    /// Which of these a write has taken since the last call.
    std::string told() {
        std::string names;
        while (const void* const next = core.unstored().next_written())
            names += (names.empty() ? "" : ", ") + *static_cast<const std::string*>(next);
        return names;
    }
    void acknowledge(std::size_t message) { core.acknowledge(tokens.at(message)); }
    void abandon(std::size_t message) { core.abandon(tokens.at(message)); }

    /// What has happened since the last call.
    std::string events() {
        take_events();
        return std::exchange(events_, {});
    }

    void take_events() {
        while (true) {
            const mqtt::session_event event = core.next_event();
            if (event.what == mqtt::session_event::kind::need_data) return;
            if (!events_.empty()) events_ += ", ";
            events_ += describe(event);
            if (event.what == mqtt::session_event::kind::paused) return;
        }
    }

    /// The clock moves on; what is due happens.
    void pass(std::chrono::milliseconds time) {
        now += time;
        core.expired(now);
    }

    const mqtt::protocol_version version;
    mqtt::session core;
    mqtt::time_point now{1'000s};
    mqtt::error_code refusal;                   ///< What the last command returned.
    bool acknowledges = true;                   ///< Takes over each message at once.
    std::vector<mqtt::acknowledgement> tokens;  ///< Of all messages, in order.

private:
    static mqtt::session_settings with_version(mqtt::session_settings settings,
                                               mqtt::protocol_version version) {
        settings.version = version;
        return settings;
    }

    void* tag(std::string_view name) {
        if (name.empty()) return nullptr;
        return &names_.emplace_back(name);
    }

    std::string describe(const mqtt::session_event& event) {
        using kind = mqtt::session_event::kind;
        std::string text;
        switch (event.what) {
            case kind::need_data: break;
            case kind::paused: return "paused";
            case kind::connected: return "connected";
            case kind::message:
                tokens.push_back(event.token);
                text = "message " + std::string{event.message->topic} + '=' +
                       std::string{event.message->payload};
                for (const void* handler : event.handlers)
                    text += " >" + *static_cast<const std::string*>(handler);
                if (acknowledges) core.acknowledge(event.token);
                return text;
            case kind::completed: text = *static_cast<const std::string*>(event.tag); break;
            case kind::subscription_lost: text = "lost " + std::string{event.filter}; break;
            case kind::closed: text = "closed"; break;
        }
        if (event.error) return text + ": " + event.error.message();
        return text + " done";
    }

    std::deque<std::string> names_;
    std::string events_;
};

}  // namespace test
