// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/codec.hpp>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

namespace test {

namespace mqtt = asio_mqtt;

/// Whole packets out of a stream of bytes, as plainly as can be.
class packet_stream {
public:
    explicit packet_stream(mqtt::protocol_version version) : version_{version} {}

    void append(std::span<const std::byte> bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
    void clear() { bytes_.clear(); }
    /// There must be nothing in it.
    void next_version(mqtt::protocol_version version) { version_ = version; }

    /// Calls `use(packet)` for each whole packet that is there.
    template <class Use>
    void for_each(Use&& use) {
        while (true) {
            const mqtt::fixed_header_result head = mqtt::read_fixed_header(bytes_);
            if (head.need_more || bytes_.size() < head.header.packet_size()) return;
            const std::vector<std::byte> whole(
                bytes_.begin(),
                bytes_.begin() + static_cast<std::ptrdiff_t>(head.header.packet_size()));
            bytes_.erase(bytes_.begin(),
                         bytes_.begin() + static_cast<std::ptrdiff_t>(whole.size()));
            mqtt::any_packet packet;
            const mqtt::decode_result decoded =
                version_ == mqtt::protocol_version::v5
                    ? mqtt::codec_v5::decode(std::span<const std::byte>{whole}, packet)
                    : mqtt::codec_v3_1_1::decode(std::span<const std::byte>{whole}, packet);
            if (!decoded) throw std::runtime_error{"malformed packet on the wire"};
            use(packet);
        }
    }

private:
    mqtt::protocol_version version_;
    std::vector<std::byte> bytes_;
};

}  // namespace test
