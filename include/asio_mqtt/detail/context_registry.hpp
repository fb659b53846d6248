// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/session/intrusive_list.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>

#include <mutex>

namespace asio_mqtt::detail {

class context_registry;

/// What is told when its execution context ends.
class context_member : public list_node {
public:
    /// Called while nothing runs on the context any more: handlers are destroyed, and not called.
    virtual void context_ends() = 0;

protected:
    inline explicit context_member(const asio::any_io_executor& executor);
    inline ~context_member();

private:
    friend context_registry;
    context_registry* registry_;  // null: the context has ended
};

/// The members of an execution context.
///
/// A handler may own the client that it waits for, as a coroutine does that has the client as a
/// local variable. Nothing but the end of the context parts the two.
class context_registry final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;  // the name that Asio looks for

    explicit context_registry(asio::execution_context& context) : service{context} {}

    void add(context_member& member) {
        const std::lock_guard one_at_a_time{mutex_};
        members_.push_back(member);
    }
    void remove(context_member& member) noexcept {
        const std::lock_guard one_at_a_time{mutex_};
        member.unlink();
    }

private:
    void shutdown() override {
        while (!members_.empty()) {
            context_member& member = members_.pop_front();
            member.registry_ = nullptr;
            member.context_ends();
        }
    }

    std::mutex mutex_;
    intrusive_list<context_member> members_;
};

context_member::context_member(const asio::any_io_executor& executor)
    : registry_{
          &asio::use_service<context_registry>(asio::query(executor, asio::execution::context))} {
    registry_->add(*this);
}
context_member::~context_member() {
    if (registry_ != nullptr) registry_->remove(*this);
}

}  // namespace asio_mqtt::detail
