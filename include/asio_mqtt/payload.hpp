// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio_mqtt {

/// What is to be published: any bytes. Strings and spans are copied when they are published; a
/// large `std::string` or `std::vector<std::byte>` that is moved in, and a shared one, are not.
class payload {
public:
    payload(const char* text) noexcept : bytes_{text} {}
    payload(std::string_view text) noexcept : bytes_{text} {}
    payload(const std::string& text) noexcept : bytes_{text} {}
    payload(std::span<const std::byte> bytes) noexcept : bytes_{as_text(bytes)} {}
    payload(const std::vector<std::byte>& bytes) noexcept : bytes_{as_text(bytes)} {}
    payload(std::string&& text) : payload{std::make_shared<const std::string>(std::move(text))} {}
    payload(std::vector<std::byte>&& bytes)
        : payload{std::make_shared<const std::vector<std::byte>>(std::move(bytes))} {}
    payload(std::shared_ptr<const std::string> text) noexcept
        : bytes_{*text}, owner_{std::move(text)} {}
    payload(std::shared_ptr<const std::vector<std::byte>> bytes) noexcept
        : bytes_{as_text(*bytes)}, owner_{std::move(bytes)} {}

    std::string_view bytes() const noexcept { return bytes_; }
    std::shared_ptr<const void> take_owner() noexcept { return std::move(owner_); }

private:
    static std::string_view as_text(std::span<const std::byte> bytes) noexcept {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    std::string_view bytes_;
    std::shared_ptr<const void> owner_;
};

}  // namespace asio_mqtt
