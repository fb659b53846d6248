// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/trivial_array.hpp>

#include <cstddef>
#include <cstdint>

namespace asio_mqtt::detail {

/// What is known under each packet identifier in use (2.2.1): found in one step, however many there
/// are.
///
/// Identifiers in use lie close together, since both sides count upwards. So the low bits of the
/// identifier are its slot, and the table doubles when two identifiers meet in one, up to a slot
/// for each of the 65,535.
template <class T>
class packet_id_table {
public:
    std::size_t size() const noexcept { return size_; }

    T* find(std::uint16_t id) noexcept {
        if (slots_.empty() || id == 0) return nullptr;
        slot& candidate = slots_[id & mask()];
        return candidate.id == id ? &candidate.value : nullptr;
    }

    /// An identifier that is not in use, counting on from the last one; 0 when all are in use.
    /// Counting on, and not taking the lowest, keeps a late acknowledgement from meeting a new
    /// owner.
    std::uint16_t unused_id() {
        if (size_ == 65'535) return 0;
        if (size_ * 2 >= slots_.size() && slots_.size() < 65'536) grow();
        do {
            last_id_ = static_cast<std::uint16_t>(last_id_ + 1);
        } while (last_id_ == 0 || slots_[last_id_ & mask()].id != 0);
        return last_id_;
    }

    /// `id` must not be 0 and not in use.
    T& insert(std::uint16_t id, const T& value) {
        if (slots_.empty()) grow();
        while (slots_[id & mask()].id != 0)
            grow();
        ++size_;
        slot& free = slots_[id & mask()];
        free = {id, value};
        return free.value;
    }

    /// `id` must be in use.
    void erase(std::uint16_t id) noexcept {
        slots_[id & mask()] = slot{};
        --size_;
    }

    void clear() noexcept {
        for (slot& used : slots_)
            used = slot{};
        size_ = 0;
    }

private:
    struct slot {
        std::uint16_t id = 0;
        T value{};
    };

    std::size_t mask() const noexcept { return slots_.size() - 1; }
    // As a part of what seldom needs it, it would cost a publish at QoS 1 28 of its 860
    // instructions.
    [[gnu::noinline]] void grow() {
        trivial_array<slot> larger;
        larger.resize(slots_.empty() ? 8 : slots_.size() * 2);
        for (slot& unused : larger)
            unused = slot{};
        // Identifiers that lay apart still do: they differ in the bits that were looked at before.
        for (const slot& used : slots_) {
            if (used.id != 0) larger[used.id & (larger.size() - 1)] = used;
        }
        slots_.swap(larger);
    }

    trivial_array<slot> slots_;  // a power of two, or none
    std::size_t size_ = 0;
    std::uint16_t last_id_ = 0;
};

}  // namespace asio_mqtt::detail
