// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/protocol/words.hpp>
#include <asio_mqtt/session/trivial_array.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace asio_mqtt::detail {

/// The messages at QoS 0 that stand in the output and nowhere else, and who waits for each. They
/// wait there until a write takes all of them; then they are told one after the other.
class unstored_publishes {
public:
    struct entry {
        void* tag;
        std::uint32_t position;  // in the output
        std::uint16_t header_size;
        std::uint16_t topic_size;

        std::string_view topic(std::span<const std::byte> output) const noexcept {
            const std::byte* const size = output.data() + position + header_size;
            return {reinterpret_cast<const char*>(size + 2), topic_size};
        }
    };

    /// For one more, without taking memory.
    bool has_room() const noexcept { return waiting_.size() != waiting_.capacity(); }
    void reserve() { waiting_.reserve(waiting_.size() + 1); }
    /// One more, on this topic, at the end of the output.
    void push_back(void* tag, std::size_t position, std::size_t header_size,
                   std::string_view topic) {
        waiting_.push_back({tag, static_cast<std::uint32_t>(position),
                            static_cast<std::uint16_t>(header_size),
                            static_cast<std::uint16_t>(topic.size())});
    }
    /// The last one that waits is on this topic, so it is valid.
    bool has_last_topic(std::string_view topic, std::span<const std::byte> output) const noexcept {
        return !waiting_.empty() && is_same(topic, waiting_.back().topic(output));
    }

    /// All were written, and told.
    bool empty() const noexcept { return waiting_.empty() && told_ == written_.size(); }
    std::span<const entry> waiting() const noexcept { return {waiting_.begin(), waiting_.end()}; }

    /// The output has begun to leave.
    void written() {
        if (told_ == written_.size()) {
            written_.clear();
            told_ = 0;
            written_.swap(waiting_);
        }
        written_.reserve(written_.size() + waiting_.size());  // or nothing has changed
        for (const entry& each : waiting_)
            written_.push_back(each);
        forget_waiting();
    }
    void forget_waiting() noexcept { waiting_.clear(); }

    /// Keeps no memory when there are none.
    void shrink() noexcept {
        if (!empty()) return;
        waiting_.free();
        written_.free();
        told_ = 0;
    }

    /// All of them, waiting or written.
    template <class Forget>
    void forget_all(Forget&& forget) {
        while (void* const tag = next_written())
            forget(tag);
        for (const entry& each : waiting_) {
            if (each.tag != nullptr) forget(each.tag);
        }
        forget_waiting();
    }

    /// The tag of the next one that was written, and for which somebody waits; null when there is
    /// none.
    void* next_written() noexcept {
        while (told_ != written_.size()) {
            if (void* const tag = written_[told_++].tag) return tag;
        }
        return nullptr;
    }

private:
    trivial_array<entry> waiting_;
    trivial_array<entry> written_;
    std::size_t told_ = 0;  // of those
};

}  // namespace asio_mqtt::detail
