// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec_result.hpp>
#include <asio_mqtt/protocol/layout.hpp>
#include <asio_mqtt/protocol/topic.hpp>

#include <cstring>

namespace asio_mqtt::wire {

/// Bytes of a property's value.
constexpr std::size_t size_of(property_id id, const property_value& value) noexcept {
    switch (kind_of(id)) {
        case property_kind::byte: return 1;
        case property_kind::two_byte_integer: return 2;
        case property_kind::four_byte_integer: return 4;
        case property_kind::variable_byte_integer: return variable_byte_integer_size(value.number);
        case property_kind::utf8_string:
        case property_kind::binary_data: return 2 + value.text.size();
        case property_kind::utf8_string_pair: return 4 + value.text.size() + value.second.size();
        case property_kind::unknown: break;
    }
    return 0;
}

inline std::size_t size_of(const property_slots& slots) noexcept {
    std::size_t size = 0;
    for (const property_slot& slot : slots) {
        slot.for_each_value(
            [&](const property_value& value) { size += 1 + size_of(slot.id, value); });
    }
    return size;
}

/// The `Io` that checks a packet which is to be sent and adds up its Remaining Length.
class packet_measurer {
public:
    static constexpr bool reads = false;

    measure_result result() noexcept {
        if (size_ > max_variable_byte_integer) {
            fail(errc::packet_too_large, "packet");
            size_ = 0;
        }
        return {static_cast<std::uint32_t>(size_), error_, field_};
    }

    bool more(bool wanted) const noexcept { return wanted; }
    void absent(const char* field, bool set) noexcept {
        if (set) fail(errc::not_in_this_version, field);
    }
    template <class Integer>
    void integer(const char*, Integer) noexcept {
        size_ += sizeof(Integer);
    }
    void boolean(const char*, bool) noexcept { ++size_; }
    void packet_id(std::uint16_t id) noexcept {
        if (id == 0) fail(errc::invalid_packet_id, "packet_id");
        size_ += 2;
    }
    void binary(const char* field, std::string_view value) noexcept {
        if (value.size() > max_string_size) fail(errc::string_too_long, field);
        size_ += 2 + value.size();
    }
    void string(const char* field, std::string_view value) noexcept {
        binary(field, value);
        if (!is_valid_utf8(value)) fail(errc::invalid_utf8, field);
    }
    void topic_name(const char* field, std::string_view topic) noexcept {
        if (!is_valid_topic_name(topic)) fail(errc::invalid_topic_name, field);
        size_ += 2 + topic.size();
    }
    void publish_topic(std::string_view topic) noexcept {
        if (!topic.empty() && !is_valid_topic_name(topic)) fail(errc::invalid_topic_name, "topic");
        size_ += 2 + topic.size();
    }
    void require_topic_name(bool given) noexcept {
        if (!given) fail(errc::invalid_topic_name, "topic");
    }
    void require_authentication_method(bool given) noexcept {
        if (!given) fail(errc::authentication_method_required, "authentication_method");
    }
    void reason(packet_type type, reason_code reason) noexcept {
        if (!asio_mqtt::is_listed(type, reason)) fail(errc::invalid_reason_code, "reason");
        ++size_;
    }
    void return_code(reason_code reason) noexcept {
        if (to_return_code(reason) == std::size(return_codes))
            fail(errc::invalid_reason_code, "reason");
        ++size_;
    }
    void rest(std::string_view payload) noexcept { size_ += payload.size(); }
    void protocol(protocol_version) noexcept { size_ += 7; }

    void connect_flags(protocol_version version, const connect_packet& packet) noexcept {
        if (packet.will) check_qos(packet.will->qos, "will QoS");
        if (version == protocol_version::v3_1_1) {
            if (packet.password && !packet.user_name) fail(errc::user_name_required, "password");
            if (packet.client_id.empty() && !packet.clean_start) {
                fail(errc::client_id_required, "client_id");
            }
        }
        ++size_;
    }

