// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include <asio_mqtt/session/session.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/catch.hpp"
#include "support/wire_observer.hpp"
#include "unit/session/model_broker.hpp"

// Each script of publishes, messages and subscriptions is played between a session and a model of a
// broker, once for every byte of either direction, with the connection lost after that byte; with a
// broker that keeps the session, and one that loses it with the connection. And once for every time
// that the session takes memory, with none left just then: the application gives the connection up,
// and asks again for what it could not ask for. What must hold in the end stands in
// world::verdict().

using namespace asio_mqtt;
using namespace test;

namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
constexpr std::uint16_t broker_maximum =
    2;  // Receive Maximum of the broker: few, so that a leak blocks
constexpr std::uint16_t client_maximum = 2;  // and of the client

/// When the connection is lost: after that many bytes of a direction.
struct cut {
    std::size_t to_broker = unlimited;
    std::size_t to_client = unlimited;
};

/// Lets one allocation fail of those that the session makes, if any.
class scarce_memory {
public:
    scarce_memory() = default;
    explicit scarce_memory(std::size_t allocations_before) : left_{allocations_before} {}

    bool has_failed() const noexcept { return has_failed_; }
    /// From now on it suffices.
    void suffices() noexcept { left_.reset(); }

    template <class Call>
    auto during(Call&& call) {
        if (!left_) return call();
        const std::size_t before = allocation_count();
        const memory_limit limit{*left_, memory_limit::fails::once};
        try {
            const auto result = call();
            *left_ -= allocation_count() - before;
            return result;
        } catch (const std::bad_alloc&) {
            has_failed_ = true;
            suffices();
            throw;
        }
    }

private:
    std::optional<std::size_t> left_;
    bool has_failed_ = false;
};

