// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/protocol/layout.hpp>
#include <asio_mqtt/protocol/packet_writer.hpp>
#include <asio_mqtt/protocol/protocol_version.hpp>
#include <asio_mqtt/protocol/qos.hpp>
#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/protocol/variable_byte_integer.hpp>
#include <asio_mqtt/protocol/words.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace asio_mqtt {

/// What is to be published, apart from properties, which most messages do not have (3.3).
struct publish_content {
    std::string_view topic;
    std::string_view payload;
    asio_mqtt::qos qos;
    bool retain;

    struct measured {
        std::uint32_t body_size;  ///< Bytes behind the fixed header.
        errc error;               ///< Why it may not be sent.

        std::size_t packet_size() const noexcept {
            return 1 + variable_byte_integer_size(body_size) + std::size_t{body_size};
        }
    };

    /// Checks a message without properties.
    measured measure(protocol_version version, bool has_valid_topic = false) const noexcept {
        const std::size_t size = 2 + topic.size() + id_size() +
                                 (version == protocol_version::v5 ? 1 : 0) + payload.size();
        if (size > max_variable_byte_integer) return {0, errc::packet_too_large};
        if (!has_valid_topic && !is_valid_topic_name(topic)) return {0, errc::invalid_topic_name};
        if (qos > asio_mqtt::qos::exactly_once) return {0, errc::invalid_qos};
        return {static_cast<std::uint32_t>(size), {}};
    }

    /// Writes the fixed header, the topic name, and leaves room for a packet identifier; returns
    /// the end of that.
    // As a function of its own it would cost each message 13 instructions.
    [[gnu::always_inline]] std::byte* write_head(std::uint32_t body_size,
                                                 std::byte* out) const noexcept {
        wire::packet_writer writer{out};
        writer.fixed_header(packet_type::publish, wire::publish_flags(false, qos, retain),
                            body_size);
        out = writer.end();
        *out++ = static_cast<std::byte>(topic.size() >> 8);
        *out++ = static_cast<std::byte>(topic.size() & 0xFF);
        detail::copy_bytes(out, topic);
        return out + topic.size() + id_size();
    }

    /// Writes all of a message without properties, as measured.
    void write(protocol_version version, const measured& found, std::byte* out) const noexcept {
        out = write_head(found.body_size, out);
        if (version == protocol_version::v5) *out++ = std::byte{0};  // length of the properties
        detail::copy_bytes(out, payload);
    }

private:
    std::size_t id_size() const noexcept { return qos == asio_mqtt::qos::at_most_once ? 0 : 2; }
};

}  // namespace asio_mqtt
