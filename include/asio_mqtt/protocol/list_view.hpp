// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

namespace asio_mqtt {

/// How elements of type T lie on the wire. A specialisation has
/// `static const std::byte* next(const std::byte* from, T& element)`, which reads the first element
/// at or behind `from` in bytes that were checked before, and returns the end of it.
template <class T>
struct wire_element;

/// A list inside a packet that owns nothing: either elements in memory (a packet to be encoded) or
/// the wire form that a decoder has checked (a packet that was received). Iterating yields elements
/// by value.
template <class T>
class list_view {
    /// Reads the element at `from`, and returns where the next one begins.
    using read_function = const void* (*)(const void* from, T& element);

public:
    /// Not std::default_sentinel_t: <iterator> brings the stream buffers with it.
    struct end_marker {};

    class iterator {
    public:
        using value_type = T;
        using reference = T;
        using pointer = void;
        using difference_type = std::ptrdiff_t;

        iterator() = default;
        T operator*() const { return element_; }
        const T* operator->() const { return &element_; }
        iterator& operator++() {
            if (--left_ != 0) next_ = read_(next_, element_);
            return *this;
        }
        iterator operator++(int) {
            iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(end_marker) const { return left_ == 0; }

    private:
        friend list_view;
        explicit iterator(const list_view& list)
            : read_{list.read_}, next_{list.first_}, left_{list.size_ + 1} {
            ++*this;
        }

        read_function read_ = nullptr;
        const void* next_ = nullptr;
        std::size_t left_ = 0;  // elements from this one on
        T element_{};
    };

    list_view() = default;
    /// Views `size` elements in memory, which must outlive the view.
    list_view(const T* elements, std::size_t size) noexcept
        : read_{&read_memory<T>}, first_{elements}, size_{size} {}
    /// Views the elements of a vector, span or array, which must outlive the view; they may be of
    /// any type that converts to T.
    template <class List>
    requires requires(const List& list) {
        { *list.data() } -> std::convertible_to<T>;
        { list.size() } -> std::convertible_to<std::size_t>;
    }
    list_view(const List& elements) noexcept
        : read_{&read_memory<std::remove_cvref_t<decltype(*elements.data())>>},
          first_{elements.data()},
          size_{elements.size()} {}
    /// Views `size` elements in the wire form.
    static list_view from_wire(std::span<const std::byte> checked, std::size_t size) noexcept {
        list_view list;
        list.read_ = &read_wire;
        list.first_ = checked.data();
        list.size_ = size;
        return list;
    }

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    iterator begin() const { return iterator{*this}; }
    end_marker end() const noexcept { return {}; }
    T front() const { return *begin(); }

private:
    template <class Element>
    static const void* read_memory(const void* from, T& element) {
        const auto* at = static_cast<const Element*>(from);
        element = *at;
        return at + 1;
    }
    static const void* read_wire(const void* from, T& element) {
        return wire_element<T>::next(static_cast<const std::byte*>(from), element);
    }

    read_function read_ = nullptr;
    const void* first_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace asio_mqtt
