// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/operation.hpp>
#include <asio_mqtt/detail/operation_result.hpp>
#include <asio_mqtt/session/intrusive_list.hpp>
#include <asio_mqtt/session/outbound.hpp>
#include <asio_mqtt/session/session.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/prefer.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace asio_mqtt::detail {

/// Frees what will not be carried out any more, without calling a handler.
inline void dispose(submission& unfinished) noexcept {
    if (is_io_result(unfinished)) return;
    if (!is_operation(unfinished)) {
        delete static_cast<notice*>(&unfinished);
        return;
    }
    auto& forgotten = static_cast<operation&>(unfinished);
    forgotten.unlink();
    if (forgotten.cancellation_target != nullptr) *forgotten.cancellation_target = nullptr;
    if (forgotten.packet != nullptr && !forgotten.is_with_session) {
        outbound::dispose(*forgotten.packet);
    }
    forgotten.destroy();
}

/// What it returns, or asio::error::no_memory: what an operation can complete with.
error_code unless_memory_runs_out(auto&& attempt) {
    try {
        return attempt();
    } catch (const std::bad_alloc&) {
        return asio::error::no_memory;
    }
}

/// The operations of a client that have begun and have not completed: each leaves by complete() or
/// abort(), once. Those of messages that were written at once only the session knows.
class pending_operations {
public:
    pending_operations(const asio::any_io_executor& executor, session& session)
        : executor_{executor}, session_{session} {}
    pending_operations(const pending_operations&) = delete;
    pending_operations& operator=(const pending_operations&) = delete;

    ~pending_operations() { dispose_all(); }

    /// The execution context ends, or the last reference to the client goes, which happens only
    /// then: as with Asio's own operations, handlers are not called.
    void dispose_all() noexcept {
        session_.unstored().forget_all([](void* tag) { dispose(*static_cast<operation*>(tag)); });
        for (auto* list : {&requests, &lost, &receivers, &waiters, &runs}) {
            while (!list->empty())
                dispose(list->front());
        }
        work_ = {};
    }

    /// Every operation goes through here first, unless its message is written at once. False when
    /// there is no memory for what watches over it: then it must complete.
    bool begin(operation& started) {
        return (++count_ != 1 && started.due == never) || watch_over(started);
    }

    // The session is to have the packet of the operation.

    void publish(operation& started, time_point now) {
        auto* const packet = static_cast<outbound_publish*>(give_packet(started));
        const error_code refusal = unless_memory_runs_out(
            [&] { return session_.publish(outbound_publish_ptr{packet}, &started, now); });
        refusal ? complete(started, refusal) : is_taken(started, *packet);
    }
    void request(operation& started) {
        auto* const packet = static_cast<outbound_request*>(give_packet(started));
        const error_code refusal = unless_memory_runs_out(
            [&] { return session_.request(outbound_request_ptr{packet}, &started); });
        refusal ? complete(started, refusal) : is_taken(started, *packet);
    }

    /// The session has had it from the beginning.
    void begin_sent(operation& started, outbound_packet& packet) {
        begin(started);
        requests.push_back(started);
        is_taken(started, packet);
    }

    template <class Result>
    void complete(operation& done, error_code error, Result&& result) {
        settle(done);
        static_cast<operation_with<Result>&>(done).complete(error, std::move(result));
    }

    /// With an empty result.
    void complete(operation& done, error_code error) {
        settle(done);
        done.complete(error);
    }

    /// Those with a packet, as the session tells: this one, and what was published without a word.
    void complete(const session_event& event) {
        auto& done = *static_cast<operation*>(event.tag);
        done.packet = nullptr;  // it is freed
        done.is_with_session = false;
        if (done.what == submission::kind::publish) {
            complete(done, event.error, to_publish_result(event));
        } else {
            subscribe_result result;
            const error_code error =
                unless_memory_runs_out([&] { return to_subscribe_result(event, result); });
            complete(done, error, std::move(result));
        }
        const error_code success;
        publish_result nothing_said;
        while (void* const tag = session_.next_published()) {
            auto& published = *static_cast<operation*>(tag);
            published.packet = nullptr;
            complete(published, success, std::move(nothing_said));
            // A handler that takes it by && may have put something in.
            if (says_something(nothing_said)) nothing_said = {};
        }
    }

