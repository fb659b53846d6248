// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec_result.hpp>
#include <asio_mqtt/protocol/layout.hpp>
#include <asio_mqtt/protocol/topic.hpp>
#include <asio_mqtt/protocol/two_byte_integer.hpp>

namespace asio_mqtt::wire {

/// The `Io` that fills a packet from its bytes and checks each of them once. Allocates nothing:
/// strings and lists become views into the bytes. The first error sticks; what is read after it is
/// of no use, but harmless.
class packet_reader {
public:
    static constexpr bool reads = true;

    packet_reader(const std::byte* first, const std::byte* last) noexcept
        : begin_{first}, cursor_{first}, end_{last} {}

    /// Leaves out what another client got wrong in a message, and a broker has passed on, in place
    /// of refusing it: see versioned_codec::decode_forwarded().
    void bear_forwarded() noexcept { bears_forwarded_ = true; }

    /// To be called last: every byte must have been read. `header_size` counts before the first.
    decode_result finish(std::size_t header_size) noexcept {
        if (cursor_ != end_) fail(decode_errc::trailing_bytes, "packet");
        if (!failed()) return {};
        return {error_, header_size + static_cast<std::size_t>(error_at_ - begin_), field_};
    }

    bool more(bool) const noexcept { return cursor_ != end_; }
    void absent(const char*, bool) const noexcept {}

    template <class Integer>
    void integer(const char* field, Integer& value) noexcept {
        if (!available(sizeof(Integer), field)) return;
        if constexpr (sizeof(Integer) == 1) {
            value = std::to_integer<Integer>(*cursor_);
        } else if constexpr (sizeof(Integer) == 2) {
            value = load_16(cursor_);
        } else {
            value = load_32(cursor_);
        }
        cursor_ += sizeof(Integer);
    }

    void boolean(const char* field, bool& value) noexcept {
        std::uint8_t byte = 0;
        integer(field, byte);
        if (byte > 1) fail(decode_errc::invalid_flags, field, 1);
        value = byte == 1;
    }

    void packet_id(std::uint16_t& id) noexcept {
        integer("packet_id", id);
        if (id == 0) fail(decode_errc::invalid_packet_id, "packet_id", 2);
    }

    void binary(const char* field, std::string_view& value) noexcept {
        if (!available(2, field)) return;
        const std::size_t size = load_16(cursor_);
        if (!available(2 + size, field)) return;
        value = load_string(cursor_);
        cursor_ += 2 + size;
    }

    void string(const char* field, std::string_view& value) noexcept {
        const std::byte* start = cursor_;
        binary(field, value);
        if (!is_valid_utf8(value)) fail_at(start, decode_errc::invalid_utf8, field);
    }

    void topic_name(const char* field, std::string_view& topic) noexcept {
        const std::byte* start = cursor_;
        string(field, topic);
        if (!names_topic(topic)) fail_at(start, decode_errc::invalid_topic_name, field);
    }

    /// May be empty here: require_topic_name() follows when the topic alias is known.
    void publish_topic(std::string_view& topic) noexcept {
        const std::byte* start = cursor_;
        binary("topic", topic);
        if (detail::is_plain_topic_name(topic)) return;
        if (!is_valid_utf8(topic)) fail_at(start, decode_errc::invalid_utf8, "topic");
        if (has_wildcard(topic)) fail_at(start, decode_errc::invalid_topic_name, "topic");
    }

    void require_topic_name(bool given) noexcept {
        if (!given) fail_at(begin_, decode_errc::missing_topic_name, "topic");
    }

    void require_authentication_method(bool given) noexcept {
        if (!given) fail_at(block_, decode_errc::missing_authentication_method, "properties");
    }

    void reason(packet_type type, reason_code& reason) noexcept {
        std::uint8_t byte = 0;
        integer("reason", byte);
        reason = static_cast<reason_code>(byte);
        if (!asio_mqtt::is_listed(type, reason)) {
            fail(decode_errc::invalid_reason_code, "reason", 1);
        }
    }

