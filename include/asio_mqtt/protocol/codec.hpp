// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/fixed_header.hpp>
#include <asio_mqtt/protocol/packet_reader.hpp>
#include <asio_mqtt/protocol/packet_writer.hpp>
#include <asio_mqtt/protocol/packets.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace asio_mqtt {

/// Outcome of codec::measure(): true when the packet may be sent.
struct measure_result {
    std::uint32_t remaining_length = 0;
    errc error{};            ///< What forbids sending it; errc{} when nothing does.
    const char* field = "";  ///< Name of the field at fault.

    explicit operator bool() const noexcept { return error == errc{}; }
    /// Size of the whole packet in bytes.
    std::size_t packet_size() const noexcept {
        return 1 + variable_byte_integer_size(remaining_length) + remaining_length;
    }
};

/// Outcome of codec::decode(): true when the packet was read and is well-formed.
struct decode_result {
    decode_errc error{};     ///< What is wrong; decode_errc{} when nothing is.
    std::size_t offset = 0;  ///< Where: bytes from the start of the packet to the field at fault.
    const char* field = "";  ///< Name of that field.

    explicit operator bool() const noexcept { return error == decode_errc{}; }
};

/// Encodes and decodes the control packets of one version of the protocol, in both directions.
///
/// Nothing here allocates (but encode() may grow its container), throws, or keeps state; all
/// functions may be called from any thread. Decoded packets hold views into the bytes that were
/// decoded.
template <protocol_version Version>
struct codec {
    static constexpr protocol_version version = Version;

    /// Checks all that the standard asks of the packet on its own, and tells its size.
    ///
    /// What depends on the peer (its Maximum Packet Size, its Maximum QoS) or on the sender being a
    /// client or a broker is not looked at.
    template <class Packet>
    static measure_result measure(const Packet& packet) noexcept {
        wire::packet_measurer measurer;
        if constexpr (Version == protocol_version::v3_1_1 && Packet::type == packet_type::auth) {
            measurer.fail(errc::not_in_this_version, "packet");
        }
        wire::check_as_sender(measurer, packet);
        wire::layout<Version>(measurer, packet);
        if (measurer.size() > max_variable_byte_integer) {
            measurer.fail(errc::packet_too_large, "packet");
            return {0, measurer.error(), measurer.field()};
        }
        return {static_cast<std::uint32_t>(measurer.size()), measurer.error(), measurer.field()};
    }

    /// Writes a packet for which measure() was true into `measured.packet_size()` bytes at `out`;
    /// returns the end of what was written.
    template <class Packet>
    static std::byte* write(const Packet& packet, const measure_result& measured,
                            std::byte* out) noexcept {
        wire::packet_writer writer{out};
        writer.fixed_header(Packet::type, wire::flags_of(packet), measured.remaining_length);
        wire::layout<Version>(writer, packet);
        return writer.end();
    }

    /// Appends the packet to a container of bytes; appends nothing when measure() forbids it.
    template <class Packet, class Container>
    static measure_result encode(const Packet& packet, Container& out) {
        const measure_result measured = measure(packet);
        if (measured) {
            const std::size_t before = out.size();
            out.resize(before + measured.packet_size());
            write(packet, measured, reinterpret_cast<std::byte*>(out.data()) + before);
        }
        return measured;
    }

    /// Reads the packet whose fixed header was read before, from the `remaining_length` bytes after
    /// it.
    ///
    /// The packet's type must be that of the header. What the packet held before is gone; when it
    /// is refused, what it holds then is of no use.
    template <class Packet>
    static decode_result decode(const fixed_header& header, std::span<const std::byte> body,
                                Packet& packet) noexcept {
        if (Version == protocol_version::v3_1_1 && Packet::type == packet_type::auth) {
            return {decode_errc::invalid_packet_type, 0, "packet"};
        }
        packet = Packet{};
        if constexpr (Packet::type == packet_type::publish) {
            packet.dup = (header.flags & 0x08) != 0;
            packet.qos = static_cast<qos>(header.flags >> 1 & 0x03);
            packet.retain = (header.flags & 0x01) != 0;
        }
        wire::packet_reader reader{body.data(), body.data() + body.size()};
        wire::layout<Version>(reader, packet);
        reader.finish();
        if (reader.error() == decode_errc{}) return {};
        return {reader.error(), header.size + reader.offset(), reader.field()};
    }

    /// Reads a packet of any type. `bytes` must hold exactly one, fixed header included.
    static decode_result decode(std::span<const std::byte> bytes, any_packet& packet) noexcept {
        const fixed_header_result head = read_fixed_header(bytes);
        if (head.error == decode_errc::malformed_length) return {head.error, 1, "remaining length"};
        if (head.error != decode_errc{}) return {head.error, 0, "fixed header"};
        if (head.need_more || bytes.size() < head.header.packet_size()) {
            return {decode_errc::truncated, bytes.size(), "packet"};
        }
        if (bytes.size() > head.header.packet_size()) {
            return {decode_errc::trailing_bytes, head.header.packet_size(), "packet"};
        }
        return decode_as<0>(head.header, bytes.subspan(head.header.size), packet);
    }

private:
    template <std::size_t Index>
    static decode_result decode_as(const fixed_header& header, std::span<const std::byte> body,
                                   any_packet& packet) noexcept {
        // The alternatives of any_packet stand in the order of their types, from 1 on.
        if constexpr (Index == std::variant_size_v<any_packet>) {
            return {decode_errc::invalid_packet_type, 0, "fixed header"};
        } else if (static_cast<std::size_t>(header.type) != Index + 1) {
            return decode_as<Index + 1>(header, body, packet);
        } else {
            return decode(header, body, packet.template emplace<Index>());
        }
    }
};

using codec_v3_1_1 = codec<protocol_version::v3_1_1>;
using codec_v5 = codec<protocol_version::v5>;

/// codec::measure() for a version that is known at run time only.
template <class Packet>
measure_result measure(protocol_version version, const Packet& packet) noexcept {
    return version == protocol_version::v5 ? codec_v5::measure(packet)
                                           : codec_v3_1_1::measure(packet);
}

}  // namespace asio_mqtt
