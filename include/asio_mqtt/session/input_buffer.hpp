// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/fixed_header.hpp>
#include <asio_mqtt/protocol/two_byte_integer.hpp>
#include <asio_mqtt/session/trivial_array.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace asio_mqtt::detail {

/// Collects what was read and cuts it into packets, wherever reads end.
///
/// Call prepare(), read into what it gives, commit(), then next(), and before it those that are
/// quicker, until it needs more. Memory grows only as bytes really arrive: a packet that announces
/// 256 MiB and sends none of them costs nothing.
class input_buffer {
public:
    /// While the peer is not known to be a broker, little is believed: a CONNACK with every
    /// property at its longest fits.
    static constexpr std::uint32_t first_packet_limit = 524'288;

    /// Room for the next read, never empty. Invalidates the packets that were cut off.
    std::span<std::byte> prepare() {
        if (begin_ == end_) {
            begin_ = end_ = 0;
            if (data_.size() > read_limit) data_.free();  // it held a large packet
            if (read_size_ == 0) clear();                 // see shrink()
        }
        if (data_.size() - end_ < std::max<std::size_t>(1, read_size_ / 2)) make_room();
        return {data_.data() + end_, data_.size() - end_};
    }

    void commit(std::size_t size) noexcept {
        // A read that fills the buffer says that there is more: read larger pieces from now on.
        if (end_ + size == data_.size()) read_size_ = std::min(read_size_ * 2, read_limit);
        end_ += size;
    }

    struct packet {
        enum class status { whole, need_more, refused };
        status state = status::need_more;
        decode_errc error{};
        fixed_header header{};
        std::span<const std::byte> bytes{};  // with the fixed header

        explicit operator bool() const noexcept { return state == status::whole; }
        std::span<const std::byte> body() const noexcept { return bytes.subspan(header.size); }
    };

    // What most packets are is found in fewer steps than next() needs; any other is left to it.

    /// The next packet if it is a PUBLISH, whole, whose length takes no more than two bytes. It
    /// stays there until drop().
    packet short_publish(std::size_t maximum_packet_size) const noexcept {
        return common(maximum_packet_size, [](packet_type type, const std::byte*) {
            return type == packet_type::publish;
        });
    }
    void drop(const packet& taken) noexcept { begin_ += taken.bytes.size(); }

    /// Cuts off the next packet if it is a PUBACK, PUBREC, PUBREL or PUBCOMP that is nothing but
    /// its identifier.
    packet next_plain_acknowledgement(std::size_t maximum_packet_size) noexcept {
        const packet found = common(maximum_packet_size, [](packet_type type, const std::byte* at) {
            return is_acknowledgement(type) && at[1] == std::byte{2} && wire::load_16(at + 2) != 0;
        });
        drop(found);
        return found;
    }

    /// Cuts off the next packet. Its size is checked as soon as its length is known.
    packet next(std::size_t maximum_packet_size) noexcept {
        const std::span<const std::byte> bytes{data_.data() + begin_, end_ - begin_};
        const fixed_header_result head = read_fixed_header(bytes);
        if (head.error != decode_errc{}) return {packet::status::refused, head.error, {}, {}};
        if (head.need_more) return {};
        const std::size_t size = head.header.packet_size();
        if (size > maximum_packet_size) {
            return {packet::status::refused, decode_errc::packet_too_large, {}, {}};
        }
        if (bytes.size() < size) return {};
        begin_ += size;
        return {packet::status::whole, {}, head.header, bytes.first(size)};
    }

    /// Goes back to reading small pieces, with little memory, if all that was read is handled.
    void shrink() noexcept {
        if (begin_ == end_) read_size_ = 0;
    }

    /// Drops what was read.
    void discard() noexcept { begin_ = end_; }

    /// Begins anew: what was read from a connection that is gone is forgotten.
    void clear() noexcept {
        data_.free();
        begin_ = end_ = 0;
        read_size_ = first_read;
    }

private:
    packet common(std::size_t maximum_packet_size, auto&& is_common) const noexcept {
        const std::size_t available = end_ - begin_;
        if (available < 4) return {};
        const std::byte* const at = data_.data() + begin_;
        const auto first = std::to_integer<std::uint8_t>(at[0]);
        const auto type = static_cast<packet_type>(first >> 4);
        const auto flags = static_cast<std::uint8_t>(first & 0x0F);
        if (!is_common(type, at) || check_flags(type, flags) != decode_errc{}) return {};
        auto length = std::to_integer<std::uint32_t>(at[1]);
        std::uint8_t head_size = 2;
        if (length > 0x7F) {
            const auto high = std::to_integer<std::uint32_t>(at[2]);
            if (high == 0 || high > 0x7F) return {};
            length = (length & 0x7F) | high << 7;
            head_size = 3;
        }
        const std::size_t size = std::size_t{head_size} + length;
        if (size > available || size > maximum_packet_size) return {};
        return {packet::status::whole, {}, {type, flags, length, head_size}, {at, size}};
    }

    void make_room() {
        const std::size_t kept = end_ - begin_;
        const std::size_t wanted = std::max(kept * 2, read_size_);
        if (kept != 0) std::memmove(data_.data(), data_.data() + begin_, kept);
        if (wanted > data_.size()) data_.resize(wanted);
        begin_ = 0;
        end_ = kept;
    }

    static constexpr std::size_t first_read = 128;  // an idle client holds no more than this
    static constexpr std::size_t read_limit = 65'536;

    trivial_array<std::byte> data_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t read_size_ = first_read;
};

}  // namespace asio_mqtt::detail
