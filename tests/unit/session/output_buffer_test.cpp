// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/output_buffer.hpp>

#include <memory>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/hex.hpp"

using namespace asio_mqtt;
using namespace test;
using output_buffer = asio_mqtt::detail::output_buffer;

namespace {

std::string joined(std::span<const std::span<const std::byte>> pieces) {
    std::vector<std::byte> bytes;
    for (const auto piece : pieces)
        bytes.insert(bytes.end(), piece.begin(), piece.end());
    return to_hex(bytes);
}

auto start_write(output_buffer& buffer) {
    const auto pieces = buffer.pieces();
    buffer.start_write();
    return pieces;
}

puback_packet puback(std::uint16_t id) {
    puback_packet packet;
    packet.packet_id = id;
    return packet;
}

}  // namespace

TEST_CASE("output_buffer: packets collect and leave in one piece") {
    output_buffer buffer;
    CHECK(buffer.empty());
    buffer.write(protocol_version::v5, puback(1));
    buffer.write(protocol_version::v5, pingreq_packet{});
    CHECK(buffer.size() == 6);
    const auto pieces = start_write(buffer);
    CHECK(pieces.size() == 1);
    CHECK(joined(pieces) == "40 02 00 01 C0 00");
    CHECK(buffer.empty());
    CHECK(buffer.is_writing());
    buffer.write(protocol_version::v5, puback(2));
    CHECK(joined(pieces) == "40 02 00 01 C0 00");
    buffer.finish_write();
    CHECK_FALSE(buffer.is_writing());
    CHECK(joined(start_write(buffer)) == "40 02 00 02");
}

TEST_CASE("output_buffer: gives back what it does not need, and keeps what waits") {
    output_buffer buffer;
    const auto fill = [&] {
        for (std::uint16_t id = 1; id <= 1'000; ++id)
            buffer.acknowledge(packet_type::puback, id);
    };
    fill();
    start_write(buffer);
    fill();
    buffer.finish_write();
    buffer.shrink();
    CHECK(joined(start_write(buffer)).starts_with("40 02 00 01 40 02 00 02"));
    CHECK_FALSE(buffer.has_room(1'000));
    buffer.finish_write();
    buffer.start_write();
    CHECK(buffer.has_room(1'000));  // in the batch that was written
    buffer.finish_write();
    buffer.shrink();
    CHECK_FALSE(buffer.has_room(1'000));
}

TEST_CASE("output_buffer: what may not be sent leaves no trace") {
    output_buffer buffer;
    CHECK_FALSE(buffer.write(protocol_version::v5, puback(0)));
    CHECK(buffer.empty());
}

TEST_CASE("output_buffer: shared pieces stand where they were added, and are let go") {
    output_buffer buffer;
    const auto first = std::make_shared<const std::string>("first");
    const auto second = std::make_shared<const std::string>("second");
    const auto add = [&buffer](const std::shared_ptr<const std::string>& text) {
        buffer.append_shared(*text, text);
    };
    SECTION("between packets") {
        buffer.write(protocol_version::v5, puback(1));
        add(first);
        buffer.write(protocol_version::v5, puback(2));
        add(second);
        buffer.write(protocol_version::v5, puback(3));
        const auto pieces = start_write(buffer);
        CHECK(pieces.size() == 5);
        CHECK(joined(pieces) ==
              to_hex(hex("40 02 00 01 'first' 40 02 00 02 'second' 40 02 00 03")));
    }
    SECTION("alone, side by side") {
        add(first);
        add(second);
        CHECK(buffer.size() == 11);
        CHECK(joined(start_write(buffer)) == to_hex(hex("'firstsecond'")));
    }
    SECTION("not written") {
        add(first);
        buffer.discard();
        CHECK(buffer.empty());
        CHECK(first.use_count() == 1);
        add(first);
        start_write(buffer);
        add(second);
        buffer.discard();  // what is being written stays
        CHECK(first.use_count() == 2);
        CHECK(second.use_count() == 1);
    }
    buffer.finish_write();
    CHECK(first.use_count() == 1);
    CHECK(second.use_count() == 1);
}
