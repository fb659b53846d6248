// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/session/deadline_heap.hpp>
#include <asio_mqtt/session/outbound_packet.hpp>
#include <asio_mqtt/session/output_buffer.hpp>
#include <asio_mqtt/session/recycled_memory.hpp>

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
/// It is checked and encoded when it is made, and lies behind the object in the same block of
/// memory: a PUBLISH is written by copying that, whichever version the connection has.
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
    static outbound_publish_ptr make(protocol_version version, const publish_packet& message,
                                     error_code& error,
                                     std::shared_ptr<const void> payload_owner = {}) {
        const bool has_id = message.qos != asio_mqtt::qos::at_most_once;
        const bool has_properties = wire::is_set(message.properties);
        const std::size_t head_size = message.topic.size() + (has_id ? 4U : 2U);
        std::size_t body_size = head_size + message.payload.size();
        if (version == protocol_version::v5) ++body_size;  // the length of the properties
        errc wrong{};
        if (message.qos > asio_mqtt::qos::exactly_once) {
            wrong = errc::invalid_qos;
        } else if (has_properties) {
            body_size = measure_body(version, message, wrong);
        } else if (!is_valid_topic_name(message.topic)) {
            wrong = errc::invalid_topic_name;
        } else if (body_size > max_variable_byte_integer) {
            wrong = errc::packet_too_large;
        }
        if (wrong != errc{}) {
            error = wrong;
            return nullptr;
        }
        const bool shares =
            payload_owner != nullptr && message.payload.size() >= shared_payload_size;
        const std::size_t stored_size = body_size - (shares ? message.payload.size() : 0);
        void* memory = detail::recycled_memory::allocate(sizeof(outbound_publish) + stored_size);
        outbound_publish_ptr made{::new (memory) outbound_publish};
        made->qos = message.qos;
        made->retain = message.retain;
        made->version_ = version;
        made->body_size_ = static_cast<std::uint32_t>(body_size);
        made->stored_size_ = static_cast<std::uint32_t>(stored_size);
        made->head_size_ = static_cast<std::uint32_t>(head_size);
        wire::packet_writer writer{made->stored()};
        writer.publish_topic(message.topic);
        if (has_id) writer.packet_id(any_id);
        if (has_properties) {
            made->needs_v5_ = true;
            writer.properties(message.properties);
            made->find_expiry(message.properties);
        } else if (version == protocol_version::v5) {
            writer.variable(0);
        }
        if (shares) {
            made->shared_payload_ = message.payload.data();
            made->payload_owner_ = std::move(payload_owner);
        } else {
            writer.rest(message.payload);
        }
        return made;
    }

    /// Size of the PUBLISH in bytes.
    std::size_t packet_size(protocol_version version) const noexcept {
        const std::uint32_t remaining = remaining_length(version);
        return 1 + variable_byte_integer_size(remaining) + remaining;
    }

    /// Bytes of memory that it takes, with a shared payload.
    std::size_t memory() const noexcept { return sizeof *this + body_size_; }

    /// It has what only 5.0 can carry.
    bool needs_v5() const noexcept { return needs_v5_; }

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
        const std::size_t shared_size = body_size_ - stored_size_;
        wire::packet_writer writer{output.append(packet_size(version) - shared_size)};
        publish_packet head;
        head.dup = dup;
        head.qos = qos;
        head.retain = retain;
        writer.fixed_header(packet_type::publish, wire::flags_of(head), remaining_length(version));
        wire::packet_writer behind_topic{writer.end() + head_size_ - 2};
        if (version == version_) {
            writer.rest(text(0, stored_size_));
        } else {
            // It has no properties: 5.0 says so with a byte, 3.1.1 has no place for that.
            const std::size_t skipped = version_ == protocol_version::v5 ? 1 : 0;
            writer.rest(text(0, head_size_));
            if (version == protocol_version::v5) writer.variable(0);
            writer.rest(text(head_size_ + skipped, stored_size_ - head_size_ - skipped));
        }
        if (qos != asio_mqtt::qos::at_most_once) behind_topic.packet_id(packet_id);
        if (shared_size != 0) output.append_shared({shared_payload_, shared_size}, payload_owner_);
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

    static std::size_t measure_body(protocol_version version, const publish_packet& message,
                                    errc& wrong) noexcept {
        publish_packet measured = message;
        measured.packet_id = any_id;
        wire::packet_measurer measurer;
        wire::layout(measurer, version, measured);
        if (message.properties.topic_alias) {
            measurer.fail(errc::topic_alias_not_supported, "topic_alias");
        }
        const measure_result result = measurer.result();
        wrong = result.error;
        return result.remaining_length;
    }

    std::byte* stored() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    std::string_view text(std::size_t from, std::size_t size) const noexcept {
        return {reinterpret_cast<const char*>(this + 1) + from, size};
    }
    std::uint32_t remaining_length(protocol_version version) const noexcept {
        if (version == version_) return body_size_;
        return version == protocol_version::v5 ? body_size_ + 1 : body_size_ - 1;
    }
    void find_expiry(const publish_properties& properties) noexcept {
        if (!properties.message_expiry_interval) return;
        expiry_interval_ = *properties.message_expiry_interval;
        // Behind the length of the properties, the byte that says what it is, and the one property
        // that comes before.
        const std::byte* const length = stored() + head_size_;
        expiry_place_ = head_size_ + read_variable_byte_integer(length, length + 4).size + 1U;
        if (properties.payload_format_indicator) expiry_place_ += 2;
    }

    static constexpr std::uint16_t any_id = 1;  // the place of one that is not known yet

    bool needs_v5_ = false;
    protocol_version version_{};      // for which the body was written
    std::uint32_t body_size_ = 0;     // all but the fixed header
    std::uint32_t stored_size_ = 0;   // without a shared payload
    std::uint32_t head_size_ = 0;     // topic name and packet identifier, which come first
    std::uint32_t expiry_place_ = 0;  // of the interval in what is stored; 0: it has none
    std::uint32_t expiry_interval_ = 0;
    const char* shared_payload_ = nullptr;
    std::shared_ptr<const void> payload_owner_;
};

inline void outbound_publish_deleter::operator()(outbound_publish* publish) const noexcept {
    const std::size_t size = sizeof *publish + publish->stored_size_;
    publish->~outbound_publish();
    detail::recycled_memory::free(publish, size);
}

}  // namespace asio_mqtt
