// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace asio_mqtt {

/// How elements of type T lie on the wire. A specialisation has
/// `static const std::byte* next(const std::byte* first, const std::byte* last, T& element)`, which
/// reads the next element of a block that was checked before, and returns the end of it, or null
/// when there is none.
template <class T>
struct wire_element;

/// A list inside a packet that owns nothing: either elements in memory (a packet to be encoded) or
/// the wire form that a decoder has checked (a packet that was received). Iterating yields elements
/// by value.
template <class T>
class list_view {
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
            advance();
            return *this;
        }
        iterator operator++(int) {
            iterator before = *this;
            advance();
            return before;
        }
        bool operator==(end_marker) const { return end_; }

    private:
        friend list_view;
        explicit iterator(const list_view& list)
            : rest_{list.elements_},
              wire_{list.wire_.data()},
              wire_end_{wire_ + list.wire_.size()},
              end_{false} {
            advance();
        }
        void advance() {
            if (!rest_.empty()) {
                element_ = rest_.front();
                rest_ = rest_.subspan(1);
            } else if (wire_ == wire_end_) {
                end_ = true;
            } else {
                wire_ = wire_element<T>::next(wire_, wire_end_, element_);
                if (wire_ == nullptr) end_ = true;
            }
        }

        std::span<const T> rest_;
        const std::byte* wire_ = nullptr;
        const std::byte* wire_end_ = nullptr;
        T element_{};
        bool end_ = true;
    };

    list_view() = default;
    /// Views elements in memory, which must outlive the view.
    list_view(std::span<const T> elements) noexcept : elements_{elements}, size_{elements.size()} {}
    list_view(const std::vector<T>& elements) noexcept : list_view{std::span<const T>{elements}} {}
    /// Views `size` elements in the wire form.
    static list_view from_wire(std::span<const std::byte> checked, std::size_t size) noexcept {
        list_view list;
        if (size != 0) list.wire_ = checked;
        list.size_ = size;
        return list;
    }

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    iterator begin() const { return iterator{*this}; }
    end_marker end() const noexcept { return {}; }
    T front() const { return *begin(); }

private:
    std::span<const T> elements_;
    std::span<const std::byte> wire_;
    std::size_t size_ = 0;
};

}  // namespace asio_mqtt
