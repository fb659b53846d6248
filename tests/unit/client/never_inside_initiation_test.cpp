// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"
#include "unit/client/client_fixture.hpp"

#include <asio/bind_executor.hpp>
#include <asio/system_executor.hpp>

using namespace asio_mqtt;
using test::client_fixture;

namespace {

/// Calls the initiating functions, also in ways that are wrong, and checks that none of them calls
/// its handler.
class initiations {
public:
    explicit initiations(client_fixture::client& client) : client_{client} {}

    int started = 0;
    int calls = 0;

    /// The system executor runs at once what is dispatched to it.
    auto token() {
        ++started;
        return asio::bind_executor(asio::system_executor{}, [this](auto&&...) {
            CHECK_FALSE(is_inside_);
            ++calls;
        });
    }

    void start_all() {
        run([&] { client_.async_run(token()); });
        run([&] { client_.async_run(token()); });
        run([&] { client_.async_publish("t", "", qos::at_most_once, token()); });
        run([&] { client_.async_publish("t", "", qos::at_least_once, token()); });
        run([&] { client_.async_publish("t", "", qos::exactly_once, token()); });
        run([&] { client_.async_publish("t/#", "", qos::at_most_once, token()); });
        run([&] { client_.async_publish("t", "", static_cast<qos>(3), token()); });
        run([&] { client_.async_subscribe("t", qos::at_most_once, token()); });
        run([&] {
            client_.async_subscribe(
                "t", qos::at_most_once, [](auto&) {}, token());
        });
        run([&] { client_.async_subscribe("#/t", qos::at_most_once, token()); });
        run([&] { client_.async_subscribe(std::vector<subscription>{}, token()); });
        run([&] { client_.async_unsubscribe("t", token()); });
        run([&] { client_.async_unsubscribe("", token()); });
        run([&] { client_.async_receive(token()); });
        run([&] { client_.async_disconnect(token()); });
        run([&] { client_.async_disconnect(token()); });
    }

private:
    void run(const std::function<void()>& initiate) {
        is_inside_ = true;
        initiate();
        is_inside_ = false;
    }

    client_fixture::client& client_;
    bool is_inside_ = false;
};

}  // namespace

TEST_CASE_METHOD(client_fixture, "initiation: no handler is called inside of it") {
    auto wanted = options("a");
    wanted.single_threaded = GENERATE(false, true);
    auto c = make(wanted);
    initiations all{c};
    SECTION("on a client that does not run") {
        all.start_all();
    }
    SECTION("on a client that is connected") {
        c.async_run([](error_code) {});
        settle();
        all.start_all();
    }
    SECTION("in a handler") {
        c.async_run([](error_code) {});
        c.async_publish("t", "", qos::at_least_once,
                        [&](error_code, const publish_result&) { all.start_all(); });
    }
    SECTION("in a message handler") {
        c.async_run([](error_code) {});
        c.async_subscribe(
            "m", qos::at_most_once,
            [&](const message_view&) {
                if (all.started == 0) all.start_all();
            },
            [](error_code, const subscribe_result&) {});
        c.async_publish("m", "", qos::at_most_once, [](error_code, const publish_result&) {});
    }
    settle();
    CHECK(all.started == 16);
    {
        auto gone = std::move(c);  // ends what still waits
    }
    settle();
    CHECK(all.calls == 16);
}
