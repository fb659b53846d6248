// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/detail/submission_queue.hpp>

#include "support/catch.hpp"

#include <array>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

using asio_mqtt::detail::submission;
using asio_mqtt::detail::submission_queue;

namespace {

/// Submissions "0" to "9", each to be used once.
class submissions {
public:
    submission& operator[](std::size_t number) { return each_[number]; }
    std::string name(const submission& of) const {
        return std::to_string(static_cast<const numbered*>(&of) - each_.data());
    }

private:
    struct numbered final : submission {
        numbered() : submission{kind::check_connection} {}
    };
    std::array<numbered, 10> each_;
};

struct queue_fixture {
    submissions each;
    submission_queue queue{GENERATE(false, true)};  // for one thread only?

    /// What is taken, in order; `meanwhile` sees each.
    std::string taken(const std::function<void(const std::string&)>& meanwhile = {}) {
        std::string names;
        queue.take_all([&](submission& next) {
            names += each.name(next);
            if (meanwhile) meanwhile(each.name(next));
        });
        return names;
    }
    void take_and_throw_at(const std::string& name) {
        const auto throw_at = [&](const std::string& taken) {
            if (taken == name) throw std::runtime_error{"from a handler"};
        };
        CHECK_THROWS_AS(taken(throw_at), std::runtime_error);
    }
};

}  // namespace

TEST_CASE_METHOD(queue_fixture, "submission_queue: the first has to see to it that it is taken") {
    CHECK(queue.push(each[0]));
    CHECK_FALSE(queue.push(each[1]));
    queue.enter();
    CHECK_FALSE(queue.push(each[2]));
    CHECK(taken() == "012");
    CHECK(queue.done());
    CHECK(queue.push(each[3]));
    CHECK_FALSE(queue.push(each[4]));
    CHECK(taken() == "34");
}

TEST_CASE_METHOD(queue_fixture, "submission_queue: what is submitted meanwhile is left for later") {
    queue.push(each[0]);
    queue.push(each[1]);
    queue.enter();
    const auto submit_next = [this](const std::string& name) {
        queue.push(each[name == "0" ? 2 : 3]);
    };
    CHECK(taken(submit_next) == "01");
    CHECK_FALSE(queue.done());
    CHECK(taken() == "23");
    CHECK(queue.done());
}

TEST_CASE_METHOD(queue_fixture, "submission_queue: the order of a thread holds over an exception") {
    for (const std::size_t before : {0U, 1U, 2U})
        queue.push(each[before]);
    queue.enter();
    queue.push(each[3]);
    take_and_throw_at("1");
    queue.push(each[4]);
    queue.leave();
    CHECK_FALSE(queue.push(each[5]));  // whoever was interrupted goes on
    queue.enter();
    queue.push(each[6]);
    CHECK_FALSE(queue.done());
    CHECK(taken() == "23456");
    CHECK(queue.done());
}

TEST_CASE("submission_queue: what happened before is taken before, in whatever thread") {
    submissions each;
    submission_queue queue{false};
    CHECK(queue.push(each[0]));
    queue.enter();
    queue.push(each[1]);
    std::thread{[&] {
        CHECK_FALSE(queue.push(each[2]));
        CHECK_FALSE(queue.push(each[3]));
    }}.join();
    queue.push(each[4]);
    std::thread{[&] { queue.push(each[5]); }}.join();
    std::string names;
    queue.take_all([&](submission& next) { names += each.name(next); });
    CHECK(names == "012345");
    CHECK(queue.done());
}

TEST_CASE_METHOD(queue_fixture, "submission_queue: what is put off is taken with what comes next") {
    CHECK(queue.push(each[0]));
    CHECK_FALSE(queue.push(each[1]));
    std::string expected = "013";
    SECTION("before any of it was taken") {}
    SECTION("by whoever takes") {
        queue.enter();
        take_and_throw_at("0");
        CHECK_FALSE(queue.push(each[2]));
        expected = "123";
    }
    queue.put_off();
    CHECK(queue.push(each[3]));
    queue.enter();
    CHECK(taken() == expected);
    CHECK(queue.done());
}

TEST_CASE_METHOD(queue_fixture, "submission_queue: what is refused is not taken") {
    CHECK(queue.push(each[0]));
    CHECK_FALSE(queue.push(each[1]));
    queue.put_off(&each[0]);
    CHECK(queue.push(each[2]));
    queue.enter();
    CHECK(taken() == "12");
    CHECK(queue.done());
}
