// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace asio_mqtt {

constexpr bool has_wildcard(std::string_view filter) noexcept {
    for (const char each : filter) {
        if (each == '+' || each == '#') return true;
    }
    return false;
}

namespace detail {

/// True for most valid topic names, those of ASCII without a character up to '+'; false for all
/// that are not valid.
constexpr bool is_plain_topic_name(std::string_view topic) noexcept {
    if (std::is_constant_evaluated() || topic.empty()) return false;
    return all_words(topic, [](std::uint64_t bytes) {
        // Where a byte is smaller, the difference has the highest bit set.
        return ((bytes | (bytes - each_byte(','))) & each_byte(0x80)) == 0;
    });
}

}  // namespace detail

/// True for a topic name that may be published to (4.7): not empty, UTF-8, without wildcards, short
/// enough.
constexpr bool is_valid_topic_name(std::string_view topic) noexcept {
    if (topic.empty() || topic.size() > max_string_size) return false;
    return detail::is_plain_topic_name(topic) || (!has_wildcard(topic) && is_valid_utf8(topic));
}

/// The parts of `$share/{name}/{filter}` (4.8.2); `name` is empty for a filter that is not shared.
struct shared_filter {
    std::string_view name;
    std::string_view filter;
};

/// True when the filter begins with `$share/`, be the rest valid or not.
constexpr bool is_shared_filter(std::string_view filter) noexcept {
    return filter.starts_with("$share/");
}

/// Takes a filter apart; without a second slash the `filter` part is empty, and so invalid.
constexpr shared_filter split_shared_filter(std::string_view filter) noexcept {
    if (!is_shared_filter(filter)) return {{}, filter};
    filter.remove_prefix(std::string_view{"$share/"}.size());
    const std::size_t slash = filter.find('/');
    if (slash == std::string_view::npos) return {filter, {}};
    return {filter.substr(0, slash), filter.substr(slash + 1)};
}

/// True for a topic filter that may be subscribed to (4.7.1), shared ones included (4.8.2). The
/// rules for shared filters hold for 3.1.1 as well, whose brokers know them as an extension.
constexpr bool is_valid_topic_filter(std::string_view filter) noexcept {
    if (filter.size() > max_string_size || !is_valid_utf8(filter)) return false;
    if (is_shared_filter(filter)) {
        const shared_filter parts = split_shared_filter(filter);
        if (parts.name.empty() || has_wildcard(parts.name)) return false;
        filter = parts.filter;
    }
    if (filter.empty()) return false;
    for (std::size_t i = 0; i < filter.size(); ++i) {
        if (filter[i] != '+' && filter[i] != '#') continue;
        if (i != 0 && filter[i - 1] != '/') return false;
        const bool last = i + 1 == filter.size();
        if (filter[i] == '#' ? !last : !last && filter[i + 1] != '/') return false;
    }
    return true;
}

/// True when the topic name matches the filter (4.7); of a shared filter its part after the share
/// name.
///
/// Both must be valid. Bytes are compared as they are [MQTT-4.7.3-4].
constexpr bool topic_matches(std::string_view filter, std::string_view topic) noexcept {
    filter = split_shared_filter(filter).filter;
    if (filter.empty() || topic.empty()) return false;
    // [MQTT-4.7.2-1] A leading wildcard does not match topics that begin with '$'.
    if (topic.front() == '$' && (filter.front() == '+' || filter.front() == '#')) return false;
    while (true) {
        const std::size_t filter_end = filter.find('/');
        const std::size_t topic_end = topic.find('/');
        const std::string_view level = filter.substr(0, filter_end);
        if (level == "#") return true;
        if (level != "+" && level != topic.substr(0, topic_end)) return false;
        const bool filter_ends = filter_end == std::string_view::npos;
        if (topic_end == std::string_view::npos) {
            // "a/#" matches its parent level "a" (4.7.1.2).
            return filter_ends || filter.substr(filter_end + 1) == "#";
        }
        if (filter_ends) return false;
        filter.remove_prefix(filter_end + 1);
        topic.remove_prefix(topic_end + 1);
    }
}

}  // namespace asio_mqtt
