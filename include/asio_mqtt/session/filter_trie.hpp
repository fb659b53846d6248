// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace asio_mqtt::detail {

/// Values by topic filter, found by topic name: the cost grows with the levels of the name, not
/// with the number of filters. Filters must be valid and without `$share/{name}/`.
///
/// A filter may have 65,536 levels: nothing here is recursive.
template <class T>
class filter_trie {
public:
    filter_trie() = default;
    filter_trie(const filter_trie&) = delete;
    filter_trie& operator=(const filter_trie&) = delete;
    ~filter_trie() {
        std::vector<children> unfinished;
        unfinished.push_back(std::move(root_.next));
        while (!unfinished.empty()) {
            const children level = std::move(unfinished.back());
            unfinished.pop_back();
            for (auto& [name, child] : level)
                unfinished.push_back(std::move(child->next));
        }
    }

    /// The value at the filter, made when it is not there.
    T& operator[](std::string_view filter) {
        node* at = &root_;
        for_each_level(filter, [&at](std::string_view level) {
            auto found = at->next.find(level);
            if (found == at->next.end()) {
                found = at->next.emplace(std::string{level}, std::make_unique<node>()).first;
            }
            at = found->second.get();
        });
        if (at->value == nullptr) at->value = std::make_unique<T>();
        return *at->value;
    }

    void erase(std::string_view filter) {
        // The last node on the way that is needed without this filter, and where the way leaves it.
        node* needed = &root_;
        std::string_view unneeded = filter.substr(0, filter.find('/'));
        node* at = &root_;
        bool exists = true;
        for_each_level(filter, [&](std::string_view level) {
            if (at->value != nullptr || at->next.size() > 1) {
                needed = at;
                unneeded = level;
            }
            node* const child = at->child(level);
            if (child == nullptr) exists = false;
            if (exists) at = child;
        });
        if (!exists) return;
        at->value = nullptr;
        if (!at->next.empty()) return;
        const auto branch = needed->next.find(unneeded);
        filter_trie discarded;
        discarded.root_.next = std::move(branch->second->next);
        needed->next.erase(branch);
    }

    /// Calls `visit(value)` for each filter that matches the topic name (4.7), in no particular
    /// order. It must not change the trie, or search in it.
    template <class Visitor>
    void for_each_match(std::string_view topic, Visitor&& visit) {
        if (topic.empty()) return;
        steps_.clear();
        steps_.push_back({&root_, topic});
        while (!steps_.empty()) {
            const auto [at, rest] = steps_.back();
            steps_.pop_back();
            // [MQTT-4.7.2-1] Wildcards on the first level do not match a topic that begins with
            // '$'.
            const bool wildcards = at != &root_ || topic.front() != '$';
            if (wildcards) visit_value(at->child("#"), visit);
            const std::size_t slash = rest.find('/');
            for (node* const next :
                 {at->child(rest.substr(0, slash)), wildcards ? at->child("+") : nullptr}) {
                if (next == nullptr) continue;
                if (slash != std::string_view::npos) {
                    steps_.push_back({next, rest.substr(slash + 1)});
                    continue;
                }
                visit_value(next, visit);
                visit_value(next->child("#"), visit);  // "a/#" matches its parent "a" (4.7.1.2)
            }
        }
    }

private:
    struct level_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view level) const noexcept {
            return std::hash<std::string_view>{}(level);
        }
    };
    struct node;
    using children =
        std::unordered_map<std::string, std::unique_ptr<node>, level_hash, std::equal_to<>>;
    struct node {
        children next;
        std::unique_ptr<T> value;

        node* child(std::string_view level) const {
            const auto found = next.find(level);
            return found == next.end() ? nullptr : found->second.get();
        }
    };
    struct step {
        node* at;
        std::string_view rest;  // of the topic name, from the level on that follows `at`
    };

    template <class Visitor>
    static void for_each_level(std::string_view filter, Visitor&& visit) {
        while (true) {
            const std::size_t slash = filter.find('/');
            visit(filter.substr(0, slash));
            if (slash == std::string_view::npos) return;
            filter.remove_prefix(slash + 1);
        }
    }

    template <class Visitor>
    static void visit_value(node* at, Visitor& visit) {
        if (at != nullptr && at->value != nullptr) visit(*at->value);
    }

    node root_;
    std::vector<step> steps_;  // kept: no allocation in the steady state
};

}  // namespace asio_mqtt::detail
