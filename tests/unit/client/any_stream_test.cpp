// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/client.hpp>
#include <asio_mqtt/testing/broker_connection.hpp>

#include "support/catch.hpp"
#include "unit/client/connect_with.hpp"
#include "unit/client/outcome.hpp"
#include "unit/testing/wire_client.hpp"

#include <asio/compose.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

using namespace asio_mqtt;

namespace {

/// A stream of the test's own: what is written goes into a broker's end of a connection as a call,
/// and what that has to say can be read.
class direct_stream {
public:
    using executor_type = asio::any_io_executor;

    direct_stream(const executor_type& executor, testing::broker_state& state)
        : end_{std::make_unique<end>(executor, state)} {}

    executor_type get_executor() { return end_->arrival.get_executor(); }
    void close() {
        end_->is_closed = true;
        end_->arrival.cancel();
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        const asio::const_buffer first = *asio::buffer_sequence_begin(buffers);
        end_->broker.received({static_cast<const std::byte*>(first.data()), first.size()});
        end_->arrival.cancel();  // it may have an answer
        return asio::async_compose<Token, void(error_code, std::size_t)>(
            [size = first.size(), posted = false](auto& self) mutable {
                if (std::exchange(posted, true)) return self.complete({}, size);
                asio::post(std::move(self));
            },
            token, end_->arrival);
    }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return asio::async_compose<Token, void(error_code, std::size_t)>(
            [from = end_.get(), buffers, began = false](auto& self, error_code = {}) mutable {
                if (from->bytes.empty()) from->broker.take_output(from->bytes);
                if (!std::exchange(began, true)) {
                    if (!from->bytes.empty()) return asio::post(std::move(self));
                } else if (from->is_closed) {
                    return self.complete(asio::error::operation_aborted, 0);
                }
                if (from->bytes.empty()) return from->arrival.async_wait(std::move(self));
                const std::size_t size = asio::buffer_copy(buffers, asio::buffer(from->bytes));
                from->bytes.erase(from->bytes.begin(),
                                  from->bytes.begin() + static_cast<std::ptrdiff_t>(size));
                self.complete({}, size);
            },
            token, end_->arrival);
    }

private:
    struct end {
        end(const executor_type& executor, testing::broker_state& state)
            : arrival{executor, asio::steady_timer::time_point::max()}, broker{state, [this] {
                                                                                   arrival.cancel();
                                                                               }} {}
        asio::steady_timer arrival;  // cancelled when there may be something to read
        testing::broker_connection broker;
        std::vector<std::byte> bytes;
        bool is_closed = false;
    };
    std::unique_ptr<end> end_;
};

struct direct_connector {
    using stream_type = direct_stream;
    asio::any_io_executor executor;
    testing::broker_state* state;

    template <class Token>
    auto async_connect(const broker_address&, Token&& token) {
        return test::connect_with(direct_stream{executor, *state}, std::forward<Token>(token));
    }
};

}  // namespace

TEST_CASE("client: works over any stream") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    asio::io_context io;
    testing::broker_options broker_options;
    testing::broker_state state{broker_options};
    basic_client<direct_connector> c{
        io.get_executor(),
        {.brokers = {"direct://broker"}, .version = version, .client_id = "a"},
        direct_connector{io.get_executor(), &state}};
    test::plain_outcome ran;
    test::subscribe_outcome subscribed;
    c.async_run(ran.handler());
    std::vector<std::string> seen;
    c.async_subscribe(
        "t/#", qos::exactly_once, [&](const message_view& m) { seen.emplace_back(m.payload); },
        subscribed.handler());
    REQUIRE(test::run_until(io, [&] { return subscribed.calls == 1; }));
    CHECK_FALSE(subscribed.error);
    test::publish_outcome published[3];
    c.async_publish("t/0", "zero", qos::at_most_once, published[0].handler());
    c.async_publish("t/1", "one", qos::at_least_once, published[1].handler());
    c.async_publish("t/2", std::string(100'000, '2'), qos::exactly_once, published[2].handler());
    REQUIRE(test::run_until(io, [&] { return seen.size() == 3 && published[2].calls == 1; }));
    CHECK(seen == std::vector<std::string>{"zero", "one", std::string(100'000, '2')});
    CHECK(published[0].succeeded());
    CHECK(published[1].succeeded());
    CHECK(published[2].succeeded());
    c.async_disconnect([](error_code) {});
    REQUIRE(test::run_until(io, [&] { return ran.calls == 1; }));
    CHECK_FALSE(ran.error);
}
