// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/recycled_memory.hpp>

#include <cstddef>
#include <memory>

namespace asio_mqtt::detail {

/// The allocator of handlers that have none of their own.
template <class T>
class recycling_allocator {
public:
    using value_type = T;

    recycling_allocator() = default;
    template <class U>
    recycling_allocator(const recycling_allocator<U>&) noexcept {}

    T* allocate(std::size_t count) {
        if constexpr (is_over_aligned()) return std::allocator<T>{}.allocate(count);
        return static_cast<T*>(recycled_memory::allocate(count * sizeof(T)));
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        if constexpr (is_over_aligned()) return std::allocator<T>{}.deallocate(memory, count);
        recycled_memory::free(memory, count * sizeof(T));
    }

    bool operator==(const recycling_allocator&) const = default;

private:
    /// As a handler may be that keeps vectors of the processor.
    static constexpr bool is_over_aligned() noexcept {
        return alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__;
    }
};

}  // namespace asio_mqtt::detail