    void subscriptions(protocol_version version,
                       const list_view<topic_subscription>& list) noexcept {
        if (list.empty()) fail(errc::empty_list, "subscriptions");
        for (const topic_subscription& each : list) {
            topic_filter(each.filter);
            check_qos(each.qos, "maximum QoS");
            const bool options_of_5 = each.no_local || each.retain_as_published ||
                                      each.retain_handling != retain_handling::send;
            if (version == protocol_version::v3_1_1) absent("subscription options", options_of_5);
            if (each.retain_handling > retain_handling::do_not_send) {
                fail(errc::invalid_property_value, "retain handling");
            }
            if (each.no_local && is_shared_filter(each.filter)) {
                fail(errc::no_local_on_shared, "no local");
            }
            ++size_;
        }
    }
    void filters(const list_view<std::string_view>& list) noexcept {
        if (list.empty()) fail(errc::empty_list, "filters");
        for (const std::string_view filter : list)
            topic_filter(filter);
    }
    void reasons(protocol_version version, packet_type type,
                 const list_view<reason_code>& list) noexcept {
        if (list.empty()) fail(errc::empty_list, "reasons");
        for (const reason_code reason : list) {
            if (!wire::is_listed(version, type, reason)) {
                fail(errc::invalid_reason_code, "reasons");
            }
        }
        size_ += list.size();
    }

    template <class Properties>
    void properties(const Properties& properties) noexcept {
        check(property_slots{properties});
    }

    void check_qos(qos value, const char* field) noexcept {
        if (value > qos::exactly_once) fail(errc::invalid_qos, field);
    }
    void fail(errc error, const char* field) noexcept {
        if (error_ != errc{}) return;
        error_ = error;
        field_ = field;
    }

private:
    void check(const property_slots& slots) noexcept {
        const std::size_t size = size_of(slots);
        if (size > max_variable_byte_integer) return fail(errc::packet_too_large, "properties");
        size_ += variable_byte_integer_size(static_cast<std::uint32_t>(size)) + size;
        for (const property_slot& slot : slots) {
            slot.for_each_value([&](const property_value& value) { property(slot.id, value); });
        }
    }

    void topic_filter(std::string_view filter) noexcept {
        if (!is_valid_topic_filter(filter)) fail(errc::invalid_topic_filter, "topic filter");
        size_ += 2 + filter.size();
    }

    void property(property_id id, const property_value& value) noexcept {
        switch (kind_of(id)) {
            case property_kind::byte:
                if (value.number > 1) fail(errc::invalid_property_value, to_string(id));
                break;
            case property_kind::binary_data: property_size(id, value.text); break;
            case property_kind::utf8_string_pair:
                property_string(id, value.second);
                [[fallthrough]];
            case property_kind::utf8_string: property_string(id, value.text); break;
            default: break;
        }
        if ((value.number == 0 && must_not_be_zero(id)) ||
            (id == property_id::subscription_identifier &&
             value.number > max_variable_byte_integer)) {
            fail(errc::invalid_property_value, to_string(id));
        }
        if (id == property_id::response_topic && !is_valid_topic_name(value.text)) {
            fail(errc::invalid_topic_name, to_string(id));
        }
    }
    void property_string(property_id id, std::string_view text) noexcept {
        property_size(id, text);
        if (!is_valid_utf8(text)) fail(errc::invalid_utf8, to_string(id));
    }
    void property_size(property_id id, std::string_view text) noexcept {
        if (text.size() > max_string_size) fail(errc::string_too_long, to_string(id));
    }

    std::size_t size_ = 0;
    errc error_{};
    const char* field_ = "";
};

/// Checks what the sender must do and a receiver bears.
template <class Packet>
void check_as_sender(packet_measurer& measurer, const Packet& packet) noexcept {
    if constexpr (Packet::type == packet_type::publish) {
        measurer.check_qos(packet.qos, "qos");
        if (packet.dup && packet.qos == qos::at_most_once) {
            measurer.fail(errc::invalid_flags, "dup");
        }
    } else if constexpr (Packet::type == packet_type::connack) {
        if (packet.session_present && packet.reason != reason_code::success) {
            measurer.fail(errc::invalid_flags, "session_present");
        }
    } else if constexpr (Packet::type == packet_type::auth) {
        // Only the shortest AUTH has no place for the method.
        measurer.require_authentication_method(
            packet.properties.authentication_method.has_value() ||
            (packet.reason == reason_code::success && !is_set(packet.properties)));
    }
}

/// The `Io` that writes a packet which packet_measurer found to be valid into enough room.
class packet_writer {
public:
    static constexpr bool reads = false;

    explicit packet_writer(std::byte* out) noexcept : out_{out} {}
    std::byte* end() const noexcept { return out_; }

    void fixed_header(packet_type type, std::uint8_t flags, std::uint32_t remaining) noexcept {
        put(static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags));
        variable(remaining);
    }
    void variable(std::uint32_t value) noexcept { out_ = write_variable_byte_integer(value, out_); }

