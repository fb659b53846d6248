// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/shared_payload_size.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace asio_mqtt::detail {

template <class Bytes>
concept owning_bytes =
    std::same_as<Bytes, std::string> || std::same_as<Bytes, std::vector<std::byte>>;

}  // namespace asio_mqtt::detail

namespace asio_mqtt {

/// What is to be published: any bytes. They are copied when they are published, but for a
/// `std::string` or `std::vector<std::byte>` of 4 KiB and more (shared_payload_size) that is moved
/// in or shared: it stays where it is.
class payload {
public:
    payload(const char* text) noexcept : bytes_{text} {}
    payload(std::string_view text) noexcept : bytes_{text} {}
    payload(const std::string& text) noexcept : bytes_{text} {}
    payload(std::span<const std::byte> bytes) noexcept : bytes_{as_text(bytes)} {}
    payload(const std::vector<std::byte>& bytes) noexcept : bytes_{as_text(bytes)} {}
    // Templates, so that who uses none of these does not compile them.
    template <class Bytes>
    requires detail::owning_bytes<Bytes> payload(Bytes&& bytes) : bytes_{as_text(bytes)} {
        if (bytes_.size() < shared_payload_size) return;  // copied anyway
        const auto kept = std::make_shared<const Bytes>(std::move(bytes));
        bytes_ = as_text(*kept);
        owner_ = kept;
    }
    template <class Bytes>
    requires detail::owning_bytes<Bytes> payload(std::shared_ptr<const Bytes> bytes)
    noexcept : bytes_{as_text(*bytes)}, owner_{std::move(bytes)} {}

    std::string_view bytes() const noexcept { return bytes_; }
    /// It stays where it is.
    bool is_shared() const noexcept {
        return owner_ != nullptr && bytes_.size() >= shared_payload_size;
    }
    std::shared_ptr<const void>&& take_owner() noexcept { return std::move(owner_); }

private:
    template <class Bytes>
    static std::string_view as_text(const Bytes& bytes) noexcept {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    std::string_view bytes_;
    std::shared_ptr<const void> owner_;
};

}  // namespace asio_mqtt
