// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <iterator>
#include <new>
#include <utility>

// An address sanitizer sees what is used after its end only in memory that is really freed.
#if defined(__SANITIZE_ADDRESS__)
#define ASIO_MQTT_FREES_AT_ONCE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASIO_MQTT_FREES_AT_ONCE
#endif
#endif

namespace asio_mqtt::detail {

/// Small blocks of memory that were freed in this thread wait here for the next ones of their size:
/// in the steady state a message allocates nothing, and what it takes is still in the processor's
/// caches.
///
/// A block may be freed in another thread than it was allocated in. A thread keeps as many blocks
/// as were in use at once, up to a limit, and frees them when it ends.
///
/// What is always inline: a few instructions, that compilers take for more than they are.
class recycled_memory {
public:
    [[gnu::always_inline]] static void* allocate(std::size_t size) {
        if (size > largest) [[unlikely]]
            return ::operator new(size);
        shelf& from = shelves_[shelf_of(size)];
        block* const taken = from.first;
        if (taken == nullptr) [[unlikely]]
            return ::operator new((shelf_of(size) + 1) * step);
        from.first = taken->next;
        ++from.free_places;
        return taken;
    }

    /// `size` as it was allocated.
    [[gnu::always_inline]] static void free(void* memory, std::size_t size) noexcept {
        if (size > largest) [[unlikely]]
            return ::operator delete(memory);
        shelf& to = shelves_[shelf_of(size)];
        if (to.free_places == 0 && !set_up(to)) [[unlikely]]
            return ::operator delete(memory);
        --to.free_places;
        to.first = ::new (memory) block{to.first};
    }

private:
    struct block {
        block* next;
    };
    struct shelf {
        block* first;
        std::size_t free_places;
    };
    static constexpr std::size_t step = 64;
    static constexpr std::size_t largest = 512;
    static constexpr std::size_t most_kept = 262'144;  // bytes on each shelf

    static std::size_t shelf_of(std::size_t size) noexcept { return (size - 1) / step; }

    /// Opens the shelves of this thread, once. They stay closed behind its end: objects with static
    /// storage are destroyed later than those of a thread. False when there is no place for a
    /// block.
    static bool set_up(const shelf& wanted) noexcept {
#ifndef ASIO_MQTT_FREES_AT_ONCE
        static thread_local const struct cleaner {
            cleaner() noexcept {
                for (std::size_t i = 0; i < std::size(shelves_); ++i)
                    shelves_[i].free_places = most_kept / ((i + 1) * step);
            }
            ~cleaner() {
                for (shelf& each : shelves_) {
                    while (each.first != nullptr)
                        ::operator delete(std::exchange(each.first, each.first->next));
                    each.free_places = 0;
                }
            }
        } at_the_end;
#endif
        return wanted.free_places != 0;
    }

    // Without constructor and destructor, for quick access: see set_up().
    static inline thread_local shelf shelves_[largest / step]{};
};

}  // namespace asio_mqtt::detail

#undef ASIO_MQTT_FREES_AT_ONCE