/// A session, its application, the broker, and the wire between them.
class world {
public:
    world(protocol_version version, std::vector<cut> cuts, bool loses_session,
          scarce_memory& memory)
        : version_{version},
          session_{settings()},
          broker_{version, broker_maximum},
          observer_{version, version == protocol_version::v5 ? broker_maximum : 65'535U},
          cuts_{std::move(cuts)},
          loses_session_{loses_session},
          memory_{memory} {
        connect();
    }

    // --- Steps of scripts ---------------------------------------------------------------------

    void publish(const char* payload, qos level) { publish(payload, level, nullptr); }
    void publish_shared(char filling, qos level) {
        const auto payload = std::make_shared<std::string>(shared_payload_size, filling);
        publish(*payload, level, payload);
    }
    void publish_expiring(const char* payload, qos level) { publish(payload, level, nullptr, 60); }
    void subscribe(const char* filter) { request(filter, true); }
    void unsubscribe(const char* filter) { request(filter, false); }
    void broker_sends(const char* payload, qos level) {
        broker_.send(payload, level);
        sent_by_broker_.push_back({payload, level, broker_.session_number()});
    }
    void hold_acknowledgements() { holds_ = true; }
    void acknowledge_all() {
        holds_ = false;
        // Not in the order in which they came.
        std::reverse(held_.begin(), held_.end());
        for (const auto& [token, payload] : held_)
            take_over(token, payload);
        held_.clear();
    }

    /// Lets bytes flow until nothing moves; connects again whenever the connection was lost.
    void settle() {
        for (int rounds = 0; move(); ++rounds) {
            if (rounds > 10'000) throw std::runtime_error{"it never ends"};
        }
    }

    // --- What came of it ----------------------------------------------------------------------

    std::size_t bytes_to_broker() const { return to_broker_; }
    std::size_t bytes_to_client() const { return to_client_; }

    /// What is wrong, in words; empty when nothing is.
    std::string verdict(const std::set<std::string>& filters) {
        memory_.suffices();
        std::string wrong = observer_.faults + faults_;
        const auto fault = [&wrong](const std::string& text) { wrong += text + "; "; };

        // Every operation has completed exactly once, with success.
        for (const operation& each : operations_) {
            if (each.completions != 1) {
                fault(each.name + " completed " + std::to_string(each.completions) + " times");
            }
            if (each.error) fault(each.name + " failed: " + each.error.message());
        }
        // What was published is with the broker: as often as its QoS says, and in order.
        std::vector<std::string> expected;
        for (const operation& each : operations_) {
            if (!each.is_publish) continue;
            const auto times =
                std::count(broker_.published.begin(), broker_.published.end(), each.name);
            if (each.level == qos::at_most_once && times > 1) fault(each.name + " came twice");
            if (each.level == qos::at_most_once) continue;
            expected.push_back(each.name);
            if (times < 1) fault(each.name + " never came");
            if (each.level == qos::exactly_once && times > 1 && !loses_session_) {
                fault(each.name + " came twice");
            }
        }
        if (first_of_each(broker_.published, expected) != expected) fault("published out of order");

        // What the broker sent is with the application, unless it went with its session.
        std::vector<std::string> all;
        for (const sent& each : sent_by_broker_) {
            const auto times = std::count(received_.begin(), received_.end(), each.payload);
            if (each.level != qos::at_least_once && times > 1)
                fault(each.payload + " delivered twice");
            if (each.level == qos::at_most_once) continue;
            if (each.session == broker_.session_number() && times < 1) {
                fault(each.payload + " not delivered");
            }
            if (times > 0) all.push_back(each.payload);
        }
        if (first_of_each(received_, all) != all) fault("delivered out of order");

        if (broker_.filters() != filters) fault("other subscriptions than were asked for");
        // Nothing is left on either side, and the next connection has nothing to send again.
        if (!broker_.is_idle()) fault("the broker has unfinished handshakes");
        if (observer_.has_unfinished()) fault("identifiers are still in use");
        lose_connection();
        const std::size_t before = observer_.faults.size();
        connect();
        wrote_after_connack_ = 0;
        settle();
        if (wrote_after_connack_ != 0) fault("something is sent on a new connection");
        return wrong + observer_.faults.substr(before);
    }

private:
    struct operation {
        std::string name;
        qos level{};
        bool is_publish = true;
        int completions = 0;
        error_code error{};
    };
    struct sent {
        std::string payload;
        qos level;
        int session;
    };

    session_settings settings() {
        session_settings settings;
        settings.version = version_;
        // What has arrived, and is not looked at any more, does not count.
        settings.on_packet = [this](const packet_trace& packet) {
            if (packet.direction == packet_direction::received) {
                // There is room: it is not the session that takes memory here.
                looked_at_.insert(looked_at_.end(), packet.bytes.begin(), packet.bytes.end());
            }
        };
        looked_at_.reserve(65'536);
        return settings;
    }
    session_event next_event() {
        const struct told {
            ~told() {
                to.observer_.client_received(to.looked_at_);
                to.looked_at_.clear();
            }
            world& to;
        } told{*this};
        return memory_.during([&] { return session_.next_event(); });
    }

    void connect() {
        connect_packet packet;
        packet.client_id = "c";
        packet.clean_start = version_ == protocol_version::v5;
        if (version_ == protocol_version::v5) {
            packet.properties.session_expiry_interval = 3'600;
            packet.properties.receive_maximum = client_maximum;
        }
        until_there_is_memory([&] {
            if (session_.connect(packet, now_)) faults_ += "CONNECT is wrong; ";
        });
    }

    /// A call that throws has done nothing.
    void until_there_is_memory(auto&& call) {
        for (bool is_done = false; !is_done;) {
            try {
                is_done = memory_.during([&] { return call(), true; });
            } catch (const std::bad_alloc&) {
            }
        }
    }

    void lose_connection() {
        session_.disconnected();
        broker_.lose_connection();
        observer_.lost_connection();
        to_broker_ = to_client_ = 0;
    }

    void publish(const std::string& payload, qos level, std::shared_ptr<const void> owner,
                 std::uint32_t expiry_interval = 0) {
        publish_packet packet{.qos = level, .topic = "t", .payload = payload};
        if (expiry_interval != 0 && version_ == protocol_version::v5) {
            packet.properties.message_expiry_interval = expiry_interval;
        }
        errc error{};
        operations_.push_back({payload, level});
        until_there_is_memory([&] {
            auto keeps = owner;
            session_.publish(outbound_publish::make(version_, packet, error, std::move(keeps)),
                             &operations_.back(), now_);
        });
    }

    void request(const char* filter, bool is_subscribe) {
        operations_.push_back({filter, {}, false});
        if (is_subscribe) {
            const std::vector<topic_subscription> filters{
                {.filter = filter, .qos = qos::exactly_once}};
            subscribe_packet packet;
            packet.subscriptions = filters;
            request(packet);
        } else {
            const std::vector<std::string_view> filters{filter};
            unsubscribe_packet packet;
            packet.filters = filters;
            request(packet);
        }
    }
    void request(const auto& packet) {
        errc error{};
        until_there_is_memory([&] {
            session_.request(outbound_request::make(version_, packet, error), &operations_.back());
        });
    }

    /// One exchange: what the session writes, then what the broker answers. False when nothing
    /// moved.
    bool move() {
        try {
            return exchange();
        } catch (const std::bad_alloc&) {
            session_.finish_write();
            return was_cut();
        }
    }
    bool exchange() {
        const cut limit = cut_count_ < cuts_.size() ? cuts_[cut_count_] : cut{};
        std::vector<std::byte> bytes;
        while (true) {
            const auto pieces = memory_.during([&] { return session_.start_write(now_); });
            if (pieces.empty()) break;
            for (const auto piece : pieces) {
                observer_.client_wrote(piece);
                bytes.insert(bytes.end(), piece.begin(), piece.end());
            }
            session_.finish_write();
        }
        tell_events();
        if (session_.is_online()) wrote_after_connack_ += bytes.size();
        const std::size_t reaches = std::min(bytes.size(), limit.to_broker - to_broker_);
        broker_.receive({bytes.data(), reaches});
        to_broker_ += reaches;
        if (to_broker_ == limit.to_broker) return was_cut();

        std::vector<std::byte> answers = std::move(broker_.output);
        broker_.output.clear();
        const std::size_t arrives = std::min(answers.size(), limit.to_client - to_client_);
        deliver({answers.data(), arrives});
        to_client_ += arrives;
        if (to_client_ == limit.to_client) return was_cut();
        return !bytes.empty() || !answers.empty();
    }

    bool was_cut() {
        lose_connection();
        // Sessions are lost at the first cut: those of the connections after it are kept.
        if (loses_session_ && cut_count_ == 0) broker_.lose_session();
        ++cut_count_;
        connect();
        return true;
    }

    void deliver(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const auto room = memory_.during([&] { return session_.prepare_read(); });
            const std::size_t size = std::min(room.size(), bytes.size());
            std::copy_n(bytes.begin(), size, room.begin());
            session_.received(size, now_);
            bytes = bytes.subspan(size);
            tell_events();
        }
    }

    void take_over(acknowledgement token, std::string_view payload) {
        observer_.application_took(payload);
        session_.acknowledge(token);
    }

    void tell_events() {
        while (true) {
            const session_event event = next_event();
            switch (event.what) {
                case session_event::kind::need_data: return;
                case session_event::kind::paused: faults_ += "paused; "; return;
                case session_event::kind::connected: break;
                case session_event::kind::message:
                    received_.emplace_back(event.message->payload);
                    if (holds_) {
                        held_.emplace_back(event.token, event.message->payload);
                    } else {
                        take_over(event.token, event.message->payload);
                    }
                    break;
                case session_event::kind::completed: {
                    auto& done = *static_cast<operation*>(event.tag);
                    ++done.completions;
                    done.error = event.error;
                    break;
                }
                case session_event::kind::subscription_lost: faults_ += "lost; "; break;
                case session_event::kind::closed:
                    faults_ += "closed: " + event.error.message() + "; ";
                    return;
            }
        }
    }

    /// The first of each of `wanted` in `all`, in the order of `all`.
    static std::vector<std::string> first_of_each(const std::vector<std::string>& all,
                                                  const std::vector<std::string>& wanted) {
        std::vector<std::string> first;
        for (const std::string& each : all) {
            if (std::count(wanted.begin(), wanted.end(), each) == 0) continue;
            if (std::count(first.begin(), first.end(), each) == 0) first.push_back(each);
        }
        return first;
    }

    const protocol_version version_;
    const time_point now_{std::chrono::seconds{1'000}};
    std::vector<std::byte> looked_at_;  // by the session, of what has arrived
    session session_;
    model_broker broker_;
    wire_observer observer_;

    const std::vector<cut> cuts_;
    const bool loses_session_;
    scarce_memory& memory_;
    std::size_t cut_count_ = 0;
    std::size_t to_broker_ = 0;  // bytes of this connection
    std::size_t to_client_ = 0;
    std::size_t wrote_after_connack_ = 0;

    std::deque<operation> operations_;
    std::vector<sent> sent_by_broker_;
    std::vector<std::string> received_;
    bool holds_ = false;
    std::vector<std::pair<acknowledgement, std::string>> held_;
    std::string faults_;
};

struct script {
    std::string name;
    std::vector<std::function<void(world&)>> steps;
    std::set<std::string> filters{};  ///< Subscribed to in the end.
};

constexpr auto zero = qos::at_most_once;
constexpr auto one = qos::at_least_once;
constexpr auto two = qos::exactly_once;

const std::vector<script>& scripts() {
    static const std::vector<script> all{
        {"publish QoS 0", {[](world& w) { w.publish("a", zero); }}},
        {"publish QoS 1", {[](world& w) { w.publish("a", one); }}},
        {"publish QoS 2", {[](world& w) { w.publish("a", two); }}},
        {"publish what expires, one after the other",
         {[](world& w) { w.publish_expiring("a", one); },
          [](world& w) { w.publish_expiring("b", two), w.publish_expiring("c", zero); },
          [](world& w) { w.publish_expiring("d", two); }}},
        {"receive QoS 1", {[](world& w) { w.broker_sends("A", one); }}},
        {"receive QoS 2", {[](world& w) { w.broker_sends("A", two); }}},
        {"subscribe", {[](world& w) { w.subscribe("s"); }}, {"s"}},
        {"subscribe and receive",
         {[](world& w) { w.subscribe("t"), w.subscribe("t/#"); },
          [](world& w) { w.broker_sends("A", two), w.broker_sends("B", one); }},
         {"t", "t/#"}},
        {"subscribe, unsubscribe, subscribe",
         {[](world& w) { w.subscribe("s"), w.subscribe("other"); },
          [](world& w) { w.unsubscribe("s"), w.subscribe("s"); },
          [](world& w) { w.unsubscribe("other"); }},
         {"s"}},
        {"more at QoS 1 than the Receive Maximum", {[](world& w) {
             for (const char* each : {"a", "b", "c", "d", "e"})
                 w.publish(each, one);
         }}},
        {"more at QoS 2 than the Receive Maximum", {[](world& w) {
             for (const char* each : {"a", "b", "c", "d", "e"})
                 w.publish(each, two);
         }}},
        {"one after the other at each QoS",
         {[](world& w) { w.publish("a", two); }, [](world& w) { w.publish("b", one); },
          [](world& w) { w.publish("c", zero); }, [](world& w) { w.publish("d", two); },
          [](world& w) { w.publish("e", one); }}},
        {"receive more than the Receive Maximum", {[](world& w) {
             for (const char* each : {"A", "B", "C", "D"})
                 w.broker_sends(each, two);
             for (const char* each : {"E", "F"})
                 w.broker_sends(each, one);
         }}},
        {"receive and acknowledge late",
         {[](world& w) {
              w.hold_acknowledgements();
              for (const char* each : {"A", "C"})
                  w.broker_sends(each, two);
              for (const char* each : {"B", "D"})
                  w.broker_sends(each, one);
          },
          [](world& w) { w.acknowledge_all(); }, [](world& w) { w.broker_sends("E", two); }}},
        {"everything at once",
         {[](world& w) {
              w.subscribe("s");
              w.publish("a", two);
              w.publish("b", one);
              w.broker_sends("A", two);
              w.publish("c", zero);
              w.publish("d", two);
              w.broker_sends("B", one);
          },
          [](world& w) {
              w.broker_sends("C", zero);
              w.broker_sends("D", two);
              w.subscribe("r");
              w.publish("e", one);
              w.publish("f", two);
              w.unsubscribe("s");
          },
          [](world& w) { w.publish("g", two), w.broker_sends("E", two); }},
         {"r"}},
    };
    return all;
}

/// Too many bytes to be cut after each.
const script& shared_payloads() {
    static const script only{"publish shared payloads", {[](world& w) {
                                 w.publish_shared('a', one);
                                 w.publish_shared('b', zero);
                                 w.publish_shared('c', two);
                             }}};
    return only;
}

/// Plays the script; the answer is empty when all was right.
std::string play(const script& played, protocol_version version, const std::vector<cut>& cuts,
                 bool loses_session, scarce_memory& memory, std::size_t* to_broker = nullptr,
                 std::size_t* to_client = nullptr) {
    try {
        world w{version, cuts, loses_session, memory};
        w.settle();
        for (const auto& step : played.steps) {
            step(w);
            w.settle();
        }
        if (to_broker != nullptr) *to_broker = w.bytes_to_broker();
        if (to_client != nullptr) *to_client = w.bytes_to_client();
        return w.verdict(played.filters);
    } catch (const std::exception& error) {
        return error.what();
    }
}

void check(const script& played, protocol_version version, const std::vector<cut>& cuts,
           bool loses_session) {
    scarce_memory enough;
    const std::string wrong = play(played, version, cuts, loses_session, enough);
    if (wrong.empty()) return;
    std::string where;
    for (const cut& each : cuts) {
        where += each.to_broker != unlimited
                     ? " to the broker after " + std::to_string(each.to_broker)
                     : " to the client after " + std::to_string(each.to_client);
    }
    INFO(played.name << (version == protocol_version::v5 ? ", 5.0" : ", 3.1.1") << ", session "
                     << (loses_session ? "lost" : "kept") << ", cut" << where);
    CHECK(wrong == "");
}

}  // namespace

TEST_CASE("lost connection: after every byte of every script [immune-36] [immune-38] [immune-40]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const bool loses_session = GENERATE(false, true);
    for (const script& each : scripts()) {
        std::size_t to_broker = 0;
        std::size_t to_client = 0;
        scarce_memory enough;
        const std::string wrong = play(each, version, {}, false, enough, &to_broker, &to_client);
        INFO(each.name);
        REQUIRE(wrong == "");
        REQUIRE(to_broker > 0);
        REQUIRE(to_client > 0);
        for (std::size_t byte = 0; byte <= to_broker; ++byte) {
            check(each, version, {{.to_broker = byte}}, loses_session);
        }
        for (std::size_t byte = 0; byte <= to_client; ++byte) {
            check(each, version, {{.to_client = byte}}, loses_session);
        }
    }
}

TEST_CASE("lost connection: and once more while it recovers [immune-42]") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const bool loses_session = GENERATE(false, true);
    const script& everything = scripts().back();
    // No connection carries more bytes than these; a cut behind the end never comes.
    for (std::size_t first = 1; first < 330; first += 13) {
        for (std::size_t second = 0; second < 330; second += 5) {
            check(everything, version, {{.to_broker = first}, {.to_client = second}},
                  loses_session);
            check(everything, version, {{.to_client = first}, {.to_broker = second}},
                  loses_session);
        }
    }
}

TEST_CASE("lost connection: for want of memory, whatever it was for") {
    const auto version = GENERATE(protocol_version::v3_1_1, protocol_version::v5);
    const bool loses_session = GENERATE(false, true);
    const bool recovers = GENERATE(false, true);  // from a connection that was lost before
    std::vector<script> all = scripts();
    all.push_back(shared_payloads());
    for (const script& each : all) {
        std::size_t to_client = 0;
        scarce_memory enough;
        REQUIRE(play(each, version, {}, false, enough, nullptr, &to_client) == "");
        const std::vector<cut> cuts{{.to_client = recovers ? to_client : unlimited}};
        std::size_t allocations = 0;
        for (bool has_failed = true; has_failed; ++allocations) {
            scarce_memory memory{allocations};
            const std::string wrong = play(each, version, cuts, loses_session, memory);
            has_failed = memory.has_failed();
            INFO(each.name << (version == protocol_version::v5 ? ", 5.0" : ", 3.1.1")
                           << ", session " << (loses_session ? "lost" : "kept")
                           << ", no memory after " << allocations << " allocations");
            CHECK(wrong == "");
        }
        CHECK(allocations > 3);
    }
}
