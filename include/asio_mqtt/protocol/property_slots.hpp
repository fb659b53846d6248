// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/properties.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace asio_mqtt::wire {

/// The value of a property of any kind.
struct property_value {
    std::uint32_t number = 0;  ///< Of the integers.
    std::string_view text{};   ///< Of strings and binary data; the name in a pair of strings.
    std::string_view second{};
};

/// One property of a packet, present or not, whatever its type is.
class property_slot {
public:
    property_id id;

    /// May stand in a packet several times.
    bool is_list() const noexcept { return type_ >= type::user_properties; }

    bool is_set() const noexcept {
        switch (type_) {
            case type::boolean: return as<std::optional<bool>>().has_value();
            case type::byte: return as<std::optional<std::uint8_t>>().has_value();
            case type::format: return as<std::optional<payload_format>>().has_value();
            case type::two_bytes: return as<std::optional<std::uint16_t>>().has_value();
            case type::four_bytes: return as<std::optional<std::uint32_t>>().has_value();
            case type::text: return as<std::optional<std::string_view>>().has_value();
            case type::user_properties: return !as<user_property_list>().empty();
            case type::subscription_identifiers: return !as<subscription_identifier_list>().empty();
        }
        return false;
    }

    /// Calls `use(property_value)` for the value if there is one; for each of a list.
    template <class Use>
    void for_each_value(Use&& use) const {
        if (type_ == type::user_properties) {
            for (const auto& [name, value] : as<user_property_list>())
                use(property_value{0, name, value});
        } else if (type_ == type::subscription_identifiers) {
            for (const std::uint32_t identifier : as<subscription_identifier_list>())
                use(property_value{identifier});
        } else if (is_set()) {
            use(single());
        }
    }

    /// Sets what is not a list.
    void set(const property_value& value) const noexcept {
        switch (type_) {
            case type::boolean: as<std::optional<bool>>() = value.number != 0; break;
            case type::byte:
                as<std::optional<std::uint8_t>>() = static_cast<std::uint8_t>(value.number);
                break;
            case type::format:
                as<std::optional<payload_format>>() = static_cast<payload_format>(value.number);
                break;
            case type::two_bytes:
                as<std::optional<std::uint16_t>>() = static_cast<std::uint16_t>(value.number);
                break;
            case type::four_bytes: as<std::optional<std::uint32_t>>() = value.number; break;
            case type::text: as<std::optional<std::string_view>>() = value.text; break;
            case type::user_properties:
            case type::subscription_identifiers: break;
        }
    }

    /// Lets a list view one element more; all of them lie in `block`, which was checked.
    void extend(std::span<const std::byte> block) const noexcept {
        if (type_ == type::user_properties) {
            auto& list = as<user_property_list>();
            list = user_property_list::from_wire(block, list.size() + 1);
        } else {
            auto& list = as<subscription_identifier_list>();
            list = subscription_identifier_list::from_wire(block, list.size() + 1);
        }
    }

private:
    friend class property_slots;
    enum class type : std::uint8_t {
        boolean,
        byte,
        format,
        two_bytes,
        four_bytes,
        text,
        user_properties,
        subscription_identifiers,
    };

    // Of pointers, not of references: the compiler would look for conversions between all of these.
    static type type_of(const std::optional<bool>*) noexcept { return type::boolean; }
    static type type_of(const std::optional<std::uint8_t>*) noexcept { return type::byte; }
    static type type_of(const std::optional<payload_format>*) noexcept { return type::format; }
    static type type_of(const std::optional<std::uint16_t>*) noexcept { return type::two_bytes; }
    static type type_of(const std::optional<std::uint32_t>*) noexcept { return type::four_bytes; }
    static type type_of(const std::optional<std::string_view>*) noexcept { return type::text; }
    static type type_of(const user_property_list*) noexcept { return type::user_properties; }
    static type type_of(const subscription_identifier_list*) noexcept {
        return type::subscription_identifiers;
    }

    property_value single() const noexcept {
        switch (type_) {
            case type::boolean: return {*as<std::optional<bool>>()};
            case type::byte: return {*as<std::optional<std::uint8_t>>()};
            case type::format:
                return {static_cast<std::uint32_t>(*as<std::optional<payload_format>>())};
            case type::two_bytes: return {*as<std::optional<std::uint16_t>>()};
            case type::four_bytes: return {*as<std::optional<std::uint32_t>>()};
            case type::text: return {0, *as<std::optional<std::string_view>>()};
            case type::user_properties:
            case type::subscription_identifiers: break;
        }
        return {};
    }

    template <class Member>
    Member& as() const noexcept {
        return *static_cast<Member*>(member_);
    }

    type type_;
    void* member_;
};

/// A property is there; a list has elements.
template <class Member>
bool is_present(const Member& member) noexcept {
    if constexpr (requires { member.has_value(); }) {
        return member.has_value();
    } else {
        return !member.empty();
    }
}

/// The properties of one packet as a list. What walks it is compiled once, and not once for each
/// kind of packet.
class property_slots {
public:
    // `this->`, since Clang 14 takes the captures for unused without it.

    /// Of a packet that is read: all that it may have.
    template <class Properties>
    explicit property_slots(Properties& properties) noexcept {
        Properties::members(properties,
                            [this](property_id id, auto& member) { this->add(id, member); });
    }
    /// Of a packet that stays as it is: those that are there, mostly one or two. They must not be
    /// read into.
    template <class Properties>
    explicit property_slots(const Properties& properties) noexcept {
        Properties::members(properties, [this](property_id id, const auto& member) {
            if (is_present(member)) this->add(id, member);
        });
    }

    const property_slot* begin() const noexcept { return slots_; }
    const property_slot* end() const noexcept { return slots_ + size_; }

private:
    template <class Member>
    void add(property_id id, const Member& member) noexcept {
        property_slot& slot = slots_[size_++];
        slot.id = id;
        slot.type_ = property_slot::type_of(&member);
        slot.member_ = const_cast<Member*>(&member);
    }

    property_slot slots_[17];  // CONNACK has the most; behind `size_` they are not set
    std::size_t size_ = 0;
};

/// True when a packet has any property.
template <class Properties>
bool is_set(const Properties& properties) noexcept {
    bool any = false;
    Properties::members(properties, [&any](property_id, const auto& member) {
        if (is_present(member)) any = true;
    });
    return any;
}

}  // namespace asio_mqtt::wire
