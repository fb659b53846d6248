// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/client_fixture.hpp"

#include <asio/bind_executor.hpp>

#include <memory>

using namespace asio_mqtt;
using test::client_fixture;

namespace {

struct allocations {
    std::size_t count = 0;
    std::size_t living_bytes = 0;
};

/// Counts what is allocated through it.
template <class T>
class counting_allocator {
public:
    using value_type = T;
    explicit counting_allocator(allocations& counted) noexcept : counted_{&counted} {}
    template <class U>
    counting_allocator(const counting_allocator<U>& other) noexcept : counted_{other.counted_} {}

    T* allocate(std::size_t n) {
        ++counted_->count;
        counted_->living_bytes += n * sizeof(T);
        return std::allocator<T>{}.allocate(n);
    }
    void deallocate(T* memory, std::size_t n) noexcept {
        counted_->living_bytes -= n * sizeof(T);
        std::allocator<T>{}.deallocate(memory, n);
    }
    template <class U>
    bool operator==(const counting_allocator<U>& other) const noexcept {
        return counted_ == other.counted_;
    }

private:
    template <class>
    friend class counting_allocator;
    allocations* counted_;
};

/// A handler with that allocator; calls `check` when it is called.
template <class Check>
struct counting_handler {
    using allocator_type = counting_allocator<std::byte>;
    allocations* counted;
    Check check;

    allocator_type get_allocator() const noexcept { return allocator_type{*counted}; }
    template <class... Arguments>
    void operator()(Arguments&&...) const {
        check();
    }
};

}  // namespace

TEST_CASE_METHOD(client_fixture,
                 "allocator: an operation is in its memory, and freed before the call") {
    asio::io_context other;
    const bool has_own_executor = GENERATE(false, true);
    allocations counted;
    int calls = 0;
    const auto check = [&] {
        CHECK(counted.count > 0);
        CHECK(counted.living_bytes == 0);
        ++calls;
    };
    auto c = make("a");
    const auto start = [&](auto&& initiate) {
        counted.count = 0;
        const int before = calls;
        const counting_handler<decltype(check)> handler{&counted, check};
        if (has_own_executor) {
            initiate(asio::bind_executor(other.get_executor(), handler));
        } else {
            initiate(handler);
        }
        CHECK(counted.count > 0);
        CHECK(counted.living_bytes > 0);
        settle();
        other.restart();
        other.poll();
        CHECK(calls == before + 1);
        CHECK(counted.living_bytes == 0);
    };
    start([&](auto handler) { c.async_disconnect(handler); });
    c.async_run([](error_code) {});
    start([&](auto handler) { c.async_run(handler); });  // errc::already_running
    start([&](auto handler) { c.async_subscribe("t", qos::at_most_once, handler); });
    start([&](auto handler) { c.async_publish("t", "1", qos::at_most_once, handler); });
    start([&](auto handler) { c.async_receive(handler); });
    start([&](auto handler) { c.async_publish("t", "2", qos::at_least_once, handler); });
    start([&](auto handler) { c.async_publish("t", "3", qos::exactly_once, handler); });
    start([&](auto handler) { c.async_publish("#", "4", qos::exactly_once, handler); });
    start([&](auto handler) { c.async_unsubscribe("t", handler); });
    start([&](auto handler) { c.async_disconnect(handler); });
}

TEST_CASE("allocator: what is pending when the context goes is freed through it") {
    allocations counted;
    int calls = 0;
    const auto check = [&] { ++calls; };
    {
        client_fixture f;
        auto c = f.make("a");
        const counting_handler<decltype(check)> handler{&counted, check};
        c.async_run(handler);
        c.async_receive(handler);
        c.async_publish("t", "1", qos::exactly_once, handler);
        SECTION("submitted") {}
        SECTION("begun") {
            f.settle();
            c.async_receive(handler);
        }
        CHECK(counted.living_bytes > 0);
    }
    CHECK(counted.living_bytes == 0);
    CHECK(calls <= 1);  // the publish, when it was begun
}

TEST_CASE_METHOD(client_fixture,
                 "allocator: a handler that cannot be copied leaves no memory behind") {
    struct copied {};
    struct uncopyable : counting_handler<void (*)()> {
        explicit uncopyable(allocations& counting)
            : counting_handler<void (*)()>{&counting, [] {}} {}
        uncopyable(const uncopyable& other) : counting_handler<void (*)()>{other} {
            throw copied{};
        }
    };
    allocations counted;
    const uncopyable handler{counted};
    auto c = make("a");
    CHECK_THROWS_AS(c.async_publish("t", "", qos::at_most_once, handler), copied);
    CHECK(counted.count == 1);
    CHECK(counted.living_bytes == 0);
}

TEST_CASE_METHOD(client_fixture, "allocator: a handler lies where its alignment wants it") {
    struct alignas(64) wide_handler {
        int& calls;
        int& misplaced;
        wide_handler(int& called, int& wrong) : calls{called}, misplaced{wrong} {}
        wide_handler(wide_handler&& other) noexcept
            : calls{other.calls}, misplaced{other.misplaced} {
            void* volatile here = this;  // which the compiler must not believe to be aligned
            if (reinterpret_cast<std::uintptr_t>(here) % alignof(wide_handler) != 0) ++misplaced;
        }
        void operator()(error_code, const publish_result&) const { ++calls; }
    };
    int calls = 0;
    int misplaced = 0;
    auto c = make("a");
    // Several, since one may lie well by chance.
    for (int i = 0; i < 8; ++i)
        c.async_publish("t", "", qos::at_most_once, wide_handler{calls, misplaced});
    c.async_run([](error_code) {});
    settle();
    CHECK(calls == 8);
    CHECK(misplaced == 0);
}
