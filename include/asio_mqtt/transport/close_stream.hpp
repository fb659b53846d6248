// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>

namespace asio_mqtt {

/// Closes a stream of any kind at once, so that what is pending on it ends with an error. A stream
/// has `close()`, `close(error_code&)`, or a lowest layer with one of them.
template <class Stream>
void close_stream(Stream& stream) {
    if constexpr (requires(error_code error) { stream.close(error); }) {
        error_code ignored;
        stream.close(ignored);
    } else if constexpr (requires { stream.close(); }) {
        stream.close();
    } else {
        static_assert(
            requires { stream.lowest_layer(); },
            "a stream needs close(), close(error_code&) or lowest_layer()");
        close_stream(stream.lowest_layer());
    }
}

/// Tells the peer that nothing more will come, while its bytes can still be read; false when the
/// stream cannot.
template <class Stream>
bool shut_down_output(Stream& stream) {
    if constexpr (requires(error_code error) { stream.shutdown(Stream::shutdown_send, error); }) {
        error_code error;
        stream.shutdown(Stream::shutdown_send, error);
        return !error;
    } else {
        return false;
    }
}

}  // namespace asio_mqtt