    void return_code(reason_code& reason) noexcept {
        std::uint8_t byte = 0;
        integer("return code", byte);
        if (byte < std::size(return_codes)) {
            reason = return_codes[byte];
        } else {
            fail(decode_errc::invalid_reason_code, "return code", 1);
        }
    }

    void rest(std::string_view& payload) noexcept {
        payload = {reinterpret_cast<const char*>(cursor_),
                   static_cast<std::size_t>(end_ - cursor_)};
        cursor_ = end_;
    }

    void protocol(protocol_version version) noexcept {
        const std::byte* start = cursor_;
        std::string_view name;
        binary("protocol name", name);
        if (name != "MQTT") fail_at(start, decode_errc::invalid_protocol_name, "protocol name");
        std::uint8_t byte = 0;
        integer("protocol version", byte);
        if (byte != static_cast<std::uint8_t>(version)) {
            fail(decode_errc::unsupported_protocol_version, "protocol version", 1);
        }
    }

    /// Reads the Connect Flags and makes the optional parts that follow (3.1.2.3).
    void connect_flags(protocol_version version, connect_packet& packet) noexcept {
        std::uint8_t flags = 0;
        integer("connect flags", flags);
        const bool has_will = (flags & 0x04) != 0;
        const bool has_password = (flags & 0x40) != 0;
        const bool has_user_name = (flags & 0x80) != 0;
        const unsigned will_qos = flags >> 3 & 0x03;
        const bool will_retain = (flags & 0x20) != 0;
        const bool reserved = (flags & 0x01) != 0;  // [MQTT-3.1.2-3]
        if (reserved || (!has_will && (will_qos != 0 || will_retain)) ||
            (version == protocol_version::v3_1_1 && has_password && !has_user_name)) {
            fail(decode_errc::invalid_flags, "connect flags", 1);
        }
        if (will_qos == 3) fail(decode_errc::invalid_qos, "will QoS", 1);
        packet.clean_start = (flags & 0x02) != 0;
        if (has_will) {
            packet.will.emplace();
            packet.will->qos = static_cast<qos>(will_qos & 0x03);
            packet.will->retain = will_retain;
        }
        if (has_user_name) packet.user_name.emplace();
        if (has_password) packet.password.emplace();
    }

    void subscriptions(protocol_version version, list_view<topic_subscription>& list) noexcept {
        const std::byte* start = cursor_;
        std::size_t count = 0;
        while (cursor_ != end_ && !failed()) {
            std::string_view filter;
            topic_filter(filter);
            std::uint8_t options = 0;
            integer("subscription options", options);
            const int reserved = version == protocol_version::v5 ? 0xC0 : 0xFC;
            if ((options & reserved) != 0) {
                fail(decode_errc::invalid_flags, "subscription options", 1);
            }
            if ((options & 0x03) == 0x03) {
                fail(decode_errc::invalid_subscription_options, "maximum QoS", 1);
            }
            if ((options & 0x30) == 0x30) {
                fail(decode_errc::invalid_subscription_options, "retain handling", 1);
            }
            // [MQTT-3.8.3-4]
            if ((options & 0x04) != 0 && is_shared_filter(filter)) {
                fail(decode_errc::invalid_subscription_options, "no local", 1);
            }
            ++count;
        }
        list = take_list<topic_subscription>(start, count);
    }

    void filters(list_view<std::string_view>& list) noexcept {
        const std::byte* start = cursor_;
        std::size_t count = 0;
        while (cursor_ != end_ && !failed()) {
            std::string_view filter;
            topic_filter(filter);
            ++count;
        }
        list = take_list<std::string_view>(start, count);
    }

    void reasons(protocol_version version, packet_type type,
                 list_view<reason_code>& list) noexcept {
        const std::byte* start = cursor_;
        while (cursor_ != end_ && !failed()) {
            std::uint8_t byte = 0;
            integer("reason", byte);
            if (!wire::is_listed(version, type, static_cast<reason_code>(byte))) {
                fail(decode_errc::invalid_reason_code, "reason", 1);
            }
        }
        list = take_list<reason_code>(start, static_cast<std::size_t>(cursor_ - start));
    }

