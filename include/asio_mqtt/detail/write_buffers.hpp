// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio/buffer.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace asio_mqtt::detail {

/// The pieces of one write, and how far it got.
class write_buffers {
public:
    void start(std::span<const std::span<const std::byte>> pieces) {
        buffers_.clear();
        for (const auto piece : pieces)
            buffers_.emplace_back(piece.data(), piece.size());
        rest_ = buffers_;
    }

    bool done() const noexcept { return rest_.empty(); }
    std::span<const asio::const_buffer> rest() const noexcept { return rest_; }

    void written(std::size_t size) noexcept {
        while (!rest_.empty() && size >= rest_.front().size()) {
            size -= rest_.front().size();
            rest_ = rest_.subspan(1);
        }
        if (!rest_.empty()) rest_.front() += size;
    }

private:
    std::vector<asio::const_buffer> buffers_;
    std::span<asio::const_buffer> rest_;
};

}  // namespace asio_mqtt::detail
