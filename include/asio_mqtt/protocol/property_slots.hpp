// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/properties.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace asio_mqtt::wire {

/// One property of a packet, present or not, whatever its type is.
class property_slot {
public:
    property_id id{};

    bool is_set() const noexcept {
        bool result = false;
        visit([&result](const auto& member) {
            if constexpr (requires { member.has_value(); }) {
                result = member.has_value();
            } else {
                result = !member.empty();
            }
        });
        return result;
    }

    /// Calls `use(member)` with the optional or the list itself.
    template <class Use>
    void visit(Use&& use) const {
        switch (type_) {
            case type::boolean: return use(as<std::optional<bool>>());
            case type::byte: return use(as<std::optional<std::uint8_t>>());
            case type::format: return use(as<std::optional<payload_format>>());
            case type::two_bytes: return use(as<std::optional<std::uint16_t>>());
            case type::four_bytes: return use(as<std::optional<std::uint32_t>>());
            case type::text: return use(as<std::optional<std::string_view>>());
            case type::user_properties: return use(as<user_property_list>());
            case type::subscription_identifiers: return use(as<subscription_identifier_list>());
        }
    }

    /// Calls `use(value)` for the value if there is one; for each of a list.
    template <class Use>
    void for_each_value(Use&& use) const {
        visit([&use](const auto& member) {
            if constexpr (requires { member.has_value(); }) {
                if (member) use(*member);
            } else {
                for (const auto& element : member)
                    use(element);
            }
        });
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

    template <class Member>
    Member& as() const noexcept {
        return *static_cast<Member*>(member_);
    }

    type type_{};
    void* member_ = nullptr;
};

/// The properties of one packet as a list. What walks it is compiled once, and not once for each
/// kind of packet.
class property_slots {
public:
    /// Only reading changes the properties: those of a constant packet must not be read into.
    template <class Properties>
    explicit property_slots(const Properties& properties) noexcept {
        Properties::members(properties, *this);
    }

    const property_slot* begin() const noexcept { return slots_; }
    const property_slot* end() const noexcept { return slots_ + size_; }

    bool any_set() const noexcept {
        for (const property_slot& slot : *this) {
            if (slot.is_set()) return true;
        }
        return false;
    }

    // What Properties::members() calls.
    using type = property_slot::type;
    void operator()(property_id id, const std::optional<bool>& member) noexcept {
        add(id, type::boolean, &member);
    }
    void operator()(property_id id, const std::optional<std::uint8_t>& member) noexcept {
        add(id, type::byte, &member);
    }
    void operator()(property_id id, const std::optional<payload_format>& member) noexcept {
        add(id, type::format, &member);
    }
    void operator()(property_id id, const std::optional<std::uint16_t>& member) noexcept {
        add(id, type::two_bytes, &member);
    }
    void operator()(property_id id, const std::optional<std::uint32_t>& member) noexcept {
        add(id, type::four_bytes, &member);
    }
    void operator()(property_id id, const std::optional<std::string_view>& member) noexcept {
        add(id, type::text, &member);
    }
    void operator()(property_id id, const user_property_list& member) noexcept {
        add(id, type::user_properties, &member);
    }
    void operator()(property_id id, const subscription_identifier_list& member) noexcept {
        add(id, type::subscription_identifiers, &member);
    }

private:
    void add(property_id id, type of, const void* member) noexcept {
        property_slot& slot = slots_[size_++];
        slot.id = id;
        slot.type_ = of;
        slot.member_ = const_cast<void*>(member);
    }

    property_slot slots_[17];  // CONNACK has the most
    std::size_t size_ = 0;
};

}  // namespace asio_mqtt::wire
