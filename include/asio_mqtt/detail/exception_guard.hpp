// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <exception>

namespace asio_mqtt::detail {

/// A handler that throws must not stop the client: where this stands, the client goes on as soon as
/// whoever runs the executor does.
template <class Core>
class process_again_after_exception {
public:
    explicit process_again_after_exception(Core& core) noexcept : core_{core} {}
    process_again_after_exception(const process_again_after_exception&) = delete;
    process_again_after_exception& operator=(const process_again_after_exception&) = delete;
    ~process_again_after_exception() {
        if (std::uncaught_exceptions() != before_) core_.post_process();
    }

private:
    Core& core_;
    const int before_ = std::uncaught_exceptions();
};

}  // namespace asio_mqtt::detail