    /// Somebody waits for room, and there is some.
    bool has_room_for_waiter() const noexcept { return !waiters.empty() && session_.has_room(); }
    /// One of them at a time: it may use up the room.
    void complete_waiter() { complete(waiters.front(), error_code{}); }

    /// Those that were published at once, which only the session knows.
    void complete_written() {
        const error_code success;
        publish_result nothing_said;
        while (void* const tag = session_.unstored().next_written()) {
            auto& written = *static_cast<operation*>(tag);
            static_cast<operation_with<publish_result>&>(written).complete(success,
                                                                           std::move(nothing_said));
            if (says_something(nothing_said)) nothing_said = {};
        }
        abort_all(lost, errc::queue_full);
    }
    /// The connection is gone. Of those that were not written the session has made packets, unless
    /// there was no memory for it.
    void disconnected() {
        session_.disconnected([this](void* tag, outbound_packet* packet) {
            auto& kept = *static_cast<operation*>(tag);
            if (packet != nullptr) return begin_sent(kept, *packet);
            begin(kept);
            lost.push_back(kept);
        });
    }

    /// Ends an operation before its time.
    void abort(operation& aborted, error_code error) {
        if (aborted.is_with_session) session_.cancel(*aborted.packet);
        complete(aborted, error);
    }
    void abort_all(intrusive_list<operation>& list, error_code error) {
        while (!list.empty())
            abort(list.front(), error);
    }
    /// All but `runs`.
    void abort_all(error_code error) {
        complete_written();
        for (auto* list : {&requests, &receivers, &waiters})
            abort_all(*list, error);
    }

    void cancel(operation& cancelled, bool only_unsent) {
        if (!only_unsent || !is_sent(cancelled)) abort(cancelled, asio::error::operation_aborted);
    }

    /// Nothing is to be sent any more, or to be answered.
    bool is_drained() const noexcept { return requests.empty() && session_.unstored().empty(); }

    /// When the first of the time-outs is over.
    time_point due() const noexcept { return timed_.due(); }
    void expire(time_point now) {
        while (timed_.due() <= now)
            abort(static_cast<operation&>(timed_.front()), errc::operation_timeout);
    }

    intrusive_list<operation> requests;   // publish, subscribe, unsubscribe
    intrusive_list<operation> lost;       // publish, see disconnected()
    intrusive_list<operation> receivers;  // async_receive(), when no message waits
    intrusive_list<operation> waiters;    // async_wait_for_room()
    intrusive_list<operation> runs;       // async_run() and async_disconnect()

private:
    /// Keeps the executor busy as long as there is an operation, and each to its deadline.
    // As a part of begin() it would cost each message 18 instructions.
    [[gnu::noinline]] bool watch_over(operation& started) {
        try {
            if (count_ == 1) {
                work_ = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
            }
            if (started.due != never) timed_.insert(started);
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }

    outbound_packet* give_packet(operation& request) noexcept {
        requests.push_back(request);
        return std::exchange(request.packet, nullptr);
    }
    void is_taken(operation& request, outbound_packet& packet) noexcept {
        request.packet = &packet;
        request.is_with_session = true;
    }

    static bool is_sent(const operation& asked) noexcept {
        if (!asked.is_with_session) return false;
        if (asked.what != submission::kind::publish) return asked.packet->packet_id != 0;
        // The identifier is free again when the handshake has ended, and the outcome is to be told.
        using state = outbound_publish::state;
        return static_cast<const outbound_publish&>(*asked.packet).progress != state::queued;
    }

    /// The operation is pending no longer: its handler may be called.
    void settle(operation& settled) noexcept {
        settled.unlink();
        if (settled.due != never) timed_.remove(settled);
        if (settled.cancellation_target != nullptr) *settled.cancellation_target = nullptr;
        if (settled.packet != nullptr && !settled.is_with_session) {
            outbound::dispose(*settled.packet);
        }
        if (--count_ == 0) work_ = {};
    }

    const asio::any_io_executor& executor_;
    session& session_;
    deadline_heap timed_;
    std::size_t count_ = 0;
    asio::any_io_executor work_;  // keeps the context running while there are any
};

}  // namespace asio_mqtt::detail
