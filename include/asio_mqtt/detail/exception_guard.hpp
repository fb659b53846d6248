// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/mailbox.hpp>

#include <exception>

namespace asio_mqtt::detail {

/// A handler that throws must not stop the client: where this stands, the client goes on as soon as
/// whoever runs the executor does.
class exception_guard {
public:
    explicit exception_guard(mailbox& client) noexcept : client_{client} {}
    exception_guard(const exception_guard&) = delete;
    exception_guard& operator=(const exception_guard&) = delete;
    ~exception_guard() {
        if (std::uncaught_exceptions() != before_) client_.process_later();
    }

private:
    mailbox& client_;
    const int before_ = std::uncaught_exceptions();
};

}  // namespace asio_mqtt::detail
