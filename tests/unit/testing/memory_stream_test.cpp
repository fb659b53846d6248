// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/testing/memory_stream.hpp>

#include "support/catch.hpp"
#include "unit/testing/wire_client.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <array>
#include <optional>

using asio_mqtt::testing::make_memory_stream_pair;
using asio_mqtt::testing::memory_stream;

namespace {

/// What a read or write came to.
struct outcome {
    std::optional<std::error_code> error{};
    std::size_t size = 0;

    auto handler() {
        return [this](std::error_code e, std::size_t n) {
            REQUIRE_FALSE(error);  // once
            error = e;
            size = n;
        };
    }
    bool is(std::error_code wanted) const { return error == wanted; }
};

struct fixture {
    asio::io_context io;
    std::pair<memory_stream, memory_stream> ends = make_memory_stream_pair(io.get_executor());
    memory_stream& a = ends.first;
    memory_stream& b = ends.second;
    std::string text = std::string(64, '.');

    void run() {
        io.restart();
        io.poll();
    }
    outcome write(memory_stream& end, std::string_view bytes) {
        outcome result;
        end.async_write_some(asio::buffer(bytes), result.handler());
        run();
        return result;
    }
    outcome read(memory_stream& end) {
        outcome result;
        end.async_read_some(asio::buffer(text), result.handler());
        run();
        return result;
    }
};

}  // namespace

TEST_CASE_METHOD(fixture, "memory_stream carries bytes in both directions") {
    CHECK(write(a, "to b").size == 4);
    CHECK(write(b, "to a!").size == 5);
    CHECK(read(b).size == 4);
    CHECK(text.substr(0, 4) == "to b");
    CHECK(read(a).size == 5);
    CHECK(text.substr(0, 5) == "to a!");
}

TEST_CASE_METHOD(fixture, "memory_stream never calls a handler inside the initiating function") {
    outcome reading;
    outcome writing;
    b.async_read_some(asio::buffer(text), reading.handler());
    a.async_write_some(asio::buffer("x", 1), writing.handler());
    CHECK_FALSE(reading.error);
    CHECK_FALSE(writing.error);
    run();
    CHECK(reading.is({}));
    CHECK(writing.is({}));
}

TEST_CASE_METHOD(fixture, "memory_stream gathers and scatters") {
    const std::array<asio::const_buffer, 2> from{asio::buffer("ab", 2), asio::buffer("cd", 2)};
    outcome writing;
    a.async_write_some(from, writing.handler());
    std::string first(1, '.');
    std::string second(9, '.');
    const std::array<asio::mutable_buffer, 2> into{asio::buffer(first), asio::buffer(second)};
    outcome reading;
    b.async_read_some(into, reading.handler());
    run();
    CHECK(writing.size == 4);
    CHECK(reading.size == 4);
    CHECK(first == "a");
    CHECK(second.substr(0, 3) == "bcd");
}

TEST_CASE_METHOD(fixture, "memory_stream completes empty reads and writes at once") {
    outcome reading;
    a.async_read_some(asio::mutable_buffer{}, reading.handler());
    run();
    CHECK(reading.is({}));
    CHECK(write(a, "").is({}));
}

TEST_CASE("memory_stream makes a write wait while the pipe is full") {
    asio::io_context io;
    auto [a, b] = make_memory_stream_pair(io.get_executor(), io.get_executor(), 4);
    outcome first;
    a.async_write_some(asio::buffer("abcdef", 6), first.handler());
    io.run();
    CHECK(first.size == 4);
    outcome second;
    a.async_write_some(asio::buffer("ef", 2), second.handler());
    io.restart();
    io.run_one_for(std::chrono::milliseconds{0});
    CHECK_FALSE(second.error);
    std::string text(3, '.');
    outcome reading;
    b.async_read_some(asio::buffer(text), reading.handler());
    io.restart();
    io.run();
    CHECK(text == "abc");
    CHECK(second.size == 2);
}

TEST_CASE("memory_stream keeps the order of many bytes through a small pipe") {
    asio::io_context io;
    auto [a, b] = make_memory_stream_pair(io.get_executor(), io.get_executor(), 7);
    b.maximum_read_size(3);
    std::string sent;
    for (int i = 0; i < 1000; ++i)
        sent += std::to_string(i);
    std::string got(sent.size(), '.');
    outcome writing;
    outcome reading;
    asio::async_write(a, asio::buffer(sent), writing.handler());
    asio::async_read(b, asio::buffer(got), reading.handler());
    io.run();
    CHECK(writing.size == sent.size());
    CHECK(got == sent);
}

TEST_CASE_METHOD(fixture, "memory_stream splits reads down to one byte") {
    b.maximum_read_size(1);
    write(a, "xyz");
    CHECK(read(b).size == 1);
    CHECK(read(b).size == 1);
    b.maximum_read_size(2);
    CHECK(read(b).size == 1);
    CHECK(text[0] == 'z');
}

