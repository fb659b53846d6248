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

/// Encodes and decodes control packets, the version of the protocol being known at run time.
///
/// Nothing here allocates (but encode() may grow its container), throws, or keeps state; all
/// functions may be called from any thread. Decoded packets hold views into the bytes that were
/// decoded.
class versioned_codec {
public:
    explicit constexpr versioned_codec(protocol_version version) noexcept : version_{version} {}

    /// Checks all that the standard asks of the packet on its own, and tells its size.
    ///
    /// What depends on the peer (its Maximum Packet Size, its Maximum QoS) or on the sender being a
    /// client or a broker is not looked at.
    template <class Packet>
    measure_result measure(const Packet& packet) const noexcept {
        wire::packet_measurer measurer;
        if (Packet::type == packet_type::auth && version_ == protocol_version::v3_1_1) {
            measurer.fail(errc::not_in_this_version, "packet");
        }
        wire::check_as_sender(measurer, packet);
        wire::layout(measurer, version_, packet);
        return measurer.result();
    }

    /// Writes a packet for which measure() was true into `measured.packet_size()` bytes at `out`;
    /// returns the end of what was written.
    template <class Packet>
    std::byte* write(const Packet& packet, const measure_result& measured,
                     std::byte* out) const noexcept {
        wire::packet_writer writer{out};
        writer.fixed_header(Packet::type, wire::flags_of(packet), measured.remaining_length);
        wire::layout(writer, version_, packet);
        return writer.end();
    }

    /// Appends the packet to a container of bytes; appends nothing when measure() forbids it.
    template <class Packet, class Container>
    measure_result encode(const Packet& packet, Container& out) const {
        const measure_result measured = measure(packet);
        if (measured) {
            const std::size_t before = out.size();
            // Not resize(): GCC 12 warns falsely of it where it sees that a vector is empty.
            out.insert(out.end(), measured.packet_size(), typename Container::value_type{});
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
    decode_result decode(const fixed_header& header, std::span<const std::byte> body,
                         Packet& packet) const noexcept {
        if (Packet::type == packet_type::auth && version_ == protocol_version::v3_1_1) {
            return {decode_errc::invalid_packet_type, 0, "packet"};
        }
        packet = Packet{};
        if constexpr (Packet::type == packet_type::publish) {
            if (decode_plain(header, body, packet) && is_valid_topic_name(packet.topic)) return {};
            packet.properties = {};
        } else if constexpr (is_acknowledgement(Packet::type)) {
            if (wire::read_plain_acknowledgement(body, packet)) return {};
        }
        wire::packet_reader reader{body.data(), body.data() + body.size()};
        wire::layout(reader, version_, packet);
        return reader.finish(header.size);
    }

    /// The same for a PUBLISH without properties, but for one Subscription Identifier, into a
    /// packet whose other properties are as new; its topic name is not checked. False for any
    /// other, and for what else is malformed: decode() tells.
    bool decode_plain(const fixed_header& header, std::span<const std::byte> body,
                      publish_packet& packet) const noexcept {
        set_publish_flags(header, packet);
        return wire::read_plain_publish(version_, body, packet);
    }

    /// The same for a PUBLISH that decode() refuses. What another client got wrong, and brokers
    /// such as Mosquitto pass on, is left out: a Response Topic that is no topic name
    /// [MQTT-3.3.2-14], and a Payload Format Indicator that does not exist (3.3.2.3.2). To end the
    /// connection for them would let any publisher cut off all subscribers, again whenever the
    /// message is sent again.
    decode_result decode_forwarded(const fixed_header& header, std::span<const std::byte> body,
                                   publish_packet& packet) const noexcept {
        packet = publish_packet{};
        set_publish_flags(header, packet);
        wire::packet_reader reader{body.data(), body.data() + body.size()};
        reader.bear_forwarded();
        wire::layout(reader, version_, packet);
        return reader.finish(header.size);
    }

    /// Reads a PUBACK, PUBREC, PUBREL or PUBCOMP as a PUBACK: the header tells which it is. What is
    /// read into must be as new.
    decode_result decode_acknowledgement(const fixed_header& header,
                                         std::span<const std::byte> body,
                                         puback_packet& packet) const noexcept {
        wire::packet_reader reader{body.data(), body.data() + body.size()};
        wire::layout_acknowledgement(reader, version_, header.type, packet);
        return reader.finish(header.size);
    }

    /// Reads a SUBACK or UNSUBACK as a SUBACK, likewise.
    decode_result decode_acknowledgement(const fixed_header& header,
                                         std::span<const std::byte> body,
                                         suback_packet& packet) const noexcept {
        wire::packet_reader reader{body.data(), body.data() + body.size()};
        wire::layout_request_acknowledgement(reader, version_, header.type, packet);
        return reader.finish(header.size);
    }

private:
    static void set_publish_flags(const fixed_header& header, publish_packet& packet) noexcept {
        packet.dup = (header.flags & 0x08) != 0;
        packet.qos = static_cast<qos>(header.flags >> 1 & 0x03);
        packet.retain = (header.flags & 0x01) != 0;
    }

    protocol_version version_;
};

}  // namespace asio_mqtt
