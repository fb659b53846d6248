// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

namespace test {

/// Bytes in a heap block of exactly their size, so that the address sanitizer sees a read past
/// either end.
class exact_bytes {
public:
    explicit exact_bytes(std::span<const std::byte> bytes)
        : bytes_{new std::byte[bytes.size()]}, size_{bytes.size()} {
        std::copy(bytes.begin(), bytes.end(), bytes_.get());
    }

    std::span<const std::byte> span() const { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_;
};

}  // namespace test
