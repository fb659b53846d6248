// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/session/deadline_heap.hpp>
#include <asio_mqtt/session/outbound_packet.hpp>
#include <asio_mqtt/session/output_buffer.hpp>
#include <asio_mqtt/session/publish_content.hpp>
#include <asio_mqtt/session/recycled_memory.hpp>
#include <asio_mqtt/session/shared_payload_size.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

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
/// memory: a PUBLISH is written by copying that, and only differs in its head when the connection
/// has another version.
class outbound_publish final : public outbound_packet, public detail::deadline_node {
public:
    /// How far the handshake got (4.3).
    enum class state : std::uint8_t {
        queued,    ///< Not sent in this session.
        sent,      ///< PUBLISH sent; at QoS 1 and 2 no acknowledgement yet.
        released,  ///< QoS 2: PUBREC received, PUBREL sent, no PUBCOMP yet.
    };

    /// Checks a message without properties and copies it.
    ///
    /// `payload_owner`, when given, keeps a large payload where it is. Null with `error` set when
    /// the message may not be sent in this version: see codec::measure(). Topic aliases are not
    /// taken: they belong to one connection, and the message may be sent on several (3.3.2.3.4).
    static outbound_publish_ptr make(protocol_version version, const publish_content& message,
                                     errc& error,
                                     std::shared_ptr<const void>&& payload_owner = {}) {
        return outbound_publish_ptr{
            make(version, message, nullptr, error, std::move(payload_owner))};
    }

    /// The same for a packet, whose `packet_id` and `dup` do not matter.
    static outbound_publish_ptr make(protocol_version version, const publish_packet& packet,
                                     errc& error,
                                     std::shared_ptr<const void>&& payload_owner = {}) {
        const publish_content message{packet.topic, packet.payload, packet.qos, packet.retain};
        if (!wire::is_set(packet.properties)) {
            return make(version, message, error, std::move(payload_owner));
        }
        return outbound_publish_ptr{
            make(version, message, &packet.properties, error, std::move(payload_owner))};
    }

    /// Size of the PUBLISH in bytes.
    std::size_t packet_size(protocol_version version) const noexcept {
        if (version == version_) return header_size_ + std::size_t{body_size_};
        return other_header_size() + std::size_t{other_body_size()};
    }

    /// Those of it that write() copies.
    std::size_t copied_size(protocol_version version) const noexcept {
        return packet_size(version) - (is_plain() ? 0 : rare_->shared_payload.size());
    }

    /// Bytes of memory that it takes, with a shared payload.
    std::size_t memory() const noexcept { return memory_; }
    /// That one without properties takes.
    static std::size_t memory_of(const publish_content::measured& found) noexcept {
        return sizeof(outbound_publish) + found.body_size;
    }

    /// It has no expiry interval, and no shared payload.
    bool is_plain() const noexcept { return rare_ == nullptr; }

    /// It has what only 5.0 can carry.
    bool needs_v5() const noexcept { return needs_v5_; }

    /// Its expiry interval, if it has one, begins.
    void start_expiry(time_point now) noexcept {
        if (expires()) due = now + std::chrono::seconds{rare_->expiry_interval};
    }

    /// The time that it spent here is taken off its expiry interval (3.3.2.3.3).
    void update_expiry(time_point now) noexcept {
        if (!expires()) return;
        // 0 would say that it has expired: what was sent before must be sent again nevertheless
        // [MQTT-4.4.0-1].
        const auto left = std::chrono::ceil<std::chrono::seconds>(due - now).count();
        wire::packet_writer{stored() + rare_->expiry_place}.integer(
            "message_expiry_interval", static_cast<std::uint32_t>(left > 0 ? left : 1));
    }

    /// Appends the PUBLISH with the identifier that it has now (3.3).
    void write(protocol_version version, bool dup, detail::output_buffer& output) const {
        if (version != version_ || !is_plain()) [[unlikely]] {
            return write_in_pieces(version, dup, output);
        }
        std::byte* const packet = output.append(stored_size_);
        std::memcpy(packet, stored(), stored_size_);
        complete_head(packet, packet + head_end_, dup);
    }