    template <class Properties>
    void properties(Properties& properties) noexcept {
        const std::byte* const packet_end = end_;
        if (begin_block()) read_block(property_slots{properties});
        end_ = packet_end;
        if (failed()) cursor_ = end_;
    }

private:
    /// False when there are no properties, or no room for them.
    bool begin_block() noexcept {
        const variable_byte_integer length = read_variable_byte_integer(cursor_, end_);
        if (length.size == 0) {
            fail(length.malformed ? decode_errc::malformed_length : decode_errc::truncated,
                 "property length");
            return false;
        }
        if (!available(length.size + std::size_t{length.value}, "property length")) return false;
        cursor_ += length.size;
        end_ = cursor_ + length.value;  // no property may reach past its block
        block_ = cursor_;
        return cursor_ != end_;
    }

    bool failed() const noexcept { return error_ != decode_errc{}; }

    void fail_at(const std::byte* at, decode_errc error, const char* field) noexcept {
        if (failed()) return;
        error_ = error;
        error_at_ = at;
        field_ = field;
        cursor_ = end_;
    }
    /// `consumed`: bytes of the faulty field that were read before the fault was seen.
    void fail(decode_errc error, const char* field, std::ptrdiff_t consumed = 0) noexcept {
        // After an earlier error the bytes were not read, and may not even exist.
        if (!failed()) fail_at(cursor_ - consumed, error, field);
    }

    bool available(std::size_t size, const char* field) noexcept {
        if (static_cast<std::size_t>(end_ - cursor_) >= size) return true;
        fail(decode_errc::truncated, field);
        return false;
    }

    /// For what was read as a string, and so is UTF-8.
    static bool names_topic(std::string_view text) noexcept {
        return !text.empty() && !has_wildcard(text);
    }

    void topic_filter(std::string_view& filter) noexcept {
        const std::byte* start = cursor_;
        string("topic filter", filter);
        if (!is_valid_topic_filter(filter)) {
            fail_at(start, decode_errc::invalid_topic_filter, "topic filter");
        }
    }

    template <class T>
    list_view<T> take_list(const std::byte* start, std::size_t count) noexcept {
        if (count == 0) fail(decode_errc::empty_list, "payload");
        if (failed()) return {};
        return list_view<T>::from_wire({start, cursor_}, count);
    }

    void read_block(const property_slots& slots) noexcept {
        while (cursor_ != end_ && !failed())
            read_property(slots);
    }

    void read_property(const property_slots& slots) noexcept {
        const std::byte* start = cursor_;
        std::uint8_t byte = 0;
        integer("property identifier", byte);
        const auto id = static_cast<property_id>(byte);
        for (const property_slot& slot : slots) {
            if (slot.id != id) continue;
            return read_value(slot);
        }
        const bool known = kind_of(id) != property_kind::unknown;
        fail_at(start, known ? decode_errc::misplaced_property : decode_errc::unknown_property,
                to_string(id));
    }

    void read_value(const property_slot& slot) noexcept {
        if (slot.is_set() && !slot.is_list()) {
            return fail(decode_errc::duplicate_property, to_string(slot.id), 1);
        }
        const char* const field = "";  // its name is looked up when something is wrong
        const std::byte* start = cursor_;
        property_value value;
        switch (kind_of(slot.id)) {
            case property_kind::byte: {  // two values in all of them
                std::uint8_t byte = 0;
                integer(field, byte);
                if (byte > 1) {
                    if (bears_forwarded_ && slot.id == property_id::payload_format_indicator)
                        return;
                    fail_at(start, decode_errc::invalid_property_value, field);
                }
                value.number = byte;
                break;
            }
            case property_kind::two_byte_integer: {
                std::uint16_t two_bytes = 0;
                integer(field, two_bytes);
                value.number = two_bytes;
                break;
            }
            case property_kind::four_byte_integer: integer(field, value.number); break;
            case property_kind::variable_byte_integer: value.number = read_variable(field); break;
            case property_kind::utf8_string:
                string(field, value.text);
                if (slot.id == property_id::response_topic && !names_topic(value.text)) {
                    if (bears_forwarded_ && !failed()) return;
                    fail_at(start, decode_errc::invalid_topic_name, field);  // [MQTT-3.3.2-14]
                }
                break;
            case property_kind::binary_data: binary(field, value.text); break;
            case property_kind::utf8_string_pair:
                string(field, value.text);
                string(field, value.second);
                break;
            case property_kind::unknown: break;
        }
        if (value.number == 0 && must_not_be_zero(slot.id)) {
            const bool is_alias = slot.id == property_id::topic_alias;
            fail_at(
                start,
                is_alias ? decode_errc::invalid_topic_alias : decode_errc::invalid_property_value,
                field);
        }
        if (failed()) {
            field_ = to_string(slot.id);
        } else if (slot.is_list()) {
            slot.extend({block_, cursor_});
        } else {
            slot.set(value);
        }
    }

