// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// The codec alone, without client and network: prints the packets of a capture of raw MQTT bytes.
//     decode_capture [--version 5|3.1.1] [FILE]      without FILE: standard input
// Without --version the CONNECT tells the version; 5 is taken when there is none.
#include <asio_mqtt/protocol/connect_version.hpp>
#include <asio_mqtt/protocol/format_packet.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace mqtt = asio_mqtt;

int main(int argc, char** argv) {
    const bool told = argc > 2 && std::string_view{argv[1]} == "--version";
    auto version = told && std::string_view{argv[2]} != "5" ? mqtt::protocol_version::v3_1_1
                                                            : mqtt::protocol_version::v5;
    std::ifstream file;
    if (argc > (told ? 3 : 1)) file.open(argv[told ? 3 : 1], std::ios::binary);
    if (!file) return std::cerr << "decode_capture: cannot read the file\n", 2;
    const std::string capture{std::istreambuf_iterator{file.is_open() ? file : std::cin}, {}};

    for (auto rest = std::as_bytes(std::span{capture}); !rest.empty();) {
        const mqtt::fixed_header header = mqtt::read_fixed_header(rest).header;
        const bool whole = header.size != 0 && header.packet_size() <= rest.size();
        const auto bytes = rest.first(whole ? header.packet_size() : rest.size());
        if (whole && header.type == mqtt::packet_type::connect && !told) {
            const bool is_3_1_1 = mqtt::peek_connect_version(bytes.subspan(header.size)) == 4;
            version = is_3_1_1 ? mqtt::protocol_version::v3_1_1 : mqtt::protocol_version::v5;
        }
        std::cout << capture.size() - rest.size() << ": " << mqtt::format_packet(version, bytes)
                  << '\n';
        if (!whole) return 1;  // nobody can tell where the next packet begins
        rest = rest.subspan(bytes.size());
    }
}
