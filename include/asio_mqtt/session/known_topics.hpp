// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/words.hpp>
#include <asio_mqtt/session/text_hash.hpp>
#include <asio_mqtt/session/trivial_array.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

namespace asio_mqtt::detail {

/// The handlers of topics that came lately: most messages need no search.
///
/// Others choose the topics. However many they are, however long, and even if their hashes are the
/// same, it takes less than a MiB, and newer ones take the places of older ones. For want of memory
/// nothing is kept.
class known_topics {
public:
    using handlers = trivial_array<void*>;

    /// Messages on one topic with the same Subscription Identifier, or 0 for none, have the same
    /// handlers.
    struct key {
        key(std::string_view of, std::uint32_t with) noexcept
            : topic{of}, identifier{with}, hash{hash_of(of, with)} {}

        std::string_view topic;
        std::uint32_t identifier;
        std::uint64_t hash;
    };

    /// What find() has returned last or keep() was given last, if it is right here; otherwise null.
    /// Messages on one topic often follow each other.
    const handlers* last(std::string_view topic, std::uint32_t identifier) const noexcept {
        return last_ != nullptr && last_->is_for(topic, identifier) ? &last_->found : nullptr;
    }

    /// Null when they are not known, or not any more. Valid until keep() or forget().
    // In pieces it would cost 10 instructions more.
    [[gnu::flatten]] const handlers* find(const key& wanted) noexcept {
        // An empty topic is no topic, but what a free place has.
        if (places_ == nullptr || wanted.topic.empty()) return nullptr;
        entry* const first = first_place(wanted);
        for (entry* each = first; each != first + neighbours; ++each) {
            if (each->hash == wanted.hash && each->is_for(wanted.topic, wanted.identifier)) {
                last_ = each;
                return &each->found;
            }
        }
        return nullptr;
    }

    /// What was found for a topic that is not known.
    void keep(const key& searched, const handlers& found) noexcept {
        if (searched.topic.size() > longest_topic || found.size() > most_handlers) return;
        last_ = nullptr;
        try {
            if (places_ == nullptr) resize(smallest_size);
            entry* place = free_place(searched);
            if (place == nullptr && size_ < largest_size) {
                resize(size_ * 2);
                place = free_place(searched);
            }
            if (place == nullptr) place = first_place(searched) + turn_++ % neighbours;
            place->assign(searched, found);
            last_ = place;
        } catch (const std::bad_alloc&) {
        }
    }

    /// All of it, since subscriptions have changed.
    void forget() noexcept {
        places_.reset();
        last_ = nullptr;
    }

private:
    struct entry {
        std::uint64_t hash = 0;
        std::uint32_t identifier = 0;
        trivial_array<char> topic;  // empty: the place is free
        handlers found;

        bool is_for(std::string_view name, std::uint32_t with) const noexcept {
            return identifier == with && is_same(name, {topic.data(), topic.size()});
        }
        void assign(const key& searched, const handlers& given) {
            topic.clear();  // for want of memory it stays free
            found.resize(given.size());
            for (std::size_t i = 0; i < given.size(); ++i)
                found[i] = given[i];
            topic.resize(searched.topic.size());
            searched.topic.copy(topic.data(), topic.size());
            hash = searched.hash;
            identifier = searched.identifier;
        }
    };

    /// A topic stands in one of so many places, from that of its hash on.
    static constexpr std::size_t neighbours = 4;
    static constexpr std::size_t smallest_size = 8;
    static constexpr std::size_t largest_size = 2'048;
    static constexpr std::size_t longest_topic = 128;
    static constexpr std::size_t most_handlers = 8;

    entry* first_place(const key& of) const noexcept { return &places_[place_of(of.hash, size_)]; }

    entry* free_place(const key& of) const noexcept {
        entry* const first = first_place(of);
        for (entry* each = first; each != first + neighbours; ++each) {
            if (each->topic.empty()) return each;
        }
        return nullptr;
    }

    /// What was known before is not any more: to find it again costs less than to look at all of it
    /// here.
    void resize(std::size_t size) {
        places_.reset(new entry[size + neighbours - 1]);
        size_ = size;
    }

    std::unique_ptr<entry[]> places_;
    std::size_t size_ = 0;
    const entry* last_ = nullptr;
    std::size_t turn_ = 0;
};

}  // namespace asio_mqtt::detail