    const asio_mqtt::qos qos;
    const bool retain;
    state progress = state::queued;
    bool uses_quota = false;  ///< Counted against the Receive Maximum of this connection.
    bool pubrel_was_resent = false;
    /// Of PUBREC: a success that may tell more, such as no_matching_subscribers (3.5.2.1).
    reason_code reason = reason_code::success;
    std::uint32_t position = 0;  ///< In the output, until a write takes it.

private:
    friend outbound_publish_deleter;

    /// `Properties` is a pointer to them, or nullptr_t, for what most messages are.
    template <class Properties>
    static outbound_publish* make(protocol_version version, const publish_content& message,
                                  Properties properties, errc& error,
                                  std::shared_ptr<const void>&& payload_owner) {
        constexpr bool has_properties = !std::is_null_pointer_v<Properties>;
        const publish_content::measured found = measure(version, message, properties);
        if (found.error != errc{}) [[unlikely]] {
            error = found.error;
            return nullptr;
        }
        const bool is_shared =
            payload_owner != nullptr && message.payload.size() >= shared_payload_size;
        const std::size_t header_size = 1 + variable_byte_integer_size(found.body_size);
        const std::size_t stored_size =
            header_size + found.body_size - (is_shared ? message.payload.size() : 0);
        void* memory = detail::recycled_memory::allocate(sizeof(outbound_publish) + stored_size);
        outbound_publish_ptr made{::new (memory) outbound_publish{
            version, message, has_properties, header_size, found.body_size, stored_size}};
        std::byte* out = message.write_head(found.body_size, made->stored());
        made->head_end_ = static_cast<std::uint32_t>(out - made->stored());
        if constexpr (has_properties) {
            out = made->write_properties(*properties, out);
        } else if (version == protocol_version::v5) {
            *out++ = std::byte{0};  // their length
        }
        if (is_shared) [[unlikely]] {
            made->rare().shared_payload = message.payload;
            made->rare().payload_owner = std::move(payload_owner);
        } else {
            detail::copy_bytes(out, message.payload);
        }
        return made.release();
    }

    outbound_publish(protocol_version version, const publish_content& message, bool has_properties,
                     std::size_t header_size, std::size_t body_size,
                     std::size_t stored_size) noexcept
        : outbound_packet{packet_type::publish},
          qos{message.qos},
          retain{message.retain},
          needs_v5_{has_properties},
          version_{version},
          header_size_{static_cast<std::uint8_t>(header_size)},
          body_size_{static_cast<std::uint32_t>(body_size)},
          stored_size_{static_cast<std::uint32_t>(stored_size)},
          memory_{static_cast<std::uint32_t>(sizeof *this + body_size)} {}
    ~outbound_publish() = default;

    static publish_content::measured measure(protocol_version version,
                                             const publish_content& message,
                                             std::nullptr_t) noexcept {
        return message.measure(version);
    }
    static publish_content::measured measure(protocol_version version,
                                             const publish_content& message,
                                             const publish_properties* properties) noexcept {
        publish_packet packet;
        packet.qos = message.qos;
        packet.packet_id = 1;  // any: it is not known yet
        packet.topic = message.topic;
        packet.payload = message.payload;
        packet.properties = *properties;
        wire::packet_measurer measurer;
        wire::layout(measurer, version, packet);
        measurer.check_qos(message.qos, "qos");
        if (packet.properties.topic_alias) {
            measurer.fail(errc::topic_alias_not_supported, "topic_alias");
        }
        // [MQTT-3.3.4-6] They stand in what is received, and may not be sent on.
        if (!packet.properties.subscription_identifiers.empty()) {
            measurer.fail(errc::invalid_property_value, "subscription_identifier");
        }
        const measure_result result = measurer.result();
        return {static_cast<std::uint32_t>(result.remaining_length), result.error};
    }

    std::byte* stored() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    const std::byte* stored() const noexcept {
        return reinterpret_cast<const std::byte*>(this + 1);
    }
    std::byte* write_properties(const publish_properties& properties, std::byte* out) {
        wire::packet_writer writer{out};
        writer.properties(properties);
        find_expiry(properties);
        return writer.end();
    }

