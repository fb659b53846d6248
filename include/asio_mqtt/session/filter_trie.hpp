// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/words.hpp>
#include <asio_mqtt/session/text_hash.hpp>
#include <asio_mqtt/session/trivial_array.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

namespace asio_mqtt::detail {

/// What stands under topic filters, found by topic name: the cost grows with the levels of the
/// name, not with the number of filters. Filters must be valid and without `$share/{name}/`.
///
/// One hash table holds the nodes of all levels, under the node above and the name of the level. A
/// filter may have 65,536 levels: nothing here is recursive.
class filter_trie {
    struct node;

public:
    /// Base of what stands under a filter. It belongs to the application, which removes it before
    /// it goes.
    class entry {
    public:
        entry() = default;
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;

        /// The next one under the same filter, in the order in which they were added; null behind
        /// the last.
        entry* next() const noexcept { return next_; }

    private:
        friend filter_trie;
        node* at_ = nullptr;
        entry* next_ = nullptr;
    };

    filter_trie() = default;
    filter_trie(const filter_trie&) = delete;
    filter_trie& operator=(const filter_trie&) = delete;
    ~filter_trie() {
        for (node* first : buckets_) {
            while (first != nullptr) {
                node* const next = first->next_in_bucket;
                ::operator delete(first);
                first = next;
            }
        }
    }

    void add(std::string_view filter, entry& added) {
        node* at = &root_;
        added.at_ = at;  // for remove(), if there is no memory for the next level
        for (levels rest{filter}; !rest.done(); rest.next()) {
            node* const below = child(*at, rest.level());
            at = below != nullptr ? below : &make_child(*at, rest.level());
            added.at_ = at;
        }
        entry** last = &at->first_entry;
        while (*last != nullptr)
            last = &(*last)->next_;
        *last = &added;
        added.next_ = nullptr;
    }

    /// Also one whose adding has thrown.
    void remove(entry& removed) noexcept {
        node* at = removed.at_;
        entry** link = &at->first_entry;
        while (*link != nullptr && *link != &removed)
            link = &(*link)->next_;
        if (*link != nullptr) *link = removed.next_;
        while (at != &root_ && at->first_entry == nullptr && !at->has_children()) {
            node* const above = at->parent;
            erase(*at);
            at = above;
        }
    }

    /// The first entry under this very filter; null when there is none.
    entry* find(std::string_view filter) const noexcept {
        const node* at = &root_;
        for (levels rest{filter}; !rest.done() && at != nullptr; rest.next())
            at = child(*at, rest.level());
        return at == nullptr ? nullptr : at->first_entry;
    }

    /// The first entry under each filter that matches the topic name (4.7), in no particular order;
    /// valid until the next call of anything here.
    const trivial_array<entry*>& match(std::string_view topic) {
        matches_.clear();
        forks_.clear();
        if (!topic.empty()) follow(&root_, topic);
        while (!forks_.empty()) {
            const fork from = forks_.back();
            forks_.pop_back();
            follow(from.at, from.rest);
        }
        return matches_;
    }

private:
    /// The name of its level lies behind it in memory.
    struct node {
        node* parent = nullptr;
        node* next_in_bucket = nullptr;
        node* any_level = nullptr;   // the child "+"
        node* all_levels = nullptr;  // the child "#"
        entry* first_entry = nullptr;
        std::uint64_t hash = 0;
        std::uint32_t named_children = 0;  // children that are not '+' or '#'
        std::uint32_t name_size = 0;

        bool has_children() const noexcept {
            return named_children != 0 || any_level != nullptr || all_levels != nullptr;
        }
        std::string_view name() const noexcept {
            return {reinterpret_cast<const char*>(this + 1), name_size};
        }
    };

    /// The levels of a filter, one after the other.
    class levels {
    public:
        explicit levels(std::string_view filter) noexcept : rest_{filter} {}
        bool done() const noexcept { return done_; }
        std::string_view level() const noexcept { return rest_.substr(0, rest_.find('/')); }
        void next() noexcept {
            const std::size_t slash = rest_.find('/');
            done_ = slash == std::string_view::npos;
            if (!done_) rest_.remove_prefix(slash + 1);
        }