    std::uint32_t read_variable(const char* field) noexcept {
        const variable_byte_integer read = read_variable_byte_integer(cursor_, end_);
        if (read.size == 0) {
            fail(read.malformed ? decode_errc::malformed_length : decode_errc::truncated, field);
            return 0;
        }
        cursor_ += read.size;
        return read.value;
    }

    const std::byte* begin_;
    const std::byte* cursor_;
    const std::byte* end_;
    const std::byte* block_ = nullptr;
    const std::byte* error_at_ = nullptr;
    const char* field_ = "";
    decode_errc error_{};
    bool bears_forwarded_ = false;
};

// What most packets are is read in fewer steps than the layout takes. False for any other, and for
// what is malformed: the layout says why.

/// Reads the body of a PUBACK, PUBREC, PUBREL or PUBCOMP that is nothing but its identifier.
template <class Packet>
bool read_plain_acknowledgement(std::span<const std::byte> body, Packet& packet) noexcept {
    if (body.size() != 2) return false;
    packet.packet_id = load_16(body.data());
    return packet.packet_id != 0;
}

/// Where the properties end that begin with their length at `place`: one Subscription Identifier
/// and nothing else, as many brokers send it (3.3.2.3.8). 0 for any others.
inline std::size_t end_of_lone_identifier(std::span<const std::byte> body,
                                          std::size_t place) noexcept {
    const std::size_t end = place + 1 + std::to_integer<std::size_t>(body[place]);
    if (end < place + 3 || end > body.size()) return 0;
    if (body[place + 1] != static_cast<std::byte>(property_id::subscription_identifier)) return 0;
    const variable_byte_integer identifier =
        read_variable_byte_integer(body.data() + place + 2, body.data() + end);
    return identifier.value != 0 && place + 2 + identifier.size == end ? end : 0;
}

/// Reads the body of a PUBLISH without properties, but for one Subscription Identifier; its topic
/// name is not checked.
inline bool read_plain_publish(protocol_version version, std::span<const std::byte> body,
                               publish_packet& packet) noexcept {
    if (body.size() < 2) return false;
    const bool has_id = packet.qos != qos::at_most_once;
    const std::size_t id_place = 2U + load_16(body.data());
    std::size_t size = id_place + (has_id ? 2 : 0);
    auto& identifiers = packet.properties.subscription_identifiers;
    if (!identifiers.empty()) identifiers = {};
    if (version == protocol_version::v5) {
        if (size >= body.size()) return false;
        if (body[size] == std::byte{0}) {
            ++size;
        } else {
            const std::size_t end = end_of_lone_identifier(body, size);
            if (end == 0) return false;
            identifiers =
                subscription_identifier_list::from_wire(body.subspan(size + 1, end - size - 1), 1);
            size = end;
        }
    } else if (size > body.size()) {
        return false;
    }
    packet.topic = load_string(body.data());
    packet.packet_id = has_id ? load_16(body.data() + id_place) : std::uint16_t{0};
    packet.payload = {reinterpret_cast<const char*>(body.data()) + size, body.size() - size};
    return !has_id || packet.packet_id != 0;
}

}  // namespace asio_mqtt::wire
