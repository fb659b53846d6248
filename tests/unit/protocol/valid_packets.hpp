// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/protocol_version.hpp>

namespace test {

struct valid_packet {
    asio_mqtt::protocol_version version;
    const char* bytes;
};

/// One packet at least of each type and version, with all that it can carry: material for tests
/// that change bytes.
inline constexpr valid_packet valid_packets[] = {
    {asio_mqtt::protocol_version::v3_1_1,
     "10 1F 00 04 'MQTT' 04 CE 00 0A 00 03 'abc' 00 03 'w/t' 00 03 'bye' 00 01 'u' 00 01 'p'"},
    {asio_mqtt::protocol_version::v3_1_1, "20 02 01 00"},
    {asio_mqtt::protocol_version::v3_1_1, "31 08 00 03 'a/b' 'xyz'"},
    {asio_mqtt::protocol_version::v3_1_1, "3A 07 00 03 'a/b' 00 0A"},
    {asio_mqtt::protocol_version::v3_1_1, "40 02 12 34"},
    {asio_mqtt::protocol_version::v3_1_1, "50 02 12 34"},
    {asio_mqtt::protocol_version::v3_1_1, "62 02 12 34"},
    {asio_mqtt::protocol_version::v3_1_1, "70 02 12 34"},
    {asio_mqtt::protocol_version::v3_1_1, "82 0E 00 0A 00 03 'a/b' 01 00 03 '+/#' 02"},
    {asio_mqtt::protocol_version::v3_1_1, "90 05 00 0A 00 02 80"},
    {asio_mqtt::protocol_version::v3_1_1, "A2 0C 00 0A 00 03 'a/b' 00 03 'c/d'"},
    {asio_mqtt::protocol_version::v3_1_1, "B0 02 00 0A"},
    {asio_mqtt::protocol_version::v3_1_1, "C0 00"},
    {asio_mqtt::protocol_version::v3_1_1, "D0 00"},
    {asio_mqtt::protocol_version::v3_1_1, "E0 00"},
    {asio_mqtt::protocol_version::v5,
     "10 37 00 04 'MQTT' 05 02 FF FF 2A 11 FF FF FF FF 21 00 14 27 00 00 10 00 22 00 0A 19 01 17 00"
     "26 00 01 'k' 00 01 'v' 26 00 01 'k' 00 00 15 00 01 'm' 16 00 02 00 FF 00 00"},
    {asio_mqtt::protocol_version::v5,
     "10 3A 00 04 'MQTT' 05 F4 00 3C 00 00 01 'c' 20 18 00 00 00 05 01 01 02 00 00 0E 10 03 00 01 "
     "'t'"
     "08 00 01 'r' 09 00 02 00 FF 26 00 01 'k' 00 01 'v' 00 01 'w' 00 00 00 01 'u' 00 01 'p'"},
    {asio_mqtt::protocol_version::v5,
     "20 43 00 00 40 11 00 00 00 0A 21 00 14 24 01 25 00 27 00 01 00 00 12 00 02 'id' 22 00 0A"
     "1F 00 02 'ok' 26 00 01 'k' 00 01 'v' 28 00 29 00 2A 00 13 00 1E 1A 00 02 'ri' 1C 00 02 'sr'"
     "15 00 01 'm' 16 00 01 FF"},
    {asio_mqtt::protocol_version::v5, "20 03 00 87 00"},
    {asio_mqtt::protocol_version::v5,
     "34 38 00 01 't' 12 34 2F 01 01 02 00 00 00 3C 23 00 05 08 00 01 'r' 09 00 02 00 FF"
     "26 00 01 'k' 00 01 'v' 0B 01 26 00 00 00 00 0B FF FF FF 7F 26 00 00 00 00 03 00 01 't' "
     "'pay'"},
    {asio_mqtt::protocol_version::v5, "30 06 00 00 03 23 00 01"},
    {asio_mqtt::protocol_version::v5, "40 10 00 0A 10 0C 1F 00 02 'no' 26 00 01 'k' 00 01 'v'"},
    {asio_mqtt::protocol_version::v5, "50 10 00 0A 87 0C 1F 00 02 'no' 26 00 01 'k' 00 01 'v'"},
    {asio_mqtt::protocol_version::v5, "62 10 00 0A 92 0C 1F 00 02 'no' 26 00 01 'k' 00 01 'v'"},
    {asio_mqtt::protocol_version::v5, "70 03 00 0A 92"},
    {asio_mqtt::protocol_version::v5,
     "82 26 00 0A 0C 0B FF FF FF 7F 26 00 01 'k' 00 01 'v'"
     "00 01 '#' 00 00 0C '$share/g/a/+' 09 00 01 'c' 2E"},
    {asio_mqtt::protocol_version::v5,
     "90 12 00 0A 0C 1F 00 02 'ok' 26 00 01 'k' 00 01 'v' 01 8F A2"},
    {asio_mqtt::protocol_version::v5, "A2 10 00 0A 07 26 00 01 'k' 00 01 'v' 00 01 '#' 00 01 'x'"},
    {asio_mqtt::protocol_version::v5, "B0 11 00 0A 0C 1F 00 02 'ok' 26 00 01 'k' 00 01 'v' 00 11"},
    {asio_mqtt::protocol_version::v5, "C0 00"},
    {asio_mqtt::protocol_version::v5, "D0 00"},
    {asio_mqtt::protocol_version::v5,
     "E0 18 9D 16 11 00 00 00 0A 1F 00 02 'go' 26 00 01 'k' 00 01 'v' 1C 00 02 'sr'"},
    {asio_mqtt::protocol_version::v5,
     "F0 16 18 14 15 00 01 'm' 16 00 01 FF 1F 00 02 'ok' 26 00 01 'k' 00 01 'v'"},
};

}  // namespace test
