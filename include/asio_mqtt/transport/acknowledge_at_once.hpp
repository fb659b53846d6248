// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>

#include <asio/ip/tcp.hpp>

#include <cstddef>
#include <type_traits>

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#endif

namespace asio_mqtt::detail {

#ifdef TCP_QUICKACK
/// An Asio socket option. The system forgets it with the next exchange, see tcp(7).
class quick_ack {
public:
    template <class Protocol>
    int level(const Protocol&) const noexcept {
        return IPPROTO_TCP;
    }
    template <class Protocol>
    int name(const Protocol&) const noexcept {
        return TCP_QUICKACK;
    }
    template <class Protocol>
    const int* data(const Protocol&) const noexcept {
        return &is_on_;
    }
    template <class Protocol>
    std::size_t size(const Protocol&) const noexcept {
        return sizeof is_on_;
    }

private:
    int is_on_ = 1;
};
#endif

template <class Stream>
concept over_tcp = requires(Stream& stream) {
    requires std::is_same_v<
        typename std::remove_reference_t<decltype(stream.lowest_layer())>::protocol_type,
        asio::ip::tcp>;
};

}  // namespace asio_mqtt::detail

namespace asio_mqtt {

/// Has the system tell the peer now that everything was received, where it can be told to (Linux),
/// and the stream is a TCP socket or has one as its lowest layer.
///
/// Else it waits up to 40 ms for data to send along, and a peer with Nagle's algorithm, such as
/// Mosquitto unless it is configured otherwise, keeps its next small packet back meanwhile.
template <class Stream>
void acknowledge_at_once([[maybe_unused]] Stream& stream) {
#ifdef TCP_QUICKACK
    if constexpr (detail::over_tcp<Stream>) {
        error_code ignored;
        stream.lowest_layer().set_option(detail::quick_ack{}, ignored);
    }
#endif
}

}  // namespace asio_mqtt