    bool more(bool wanted) const noexcept { return wanted; }
    void absent(const char*, bool) const noexcept {}
    template <class Integer>
    void integer(const char*, Integer value) noexcept {
        put(value);
    }
    void boolean(const char*, bool value) noexcept { put(std::uint8_t{value}); }
    void packet_id(std::uint16_t id) noexcept { put(id); }
    void binary(const char*, std::string_view value) noexcept {
        put(static_cast<std::uint16_t>(value.size()));
        rest(value);
    }
    void string(const char* field, std::string_view value) noexcept { binary(field, value); }
    void topic_name(const char* field, std::string_view topic) noexcept { binary(field, topic); }
    void publish_topic(std::string_view topic) noexcept { binary("topic", topic); }
    void require_topic_name(bool) const noexcept {}
    void require_authentication_method(bool) const noexcept {}
    void reason(packet_type, reason_code reason) noexcept {
        put(static_cast<std::uint8_t>(reason));
    }
    void return_code(reason_code reason) noexcept { put(to_return_code(reason)); }
    void rest(std::string_view bytes) noexcept {
        detail::copy_bytes(out_, bytes);
        out_ += bytes.size();
    }
    void protocol(protocol_version version) noexcept {
        binary("protocol name", "MQTT");
        put(static_cast<std::uint8_t>(version));
    }
    void connect_flags(protocol_version, const connect_packet& packet) noexcept {
        unsigned flags = packet.clean_start ? 0x02 : 0;
        if (packet.will) {
            flags |= 0x04 | static_cast<unsigned>(packet.will->qos) << 3;
            if (packet.will->retain) flags |= 0x20;
        }
        if (packet.password) flags |= 0x40;
        if (packet.user_name) flags |= 0x80;
        put(static_cast<std::uint8_t>(flags));
    }
    void subscriptions(protocol_version, const list_view<topic_subscription>& list) noexcept {
        for (const topic_subscription& each : list) {
            binary("topic filter", each.filter);
            put(static_cast<std::uint8_t>(static_cast<unsigned>(each.qos) |
                                          (each.no_local ? 0x04U : 0U) |
                                          (each.retain_as_published ? 0x08U : 0U) |
                                          static_cast<unsigned>(each.retain_handling) << 4));
        }
    }
    void filters(const list_view<std::string_view>& list) noexcept {
        for (const std::string_view filter : list)
            binary("topic filter", filter);
    }
    void reasons(protocol_version, packet_type, const list_view<reason_code>& list) noexcept {
        for (const reason_code reason : list)
            put(static_cast<std::uint8_t>(reason));
    }

    template <class Properties>
    void properties(const Properties& properties) noexcept {
        const property_slots slots{properties};
        variable(static_cast<std::uint32_t>(size_of(slots)));
        property_block(slots);
    }

    /// The properties without the length before them.
    void property_block(const property_slots& slots) noexcept {
        for (const property_slot& slot : slots) {
            slot.for_each_value([&](const property_value& value) {
                put(static_cast<std::uint8_t>(slot.id));
                property(slot.id, value);
            });
        }
    }

private:
    void put(std::uint8_t value) noexcept { *out_++ = static_cast<std::byte>(value); }
    void put(std::uint16_t value) noexcept {
        put(static_cast<std::uint8_t>(value >> 8));
        put(static_cast<std::uint8_t>(value & 0xFF));
    }
    void put(std::uint32_t value) noexcept {
        put(static_cast<std::uint16_t>(value >> 16));
        put(static_cast<std::uint16_t>(value & 0xFFFF));
    }

    void property(property_id id, const property_value& value) noexcept {
        switch (kind_of(id)) {
            case property_kind::byte: put(static_cast<std::uint8_t>(value.number)); break;
            case property_kind::two_byte_integer:
                put(static_cast<std::uint16_t>(value.number));
                break;
            case property_kind::four_byte_integer: put(value.number); break;
            case property_kind::variable_byte_integer: variable(value.number); break;
            case property_kind::utf8_string:
            case property_kind::binary_data: binary("", value.text); break;
            case property_kind::utf8_string_pair:
                binary("", value.text);
                binary("", value.second);
                break;
            case property_kind::unknown: break;
        }
    }

    std::byte* out_;
};

}  // namespace asio_mqtt::wire
