// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "simulation/schedule.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <system_error>

// Runs simulated schedules: simulate --seeds N [--first S]. Ends with status 1 at the first one
// that goes wrong; its seed alone repeats it.

namespace {

bool parse(const char* text, std::uint64_t& number) {
    const char* const end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, number);
    return error == std::errc{} && stop == end;
}

std::string run(std::uint64_t seed) {
    try {
        return simulation::schedule{seed}.run();
    } catch (const std::exception& error) {
        return std::string{"exception: "} + error.what();
    }
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t count = 1'000;
    std::uint64_t first = 1;
    for (int i = 1; i < argc; i += 2) {
        const std::string name = argv[i];
        std::uint64_t* const value = name == "--seeds"   ? &count
                                     : name == "--first" ? &first
                                                         : nullptr;
        if (value == nullptr || i + 1 == argc || !parse(argv[i + 1], *value)) {
            std::fprintf(stderr, "usage: simulate [--seeds NUMBER] [--first SEED]\n");
            return 2;
        }
    }
    for (std::uint64_t seed = first; seed != first + count; ++seed) {
        if (const std::string wrong = run(seed); !wrong.empty()) {
            std::printf("seed %llu: %s\nagain: simulate --seeds 1 --first %llu\n",
                        static_cast<unsigned long long>(seed), wrong.c_str(),
                        static_cast<unsigned long long>(seed));
            return 1;
        }
    }
    std::printf("%llu schedules from seed %llu on: nothing went wrong\n",
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(first));
}
