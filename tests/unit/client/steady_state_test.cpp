// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/allocation_counter.hpp"
#include "support/catch.hpp"

#include <asio_mqtt/client.hpp>

#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

// In the steady state a message allocates nothing, at any QoS, in either direction.

using namespace asio_mqtt;

namespace {

// An address sanitizer sees what is used after its end because memory is not recycled.
#if defined(__SANITIZE_ADDRESS__)
#define FREES_AT_ONCE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FREES_AT_ONCE
#endif
#endif
#ifdef FREES_AT_ONCE
constexpr bool recycles_memory = false;
#else
constexpr bool recycles_memory = true;
#endif

constexpr std::size_t most_at_once = 1'000;

/// A client over TCP, and the far end of its connection, which allocates nothing.
struct fixture {
    explicit fixture(protocol_version version)
        : is_v5{version == protocol_version::v5}, c{io, options(version)} {
        c.async_run(asio::detached);
        acceptor.non_blocking(true);
        run_until([&] {
            std::error_code failed;
            acceptor.accept(peer, failed);
            return !failed;
        });
        read(is_v5 ? 26 : 15);
        write(is_v5 ? std::string_view{"\x20\3\0\0\0", 5} : std::string_view{"\x20\2\0\0", 4});
    }

    client_options options(protocol_version version) const {
        return {.brokers = {"mqtt://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port())},
                .version = version,
                .client_id = "c",
                .assumed_receive_maximum = most_at_once};
    }

    void run_until(auto&& done) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (!done()) {
            REQUIRE(std::chrono::steady_clock::now() < deadline);
            io.run_one_for(std::chrono::milliseconds{20});
        }
    }

    // The far end.

    void read(std::size_t size) {
        run_until([&] { return peer.available() >= size; });
        asio::read(peer, asio::buffer(bytes.data(), size));
    }
    void write(std::string_view what) { asio::write(peer, asio::buffer(what)); }
    /// For as many packets as there are messages in the window, the same one for each identifier.
    void write_each(std::string_view packet, std::size_t id_place) {
        for (std::size_t i = 0; i < window; ++i) {
            char* const place = bytes.data() + i * packet.size();
            packet.copy(place, packet.size());
            if (id_place != 0) set_id(place + id_place, static_cast<std::uint16_t>(i + 1));
        }
        write({bytes.data(), window * packet.size()});
    }
    /// Reads that many packets of this size, and answers each with one that has its identifier.
    void answer_each(std::size_t size, std::size_t id_place, char type) {
        read(window * size);
        for (std::size_t i = 0; i < window; ++i) {
            const char* const id = bytes.data() + i * size + id_place;
            const char answer[] = {type, 2, id[0], id[1]};
            std::copy(answer, answer + 4, answers.data() + i * 4);
        }
        write({answers.data(), window * 4});
    }
    static void set_id(char* place, std::uint16_t id) {
        place[0] = static_cast<char>(id >> 8);
        place[1] = static_cast<char>(id & 0xFF);
    }

    /// How often anything is allocated, once all buffers have their size.
    template <class Round>
    static std::size_t allocations(Round&& round) {
        for (int i = 0; i < 10; ++i)
            round();
        const std::size_t before = test::allocation_count();
        for (int i = 0; i < 10; ++i)
            round();
        return test::allocation_count() - before;
    }

    std::size_t window = most_at_once;  // messages of a round
    const bool is_v5;
    asio::io_context io{1};
    asio::io_context peer_io{1};
    asio::ip::tcp::acceptor acceptor{peer_io, {asio::ip::address_v4::loopback(), 0}};
    asio::ip::tcp::socket peer{peer_io};
    std::array<char, 65'536> bytes{};
    std::array<char, 65'536> answers{};
    client c;
};

const auto both_versions = {protocol_version::v3_1_1, protocol_version::v5};
const auto all_qos = {qos::at_most_once, qos::at_least_once, qos::exactly_once};

}  // namespace

