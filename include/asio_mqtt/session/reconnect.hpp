// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/protocol/protocol_version.hpp>
#include <asio_mqtt/session/time_point.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace asio_mqtt {

/// What is going to be done about a connection that could not be made, or was lost; whoever sees
/// it first may decide otherwise.
struct reconnect_plan {
    const error_code error;           ///< Why there is no connection.
    const std::string_view broker;    ///< To which there is none.
    const unsigned attempt;           ///< How many there were since a connection lasted.
    bool try_again;                   ///< Else async_run() ends with the error.
    std::chrono::milliseconds delay;  ///< Before the next attempt, at least 0.
};

}  // namespace asio_mqtt

namespace asio_mqtt::detail {

struct reconnect_settings {
    std::span<const std::string> brokers{};
    protocol_version version = protocol_version::v5;
    bool falls_back = false;  // to 3.1.1
    unsigned maximum_redirects = 0;
    std::chrono::milliseconds minimum_delay{};
    std::chrono::milliseconds maximum_delay{};
    std::chrono::milliseconds stable_period{};
    std::uint64_t seed = 0;
};

// Where to connect, with which version, when, and whether at all. All of these decisions are in
// this file.
//
//   next attempt at once:    the broker has named another one (at most maximum_redirects times)
//                            the broker knows no 5.0, and 3.1.1 is allowed
//   after a random wait:     everything else that another try may heal; the next broker of the list
//   none:                    what no try can heal, see can_heal()
//
// The limit of the random wait doubles each time ("full jitter": between 0 and the limit, so that
// a fleet of clients does not return in step). It and the number of redirects start over after a
// connection that lasted: a broker that accepts and closes, or two that send the client to each
// other, are not called without a pause.
class reconnect {
public:
    explicit reconnect(const reconnect_settings& settings) noexcept
        : settings_{settings}, version_{settings.version}, random_{settings.seed} {
        settings_.maximum_delay = std::max(settings.minimum_delay, settings.maximum_delay);
    }

    /// async_run(): begins with the first broker.
    void start() {
        next_broker_ = 0;
        redirect_.clear();
        version_ = settings_.version;
        unanswered_ = 0;
        accepted_at_ = failed_at_ = never;
        start_over();
    }

    /// The broker of this attempt.
    const std::string& broker() const noexcept { return broker_; }
    protocol_version version() const noexcept { return version_; }
    unsigned attempt() const noexcept { return attempt_; }
    /// How often each broker of the list was tried since a connection lasted.
    unsigned round() const noexcept {
        return (attempt_ - 1) / static_cast<unsigned>(settings_.brokers.size());
    }

    void attempt_begins() {
        ++attempt_;
        broker_ = redirect_.empty() ? settings_.brokers[next_broker_] : redirect_;
    }

    /// The broker is not the one that has accepted last.
    bool is_at_another_broker() const noexcept {
        return !accepted_broker_.empty() && accepted_broker_ != broker_;
    }

    void accepted(time_point now) {
        accepted_broker_ = broker_;
        accepted_at_ = now;
        unanswered_ = 0;
    }

    /// The connection has failed, or is being closed: from now on it does not last any longer.
    void failed(time_point now) noexcept { failed_at_ = std::min(failed_at_, now); }

    /// There is no connection, or none any more. `server_reference` is what the broker gave with
    /// its reason (3.2.2.3.16); `is_unanswered`: it was reached, and ended without a CONNACK.
    reconnect_plan ended(error_code error, std::string_view server_reference, bool is_unanswered,
                         time_point now) {
        const bool was_accepted = accepted_at_ != never;
        failed(now);
        if (was_accepted && after(accepted_at_, settings_.stable_period) <= failed_at_) {
            start_over();
        }
        accepted_at_ = failed_at_ = never;
        reconnect_plan plan{error, broker_, attempt_, can_heal(error), {}};
        if (falls_back(error, is_unanswered)) {
            plan.try_again = true;
        } else if (!follows(error, server_reference)) {
            plan.delay = next_delay();
            if (unanswered_ == 0) leave_broker(was_accepted);
        }
        return plan;
    }

private:
    /// False for an outcome that trying again cannot change.
    static bool can_heal(error_code error) noexcept {
        // Of other categories are the errors of streams, of which none is final.
        if (error.category() == client_category()) return error != fault::caller;
        if (error.category() != reason_category()) return true;
        switch (static_cast<reason_code>(error.value())) {
            case reason_code::unsupported_protocol_version:
            case reason_code::client_identifier_not_valid:
            case reason_code::bad_user_name_or_password:
            case reason_code::not_authorized:
            case reason_code::banned:
            case reason_code::bad_authentication_method:
            case reason_code::session_taken_over:  // the other client would be thrown out in turn
            case reason_code::topic_name_invalid:
            case reason_code::packet_too_large:
            case reason_code::payload_format_invalid:
            case reason_code::retain_not_supported:
            case reason_code::qos_not_supported: return false;
            default: return true;
        }
    }

