// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/session/outbound_packet.hpp>
#include <asio_mqtt/session/output_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace asio_mqtt {

class outbound_request;

struct outbound_request_deleter {
    inline void operator()(outbound_request* request) const noexcept;
};
/// Owns a SUBSCRIBE or UNSUBSCRIBE that is to be sent.
using outbound_request_ptr = std::unique_ptr<outbound_request, outbound_request_deleter>;

/// A SUBSCRIBE or UNSUBSCRIBE that is to be sent, kept until it is acknowledged.
///
/// User properties and filters lie behind the object in their wire form, in one block of memory.
class outbound_request final : public outbound_packet {
public:
    /// Checks a SUBSCRIBE and copies it; `packet.packet_id` does not matter. `handler` is for the
    /// registry of subscriptions: it belongs to the application and gets the messages, null for
    /// none. Null with `error` set when the packet may not be sent in this version: see
    /// codec::measure().
    static outbound_request_ptr make(protocol_version version, const subscribe_packet& packet,
                                     errc& error, std::shared_ptr<void> handler = {}) {
        outbound_request_ptr made = store(version, packet, error, packet.subscriptions.size());
        if (made == nullptr) return made;
        made->subscription_identifier = packet.properties.subscription_identifier.value_or(0);
        made->handler = std::move(handler);
        made->filter_writer().subscriptions(version, packet.subscriptions);
        return made;
    }

    /// The same for an UNSUBSCRIBE.
    static outbound_request_ptr make(protocol_version version, const unsubscribe_packet& packet,
                                     errc& error) {
        outbound_request_ptr made = store(version, packet, error, packet.filters.size());
        if (made != nullptr) made->filter_writer().filters(packet.filters);
        return made;
    }

    /// What a SUBSCRIBE asks for.
    list_view<topic_subscription> subscriptions() const noexcept {
        return list_view<topic_subscription>::from_wire(filters_, filter_count_);
    }
    /// The filters of an UNSUBSCRIBE.
    list_view<std::string_view> filters() const noexcept {
        return list_view<std::string_view>::from_wire(filters_, filter_count_);
    }
    std::size_t filter_count() const noexcept { return filter_count_; }

    user_property_list user_properties() const noexcept {
        return user_property_list::from_wire({stored(), property_size_}, property_count_);
    }
    /// The user properties in their wire form.
    std::string_view properties() const noexcept {
        return {reinterpret_cast<const char*>(stored()), property_size_};
    }

    /// It asks for what only 5.0 can carry. A subscription identifier that may be left out is not.
    bool needs_v5() const noexcept {
        if (property_size_ != 0) return true;
        if (type != packet_type::subscribe) return false;
        if (subscription_identifier != 0 && !identifier_is_optional) return true;
        for (const topic_subscription& each : subscriptions()) {
            if (each.no_local || each.retain_as_published ||
                each.retain_handling != retain_handling::send) {
                return true;
            }
        }
        return false;
    }

    /// Size of the packet in bytes.
    std::size_t packet_size(protocol_version version) const noexcept {
        const std::uint32_t remaining = remaining_length(version);
        return 1 + variable_byte_integer_size(remaining) + remaining;
    }

    /// Appends the packet with the identifiers that it has now (3.8, 3.10).
    void write(protocol_version version, detail::output_buffer& output) const {
        wire::packet_writer writer{output.append(packet_size(version))};
        writer.fixed_header(type, fixed_flags(type), remaining_length(version));
        writer.packet_id(packet_id);
        if (version == protocol_version::v5) {
            subscribe_properties identifier;
            if (subscription_identifier != 0) {
                identifier.subscription_identifier = subscription_identifier;
            }
            writer.variable(identifier_size() + property_size_);
            writer.property_block(wire::property_slots{identifier});
            writer.rest(properties());
        }
        writer.rest({reinterpret_cast<const char*>(filters_.data()), filters_.size()});
        if (may_exist && version == protocol_version::v5) {
            writer.end()[-1] |=
                static_cast<std::byte>(static_cast<unsigned>(retain_handling::send_if_new) << 4);
        }
    }

    std::uint32_t subscription_identifier = 0;  ///< 0: none.
    bool identifier_is_optional = false;        ///< May be left out when the broker takes none.
    /// One filter that the broker may know already: its retained messages are wanted only if it
    /// does not (3.8.3.1). That can be said in 5.0 alone.
    bool may_exist = false;
    /// Given by the session, growing: tells requests for one filter apart.
    std::uint64_t number = 0;
    std::shared_ptr<void> handler;

private:
    friend outbound_request_deleter;
    explicit outbound_request(packet_type of) noexcept : outbound_packet{of} {}
    ~outbound_request() = default;

    /// All but the filters, for which there is room.
    template <class Packet>
    static outbound_request_ptr store(protocol_version version, Packet packet, errc& error,
                                      std::size_t filter_count) {
        packet.packet_id = 1;  // any: it only has to be there
        const measure_result measured = versioned_codec{version}.measure(packet);
        if (!measured) {
            error = measured.error;
            return nullptr;
        }
        std::size_t size = measured.remaining_length - sizeof packet.packet_id;
        if (version == protocol_version::v5) {
            const std::size_t all = wire::size_of(wire::property_slots{packet.properties});
            size -= variable_byte_integer_size(static_cast<std::uint32_t>(all)) + all;
        }
        unsubscribe_properties kept;
        kept.user_properties = packet.properties.user_properties;
        const wire::property_slots slots{kept};
        const std::size_t property_size = wire::size_of(slots);
        void* memory = ::operator new(sizeof(outbound_request) + property_size + size);
        outbound_request_ptr made{::new (memory) outbound_request{Packet::type}};
        made->property_size_ = static_cast<std::uint32_t>(property_size);
        made->property_count_ = kept.user_properties.size();
        made->filter_count_ = filter_count;
        made->filters_ = {made->stored() + property_size, size};
        wire::packet_writer{made->stored()}.property_block(slots);
        return made;
    }

    std::byte* stored() const noexcept {
        return const_cast<std::byte*>(reinterpret_cast<const std::byte*>(this + 1));
    }
    wire::packet_writer filter_writer() noexcept {
        return wire::packet_writer{stored() + property_size_};
    }
    std::uint32_t identifier_size() const noexcept {
        if (subscription_identifier == 0) return 0;
        return 1 + static_cast<std::uint32_t>(variable_byte_integer_size(subscription_identifier));
    }
    std::uint32_t remaining_length(protocol_version version) const noexcept {
        std::size_t size = 2 + filters_.size();
        if (version == protocol_version::v5) {
            const std::uint32_t properties = identifier_size() + property_size_;
            size += variable_byte_integer_size(properties) + properties;
        }
        return static_cast<std::uint32_t>(size);
    }

    std::span<const std::byte> filters_;
    std::size_t filter_count_ = 0;
    std::uint32_t property_size_ = 0;
    std::size_t property_count_ = 0;
};

inline void outbound_request_deleter::operator()(outbound_request* request) const noexcept {
    request->~outbound_request();
    ::operator delete(request);
}

}  // namespace asio_mqtt
