// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/session/deadline_heap.hpp>
#include <asio_mqtt/session/outbound_packet.hpp>
#include <asio_mqtt/session/output_buffer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

namespace asio_mqtt {

class outbound_publish;

struct outbound_publish_deleter {
    inline void operator()(outbound_publish* publish) const noexcept;
};
/// Owns a message that is to be published.
using outbound_publish_ptr = std::unique_ptr<outbound_publish, outbound_publish_deleter>;

/// A message that is to be published, kept until its handshake ended.
///
/// Topic, properties and a small payload lie behind the object, in one block of memory. It is
/// checked when it is made, and kept in a form from which a PUBLISH of either version is written by
/// copying.
class outbound_publish final : public outbound_packet, public detail::deadline_node {
public:
    /// Payloads from this size on are not copied when their owner comes with them.
    static constexpr std::size_t shared_payload_size = 4'096;

    /// How far the handshake got (4.3).
    enum class state : std::uint8_t {
        queued,    ///< Not sent in this session.
        sent,      ///< PUBLISH sent; at QoS 1 and 2 no acknowledgement yet.
        released,  ///< QoS 2: PUBREC received, PUBREL sent, no PUBCOMP yet.
    };

    /// Checks a message and copies it; `message.packet_id` and `message.dup` do not matter.
    ///
    /// `payload_owner`, when given, keeps a large payload where it is. Null with `error` set when
    /// the message may not be sent in this version: see codec::measure(). Topic aliases are not
    /// taken: they belong to one connection, and the message may be sent on several (3.3.2.3.4).
    static outbound_publish_ptr make(protocol_version version, publish_packet message,
                                     error_code& error,
                                     std::shared_ptr<const void> payload_owner = {}) {
        message.packet_id = 1;  // any: it only has to be there
        message.dup = false;
        const measure_result measured = versioned_codec{version}.measure(message);
        if (!measured) {
            error = measured.error;
            return nullptr;
        }
        if (message.properties.topic_alias) {
            error = errc::topic_alias_not_supported;
            return nullptr;
        }
        const wire::property_slots slots{message.properties};
        const std::size_t property_size = wire::size_of(slots);
        const bool shares =
            payload_owner != nullptr && message.payload.size() >= shared_payload_size;
        const std::size_t stored =
            message.topic.size() + property_size + (shares ? 0 : message.payload.size());
        void* memory = ::operator new(sizeof(outbound_publish) + stored);
        outbound_publish_ptr made{::new (memory) outbound_publish};
        made->qos = message.qos;
        made->retain = message.retain;
        made->topic_size_ = static_cast<std::uint16_t>(message.topic.size());
        made->property_size_ = static_cast<std::uint32_t>(property_size);
        made->payload_size_ = message.payload.size();
        if (const auto expiry = message.properties.message_expiry_interval) {
            made->expiry_interval_ = *expiry;
            // Behind the byte that says what it is, and the one property that comes before.
            made->expiry_place_ = made->topic_size_ + 1U;
            if (message.properties.payload_format_indicator) made->expiry_place_ += 2;
        }
        wire::packet_writer writer{made->stored()};
        writer.rest(message.topic);
        writer.property_block(slots);
        if (shares) {
            made->shared_payload_ = message.payload.data();
            made->payload_owner_ = std::move(payload_owner);
        } else {
            writer.rest(message.payload);
        }
        return made;
    }

    std::string_view topic() const noexcept { return text(0, topic_size_); }

    /// Size of the PUBLISH in bytes.
    std::size_t packet_size(protocol_version version) const noexcept {
        const std::uint32_t remaining = remaining_length(version);
        return 1 + variable_byte_integer_size(remaining) + remaining;
    }

    /// Bytes of memory that it takes, with a shared payload.
    std::size_t memory() const noexcept {
        return sizeof *this + topic_size_ + property_size_ + payload_size_;
    }

    /// It has what only 5.0 can carry.
    bool needs_v5() const noexcept { return property_size_ != 0; }

    /// Its expiry interval, if it has one, begins.
    void start_expiry(time_point now) noexcept {
        if (expiry_place_ != 0) due = now + std::chrono::seconds{expiry_interval_};
    }

    /// The time that it spent here is taken off its expiry interval (3.3.2.3.3).
    void update_expiry(time_point now) noexcept {
        if (expiry_place_ == 0) return;
        // 0 would say that it has expired: what was sent before must be sent again nevertheless
        // [MQTT-4.4.0-1].
        const auto left = std::chrono::ceil<std::chrono::seconds>(due - now).count();
        wire::packet_writer{stored() + expiry_place_}.integer(
            "message_expiry_interval", static_cast<std::uint32_t>(left > 0 ? left : 1));
    }

    /// Appends the PUBLISH with the identifier that it has now (3.3).
    void write(protocol_version version, bool dup, detail::output_buffer& output) const {
        const std::size_t head_size = packet_size(version) - payload_size_;
        const bool shares = shared_payload_ != nullptr;
        wire::packet_writer writer{output.append(head_size + (shares ? 0 : payload_size_))};
        publish_packet head;
        head.dup = dup;
        head.qos = qos;
        head.retain = retain;
        writer.fixed_header(packet_type::publish, wire::flags_of(head), remaining_length(version));
        writer.publish_topic(topic());
        if (qos != asio_mqtt::qos::at_most_once) writer.packet_id(packet_id);
        if (version == protocol_version::v5) {
            writer.variable(property_size_);
            writer.rest(text(topic_size_, property_size_));
        }
        if (shares) {
            output.append_shared({shared_payload_, payload_size_}, payload_owner_);
        } else {
            writer.rest(text(topic_size_ + property_size_, payload_size_));
        }
    }

    asio_mqtt::qos qos = asio_mqtt::qos::at_most_once;
    bool retain = false;
    state progress = state::queued;
    bool uses_quota = false;  ///< Counted against the Receive Maximum of this connection.
    bool pubrel_was_resent = false;
    /// Of PUBREC: a success that may tell more, such as no_matching_subscribers (3.5.2.1).
    reason_code reason = reason_code::success;

private:
    friend outbound_publish_deleter;
    outbound_publish() noexcept : outbound_packet{packet_type::publish} {}
    ~outbound_publish() = default;

    std::byte* stored() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    std::string_view text(std::size_t from, std::size_t size) const noexcept {
        return {reinterpret_cast<const char*>(this + 1) + from, size};
    }
    std::uint32_t remaining_length(protocol_version version) const noexcept {
        std::size_t size = 2U + topic_size_ + payload_size_;
        if (qos != asio_mqtt::qos::at_most_once) size += 2;
        if (version == protocol_version::v5) {
            size += variable_byte_integer_size(property_size_) + property_size_;
        }
        return static_cast<std::uint32_t>(size);
    }

    std::uint16_t topic_size_ = 0;
    std::uint32_t expiry_place_ = 0;  // of the interval behind the object; 0: it has none
    std::uint32_t expiry_interval_ = 0;
    std::uint32_t property_size_ = 0;
    std::size_t payload_size_ = 0;
    const char* shared_payload_ = nullptr;
    std::shared_ptr<const void> payload_owner_;
};

inline void outbound_publish_deleter::operator()(outbound_publish* publish) const noexcept {
    publish->~outbound_publish();
    ::operator delete(publish);
}

}  // namespace asio_mqtt