    private:
        std::string_view rest_;
        bool done_ = false;
    };

    /// Where a search has still to go.
    struct fork {
        const node* at;
        std::string_view rest;  // of the topic name, from the level on that follows `at`
    };

    void follow(const node* at, std::string_view rest) {
        while (at != nullptr) {
            // [MQTT-4.7.2-1] Wildcards on the first level do not match a topic that begins with
            // '$'.
            const bool wildcards = at != &root_ || rest.empty() || rest.front() != '$';
            const node* const any = wildcards ? at->any_level : nullptr;
            if (wildcards) found(at->all_levels);
            if (any == nullptr && at->named_children == 0) return;
            const std::size_t slash = find_slash(rest);
            const node* const exact =
                at->named_children == 0 ? nullptr : child(*at, rest.substr(0, slash));
            if (slash == rest.size()) {
                reached(exact);
                reached(any);
                return;
            }
            rest.remove_prefix(slash + 1);
            if (exact != nullptr && any != nullptr) forks_.push_back({any, rest});
            at = exact != nullptr ? exact : any;
        }
    }
    void reached(const node* last) {
        if (last == nullptr) return;
        found(last);
        found(last->all_levels);  // "a/#" matches its parent "a" (4.7.1.2)
    }
    void found(const node* match) {
        if (match != nullptr && match->first_entry != nullptr) {
            matches_.push_back(match->first_entry);
        }
    }

    /// Only filters stand in the table, which the application chose: nobody else can make them
    /// collide.
    static std::uint64_t hash_of(const node& parent, std::string_view level) noexcept {
        return detail::hash_of(level, reinterpret_cast<std::uintptr_t>(&parent));
    }
    node*& bucket(std::uint64_t hash) const noexcept {
        return buckets_[place_of(hash, buckets_.size())];
    }

    node* child(const node& parent, std::string_view level) const noexcept {
        if (buckets_.empty()) return nullptr;
        const std::uint64_t hash = hash_of(parent, level);
        node* at = bucket(hash);
        while (at != nullptr &&
               (at->hash != hash || at->parent != &parent || !is_same(at->name(), level))) {
            at = at->next_in_bucket;
        }
        return at;
    }

    node& make_child(node& parent, std::string_view level) {
        if (node_count_ == buckets_.size()) rehash();
        node& made = *::new (::operator new(sizeof(node) + level.size())) node;
        made.parent = &parent;
        made.hash = hash_of(parent, level);
        made.name_size = static_cast<std::uint32_t>(level.size());
        if (!level.empty()) std::memcpy(&made + 1, level.data(), level.size());
        insert(made);
        ++node_count_;
        if (level == "+") {
            parent.any_level = &made;
        } else if (level == "#") {
            parent.all_levels = &made;
        } else {
            ++parent.named_children;
        }
        return made;
    }
    void erase(node& erased) noexcept {
        node& parent = *erased.parent;
        if (parent.any_level == &erased) {
            parent.any_level = nullptr;
        } else if (parent.all_levels == &erased) {
            parent.all_levels = nullptr;
        } else {
            --parent.named_children;
        }
        --node_count_;
        node** link = &bucket(erased.hash);
        while (*link != &erased)
            link = &(*link)->next_in_bucket;
        *link = erased.next_in_bucket;
        ::operator delete(&erased);
    }
    void insert(node& inserted) noexcept {
        node*& first = bucket(inserted.hash);
        inserted.next_in_bucket = first;
        first = &inserted;
    }
    void rehash() {
        trivial_array<node*> old;
        old.resize(buckets_.empty() ? 8 : buckets_.size() * 2);
        for (node*& each : old)
            each = nullptr;
        old.swap(buckets_);
        for (node* first : old) {
            while (first != nullptr) {
                node* const next = first->next_in_bucket;
                insert(*first);
                first = next;
            }
        }
    }

    node root_;
    trivial_array<node*> buckets_;  // a power of two, or none
    std::size_t node_count_ = 0;
    // Kept, so that a search allocates nothing in the steady state.
    trivial_array<fork> forks_;
    trivial_array<entry*> matches_;
};

}  // namespace asio_mqtt::detail
