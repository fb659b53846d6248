// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/time_point.hpp>
#include <asio_mqtt/session/trivial_array.hpp>

#include <cstddef>
#include <utility>

namespace asio_mqtt::detail {

/// Base of what stands in a deadline_heap, in at most one at a time.
class deadline_node {
public:
    /// When its time is over; must not change while it stands in a heap.
    time_point due = never;

private:
    friend class deadline_heap;
    std::size_t place_ = 0;  // in the heap, counted from 1; 0: it stands in none
};

/// Things with a deadline, the earliest first. What comes in the order of its deadlines, as it
/// mostly does, is added in one step; anything else takes log n. The heap owns nothing.
class deadline_heap {
public:
    bool empty() const noexcept { return nodes_.empty(); }
    /// The earliest deadline; `never` when there is none.
    time_point due() const noexcept { return empty() ? never : nodes_[0]->due; }
    deadline_node& front() const noexcept { return *nodes_[0]; }

    /// So many more can be inserted without taking memory.
    void reserve(std::size_t count) { nodes_.reserve(nodes_.size() + count); }
    void insert(deadline_node& added) {
        nodes_.push_back(&added);
        rise(nodes_.size() - 1);
    }

    /// Harmless for what does not stand in the heap.
    void remove(deadline_node& removed) noexcept {
        if (removed.place_ == 0) return;
        const std::size_t gap = removed.place_ - 1;
        removed.place_ = 0;
        deadline_node* const last = nodes_.back();
        nodes_.pop_back();
        if (last == &removed) return;
        put(gap, last);
        rise(gap);
        sink(gap);
    }

private:
    void put(std::size_t at, deadline_node* node) noexcept {
        nodes_[at] = node;
        node->place_ = at + 1;
    }

    void rise(std::size_t at) noexcept {
        deadline_node* const node = nodes_[at];
        while (at != 0 && node->due < nodes_[(at - 1) / 2]->due) {
            put(at, nodes_[(at - 1) / 2]);
            at = (at - 1) / 2;
        }
        put(at, node);
    }

    void sink(std::size_t at) noexcept {
        deadline_node* const node = nodes_[at];
        for (;;) {
            std::size_t child = 2 * at + 1;
            if (child >= nodes_.size()) break;
            if (child + 1 < nodes_.size() && nodes_[child + 1]->due < nodes_[child]->due) ++child;
            if (nodes_[child]->due >= node->due) break;
            put(at, nodes_[child]);
            at = child;
        }
        put(at, node);
    }

    trivial_array<deadline_node*> nodes_;
};

}  // namespace asio_mqtt::detail
