// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/allocation_counter.hpp"
#include "unit/protocol/check_codec.hpp"
#include "unit/protocol/valid_packets.hpp"

using namespace asio_mqtt;
using namespace test;

TEST_CASE("decoding, measuring and writing allocate nothing [immune-6]") {
    for (const valid_packet& each : valid_packets) {
        INFO(each.bytes);
        const auto bytes = hex(each.bytes);
        std::vector<std::byte> out(bytes.size() + 8);
        any_packet packet;
        std::size_t elements = 0;
        const std::size_t before = allocation_count();
        const auto work = [&]<class Codec>(Codec) {
            if (!Codec::decode(bytes, packet)) return;
            std::visit(
                [&](const auto& decoded) {
                    const measure_result measured = Codec::measure(decoded);
                    Codec::write(decoded, measured, out.data());
                    if constexpr (requires { decoded.properties; }) {
                        for (const auto& slot : wire::property_slots{decoded.properties}) {
                            slot.for_each_value([&](const auto&) { ++elements; });
                        }
                    }
                },
                packet);
        };
        if (each.version == v3) {
            work(codec_v3_1_1{});
        } else {
            work(codec_v5{});
        }
        const std::size_t after = allocation_count();
        CHECK(after == before);
    }
    // Refusing costs nothing either, however much was announced.
    const auto huge = hex("20 FF FF FF 7F 00 00 FF FF FF 7F");
    any_packet packet;
    const std::size_t before = allocation_count();
    const bool refused = !codec_v5::decode(huge, packet);
    const std::size_t after = allocation_count();
    CHECK(refused);
    CHECK(after == before);
}

TEST_CASE("the counter of allocations counts") {
    const std::size_t before = allocation_count();
    const std::vector<std::byte> some(100);
    const std::size_t after = allocation_count();
    CHECK(some.size() == 100);
    CHECK(after > before);
}
