// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// The codec alone, in bytes a second, beside a memcpy() of the same packet.

#include <asio_mqtt/protocol/codec.hpp>
#include <asio_mqtt/protocol/packets.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace mqtt = asio_mqtt;

namespace {

using codec = mqtt::codec<mqtt::protocol_version::v5>;

/// Stand for a packet: what the benchmarks are templated on.
struct publish_16 {
    using packet = mqtt::publish_packet;
    static packet make() { return with_payload(16); }

    static packet with_payload(std::size_t size) {
        static const std::string payload(4096, 'x');
        packet made;
        made.qos = mqtt::qos::at_least_once;
        made.packet_id = 1;
        made.topic = "bench/topic";
        made.payload = std::string_view{payload}.substr(0, size);
        return made;
    }
};

struct publish_4096 {
    using packet = mqtt::publish_packet;
    static packet make() { return publish_16::with_payload(4096); }
};

struct publish_with_properties {
    using packet = mqtt::publish_packet;
    static packet make() {
        static const std::array<mqtt::user_property_view, 2> user_properties{
            {{"origin", "line 4"}, {"schema", "reading/2"}}};
        packet made = publish_16::with_payload(16);
        made.properties.message_expiry_interval = 60;
        made.properties.response_topic = "bench/response";
        made.properties.correlation_data = "0123456789abcdef";
        made.properties.content_type = "application/json";
        made.properties.user_properties = user_properties;
        return made;
    }
};

struct puback {
    using packet = mqtt::puback_packet;
    static packet make() {
        packet made;
        made.packet_id = 1;
        return made;
    }
};

template <class Kind>
std::vector<std::byte> encoded() {
    std::vector<std::byte> bytes;
    if (!codec::encode(Kind::make(), bytes)) std::abort();
    return bytes;
}

void count_bytes(benchmark::State& state, std::size_t size) {
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(size));
}

template <class Kind>
void encode(benchmark::State& state) {
    const auto packet = Kind::make();
    std::vector<std::byte> out(encoded<Kind>().size());
    for (auto _ : state) {
        benchmark::DoNotOptimize(&packet);
        benchmark::ClobberMemory();
        benchmark::DoNotOptimize(codec::write(packet, codec::measure(packet), out.data()));
    }
    count_bytes(state, out.size());
}

template <class Kind>
void decode(benchmark::State& state) {
    const std::vector<std::byte> bytes = encoded<Kind>();
    typename Kind::packet packet;
    for (auto _ : state) {
        benchmark::ClobberMemory();
        const std::span<const std::byte> all{bytes};
        const mqtt::fixed_header header = mqtt::read_fixed_header(all).header;
        if (!codec::decode(header, all.subspan(header.size), packet))
            state.SkipWithError("refused");
        benchmark::DoNotOptimize(&packet);
    }
    count_bytes(state, bytes.size());
}

template <class Kind>
void copy(benchmark::State& state) {
    const std::vector<std::byte> bytes = encoded<Kind>();
    std::vector<std::byte> out(bytes.size());
    for (auto _ : state) {
        std::size_t size = bytes.size();
        benchmark::DoNotOptimize(size);  // so that it is not made for this size
        std::memcpy(out.data(), bytes.data(), size);
        benchmark::ClobberMemory();
    }
    count_bytes(state, bytes.size());
}

BENCHMARK(encode<publish_16>);
BENCHMARK(decode<publish_16>);
BENCHMARK(copy<publish_16>);
BENCHMARK(encode<publish_4096>);
BENCHMARK(decode<publish_4096>);
BENCHMARK(copy<publish_4096>);
BENCHMARK(encode<publish_with_properties>);
BENCHMARK(decode<publish_with_properties>);
BENCHMARK(copy<publish_with_properties>);
BENCHMARK(encode<puback>);
BENCHMARK(decode<puback>);
BENCHMARK(copy<puback>);

}  // namespace
