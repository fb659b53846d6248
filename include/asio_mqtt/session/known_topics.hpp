// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/words.hpp>
#include <asio_mqtt/session/text_hash.hpp>
#include <asio_mqtt/session/trivial_array.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace asio_mqtt::detail {

/// The handlers of topics that came lately: most messages need no search.
///
/// Others choose the topics. However many they are, however long, and even if their hashes are the
/// same, what is kept is bounded: the newer ones take the places of older ones.
class known_topics {
public:
    class entry {
    public:
        /// The handlers of the topic.
        trivial_array<void*> found;

    private:
        friend known_topics;

        bool is_for(std::string_view topic, std::uint32_t wanted) const noexcept {
            return identifier == wanted && is_same(topic, {name.data(), name.size()});
        }

        std::uint64_t hash = 0;
        std::uint64_t change = 0;      // after which it was found
        std::uint32_t identifier = 0;  // the Subscription Identifier of the messages
        trivial_array<char> name;
    };

    /// What find() has returned last, or keep() was given, if it is for this topic and identifier,
    /// or else null: messages on one topic often follow each other.
    const entry* last(std::string_view topic, std::uint32_t identifier) const noexcept {
        return last_ != nullptr && last_->is_for(topic, identifier) ? last_ : nullptr;
    }

    /// Null when the topic is not known, or not any more. Valid until the next call of anything
    /// here.
    // In pieces it would cost 10 instructions more.
    [[gnu::flatten]] const entry* find(std::string_view topic, std::uint32_t identifier) noexcept {
        if (table_size_ == 0 || topic.size() > longest_topic) return nullptr;
        const std::uint64_t hash = hash_of(topic, identifier);
        const entry* const first = first_entry(hash);
        for (const entry* each = first; each != first + neighbours; ++each) {
            if (each->hash == hash && each->change == change_ && each->is_for(topic, identifier)) {
                return last_ = each;
            }
        }
        return nullptr;
    }

    /// Makes an entry, without handlers, for a topic that is not known; find() does not find it
    /// before keep(). There is to be room for as many topics as `table_size` says, a power of two.
    entry& make(std::string_view topic, std::uint32_t identifier, std::size_t table_size) {
        if (table_size > table_size_ || table_size_ == 0) grow(table_size);
        const std::uint64_t hash = hash_of(topic, identifier);
        entry& made = oldest(first_entry(hash));
        last_ = nullptr;
        made.change = 0;
        made.found.clear();
        made.hash = hash;
        made.identifier = identifier;
        return made;
    }
    /// What was made for this topic, with its handlers; but not long topics, for want of room.
    void keep(entry& made, std::string_view topic) {
        if (topic.size() > longest_topic) return;
        made.name.resize(topic.size());
        topic.copy(made.name.data(), topic.size());
        made.change = change_;
        last_ = &made;
    }

    /// All of it, since subscriptions have changed. Keeps the memory.
    void forget() noexcept {
        ++change_;
        last_ = nullptr;
    }

private:
    /// An entry stands in one of so many places, from that of its hash on.
    static constexpr std::size_t neighbours = 4;
    static constexpr std::size_t smallest_table = 8;
    static constexpr std::size_t longest_topic = 256;

    entry* first_entry(std::uint64_t hash) const noexcept {
        return &entries_[place_of(hash, table_size_)];
    }

    /// Of the neighbours one that is not right any more, or else they take turns.
    entry& oldest(entry* first) noexcept {
        for (entry* each = first; each != first + neighbours; ++each) {
            if (each->change != change_) return *each;
        }
        return first[replaced_count_++ % neighbours];
    }

    void grow(std::size_t table_size) {
        table_size = std::max(table_size, smallest_table);
        forget();
        entries_.reset(new entry[table_size + neighbours - 1]);
        table_size_ = table_size;
    }

    std::unique_ptr<entry[]> entries_;
    std::size_t table_size_ = 0;
    const entry* last_ = nullptr;
    std::uint64_t change_ = 1;
    std::size_t replaced_count_ = 0;
};

}  // namespace asio_mqtt::detail
