// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio/buffer.hpp>

#include <cstddef>
#include <span>

namespace asio_mqtt::detail {

/// What is left of one write: a ConstBufferSequence over the pieces that a session gave.
class write_buffers {
    using piece = std::span<const std::byte>;

public:
    class const_iterator {
    public:
        using value_type = asio::const_buffer;
        using difference_type = std::ptrdiff_t;

        const_iterator() = default;
        const_iterator(const piece* at, std::size_t skipped) noexcept
            : at_{at}, skipped_{skipped} {}
        asio::const_buffer operator*() const noexcept {
            return {at_->data() + skipped_, at_->size() - skipped_};
        }
        const_iterator& operator++() noexcept {
            ++at_;
            skipped_ = 0;
            return *this;
        }
        const_iterator operator++(int) noexcept {
            const const_iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const const_iterator& other) const noexcept { return at_ == other.at_; }

    private:
        const piece* at_ = nullptr;
        std::size_t skipped_ = 0;
    };

    write_buffers() = default;
    explicit write_buffers(std::span<const piece> pieces) noexcept
        : first_{pieces.data()}, last_{pieces.data() + pieces.size()} {}

    const_iterator begin() const noexcept { return {first_, written_}; }
    const_iterator end() const noexcept { return {last_, 0}; }
    bool empty() const noexcept { return first_ == last_; }

    /// Takes off what was written.
    void consume(std::size_t size) noexcept {
        written_ += size;
        while (first_ != last_ && written_ >= first_->size()) {
            written_ -= first_->size();
            ++first_;
        }
    }

private:
    const piece* first_ = nullptr;
    const piece* last_ = nullptr;
    std::size_t written_ = 0;  // of the first piece
};

}  // namespace asio_mqtt::detail
