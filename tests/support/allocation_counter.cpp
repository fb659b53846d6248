// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/allocation_counter.hpp"

#include <atomic>

namespace {

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> calls{0};  // those that a limit may let fail
constexpr std::size_t no_limit = static_cast<std::size_t>(-1);
std::atomic<std::size_t> limit{no_limit};
std::atomic<bool> fails_once{false};

[[maybe_unused]] bool is_over_limit() noexcept {
    if (calls++ < limit) return false;
    if (fails_once) limit = no_limit;
    return true;
}

}  // namespace

test::memory_limit::memory_limit(std::size_t calls_before, fails how) noexcept {
    fails_once = how == fails::once;
    limit = calls + calls_before;
}
bool test::memory_limit::has_failed() const noexcept {
    return limit == no_limit;
}
test::memory_limit::~memory_limit() {
    limit = no_limit;
}

std::size_t test::allocation_count() noexcept {
    return count;
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define COUNTS_BY_HOOK
#endif
#endif

#ifdef COUNTS_BY_HOOK

// Clang's thread sanitizer brings operator new and delete that cannot be replaced, and a hook that
// all ways to allocate call.

#include <sanitizer/allocator_interface.h>

namespace {

[[maybe_unused]] const int is_installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++count; }, [](const volatile void*) {});

}  // namespace

#else

// Replaces operator new and delete of the whole program: they count, and do otherwise what they
// always do. All forms are replaced together, for the sanitizers' own ones do not mix with these.

#include <cstdlib>
#include <new>

namespace {

void* allocate(std::size_t size) noexcept {
    ++count;
    return is_over_limit() ? nullptr : std::malloc(size == 0 ? 1 : size);
}

void* allocate_or_throw(std::size_t size) {
    if (void* memory = allocate(size)) return memory;
    throw std::bad_alloc{};
}

}  // namespace

// The linker gives these to all who call realloc(), as the headers do, and aligned_alloc(), as Asio
// does (its option --wrap). Of the latter Asio keeps two blocks while a context runs: how many
// there are depends on how often a test lets it run.
extern "C" {
void* __real_realloc(void* memory, std::size_t size);
void* __wrap_realloc(void* memory, std::size_t size) {
    ++count;
    return is_over_limit() ? nullptr : __real_realloc(memory, size);
}
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
    return is_over_limit() ? nullptr : __real_aligned_alloc(alignment, size);
}
}

void* operator new(std::size_t size) {
    return allocate_or_throw(size);
}
void* operator new[](std::size_t size) {
    return allocate_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}

#endif
