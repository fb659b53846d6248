// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <random>

#include "unit/protocol/check_codec.hpp"
#include "unit/protocol/valid_packets.hpp"

using namespace asio_mqtt;
using namespace test;

namespace {

// Valid packets with a few bytes changed, put in or taken out. The seed is fixed: each run tries
// the same.
class mutator {
    template <class Bytes>
    static auto position(Bytes& bytes, std::size_t at) {
        return bytes.begin() + static_cast<std::ptrdiff_t>(at);
    }

public:
    std::vector<std::byte> mutate(std::vector<std::byte> bytes,
                                  const std::vector<std::byte>& other) {
        for (std::size_t left = 1 + number(4); left != 0; --left) {
            const std::size_t at = number(bytes.size());
            switch (number(6)) {
                case 0: bytes[at] = static_cast<std::byte>(number(256)); break;
                case 1: bytes[at] ^= static_cast<std::byte>(1U << number(8)); break;
                case 2: bytes[at] = interesting[number(std::size(interesting))]; break;
                case 3:
                    bytes.insert(position(bytes, at), static_cast<std::byte>(number(256)));
                    break;
                case 4:
                    if (bytes.size() > 2) bytes.erase(position(bytes, at));
                    break;
                case 5: {
                    const std::size_t first = number(other.size());
                    const std::size_t size =
                        number(std::min<std::size_t>(12, other.size() - first));
                    bytes.insert(position(bytes, at), position(other, first),
                                 position(other, first + size));
                    break;
                }
            }
        }
        // Most of them with a length that agrees, or else little but that would be tested.
        if (bytes.size() < 130 && number(8) != 0)
            bytes[1] = static_cast<std::byte>(bytes.size() - 2);
        return bytes;
    }

    std::size_t number(std::size_t below) { return generator_() % below; }

private:
    static constexpr std::byte interesting[] = {std::byte{0x00}, std::byte{0x01}, std::byte{0x7F},
                                                std::byte{0x80}, std::byte{0xFF}, std::byte{0x26},
                                                std::byte{0x0B}, std::byte{0x1F}};

    std::mt19937 generator_{20'260'914};
};

// What a receiver bears and a sender must not do: the documented difference of the two directions.
template <protocol_version Version>
bool may_be_received_only(const any_packet& any, errc error) {
    if (const auto* connect = std::get_if<connect_packet>(&any)) {
        return Version == v3 && error == errc::client_id_required && connect->client_id.empty();
    }
    if (const auto* connack = std::get_if<connack_packet>(&any)) {
        return error == errc::invalid_flags && connack->session_present;
    }
    if (const auto* auth = std::get_if<auth_packet>(&any)) {
        return error == errc::authentication_method_required &&
               !auth->properties.authentication_method;
    }
    return false;
}

struct tally {
    std::size_t accepted = 0;
    std::size_t refused = 0;
};

template <protocol_version Version>
void decode(std::span<const std::byte> bytes, tally& all) {
    const auto complain = [&](const char* what) {
        FAIL(what << " (version " << static_cast<int>(Version) << "): " << to_hex(bytes));
    };
    const exact_bytes block{bytes};
    any_packet packet;
    const decode_result result = codec<Version>::decode(block.span(), packet);
    if (!result) {
        ++all.refused;
        if (result.offset > bytes.size()) complain("an error past the end");
        if (std::string_view{result.field}.empty()) complain("an error without a field");
        return;
    }
    ++all.accepted;
    std::visit(
        [&](const auto& decoded) {
            std::vector<std::byte> again;
            const measure_result measured = codec<Version>::encode(decoded, again);
            if (!measured) {
                if (!may_be_received_only<Version>(packet, measured.error)) {
                    complain(to_string(measured.error));
                }
                return;
            }
            // The order of properties and the short forms may differ; the meaning may not.
            if (again.size() > bytes.size()) complain("grew");
            any_packet twice;
            if (!codec<Version>::decode(again, twice)) complain("what was encoded does not decode");
            if (describe(twice) != describe(packet)) complain("changed by encoding");
        },
        packet);
}

}  // namespace

TEST_CASE("decoding: what valid_packets holds is valid, and encodes to as many bytes") {
    for (const valid_packet& each : valid_packets) {
        INFO(each.bytes);
        const auto bytes = hex(each.bytes);
        any_packet packet;
        std::vector<std::byte> again;
        if (each.version == v3) {
            REQUIRE(describe(codec_v3_1_1::decode(bytes, packet)) == "no error");
            std::visit([&](const auto& p) { CHECK(codec_v3_1_1::encode(p, again)); }, packet);
            check_truncated_anywhere<v3>(bytes);
        } else {
            REQUIRE(describe(codec_v5::decode(bytes, packet)) == "no error");
            std::visit([&](const auto& p) { CHECK(codec_v5::encode(p, again)); }, packet);
            check_truncated_anywhere<v5>(bytes);
        }
        CHECK(again.size() == bytes.size());
    }
}

TEST_CASE("decoding: any byte of a valid packet may have any value") {
    tally all;
    for (const valid_packet& each : valid_packets) {
        auto bytes = hex(each.bytes);
        for (std::byte& byte : bytes) {
            const std::byte before = byte;
            for (unsigned value = 0; value <= 0xFF; ++value) {
                byte = static_cast<std::byte>(value);
                decode<v3>(bytes, all);
                decode<v5>(bytes, all);
            }
            byte = before;
        }
    }
    CHECK(all.accepted > 10'000);
    CHECK(all.refused > 10'000);
}

TEST_CASE("decoding: 300,000 mutated packets") {
    std::vector<std::vector<std::byte>> seeds;
    for (const valid_packet& each : valid_packets)
        seeds.push_back(hex(each.bytes));
    mutator random;
    tally all;
    for (int i = 0; i < 300'000; ++i) {
        const auto& seed = seeds[random.number(seeds.size())];
        const auto& other = seeds[random.number(seeds.size())];
        const auto bytes = random.mutate(seed, other);
        decode<v3>(bytes, all);
        decode<v5>(bytes, all);
    }
    // Neither direction of the test may have become idle.
    CHECK(all.accepted > 20'000);
    CHECK(all.refused > 100'000);
}