    void start_over() noexcept {
        limit_ = settings_.minimum_delay;
        attempt_ = 0;
        redirects_ = 0;
    }

    std::chrono::milliseconds next_delay() noexcept {
        const auto limit = static_cast<std::uint64_t>(limit_.count());
        const bool may_double = limit_ < settings_.maximum_delay / 2;
        // Without a minimum, too, it grows.
        limit_ = may_double ? std::max(limit_ * 2, std::chrono::milliseconds{1})
                            : settings_.maximum_delay;
        return std::chrono::milliseconds{next_random() % (limit + 1)};
    }

    /// A broker that lacks 5.0 says so, or drops the connection without a word. So does one that is
    /// overloaded: only twice in a row is taken for an answer, and so it is asked again before the
    /// next broker's turn; and 3.1.1 is taken for the right version only if it is not dropped as
    /// well.
    bool falls_back(error_code error, bool is_unanswered) noexcept {
        if (!settings_.falls_back) return false;
        if (version_ != protocol_version::v5) {
            if (is_unanswered) version_ = protocol_version::v5;
            return false;
        }
        unanswered_ = is_unanswered ? unanswered_ + 1 : 0;
        if (error != reason_code::unsupported_protocol_version && unanswered_ < 2) return false;
        unanswered_ = 0;
        version_ = protocol_version::v3_1_1;
        return true;
    }

    /// Goes where the broker sends the client (4.11).
    bool follows(error_code error, std::string_view reference) {
        if (error != reason_code::use_another_server && error != reason_code::server_moved) {
            return false;
        }
        // (4.11) It may name several, apart by spaces.
        reference = reference.substr(0, reference.find(' '));
        if (reference.empty() || redirects_ >= settings_.maximum_redirects) return false;
        ++redirects_;
        redirect_ = broker_.substr(0, broker_.find("://") + 3);
        redirect_ += reference;
        has_moved_ = error == reason_code::server_moved;
        return true;
    }

    /// The next attempt is with the next broker of the list; one to which the others have moved is
    /// kept while it accepts.
    void leave_broker(bool was_accepted) {
        if (!redirect_.empty() && has_moved_ && was_accepted) return;
        if (redirect_.empty()) next_broker_ = (next_broker_ + 1) % settings_.brokers.size();
        redirect_.clear();
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014). Not <random>: that header alone would cost every
    /// program that includes the client a tenth of its compile time.
    std::uint64_t next_random() noexcept {
        random_ += 0x9E37'79B9'7F4A'7C15;
        std::uint64_t mixed = random_;
        mixed = (mixed ^ mixed >> 30) * 0xBF58'476D'1CE4'E5B9;
        mixed = (mixed ^ mixed >> 27) * 0x94D0'49BB'1331'11EB;
        return mixed ^ mixed >> 31;
    }

    reconnect_settings settings_;
    std::string broker_;           // of the present attempt, or of the last one
    std::string accepted_broker_;  // empty: none has accepted yet
    std::size_t next_broker_ = 0;
    std::string redirect_;  // a broker outside of the list; empty: none
    bool has_moved_ = false;
    unsigned redirects_ = 0;
    protocol_version version_;
    unsigned unanswered_ = 0;  // attempts in a row that ended without a CONNACK
    unsigned attempt_ = 0;
    std::chrono::milliseconds limit_{};
    time_point accepted_at_ = never;
    time_point failed_at_ = never;
    std::uint64_t random_;
};

}  // namespace asio_mqtt::detail