TEST_CASE_METHOD(fixture, "memory_stream: the peer of a closed end reads the rest, then eof") {
    write(a, "rest");
    outcome own;
    a.async_read_some(asio::buffer(text), own.handler());
    a.close();
    run();
    CHECK(own.is(asio::error::operation_aborted));
    CHECK(read(b).size == 4);
    CHECK(read(b).is(asio::error::eof));
    CHECK(write(b, "x").is(asio::error::broken_pipe));
    CHECK(read(a).is(asio::error::bad_descriptor));
    CHECK(write(a, "x").is(asio::error::bad_descriptor));
    CHECK_FALSE(a.is_open());
    CHECK(b.is_open());
}

TEST_CASE_METHOD(fixture, "memory_stream: a pending read gets eof when the peer closes") {
    outcome reading;
    b.async_read_some(asio::buffer(text), reading.handler());
    a.close();
    run();
    CHECK(reading.is(asio::error::eof));
}

TEST_CASE("memory_stream: a pending write ends when either end closes") {
    asio::io_context io;
    auto [a, b] = make_memory_stream_pair(io.get_executor(), io.get_executor(), 1);
    outcome filling;
    outcome waiting;
    a.async_write_some(asio::buffer("x", 1), filling.handler());
    a.async_write_some(asio::buffer("y", 1), waiting.handler());
    SECTION("its own") {
        a.close();
        io.run();
        CHECK(waiting.is(asio::error::operation_aborted));
    }
    SECTION("the peer") {
        b.close();
        io.run();
        CHECK(waiting.is(asio::error::broken_pipe));
    }
}

TEST_CASE_METHOD(fixture, "memory_stream aborts what is pending when destroyed or assigned to") {
    outcome reading;
    outcome peer;
    b.async_read_some(asio::buffer(text), peer.handler());
    {
        memory_stream moved = std::move(a);
        moved.async_read_some(asio::buffer(text), reading.handler());
        SECTION("destroyed") {}
        SECTION("assigned to") {
            moved = memory_stream{io.get_executor()};
        }
    }
    run();
    CHECK(reading.is(asio::error::operation_aborted));
    CHECK(peer.is(asio::error::eof));
}

TEST_CASE_METHOD(fixture, "memory_stream that was never connected") {
    memory_stream lone{io.get_executor()};
    CHECK_FALSE(lone.is_open());
    CHECK(read(lone).is(asio::error::bad_descriptor));
    CHECK(write(lone, "x").is(asio::error::bad_descriptor));
    lone.close();
}

TEST_CASE_METHOD(fixture, "memory_stream loses the connection after so many bytes") {
    write(a, "ab");
    a.cut_after(3);
    write(a, "cdefg");
    write(b, "lost");
    CHECK(read(b).size == 5);
    CHECK(text.substr(0, 5) == "abcde");
    CHECK(read(b).is(asio::error::connection_reset));
    CHECK(write(b, "x").is(asio::error::connection_reset));
    CHECK(read(a).is(asio::error::connection_reset));
    CHECK(write(a, "x").is(asio::error::connection_reset));
}

TEST_CASE_METHOD(fixture, "memory_stream cut at once ends what is pending at both ends") {
    outcome at_a;
    outcome at_b;
    a.async_read_some(asio::buffer(text), at_a.handler());
    b.async_read_some(asio::buffer(text), at_b.handler());
    a.cut_after(0);
    run();
    CHECK(at_a.is(asio::error::connection_reset));
    CHECK(at_b.is(asio::error::connection_reset));
}

TEST_CASE_METHOD(fixture, "memory_stream: cancelling by slot ends that operation only") {
    asio::cancellation_signal signal;
    outcome cancelled;
    outcome other;
    a.async_read_some(asio::buffer(text),
                      asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    b.async_read_some(asio::buffer(text), other.handler());
    signal.emit(asio::cancellation_type::terminal);
    run();
    CHECK(cancelled.is(asio::error::operation_aborted));
    CHECK_FALSE(other.error);

    signal.emit(asio::cancellation_type::terminal);  // too late: must not touch the next read
    write(a, "x");
    CHECK(other.size == 1);
    write(b, "kept");
    CHECK(read(a).size == 4);
}

TEST_CASE_METHOD(fixture, "memory_stream handlers run on their associated executor") {
    auto strand = asio::make_strand(io);
    bool on_strand = false;
    struct move_only {
        std::unique_ptr<int> resource;
        void operator()(std::error_code, std::size_t) const { action(); }
        std::function<void()> action;
    };
    a.async_read_some(asio::buffer(text),
                      asio::bind_executor(strand, move_only{std::make_unique<int>(1), [&] {
                                                                on_strand =
                                                                    strand.running_in_this_thread();
                                                            }}));
    write(b, "x");
    CHECK(on_strand);
}

TEST_CASE_METHOD(fixture, "memory_stream works with futures and coroutines") {
    auto future = a.async_read_some(asio::buffer(text), asio::use_future);
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            co_await b.async_write_some(asio::buffer("abc", 3), asio::use_awaitable);
        },
        asio::detached);
    run();
    CHECK(future.get() == 3);
}
