// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/detail/declaration.hpp>
#include <asio_mqtt/detail/recycling_allocator.hpp>
#include <asio_mqtt/detail/submission.hpp>
#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/session/deadline_heap.hpp>
#include <asio_mqtt/session/intrusive_list.hpp>
#include <asio_mqtt/session/outbound_packet.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_executor.hpp>
#include <asio/associator.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/prefer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace asio_mqtt::detail {

/// A pending asynchronous operation, whatever its completion handler is: the handler's type is
/// forgotten here, so that nothing behind an initiating function is a template on it.
///
/// The node lies in memory of the handler's associated allocator, stands in the client's queues as
/// it is, and is freed before its handler is called. It is `due` when it has a time-out.
class operation : public submission, public list_node, public deadline_node {
public:
    errc error{};  ///< What was wrong with the call.
    /// The packet that it is about: owned until the session has it, then what session::cancel()
    /// takes.
    outbound_packet* packet = nullptr;
    bool is_with_session = false;
    /// Where those who may cancel the operation find it; null inside once it has completed.
    std::shared_ptr<operation*> cancellation_target{};

    /// Frees the node without calling the handler.
    void destroy() noexcept { finish_(*this, action::destroy, {}, nullptr); }
    /// Frees the node and calls the handler with an empty result.
    void complete(error_code with) { finish_(*this, action::call, with, nullptr); }

protected:
    enum class action : std::uint8_t { destroy, call };
    /// `result` is null or points to the Result of the operation, to be moved from.
    using finish_function = void (*)(operation&, action, error_code, void* result);

    operation(kind of, finish_function finish) noexcept : submission{of}, finish_{finish} {}
    ~operation() = default;

    finish_function finish_;
};

/// Owns an operation until it begins.
struct operation_deleter {
    ASIO_MQTT_DECLARATION void operator()(operation* unbegun) const noexcept;
};
using operation_ptr = std::unique_ptr<operation, operation_deleter>;

inline bool is_operation(const submission& each) noexcept {
    return each.what < submission::kind::cancel;
}
inline bool is_io_result(const submission& each) noexcept {
    return each.what >= submission::kind::read;
}

/// An operation that completes with an error_code and a Result; with an error_code alone when that
/// is void.
template <class Result>
class operation_with : public operation {
public:
    using signature = void(error_code, Result);

    void complete(error_code with, Result&& result) { finish_(*this, action::call, with, &result); }

protected:
    using operation::operation;
};
template <>
class operation_with<void> : public operation {
public:
    using signature = void(error_code);

protected:
    using operation::operation;
};

/// Stands for "no executor is associated": such a handler is called where the client is.
struct client_executor {};

/// Also when the client's executor is one of this type behind its type-erased face.
template <class Executor>
bool is_same_executor(const Executor& own, const asio::any_io_executor& client) noexcept {
    if constexpr (std::is_same_v<Executor, asio::any_io_executor>) {
        return own == client;
    } else {
        const auto* const behind = client.target<Executor>();
        return behind != nullptr && *behind == own;
    }
}

/// A handler and its arguments, on the way to the handler's executor.
template <class Handler, class Result>
struct bound_completion {
    Handler handler;
    error_code error;
    Result result;

    void operator()() { std::move(handler)(error, std::move(result)); }
};
template <class Handler>
struct bound_completion<Handler, void> {
    Handler handler;
    error_code error;

    void operator()() { std::move(handler)(error); }
};

template <class Handler, class Result>
class handler_operation final : public operation_with<Result> {
public:
    template <class Initiated>
    static operation_with<Result>* make(operation::kind of, Initiated&& handler,
                                        const asio::any_io_executor& client) {
        allocator memory{asio::get_associated_allocator(handler, recycling_allocator<void>{})};
        auto* const place = std::allocator_traits<allocator>::allocate(memory, 1);
        try {
            return ::new (static_cast<void*>(place))
                handler_operation{of, std::forward<Initiated>(handler), client};
        } catch (...) {  // by the handler, when it is copied or moved, or by its executor
            std::allocator_traits<allocator>::deallocate(memory, place, 1);
            throw;
        }
    }

private:
    using allocator = typename std::allocator_traits<asio::associated_allocator_t<
        Handler, recycling_allocator<void>>>::template rebind_alloc<handler_operation>;
    using executor = asio::associated_executor_t<Handler, client_executor>;
    static constexpr bool has_executor = !std::is_same_v<executor, client_executor>;

    /// The handler's executor, unless it is the client's, as that of a coroutine mostly is: what
    /// runs there already need not be brought there, which was half of what a publish costs it
    /// (1,600 instructions).
    static auto track_work(const Handler& handler, const asio::any_io_executor& client) {
        if constexpr (has_executor) {
            const auto own = asio::get_associated_executor(handler);
            auto tracked = [&] {
                return asio::prefer(own, asio::execution::outstanding_work.tracked);
            };
            using work = std::optional<decltype(tracked())>;
            return is_same_executor(own, client) ? work{} : work{tracked()};
        } else {
            return client_executor{};
        }
    }

    template <class Initiated>
    handler_operation(operation::kind of, Initiated&& handler, const asio::any_io_executor& client)
        : operation_with<Result>{of, &handler_operation::finish},
          handler_{std::forward<Initiated>(handler)},
          work_{track_work(handler_, client)} {}

    static void finish(operation& base, operation::action todo, error_code error, void* result) {
        auto& self = static_cast<handler_operation&>(base);
        Handler handler{std::move(self.handler_)};
        auto work{std::move(self.work_)};
        allocator memory{asio::get_associated_allocator(handler, recycling_allocator<void>{})};
        self.~handler_operation();
        std::allocator_traits<allocator>::deallocate(memory, &self, 1);
        if (todo == operation::action::destroy) return;
        // What stands in the cancellation slot stays there, as with Asio's own operations: it does
        // no harm, and another thread may be in it, such as one that ends a parallel_group.
        if constexpr (has_executor) {
            if (work) return asio::dispatch(*work, bind(std::move(handler), error, result));
        }
        if constexpr (std::is_void_v<Result>) {
            std::move(handler)(error);
        } else if (result != nullptr) {
            std::move(handler)(error, std::move(*static_cast<Result*>(result)));
        } else {
            std::move(handler)(error, Result{});
        }
    }

    static auto bind(Handler&& handler, error_code error, void* result) {
        if constexpr (std::is_void_v<Result>) {
            static_cast<void>(result);
            return bound_completion<Handler, void>{std::move(handler), error};
        } else {
            return bound_completion<Handler, Result>{
                std::move(handler), error,
                result != nullptr ? std::move(*static_cast<Result*>(result)) : Result{}};
        }
    }

    Handler handler_;
    std::invoke_result_t<decltype(&handler_operation::track_work), const Handler&,
                         const asio::any_io_executor&>
        work_;
};

}  // namespace asio_mqtt::detail

/// What is associated with a handler is associated with its completion, too.
template <template <class, class> class Associator, class Handler, class Result, class Default>
struct asio::associator<Associator, asio_mqtt::detail::bound_completion<Handler, Result>, Default>
    : Associator<Handler, Default> {
    static typename Associator<Handler, Default>::type get(
        const asio_mqtt::detail::bound_completion<Handler, Result>& completion,
        const Default& fallback = Default{}) noexcept {
        return Associator<Handler, Default>::get(completion.handler, fallback);
    }
};