TEST_CASE("steady state: publishing allocates nothing") {
    const auto version = GENERATE(values(both_versions));
    const auto level = GENERATE(values(all_qos));
    const bool is_begun_by_handlers = GENERATE(true, false);
    const bool is_long = GENERATE(false, true);
    CAPTURE(version, level, is_begun_by_handlers, is_long);
    fixture f{version};
    f.window = is_long ? 50 : most_at_once;
    const std::size_t window = f.window;
    const std::string content(is_long ? 1'000 : 16, 'x');
    const std::size_t head_size = is_long ? 3 : 2;
    const std::size_t id_size = level == qos::at_most_once ? 0 : 2;
    const std::size_t size = head_size + 3 + id_size + (f.is_v5 ? 1 : 0) + content.size();
    struct publisher {
        fixture& f;
        const qos level;
        const std::string& content;
        std::size_t left_to_handlers = 0;
        std::size_t done = 0;
        void publish() {
            f.c.async_publish("t", content, level, [this](error_code error, const publish_result&) {
                REQUIRE_FALSE(error);
                ++done;
                if (left_to_handlers == 0) return;
                --left_to_handlers;
                publish();
            });
        }
        void publish_all() {
            for (std::size_t i = 0; i < f.window; ++i)
                publish();
        }
    } publisher{f, level, content};
    const bool is_answered = level != qos::at_most_once;
    if (is_begun_by_handlers && is_answered) publisher.publish_all();
    const auto round = [&] {
        publisher.done = 0;
        if (!is_begun_by_handlers) {
            publisher.publish_all();
        } else if (is_answered) {
            publisher.left_to_handlers = window;
        } else {
            publisher.left_to_handlers = window - 1;
            publisher.publish();
        }
        if (level == qos::at_most_once) f.read(window * size);
        if (level == qos::at_least_once) f.answer_each(size, head_size + 3, '\x40');
        if (level == qos::exactly_once) {
            f.answer_each(size, head_size + 3, '\x50');
            f.answer_each(4, 2, '\x70');
        }
        f.run_until([&] { return publisher.done == window; });
    };
    const std::size_t allocated = fixture::allocations(round);
    if (recycles_memory) CHECK(allocated == 0);
}

TEST_CASE("steady state: receiving allocates nothing") {
    const auto version = GENERATE(values(both_versions));
    const auto level = GENERATE(values(all_qos));
    const bool is_by_hand = GENERATE(false, true);
    CAPTURE(version, level, is_by_hand);
    fixture f{version};
    const std::size_t window = f.window;
    const std::string_view content = "0123456789ABCDEF";
    std::size_t received = 0;
    if (is_by_hand) {
        f.c.async_subscribe(
            "t", level,
            [&](const message_view&, manual_acknowledgement acknowledgement) {
                ++received;
                acknowledgement.acknowledge();
            },
            asio::detached);
    } else {
        f.c.async_subscribe(
            "t", level, [&](const message_view&) { ++received; }, asio::detached);
    }
    f.read(f.is_v5 ? 11 : 8);
    const auto granted = static_cast<char>(level);
    const char suback_5[] = {'\x90', 4, 0, 1, 0, granted};
    const char suback_3[] = {'\x90', 3, 0, 1, granted};
    f.write(f.is_v5 ? std::string_view{suback_5, 6} : std::string_view{suback_3, 5});
    const std::size_t id_place = level == qos::at_most_once ? 0 : 5;
    std::string message = "?";
    message += static_cast<char>(3 + (id_place != 0 ? 2 : 0) + (f.is_v5 ? 1 : 0) + content.size());
    message[0] = static_cast<char>(0x30 + 2 * static_cast<int>(level));
    message += std::string_view{"\0\1t", 3};
    if (id_place != 0) message += "??";
    if (f.is_v5) message += '\0';
    message += content;
    const auto round = [&] {
        received = 0;
        f.write_each(message, id_place);
        if (level == qos::at_least_once) f.read(window * 4);
        if (level == qos::exactly_once) {
            f.answer_each(4, 2, '\x62');
            f.read(window * 4);
        }
        f.run_until([&] { return received == window; });
    };
    const std::size_t allocated = fixture::allocations(round);
    if (recycles_memory) CHECK(allocated == 0);
}
