// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/versioned_codec.hpp>
#include <asio_mqtt/session/intrusive_list.hpp>
#include <asio_mqtt/session/trivial_array.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace asio_mqtt::detail {

/// Collects packets while a write is under way, so that all of them leave in the next one.
///
/// Small packets are copied one behind the other; a large payload is only pointed to, and kept
/// alive by its owner until it is written. Two batches take turns: one fills, one is being written.
class output_buffer {
public:
    /// Bytes that wait here before messages wait elsewhere, where they can still be cancelled: more
    /// than enough for one write to be worth its system call.
    static constexpr std::size_t message_limit = 524'288;
    /// Bytes that wait here before reading stops: no more answers for a peer that sends and does
    /// not read. Small messages alone do not get there.
    static constexpr std::size_t answer_limit = 2 * message_limit;

    /// Nothing to write.
    bool empty() const noexcept { return filling_->size == 0; }
    /// start_write() was called, finish_write() not yet.
    bool is_writing() const noexcept { return writing_->size != 0; }
    /// How many writes end until what is added now has left.
    unsigned writes_left() const noexcept { return is_writing() ? 2 : 1; }
    /// Bytes that wait for the next write.
    std::size_t size() const noexcept { return filling_->size; }

    /// For so many bytes, without taking memory.
    bool has_room(std::size_t size) const noexcept {
        return filling_->bytes.capacity() - filling_->bytes.size() >= size;
    }
    void reserve(std::size_t size) { filling_->bytes.reserve(filling_->bytes.size() + size); }

    /// Room for `size` bytes at the end of the batch, to be filled at once.
    // As a function of its own it would cost a publish 23 of its 380 instructions.
    [[gnu::always_inline]] std::byte* append(std::size_t size) {
        const std::size_t before = filling_->bytes.size();
        filling_->bytes.resize(before + size);
        filling_->size += size;
        return filling_->bytes.data() + before;
    }

    /// What waits for the next write, but for large payloads.
    std::span<const std::byte> bytes() const noexcept {
        return {filling_->bytes.begin(), filling_->bytes.end()};
    }

    /// Appends a packet, unless codec::measure() forbids it.
    template <class Packet>
    measure_result write(protocol_version version, const Packet& packet) {
        const versioned_codec codec{version};
        const measure_result measured = codec.measure(packet);
        if (measured) codec.write(packet, measured, append(measured.packet_size()));
        return measured;
    }

    /// Appends a PUBACK, PUBREC, PUBREL or PUBCOMP that says nothing but success: both versions
    /// have the same form for it.
    void acknowledge(packet_type type, std::uint16_t packet_id) {
        wire::packet_writer writer{append(4)};
        write_acknowledgement(writer, type, packet_id);
    }

    /// Several of them, in the order in which `next()` gives each: `{type, packet_id}`.
    template <class Next>
    void acknowledge_all(std::size_t count, Next&& next) {
        wire::packet_writer writer{append(4 * count)};
        for (; count != 0; --count) {
            const auto [type, packet_id] = next();
            write_acknowledgement(writer, type, packet_id);
        }
    }

    /// Appends the PUBREL or PUBCOMP for an identifier that is in no handshake: 3.1.1 has no reason
    /// codes, there the answer alone ends the peer's handshake.
    void answer_unknown(packet_type type, protocol_version version, std::uint16_t packet_id) {
        if (version == protocol_version::v3_1_1) return acknowledge(type, packet_id);
        wire::packet_writer writer{append(5)};
        writer.fixed_header(type, fixed_flags(type), 3);
        writer.packet_id(packet_id);
        writer.reason(type, reason_code::packet_identifier_not_found);
    }

    /// Adds bytes that stay where they are; `owner` keeps them there.
    void append_shared(std::string_view bytes, std::shared_ptr<const void> owner) {
        filling_->shared.push_back(
            *new shared_piece{{}, filling_->bytes.size(), bytes, std::move(owner)});
        filling_->size += bytes.size();
    }

    /// What was collected, as the pieces of one write, which is to begin with start_write(). They
    /// stay valid until finish_write().
    std::span<const std::span<const std::byte>> pieces() {
        pieces_.clear();
        std::size_t from = 0;
        const auto add = [this](const void* data, std::size_t size) {
            if (size != 0) pieces_.push_back({static_cast<const std::byte*>(data), size});
        };
        for (const shared_piece& piece : filling_->shared) {
            add(filling_->bytes.data() + from, piece.position - from);
            add(piece.bytes.data(), piece.bytes.size());
            from = piece.position;
        }
        add(filling_->bytes.data() + from, filling_->bytes.size() - from);
        return {pieces_.data(), pieces_.size()};
    }

    void start_write() noexcept { std::swap(filling_, writing_); }
    void finish_write() noexcept { writing_->clear(); }

    /// Keeps little memory where there is nothing to write.
    void shrink() noexcept {
        for (batch& each : batches_)
            each.bytes.shrink(kept_when_idle);
        if (!is_writing()) pieces_.free();
    }

    /// Forgets what was not written yet. A write that is under way keeps its bytes.
    void discard() noexcept { filling_->clear(); }

private:
    static void write_acknowledgement(wire::packet_writer& writer, packet_type type,
                                      std::uint16_t packet_id) noexcept {
        writer.fixed_header(type, fixed_flags(type), 2);
        writer.packet_id(packet_id);
    }

    struct shared_piece : list_node {
        std::size_t position;  // in `bytes`, before which the piece belongs
        std::string_view bytes;
        std::shared_ptr<const void> owner;
    };
    struct batch {
        trivial_array<std::byte> bytes;
        intrusive_list<shared_piece> shared;
        std::size_t size = 0;

        ~batch() { clear(); }
        void clear() noexcept {
            bytes.capacity() > kept_capacity ? bytes.free() : bytes.clear();
            while (!shared.empty())
                delete &shared.pop_front();
            size = 0;
        }
    };
    static constexpr std::size_t kept_capacity = 2 * message_limit;  // to which it may grow
    static constexpr std::size_t kept_when_idle = 128;

    batch batches_[2];
    batch* filling_ = &batches_[0];
    batch* writing_ = &batches_[1];
    trivial_array<std::span<const std::byte>> pieces_;
};

}  // namespace asio_mqtt::detail
