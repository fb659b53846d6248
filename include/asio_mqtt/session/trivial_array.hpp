// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

namespace asio_mqtt::detail {

/// What a trivial_array is for elements of every type.
class trivial_memory {
public:
    trivial_memory() = default;
    trivial_memory(const trivial_memory&) = delete;
    trivial_memory& operator=(const trivial_memory&) = delete;
    ~trivial_memory() { std::free(data_); }

    void swap(trivial_memory& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return capacity_; }
    void pop_back() noexcept { --size_; }
    /// Keeps the memory.
    void clear() noexcept { size_ = 0; }
    void free() noexcept {
        std::free(data_);
        data_ = nullptr;
        size_ = capacity_ = 0;
    }
    /// Gives the memory back, if it is empty and holds more than so many elements.
    void shrink(std::size_t capacity) noexcept {
        if (empty() && capacity_ > capacity) free();
    }

protected:
    void reserve(std::size_t size, std::size_t element_size) {
        if (size > capacity_) [[unlikely]]
            grow(size, element_size);
    }
    void resize(std::size_t size, std::size_t element_size) {
        reserve(size, element_size);
        size_ = size;
    }

    void* data_ = nullptr;

private:
    // As a part of what seldom needs it, it would cost a publish 19 of its 380 instructions.
    [[gnu::noinline]] void grow(std::size_t size, std::size_t element_size) {
        const std::size_t larger = size > capacity_ * 2 ? size : capacity_ * 2;
        void* const moved = std::realloc(data_, larger * element_size);
        if (moved == nullptr) throw std::bad_alloc{};
        data_ = moved;
        capacity_ = larger;
    }

    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// A std::vector for elements that may be moved as bytes, and that are left unset where it grows.
///
/// It is here for the compile time of every program that includes the client: a std::vector of one
/// more type costs about 25 ms, this a tenth of it.
template <class T>
class trivial_array : public trivial_memory {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
    T* data() const noexcept { return static_cast<T*>(data_); }
    T* begin() const noexcept { return data(); }
    T* end() const noexcept { return data() + size(); }
    T& operator[](std::size_t index) const noexcept { return data()[index]; }
    T& back() const noexcept { return data()[size() - 1]; }

    void reserve(std::size_t size) { trivial_memory::reserve(size, sizeof(T)); }
    void resize(std::size_t size) { trivial_memory::resize(size, sizeof(T)); }
    void push_back(const T& element) {
        resize(size() + 1);
        back() = element;
    }
};

}  // namespace asio_mqtt::detail
