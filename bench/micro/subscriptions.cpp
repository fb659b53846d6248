// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// Which subscriptions a message belongs to, with few and many of them.

#include <asio_mqtt/session/filter_trie.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mqtt = asio_mqtt;

namespace {

/// Each topic has one filter that matches, with a wildcard on two of its levels.
void match(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    using entry = mqtt::detail::filter_trie::entry;
    const std::unique_ptr<entry[]> entries{new entry[count]};
    mqtt::detail::filter_trie trie;
    for (std::size_t i = 0; i < count; ++i)
        trie.add("site/+/machine" + std::to_string(i) + "/#", entries[i]);

    std::vector<std::string> topics;
    for (std::size_t i = 0; i < 256; ++i)
        topics.push_back("site/hall" + std::to_string(i) + "/machine" +
                         std::to_string(i * 7'919 % count) + "/temperature");
    std::size_t next = 0;
    std::size_t found = 0;
    for (auto _ : state)
        found += trie.match(topics[next++ % topics.size()]).size();
    if (found != static_cast<std::size_t>(state.iterations())) state.SkipWithError("wrong matches");
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(match)->ArgName("subscriptions")->Arg(1)->Arg(1'000)->Arg(100'000);

}  // namespace
