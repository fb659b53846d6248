// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/text_hash.hpp>

#include <algorithm>
#include <array>
#include <string>

#include "support/catch.hpp"

TEST_CASE("text hash: texts that differ in one place only spread over a table") {
    constexpr std::size_t size = 1'024;
    const char* const patterns[] = {"NNN", "NNNN", "machineNNN", "machineNNN/temperature",
                                    "NNN/a/long/rest/that/is/always/the/same"};
    for (const std::string pattern : patterns) {
        CAPTURE(pattern);
        std::array<unsigned, size> places{};
        for (unsigned number = 0; number < 1'000; ++number) {
            std::string text = pattern;
            const std::string digits = std::to_string(1'000 + number).substr(1);
            text.replace(text.find("NNN"), 3, digits);
            const auto hash = asio_mqtt::detail::hash_of(text, 0);
            ++places[asio_mqtt::detail::place_of(hash, size)];
        }
        CHECK(*std::max_element(places.begin(), places.end()) <= 8);
    }
}
