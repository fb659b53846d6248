// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "record.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace data_sync {

/// A node's copy of a set of keys and values that many nodes share, without a server that decides.
///
/// Each change makes a record with a version one higher than any that this node has seen of the
/// key, and every node keeps the greatest record of each key that it hears of (see record). So all
/// nodes that have heard of the same records hold the same, in whatever order and however often
/// they came. Of two changes that did not know of each other one is lost: the same one everywhere.
///
/// A deletion is a record, too, a tombstone: without it, a node that was away could not tell a key
/// that was deleted meanwhile from one that only it knows. Tombstones are kept for ever here.
class replicated_map {
public:
    using records = std::map<std::string, record, std::less<>>;

    /// `node` is a valid node id, which no other node has.
    explicit replicated_map(std::string node) : node_{std::move(node)} {}

    const std::string& node() const noexcept { return node_; }

    /// Changes a key, here. The record is to be told to all nodes; null when the key is out of
    /// versions, which only a faulty node can bring about.
    const record* set(std::string_view key, std::string value) {
        return write(key, {.deleted = false, .value = std::move(value)});
    }

    /// Deletes a key, here. Null also when there is no such key.
    const record* erase(std::string_view key) {
        return get(key) == nullptr ? nullptr : write(key, {.deleted = true});
    }

    enum class outcome {
        applied,  ///< It is news: this node holds it now.
        known,    ///< This node holds just that.
        beaten,   ///< This node holds a greater one, and who sent it ought to hear of that.
    };

    /// Takes in what another node wrote, or hears its own record again.
    outcome merge(std::string_view key, record heard) {
        const auto found = records_.find(key);
        if (found == records_.end()) {
            records_.emplace(key, std::move(heard));
            return outcome::applied;
        }
        if (heard == found->second) return outcome::known;
        if (heard < found->second) return outcome::beaten;
        found->second = std::move(heard);
        return outcome::applied;
    }

    /// The value of a key; null when it is not there, or deleted.
    const std::string* get(std::string_view key) const {
        const record* const held = find(key);
        return held == nullptr || held->deleted ? nullptr : &held->value;
    }

    /// The record of a key, tombstones too; null when nothing was ever heard of it.
    const record* find(std::string_view key) const {
        const auto found = records_.find(key);
        return found == records_.end() ? nullptr : &found->second;
    }

    /// All records, tombstones too, sorted by key.
    const records& all() const noexcept { return records_; }

private:
    const record* write(std::string_view key, record change) {
        const record* const held = find(key);
        const std::uint64_t seen = held == nullptr ? 0 : held->version;
        if (seen == maximum_version) return nullptr;
        change.version = seen + 1;
        change.node = node_;
        return &records_.insert_or_assign(std::string{key}, std::move(change)).first->second;
    }

    std::string node_;
    records records_;
};

}  // namespace data_sync
