// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/operation_options.hpp>
#include <asio_mqtt/session/session_event.hpp>

#include <new>
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

/// Where there is no memory for it, without what the broker has said besides: that a message was
/// published counts more.
inline publish_result to_publish_result(const session_event& completed) noexcept {
    publish_result result;
    result.reason = completed.reason;
    try {
        copy_properties(completed, result);
    } catch (const std::bad_alloc&) {
    }
    return result;
}

inline bool says_something(const publish_result& result) noexcept {
    return result.reason != reason_code::success || !result.reason_string.empty() ||
           !result.user_properties.empty();
}

/// Returns the error of the operation.
inline error_code to_subscribe_result(const session_event& completed, subscribe_result& result) {
    result.reasons.resize(completed.reasons.size());
    reason_code* next = result.reasons.data();
    for (const reason_code reason : completed.reasons)
        *next++ = reason;
    copy_properties(completed, result);
    return completed.error;
}

}  // namespace asio_mqtt::detail
