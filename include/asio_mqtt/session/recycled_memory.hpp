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

/// Blocks of memory that were freed in this thread wait here for the next ones of their size:
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
        if (size > largest_small) [[unlikely]]
            return allocate_large(size);
        return take(small_shelf_of(size));
    }

    /// `size` as it was allocated.
    [[gnu::always_inline]] static void free(void* memory, std::size_t size) noexcept {
        if (size > largest_small) [[unlikely]]
            return free_large(memory, size);
        put(small_shelf_of(size), memory);
    }

private:
    struct block {
        block* next;
    };
    struct shelf {
        block* first;
        std::size_t free_places;
    };
    // Blocks up to 512 bytes in steps of 64; and in steps of 256 up to what takes a message whose
    // payload is not shared. The first shelf is for no bytes, which an allocator may be asked for.
    static constexpr std::size_t small_step = 64;
    static constexpr std::size_t largest_small = 512;
    static constexpr std::size_t small_shelves = largest_small / small_step;
    static constexpr std::size_t large_step = 256;
    static constexpr std::size_t largest = 4'608;
    static constexpr std::size_t large_shelves = (largest - largest_small) / large_step;
    static constexpr std::size_t most_kept = 1'048'576;  // bytes on each shelf

    static std::size_t small_shelf_of(std::size_t size) noexcept {
        return (size + small_step - 1) / small_step;
    }
    static std::size_t large_shelf_of(std::size_t size) noexcept {
        return small_shelves + (size - largest_small + large_step - 1) / large_step;
    }
    /// Of the blocks on a shelf.
    static constexpr std::size_t size_on(std::size_t place) noexcept {
        if (place > small_shelves) return largest_small + (place - small_shelves) * large_step;
        return place == 0 ? small_step : place * small_step;
    }

    [[gnu::always_inline]] static void* take(std::size_t place) {
        shelf& from = shelves_[place];
        block* const taken = from.first;
        if (taken == nullptr) [[unlikely]]
            return ::operator new(size_on(place));
        from.first = taken->next;
        ++from.free_places;
        return taken;
    }
    [[gnu::always_inline]] static void put(std::size_t place, void* memory) noexcept {
        shelf& to = shelves_[place];
        if (to.free_places == 0 && !set_up(to)) [[unlikely]]
            return ::operator delete(memory);
        --to.free_places;
        to.first = ::new (memory) block{to.first};
    }

    // Not inline, so that small blocks do not pay for them.
    [[gnu::noinline]] static void* allocate_large(std::size_t size) {
        return size > largest ? ::operator new(size) : take(large_shelf_of(size));
    }
    [[gnu::noinline]] static void free_large(void* memory, std::size_t size) noexcept {
        size > largest ? ::operator delete(memory) : put(large_shelf_of(size), memory);
    }

    /// Opens the shelves of this thread, once. They stay closed behind its end: objects with static
    /// storage are destroyed later than those of a thread. False when there is no place for a
    /// block.
    static bool set_up(const shelf& wanted) noexcept {
#ifndef ASIO_MQTT_FREES_AT_ONCE
        static thread_local const struct cleaner {
            cleaner() noexcept {
                for (std::size_t i = 0; i < std::size(shelves_); ++i)
                    shelves_[i].free_places = most_kept / size_on(i);
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
    static inline thread_local shelf shelves_[1 + small_shelves + large_shelves]{};
};

/// A base of what is allocated often, and deleted as what it is.
struct recycled {
    static void* operator new(std::size_t size) { return recycled_memory::allocate(size); }
    static void* operator new(std::size_t size, std::align_val_t) = delete;
    static void operator delete(void* memory, std::size_t size) noexcept {
        recycled_memory::free(memory, size);
    }
};

}  // namespace asio_mqtt::detail

#undef ASIO_MQTT_FREES_AT_ONCE
