// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/input_buffer.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/hex.hpp"

using namespace asio_mqtt;
using namespace test;
using input_buffer = asio_mqtt::detail::input_buffer;
using status = input_buffer::packet::status;

namespace {

void feed(input_buffer& buffer, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const std::span<std::byte> room = buffer.prepare();
        REQUIRE_FALSE(room.empty());
        const std::size_t size = std::min(room.size(), bytes.size());
        std::copy_n(bytes.begin(), size, room.begin());
        buffer.commit(size);
        bytes = bytes.subspan(size);
    }
}

/// What is cut off in few steps, if the next packet is.
input_buffer::packet next_common(input_buffer& buffer, std::size_t maximum_packet_size) {
    const auto publish = buffer.short_publish(maximum_packet_size);
    if (!publish) return buffer.next_plain_acknowledgement(maximum_packet_size);
    CHECK(buffer.short_publish(maximum_packet_size).bytes.data() == publish.bytes.data());
    buffer.drop(publish);
    return publish;
}

}  // namespace

TEST_CASE("input_buffer: gives memory back when nothing is left in it") {
    const std::vector<std::byte> ping{std::byte{0xD0}, std::byte{0}};
    const std::vector<std::byte> many(1'000, std::byte{0x40});
    input_buffer buffer;
    feed(buffer, many);
    buffer.discard();
    REQUIRE(buffer.prepare().size() > 500);
    feed(buffer, ping);
    REQUIRE(buffer.next(100));
    buffer.shrink();
    CHECK(buffer.prepare().size() == 128);
    CHECK(buffer.prepare().size() == 128);
}

TEST_CASE("input_buffer: reads large pieces as long as more follows") {
    std::vector<std::byte> bytes{std::byte{0xD0}, std::byte{0}};
    bytes.resize(100'000, std::byte{0x40});  // never all of a packet
    input_buffer buffer;
    std::span<const std::byte> rest{bytes};
    feed(buffer, rest.first(128));
    REQUIRE(buffer.next(100));
    buffer.shrink();
    std::size_t reads = 0;
    for (rest = rest.subspan(128); !rest.empty(); ++reads) {
        const std::size_t size = std::min(buffer.prepare().size(), rest.size());
        feed(buffer, rest.first(size));
        rest = rest.subspan(size);
    }
    CHECK(reads < 20);
}

TEST_CASE("input_buffer: cuts packets wherever reads end [immune-1] [immune-2]") {
    std::minstd_rand random{3};
    std::vector<std::byte> stream;
    std::vector<std::size_t> sizes;
    for (int i = 0; i < 300; ++i) {
        const std::size_t payload = random() % 10 == 0 ? random() % 200'000 : random() % 300;
        const std::size_t remaining = payload + 3;
        std::vector<std::byte> packet{std::byte{0x30}};
        std::byte length[4];
        const auto* end =
            write_variable_byte_integer(static_cast<std::uint32_t>(remaining), length);
        packet.insert(packet.end(), static_cast<const std::byte*>(length), end);
        packet.resize(packet.size() + remaining, static_cast<std::byte>(i));
        stream.insert(stream.end(), packet.begin(), packet.end());
        sizes.push_back(remaining);
    }
    input_buffer buffer;
    std::span<const std::byte> rest{stream};
    std::size_t count = 0;
    while (count < sizes.size()) {
        const input_buffer::packet packet = buffer.next(300'000);
        if (packet.state == status::need_more) {
            const std::size_t most = 1 + random() % 70'000;
            const std::span<std::byte> room = buffer.prepare();
            const std::size_t size = std::min({most, room.size(), rest.size()});
            std::copy_n(rest.begin(), size, room.begin());
            buffer.commit(size);
            rest = rest.subspan(size);
            continue;
        }
        REQUIRE(packet.state == status::whole);
        REQUIRE(packet.body().size() == sizes[count]);
        REQUIRE(std::all_of(packet.body().begin(), packet.body().end(),
                            [&](std::byte each) { return each == static_cast<std::byte>(count); }));
        ++count;
    }
    CHECK(rest.empty());
    CHECK(buffer.next(300'000).state == status::need_more);
}

TEST_CASE("input_buffer: the size is checked before the packet is there [immune-6] [immune-27]") {
    input_buffer buffer;
    feed(buffer, hex("30 FF FF FF 7F"));
    const input_buffer::packet packet = buffer.next(1'000);
    CHECK(packet.state == status::refused);
    CHECK(packet.error == decode_errc::packet_too_large);
    CHECK(buffer.prepare().size() < 1'000);

    input_buffer exact;
    feed(exact, hex("30 02 00 00"));
    CHECK(exact.next(3).state == status::refused);
    CHECK(exact.next(4).state == status::whole);
}

TEST_CASE("input_buffer: reads grow with what comes, and memory goes back") {
    input_buffer buffer;
    CHECK(buffer.prepare().size() == 128);
    std::vector<std::byte> large = hex("30 80 80 80 01");
    large.resize(5 + 2'097'152);
    feed(buffer, large);
    CHECK(buffer.next(3'000'000).state == status::whole);
    CHECK(buffer.prepare().size() == 65'536);
    buffer.clear();
    CHECK(buffer.next(1'000).state == status::need_more);
    CHECK(buffer.prepare().size() == 128);
}

TEST_CASE("input_buffer: what is left of a lost connection is forgotten") {
    input_buffer buffer;
    feed(buffer, hex("30 05 00"));
    buffer.clear();
    feed(buffer, hex("D0 00"));
    const input_buffer::packet packet = buffer.next(1'000);
    CHECK(packet.state == status::whole);
    CHECK(packet.header.type == packet_type::pingresp);
    CHECK(packet.body().empty());
}

TEST_CASE("input_buffer: what most packets are is found in fewer steps") {
    const auto [bytes, type] = GENERATE(table<const char*, packet_type>({
        {"40 02 12 34", packet_type::puback},               // (3.4)
        {"50 02 12 34", packet_type::pubrec},               // (3.5)
        {"62 02 12 34", packet_type::pubrel},               // (3.6)
        {"70 02 12 34", packet_type::pubcomp},              // (3.7)
        {"30 02 00 00", packet_type::publish},              // (3.3)
        {"31 04 00 01 61 00", packet_type::publish},        // retained
        {"3C 06 00 01 61 12 34 00", packet_type::publish},  // QoS 2, again
    }));
    input_buffer buffer;
    feed(buffer, hex(bytes));
    feed(buffer, hex("D0 00"));
    const std::size_t size = hex(bytes).size();
    const input_buffer::packet found = next_common(buffer, size);
    REQUIRE(found);
    CHECK(found.header.type == type);
    CHECK(found.header.flags == (std::to_integer<unsigned>(hex(bytes)[0]) & 0x0F));
    CHECK(found.header.size == 2);
    CHECK(found.header.remaining_length == size - 2);
    CHECK(to_hex(found.bytes) == to_hex(hex(bytes)));
    CHECK_FALSE(next_common(buffer, 1'000));
    CHECK(buffer.next(1'000).header.type == packet_type::pingresp);
}

TEST_CASE("input_buffer: a PUBLISH is short if its length takes no more than two bytes") {
    const auto [head, length, is_common] = GENERATE(table<const char*, std::size_t, bool>({
        {"30 7F", 127, true},
        {"30 80 01", 128, true},
        {"30 FF 7F", 16'383, true},
        {"30 80 80 01", 16'384, false},
    }));
    const std::size_t head_size = hex(head).size();
    std::vector<std::byte> bytes = hex(head);
    bytes.resize(head_size + length);
    input_buffer buffer;
    feed(buffer, bytes);
    const input_buffer::packet found = next_common(buffer, 20'000);
    CHECK(static_cast<bool>(found) == is_common);
    const input_buffer::packet packet = is_common ? found : buffer.next(20'000);
    REQUIRE(packet);
    CHECK(packet.header.size == head_size);
    CHECK(packet.header.remaining_length == length);
    CHECK(packet.body().size() == length);
    CHECK(buffer.next(20'000).state == status::need_more);
}

TEST_CASE("input_buffer: any other packet is left to next()") {
    const auto bytes = GENERATE(as<std::string>{},
                                "40 02 00 00",     // an identifier of 0
                                "42 02 12 34",     // flags that are reserved
                                "60 02 12 34",     // the same of PUBREL
                                "40 03 12 34 10",  // with a reason code
                                "40 82 00 12 34",  // a length in a longer form than it needs
                                "B0 02 12 34",     // an UNSUBACK
                                "36 02 00 00",     // a PUBLISH at QoS 3
                                "38 02 00 00",     // at QoS 0 and sent again
                                "30 82 00 00 00",  // with a length in a longer form
                                "30 80 80 00 00",  // the same
                                "30 03 00 00",     // not whole
                                "30 80 01 00",     // the same
                                "40 02 12",        // the same
                                "40");
    input_buffer buffer;
    feed(buffer, hex(bytes));
    CHECK_FALSE(next_common(buffer, 1'000));
    input_buffer untouched;
    feed(untouched, hex(bytes));
    const auto packet = buffer.next(1'000);
    const auto expected = untouched.next(1'000);
    CHECK(packet.state == expected.state);
    CHECK(packet.error == expected.error);
    CHECK(to_hex(packet.bytes) == to_hex(expected.bytes));
}

TEST_CASE("input_buffer: a common packet, too, may be larger than the largest packet") {
    const auto bytes = GENERATE(as<std::string>{}, "40 02 12 34", "30 02 00 00");
    input_buffer buffer;
    feed(buffer, hex(bytes));
    CHECK_FALSE(next_common(buffer, 3));
    CHECK(buffer.next(3).error == decode_errc::packet_too_large);
}
