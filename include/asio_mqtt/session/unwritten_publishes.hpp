// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/intrusive_list.hpp>
#include <asio_mqtt/session/outbound_publish.hpp>
#include <asio_mqtt/session/unstored_publishes.hpp>

#include <cstddef>
#include <cstdint>

namespace asio_mqtt::detail {

/// How many of the list have an expiry interval.
inline std::size_t count_expiring(intrusive_list<outbound_packet>& publishes) noexcept {
    std::size_t count = 0;
    for (const outbound_packet& each : publishes)
        count += static_cast<const outbound_publish&>(each).due != never ? 1U : 0U;
    return count;
}

/// The messages that stand in the output and that no write has taken: with its bytes they may still
/// be lost.
class unwritten_publishes {
public:
    /// Those at QoS 0 that stand nowhere else.
    unstored_publishes& unstored() noexcept { return unstored_; }
    const unstored_publishes& unstored() const noexcept { return unstored_; }

    /// One more that is stored, at this place in the output.
    void push_back(outbound_publish& publish, std::size_t position) noexcept {
        publish.position = static_cast<std::uint32_t>(position);
        (publish.qos == qos::at_most_once ? complete_ : handshakes_).push_back(publish);
    }

    std::size_t expiring() noexcept {
        return count_expiring(complete_) + count_expiring(handshakes_);
    }

    /// A write takes all of them: QoS 0 is finished with that, at QoS 1 and 2 the PUBLISH is sent.
    void written(intrusive_list<outbound_packet>& finished, intrusive_list<outbound_packet>& sent) {
        unstored_.written();
        finished.append(complete_);
        sent.append(handshakes_);
    }

    /// The output is lost. Each goes to `stored(publish)` or `unstored(entry)`, in the order in
    /// which they stand there.
    template <class Stored, class Unstored>
    void lost(Stored&& stored, Unstored&& unstored) {
        for (const unstored_publishes::entry& each : unstored_.waiting()) {
            give_before(each.position, stored);
            unstored(each);
        }
        give_before(~std::size_t{0}, stored);
        unstored_.forget_waiting();
    }

private:
    void give_before(std::size_t place, auto& to) {
        for (auto* each = first(); each != nullptr && each->position < place; each = first()) {
            each->unlink();
            to(*each);
        }
    }
    /// Of those that are stored; null when there is none.
    outbound_publish* first() const noexcept {
        outbound_publish* found = nullptr;
        for (const auto* list : {&complete_, &handshakes_}) {
            if (list->empty()) continue;
            auto& each = static_cast<outbound_publish&>(list->front());
            if (found == nullptr || each.position < found->position) found = &each;
        }
        return found;
    }

    unstored_publishes unstored_;
    intrusive_list<outbound_packet> complete_;    // QoS 0
    intrusive_list<outbound_packet> handshakes_;  // QoS 1 and 2
};

}  // namespace asio_mqtt::detail
