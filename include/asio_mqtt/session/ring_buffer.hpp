// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/trivial_array.hpp>

#include <cstddef>

namespace asio_mqtt::detail {

/// A queue in one block of memory that is kept when the queue empties: no allocation in the steady
/// state.
template <class T>
class ring_buffer {
public:
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    T& operator[](std::size_t index) noexcept { return slots_[(head_ + index) & mask()]; }
    T& front() noexcept { return slots_[head_]; }

    void push_back(const T& value) {
        if (size_ == slots_.size()) grow();
        slots_[(head_ + size_) & mask()] = value;
        ++size_;
    }
    void pop_front() noexcept {
        head_ = (head_ + 1) & mask();
        --size_;
    }
    void clear() noexcept { head_ = size_ = 0; }

private:
    std::size_t mask() const noexcept { return slots_.size() - 1; }
    void grow() {
        trivial_array<T> larger;
        larger.resize(slots_.empty() ? 8 : slots_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i)
            larger[i] = (*this)[i];
        slots_.swap(larger);
        head_ = 0;
    }

    trivial_array<T> slots_;  // a power of two, so that wrapping is a mask
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace asio_mqtt::detail
