// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/operation_options.hpp>
#include <asio_mqtt/session/session_event.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace asio_mqtt::detail {

template <class Result>
void copy_properties(const session_event& completed, Result& result) {
    if (completed.properties == nullptr) return;
    result.reason_string = completed.properties->reason_string.value_or(std::string_view{});
    result.user_properties = to_owned(completed.properties->user_properties);
}

inline publish_result to_publish_result(const session_event& completed) {
    publish_result result;
    result.reason = completed.reason;
    copy_properties(completed, result);
    return result;
}

inline bool says_something(const publish_result& result) noexcept {
    return result.reason != reason_code::success || !result.reason_string.empty() ||
           !result.user_properties.empty();
}

inline subscribe_result to_subscribe_result(const session_event& completed) {
    subscribe_result result{.reasons = std::vector<reason_code>(completed.reasons.size())};
    reason_code* next = result.reasons.data();
    for (const reason_code reason : completed.reasons)
        *next++ = reason;
    copy_properties(completed, result);
    return result;
}

}  // namespace asio_mqtt::detail