    /// What depends on the connection.
    void complete_head(std::byte* packet, std::byte* head_end, bool dup) const noexcept {
        if (dup) *packet |= std::byte{0x08};
        if (qos != asio_mqtt::qos::at_most_once) {
            wire::packet_writer{head_end - 2}.packet_id(packet_id);
        }
    }
    void write_in_pieces(protocol_version version, bool dup, detail::output_buffer& output) const {
        std::byte* const packet = output.append(copied_size(version));
        std::byte* head_end = packet + head_end_;
        if (version == version_) {
            std::memcpy(packet, stored(), stored_size_);
        } else {
            head_end = write_in_other_version(packet);
        }
        complete_head(packet, head_end, dup);
        if (!is_plain() && !rare_->shared_payload.empty())
            output.append_shared(rare_->shared_payload, rare_->payload_owner);
    }

    // In the version for which it was not made. It has no properties then: 5.0 says so with a byte,
    // 3.1.1 has no place for that.

    std::uint32_t other_body_size() const noexcept {
        return version_ == protocol_version::v5 ? body_size_ - 1 : body_size_ + 1;
    }
    std::size_t other_header_size() const noexcept {
        return 1 + variable_byte_integer_size(other_body_size());
    }
    /// All but a shared payload; returns the end of the topic name and identifier.
    std::byte* write_in_other_version(std::byte* out) const noexcept {
        const std::byte* const bytes = stored();
        wire::packet_writer writer{out};
        writer.fixed_header(packet_type::publish, wire::publish_flags(false, qos, retain),
                            other_body_size());
        std::byte* const end = std::copy(bytes + header_size_, bytes + head_end_, writer.end());
        const bool is_from_v5 = version_ == protocol_version::v5;
        if (!is_from_v5) *end = std::byte{0};
        std::copy(bytes + head_end_ + (is_from_v5 ? 1 : 0), bytes + stored_size_,
                  end + (is_from_v5 ? 0 : 1));
        return end;
    }

    void find_expiry(const publish_properties& properties) {
        if (!properties.message_expiry_interval) return;
        rarity& kept = rare();
        kept.expiry_interval = *properties.message_expiry_interval;
        // Behind the length of the properties, the byte that says what it is, and the one property
        // that comes before.
        const std::byte* const length = stored() + head_end_;
        kept.expiry_place = head_end_ + read_variable_byte_integer(length, length + 4).size + 1U;
        if (properties.payload_format_indicator) kept.expiry_place += 2;
    }
    bool expires() const noexcept { return rare_ != nullptr && rare_->expiry_place != 0; }

    /// What few messages have: it would only cost the others.
    struct rarity : detail::recycled {
        std::uint32_t expiry_place = 0;  // of the interval in what is stored; 0: it has none
        std::uint32_t expiry_interval = 0;
        std::string_view shared_payload{};
        std::shared_ptr<const void> payload_owner{};

        // Not inline where every message is freed, and most have none: 14 instructions.
        [[gnu::noinline]] ~rarity() = default;
    };
    rarity& rare() {
        if (rare_ == nullptr) {
            rare_.reset(new rarity);
            memory_ += sizeof(rarity);
        }
        return *rare_;
    }

    const bool needs_v5_;
    const protocol_version version_;   // for which it was written
    const std::uint8_t header_size_;   // of the fixed header
    const std::uint32_t body_size_;    // of all behind it
    const std::uint32_t stored_size_;  // of both, without a shared payload
    std::uint32_t memory_;             // see memory()
    std::uint32_t head_end_ = 0;       // where the topic name and the packet identifier end
    std::unique_ptr<rarity> rare_;
};

inline void outbound_publish_deleter::operator()(outbound_publish* publish) const noexcept {
    const std::size_t size = sizeof *publish + publish->stored_size_;
    publish->~outbound_publish();
    detail::recycled_memory::free(publish, size);
}

}  // namespace asio_mqtt
