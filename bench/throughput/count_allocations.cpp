// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// To be preloaded (LD_PRELOAD): counts the calls of malloc(), calloc(), realloc() and
// aligned_alloc(), from wherever they come, and writes their number to the file named by
// ALLOCATIONS_FILE when the program ends.

#include <dlfcn.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

// The C library's own, under the names that it gives them for this purpose.
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* __libc_calloc(std::size_t count, std::size_t size);
extern "C" void* __libc_realloc(void* memory, std::size_t size);
extern "C" void* __libc_memalign(std::size_t alignment, std::size_t size);

namespace {

std::atomic<unsigned long long> count{0};

struct report {
    ~report() {
        const char* const name = std::getenv("ALLOCATIONS_FILE");
        if (name == nullptr) return;
        const unsigned long long counted = count;
        if (std::FILE* const file = std::fopen(name, "w")) {
            std::fprintf(file, "%llu\n", counted);
            std::fclose(file);
        }
    }
} const at_the_end;

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept {
    ++count;
    return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) noexcept {
    ++count;
    return __libc_calloc(number, size);
}

void* realloc(void* memory, std::size_t size) noexcept {
    ++count;
    return __libc_realloc(memory, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    ++count;
    return __libc_memalign(alignment, size);
}
}
