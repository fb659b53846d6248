// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/fixed_header.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace simulation {

using namespace std::string_view_literals;

/// Acknowledgements of what was never sent, and a PINGRESP: a broker may repeat itself after a lost
/// connection.
constexpr std::string_view unasked_answers[] = {
    "\x40\x02\xFF\xFE"sv,  // PUBACK (3.4)
    "\x50\x02\xFF\xFE"sv,  // PUBREC (3.5)
    "\x62\x02\xFF\xFE"sv,  // PUBREL (3.6)
    "\x70\x02\xFF\xFE"sv,  // PUBCOMP (3.7)
    "\xD0\x00"sv,          // PINGRESP (3.13)
};

/// What no broker may send: the connection must be closed (4.13).
constexpr std::string_view garbage[] = {
    "\x00\x00"sv,                       // packet type 0 (2.1.2)
    "\x30\xFF\xFF\xFF\xFF\x01"sv,       // a length of five bytes (1.5.5)
    "\x36\x06\x00\x01t\x00\x01\x00"sv,  // PUBLISH at QoS 3 [MQTT-3.3.1-4]
    "\x40\x02\x00\x00"sv,               // PUBACK of identifier 0 (2.2.1)
    "\x60\x02\xFF\xFE"sv,               // PUBREL without its flags [MQTT-3.6.1-1]
    "\xC0\x00"sv,                       // PINGREQ (3.12)
    "\x20\x02\x00\x00"sv,               // a second CONNACK (3.2)
    "\x90\x02\xFF\xFE"sv,               // SUBACK without a reason (3.9)
};

/// Where in a stream of packets one ends and the next begins.
class packet_boundary {
public:
    void passed(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            if (left_ == 0) {
                header_.push_back(bytes.front());
                bytes = bytes.subspan(1);
                const auto [header, need_more, error] = mqtt::read_fixed_header(header_);
                if (need_more) continue;
                left_ = header.packet_size() - header_.size();
                header_.clear();
            } else {
                const std::size_t size = std::min(left_, bytes.size());
                left_ -= size;
                bytes = bytes.subspan(size);
            }
            if (left_ == 0) ++packets_;
        }
    }
    /// Behind how many packets it is; 0 when it is not between two.
    std::size_t packets() const noexcept { return left_ == 0 && header_.empty() ? packets_ : 0; }

private:
    std::vector<std::byte> header_;
    std::size_t left_ = 0;
    std::size_t packets_ = 0;
};

}  // namespace simulation
