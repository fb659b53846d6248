// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/packets.hpp>
#include <asio_mqtt/protocol/user_property.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace asio_mqtt {

/// A view of a string that somebody else keeps. A temporary string does not compile: it would be
/// gone too soon.
///
/// Options hold these, and not strings of their own, since GCC 12 destroys a braced temporary
/// inside a `co_await` expression twice.
class borrowed_string {
public:
    borrowed_string(const char* text) noexcept : text_{text} {}
    borrowed_string(std::string_view text) noexcept : text_{text} {}
    borrowed_string(const std::string& text) noexcept : text_{text} {}
    borrowed_string(std::string&&) = delete;

    operator std::string_view() const noexcept { return text_; }

private:
    std::string_view text_;
};

/// How a message is published (3.3). On a 3.1.1 connection all but `qos`, `retain` and `timeout`
/// must stay unset. Strings are borrowed until the call has returned.
struct publish_options {
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;
    bool retain = false;  ///< The broker keeps the message for later subscribers (3.3.1.3).
    std::optional<payload_format> payload_format_indicator{};
    /// Up to 4,294,967,295 s, from the call on: a message that waits for longer is not sent, and
    /// ends with errc::message_expired; one that was sent lasts for the rest of it (3.3.2.3.3).
    std::optional<std::chrono::seconds> message_expiry_interval{};
    std::optional<borrowed_string> response_topic{};
    std::optional<borrowed_string> correlation_data{};  ///< Any bytes.
    std::optional<borrowed_string> content_type{};
    std::vector<user_property> user_properties{};
    /// From the call on; then the operation ends with errc::operation_timeout, as if it were
    /// cancelled. 0: none.
    std::chrono::milliseconds timeout{0};
};

/// What a publish came to, as far as the broker told (3.4.2, 3.5.2); always success at QoS 0.
struct publish_result {
    reason_code reason = reason_code::success;  ///< no_matching_subscribers is a success, too.
    std::string reason_string{};
    std::vector<user_property> user_properties{};
};

/// How a filter is subscribed to (3.8.3.1). On a 3.1.1 connection all but `qos` and `timeout` must
/// stay unset.
struct subscribe_options {
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;  ///< The highest QoS to receive with.
    bool no_local = false;                              ///< Not what this client publishes itself.
    bool retain_as_published = false;  ///< Keep the RETAIN flag of forwarded messages.
    asio_mqtt::retain_handling retain_handling = asio_mqtt::retain_handling::send;
    std::vector<user_property> user_properties{};
    std::chrono::milliseconds timeout{0};  ///< See publish_options.
};

/// One of several filters that are subscribed to at once, with its options (3.8.3.1). On a 3.1.1
/// connection all but `filter` and `qos` must stay unset.
struct subscription {
    std::string filter{};
    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;  ///< The highest QoS to receive with.
    bool no_local = false;                              ///< Not what this client publishes itself.
    bool retain_as_published = false;  ///< Keep the RETAIN flag of forwarded messages.
    asio_mqtt::retain_handling retain_handling = asio_mqtt::retain_handling::send;

    operator topic_subscription() const noexcept {
        return {filter, qos, no_local, retain_as_published, retain_handling};
    }
};

/// What a subscribe came to: one reason code for each filter, in their order (3.9.3). The
/// operation's error is the first refusal among them.
struct subscribe_result {
    std::vector<reason_code> reasons{};
    std::string reason_string{};
    std::vector<user_property> user_properties{};
};

/// How a subscription is ended (3.10). On a 3.1.1 connection there are no user properties.
struct unsubscribe_options {
    std::vector<user_property> user_properties{};
    std::chrono::milliseconds timeout{0};  ///< See publish_options.
};

/// What an unsubscribe came to: one reason code for each filter (3.11.3); none in 3.1.1.
using unsubscribe_result = subscribe_result;

}  // namespace asio_mqtt
