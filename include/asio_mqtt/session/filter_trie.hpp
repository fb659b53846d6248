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

namespace asio_mqtt::detail {

/// Values by topic filter, found by topic name: the cost grows with the levels of the name, not with the
/// number of filters. Filters must be valid and without `$share/{name}/`.
template <class T>
class filter_trie {
public:
    /// The value at the filter, made when it is not there.
    T& operator[](std::string_view filter) {
        node* at = &root_;
        for_each_level(filter, [&at](std::string_view level) {
            auto found = at->children.find(level);
            if (found == at->children.end()) {
                found = at->children.emplace(std::string{level}, std::make_unique<node>()).first;
            }
            at = found->second.get();
        });
        if (at->value == nullptr) at->value = std::make_unique<T>();
        return *at->value;
    }

    void erase(std::string_view filter) { erase(root_, filter); }

    /// Calls `visit(value)` for each filter that matches the topic name (4.7).
    template <class Visitor>
    void for_each_match(std::string_view topic, Visitor&& visit) const {
        if (topic.empty() || root_.children.empty()) return;
        // [MQTT-4.7.2-1] Wildcards on the first level do not match a topic that begins with '$'.
        match(root_, topic, topic.front() != '$', visit);
    }

private:
    struct level_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view level) const noexcept {
            return std::hash<std::string_view>{}(level);
        }
    };
    struct node {
        std::unordered_map<std::string, std::unique_ptr<node>, level_hash, std::equal_to<>> children;
        std::unique_ptr<T> value;

        const node* child(std::string_view level) const {
            const auto found = children.find(level);
            return found == children.end() ? nullptr : found->second.get();
        }
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
    static void match(const node& at, std::string_view topic, bool wildcards, Visitor& visit) {
        if (wildcards) {
            if (const node* rest = at.child("#")) visit(*rest->value);
        }
        const std::size_t slash = topic.find('/');
        const auto descend = [&](const node* next) {
            if (next == nullptr) return;
            if (slash != std::string_view::npos) {
                match(*next, topic.substr(slash + 1), true, visit);
                return;
            }
            if (next->value != nullptr) visit(*next->value);
            // "a/#" matches its parent level "a" (4.7.1.2).
            if (const node* rest = next->child("#")) visit(*rest->value);
        };
        descend(at.child(topic.substr(0, slash)));
        if (wildcards) descend(at.child("+"));
    }

    static void erase(node& at, std::string_view filter) {
        const std::size_t slash = filter.find('/');
        const auto found = at.children.find(filter.substr(0, slash));
        if (found == at.children.end()) return;
        node& child = *found->second;
        if (slash == std::string_view::npos) {
            child.value = nullptr;
        } else {
            erase(child, filter.substr(slash + 1));
        }
        if (child.value == nullptr && child.children.empty()) at.children.erase(found);
    }

    node root_;
};

}  // namespace asio_mqtt::detail
