// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/time_point.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace asio_mqtt::detail {

/// Decides when to send PINGREQ and when the peer counts as dead (3.1.2.10, 3.12.4).
///
/// A ping is due when for one keep-alive interval nothing was sent [MQTT-3.1.2-20], or nothing was
/// received: a client that only ever sends would not notice a half-open link otherwise. After a
/// ping the peer has `response_timeout` to send something; any byte counts, since a PINGRESP queues
/// behind a large packet that is still coming in. While that takes long, pings go on. The ping may
/// queue, too: as long as what is written before it gets on, the peer takes it in, if slowly.
/// Before all that, it knows when CONNACK is due; that it has not come is for the session to
/// notice.
class keep_alive {
public:
    enum class action { none, send_ping, peer_is_dead };

    /// CONNECT asks for `interval`; the first answer is due then.
    void await_connack(std::uint16_t interval, time_point connack_due) noexcept {
        asked_interval_ = interval;
        connack_due_ = connack_due;
    }
    /// The broker may want another interval (3.2.2.3.14). Zero switches pings off.
    void start(std::optional<std::uint16_t> interval,
               std::chrono::milliseconds response_timeout) noexcept {
        interval_ = std::chrono::seconds{interval.value_or(asked_interval_)};
        response_timeout_ = response_timeout;
        connack_due_ = never;
    }
    void stop() noexcept {
        interval_ = {};
        connack_due_ = never;
        pong();
    }

    /// Asks the peer now whether it is there; false when a ping is unanswered anyway. For `writes`
    /// see expired().
    bool probe(time_point now, unsigned writes) noexcept {
        if (is_waiting()) return false;
        start_waiting(now, writes);
        sent_ = now;
        return true;
    }

    void sent(time_point now) noexcept { sent_ = now; }
    void received(time_point now) noexcept { received_ = now; }
    /// No ping is unanswered.
    void pong() noexcept {
        ping_sent_ = never;
        writes_with_ping_ = 0;
    }
    /// The transport has taken in more of a write.
    void write_got_on(time_point now) noexcept {
        if (writes_with_ping_ != 0) ping_sent_ = now;
    }
    void write_finished() noexcept {
        if (writes_with_ping_ != 0) --writes_with_ping_;
    }

    time_point due() const noexcept {
        if (connack_due_ != never) return connack_due_;
        const bool is_off = interval_ == std::chrono::seconds{0};
        if (is_waiting()) {
            return is_off ? response_due() : std::min(response_due(), sent_ + interval_);
        }
        return is_off ? never : std::min(sent_, received_) + interval_;
    }

    /// `writes`: how many end until the ping has left that this may ask for.
    action expired(time_point now, unsigned writes) noexcept {
        if (now < due()) return action::none;
        if (is_waiting() && now >= response_due()) return action::peer_is_dead;
        if (!is_waiting()) start_waiting(now, writes);
        sent_ = now;  // it may have to wait for the write under way: one is enough until then
        return action::send_ping;
    }

private:
    bool is_waiting() const noexcept { return ping_sent_ != never; }
    void start_waiting(time_point now, unsigned writes) noexcept {
        ping_sent_ = now;
        writes_with_ping_ = writes;
    }
    time_point response_due() const noexcept {
        return after(std::max(ping_sent_, received_), response_timeout_);
    }

    std::uint16_t asked_interval_ = 0;
    std::chrono::seconds interval_{0};
    std::chrono::milliseconds response_timeout_{0};
    time_point sent_{};
    time_point received_{};
    time_point connack_due_ = never;
    time_point ping_sent_ = never;   // the first that is unanswered
    unsigned writes_with_ping_ = 0;  // that have not ended: it leaves with the last of them
};

}  // namespace asio_mqtt::detail
