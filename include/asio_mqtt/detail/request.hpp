// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/declaration.hpp>
#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/detail/make_packet.hpp>
#include <asio_mqtt/detail/operation.hpp>
#include <asio_mqtt/operation_options.hpp>
#include <asio_mqtt/payload.hpp>
#include <asio_mqtt/protocol/errc.hpp>

#include <chrono>
#include <string_view>
#include <utility>

namespace asio_mqtt::detail {

// What an initiating function was called with, until the operation begins: at once when the
// completion token is a handler, later when it makes something lazy, such as an awaitable. The
// argument of an initiation: keep() when it may be cancelled, then submit(), which hands the
// operation over to the client, unless it throws.

/// Without a packet. It may be copied, and begin several times.
struct plain_request {
    std::chrono::milliseconds timeout;  ///< 0: none.

    void keep() const noexcept {}
    void submit(mailbox& client, operation& started) const { client.begin(started); }
};

/// With one, or with what was wrong.
struct packet_request {
    std::chrono::milliseconds timeout;
    packet_ptr packet{};
    errc error{};

    void keep() const noexcept {}
    void submit(mailbox& client, operation& started) {
        if (error != errc{}) started.error = error;
        started.packet = packet.release();
        client.begin(started);
    }
};

/// A message. As long as it stays where it is, it points to the arguments; what moves it, to have
/// it begin later, makes it keep them in a packet.
class publish_request : private packet_request {
public:
    publish_request(protocol_version version, std::string_view topic, payload& content,
                    const publish_options& options) noexcept
        : packet_request{options.timeout},
          version_{version},
          topic_{topic},
          content_{&content},
          options_{&options} {}
    publish_request(publish_request&& other)
        : packet_request{other.kept()}, version_{other.version_}, content_{other.content_} {}

    using packet_request::timeout;

    ASIO_MQTT_DECLARATION void keep();
    void submit(mailbox& client, operation& started) {
        const bool is_borrowed = options_ != nullptr;
        if (is_borrowed && options_->qos == qos::at_most_once && publish_at_once(client, started)) {
            return;
        }
        submit_packet(client, started);
    }

private:
    packet_request&& kept() {
        keep();
        return std::move(*this);
    }
    /// It has nothing but its content, which nobody else keeps.
    bool is_plain() const noexcept {
        return timeout.count() == 0 && !content_->is_shared() && !has_properties(*options_);
    }
    ASIO_MQTT_DECLARATION bool publish_at_once(mailbox& client, operation& started);
    // Not inline where most messages do without it: 17 instructions.
    [[gnu::noinline]] ASIO_MQTT_DECLARATION void submit_packet(mailbox& client, operation& started);

    const protocol_version version_;
    // Borrowed, as long as there are options.
    std::string_view topic_;
    payload* content_;
    const publish_options* options_ = nullptr;
};

}  // namespace asio_mqtt::detail

#ifndef ASIO_MQTT_SEPARATE_COMPILATION
#include <asio_mqtt/detail/definitions.hpp>
#endif
