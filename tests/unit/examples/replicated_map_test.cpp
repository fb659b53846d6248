// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "data_sync/replicated_map.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace data_sync;
using outcome = replicated_map::outcome;

namespace {

struct told {
    std::string key;
    record content;
};

/// What the rule says, in other words than record's.
bool wins(const record& left, const record& right) {
    if (left.version != right.version) return left.version > right.version;
    if (left.node != right.node) return left.node > right.node;
    if (left.deleted != right.deleted) return left.deleted;
    return left.value > right.value;
}

using expectation = std::map<std::string, record>;

expectation winners(const std::vector<told>& all) {
    expectation best;
    for (const told& each : all) {
        const auto [held, is_first] = best.try_emplace(each.key, each.content);
        if (!is_first && wins(each.content, held->second)) held->second = each.content;
    }
    return best;
}

bool holds(const replicated_map& node, const expectation& expected) {
    return std::equal(node.all().begin(), node.all().end(), expected.begin(), expected.end());
}

/// A change of a random key, as it is to be told to the others; none when it deleted what was not
/// there.
std::vector<told> change_something(replicated_map& node, std::minstd_rand& random) {
    const std::string key = "key " + std::to_string(random() % 4);
    const record* const change = random() % 4 == 0
                                     ? node.erase(key)
                                     : node.set(key, "value " + std::to_string(random() % 100));
    return change == nullptr ? std::vector<told>{} : std::vector<told>{{key, *change}};
}

std::vector<replicated_map> make_nodes() {
    std::vector<replicated_map> nodes;
    for (const char* id : {"kitchen", "office", "garden", "cellar"})
        nodes.emplace_back(id);
    return nodes;
}

}  // namespace

TEST_CASE("replicated_map: a change has the next version and the node's id") {
    replicated_map map{"kitchen"};
    const record* first = map.set("light", "on");
    REQUIRE(first != nullptr);
    CHECK(*first == record{.version = 1, .node = "kitchen", .value = "on"});
    CHECK(map.set("light", "off")->version == 2);
    CHECK(map.set("door", "open")->version == 1);
    CHECK(*map.get("light") == "off");
    CHECK(map.get("window") == nullptr);
    CHECK(map.find("window") == nullptr);
}

TEST_CASE("replicated_map: a change comes after all that the node has seen of the key") {
    replicated_map map{"kitchen"};
    CHECK(map.merge("light", {.version = 41, .node = "office", .value = "on"}) == outcome::applied);
    CHECK(*map.set("light", "off") == record{.version = 42, .node = "kitchen", .value = "off"});
}

TEST_CASE("replicated_map: merging tells what came of it") {
    replicated_map map{"kitchen"};
    const record heard{.version = 3, .node = "office", .value = "on"};
    CHECK(map.merge("light", heard) == outcome::applied);
    CHECK(map.merge("light", heard) == outcome::known);
    CHECK(map.merge("light", {.version = 2, .node = "zoo", .value = "x"}) == outcome::beaten);
    CHECK(map.merge("light", {.version = 3, .node = "garden", .value = "x"}) == outcome::beaten);
    CHECK(*map.get("light") == "on");
    CHECK(map.merge("light", {.version = 3, .node = "pantry", .value = "x"}) == outcome::applied);
    CHECK(map.merge("light", {.version = 4, .node = "a", .value = "y"}) == outcome::applied);
    CHECK(*map.get("light") == "y");
}

TEST_CASE("replicated_map: changes at the same moment end equal, by the higher node id") {
    replicated_map kitchen{"kitchen"};
    replicated_map office{"office"};
    const record red = *kitchen.set("light", "red");
    const record blue = *office.set("light", "blue");
    CHECK(red.version == blue.version);
    CHECK(kitchen.merge("light", blue) == outcome::applied);
    CHECK(office.merge("light", red) == outcome::beaten);
    CHECK(*kitchen.get("light") == "blue");
    CHECK(kitchen.all() == office.all());
}

TEST_CASE("replicated_map: a deletion leaves a tombstone with the next version") {
    replicated_map map{"kitchen"};
    CHECK(map.erase("light") == nullptr);
    map.set("light", "on");
    CHECK(*map.erase("light") == record{.version = 2, .node = "kitchen", .deleted = true});
    CHECK(map.get("light") == nullptr);
    CHECK(map.erase("light") == nullptr);
    CHECK(map.find("light")->version == 2);
    CHECK(map.set("light", "on")->version == 3);
    CHECK(*map.get("light") == "on");
}

TEST_CASE("replicated_map: a node that was away cannot bring back a deleted key") {
    replicated_map kitchen{"kitchen"};
    replicated_map office{"office"};
    const record old = *kitchen.set("light", "on");
    office.merge("light", old);
    const record tombstone = *kitchen.erase("light");
    // office missed that, comes back and tells what it has.
    CHECK(kitchen.merge("light", *office.find("light")) == outcome::beaten);
    CHECK(kitchen.get("light") == nullptr);
    CHECK(office.merge("light", tombstone) == outcome::applied);
    CHECK(office.get("light") == nullptr);
    CHECK(office.merge("light", old) == outcome::beaten);
    CHECK(kitchen.all() == office.all());
}

TEST_CASE("replicated_map: two nodes of one id still end equal") {
    replicated_map left{"twin"};
    replicated_map right{"twin"};
    const record a = *left.set("light", "red");
    const record b = *right.set("light", "blue");
    left.merge("light", b);
    right.merge("light", a);
    CHECK(left.all() == right.all());
    CHECK(*left.get("light") == "red");
}

TEST_CASE("replicated_map: a key that is out of versions stays as it is") {
    replicated_map map{"kitchen"};
    map.merge("light", {.version = maximum_version - 1, .node = "office", .value = "on"});
    CHECK(map.set("light", "off")->version == maximum_version);
    CHECK(map.set("light", "on") == nullptr);
    CHECK(map.erase("light") == nullptr);
    CHECK(*map.get("light") == "off");
}

TEST_CASE("replicated_map: nodes end equal in whatever order, and however often, records come") {
    for (unsigned seed = 1; seed <= 500; ++seed) {
        CAPTURE(seed);
        std::minstd_rand random{seed};
        std::vector<replicated_map> nodes = make_nodes();
        std::vector<told> all;
        for (int i = 0; i < 40 || all.size() < 10; ++i) {
            // Somebody changes something, and somebody hears of something, perhaps.
            for (const told& change : change_something(nodes[random() % nodes.size()], random)) {
                all.push_back(change);
            }
            if (all.empty()) continue;
            const told& heard = all[random() % all.size()];
            if (random() % 2 == 0) nodes[random() % nodes.size()].merge(heard.key, heard.content);
        }

        const expectation expected = winners(all);
        for (replicated_map& node : nodes) {
            // Much is lost at first; all of it comes again, in another order, some of it twice.
            std::vector<told> coming = all;
            std::shuffle(coming.begin(), coming.end(), random);
            const std::vector<told> first_try(coming.begin(), coming.begin() + 10);
            std::shuffle(coming.begin(), coming.end(), random);
            coming.insert(coming.end(), first_try.begin(), first_try.end());
            coming.insert(coming.begin(), first_try.begin(), first_try.end());
            for (const told& each : coming)
                node.merge(each.key, each.content);
            CHECK(holds(node, expected));
        }
    }
}

TEST_CASE("replicated_map: all orders of a few records have the same end") {
    std::vector<record> records{
        {.version = 1, .node = "a", .value = "1"},    {.version = 1, .node = "b", .value = "2"},
        {.version = 2, .node = "a", .deleted = true}, {.version = 2, .node = "b", .value = "3"},
        {.version = 2, .node = "b", .value = "4"},    {.version = 3, .node = "a", .value = "5"}};
    const record last{.version = 3, .node = "a", .value = "5"};
    int orders = 0;
    do {
        replicated_map map{"reader"};
        for (const record& each : records)
            map.merge("key", each);
        CHECK(*map.find("key") == last);
        ++orders;
    } while (std::next_permutation(records.begin(), records.end()));
    CHECK(orders == 720);
}

namespace {

/// A broker that retains the last message of each topic, and the nodes on it, each with what is on
/// its way to and from it; a node answers a beaten record with its own.
struct network {
    struct place {
        replicated_map node;
        bool is_connected = true;
        std::deque<told> to_broker{};
        std::deque<told> from_broker{};
    };

    std::vector<place> places;
    std::map<std::string, record> retained{};
    std::vector<told> all{};

    void change_something_at(place& where, std::minstd_rand& random) {
        for (const told& change : change_something(where.node, random)) {
            all.push_back(change);
            where.to_broker.push_back(change);  // QoS 1: waits for the connection
        }
    }

    void connect(place& where) {
        where.is_connected = true;
        for (const auto& [key, content] : retained)
            where.from_broker.push_back({key, content});
    }

    void disconnect(place& where) {
        where.is_connected = false;
        where.from_broker.clear();
    }

    /// One message goes one step; false when there was none.
    bool deliver_one(place& where, bool upwards) {
        if (!where.is_connected) return false;
        std::deque<told>& from = upwards ? where.to_broker : where.from_broker;
        if (from.empty()) return false;
        const told message = from.front();
        from.pop_front();
        if (upwards) {
            retained[message.key] = message.content;
            for (place& each : places) {
                if (each.is_connected) each.from_broker.push_back(message);
            }
        } else if (where.node.merge(message.key, message.content) == outcome::beaten) {
            where.to_broker.push_back({message.key, *where.node.find(message.key)});
        }
        return true;
    }
};

}  // namespace

TEST_CASE("replicated_map: the broker retains the winners once all beaten records are answered") {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        std::minstd_rand random{seed};
        network net;
        for (replicated_map& node : make_nodes())
            net.places.push_back({.node = std::move(node)});
        const auto anyone = [&]() -> network::place& {
            return net.places[random() % net.places.size()];
        };
        for (int i = 0; i < 300; ++i) {
            switch (random() % 10) {
                case 0: {
                    network::place& where = anyone();
                    where.is_connected ? net.disconnect(where) : net.connect(where);
                    break;
                }
                case 1: net.change_something_at(anyone(), random); break;
                default: net.deliver_one(anyone(), random() % 2 == 0);
            }
        }
        for (network::place& each : net.places) {
            if (!each.is_connected) net.connect(each);
        }
        // It must come to rest: an answer to a beaten record beats, and is not answered.
        int steps = 0;
        for (bool is_moving = true; is_moving;) {
            is_moving = false;
            for (network::place& each : net.places) {
                is_moving |= net.deliver_one(each, random() % 2 == 0);
                is_moving |= net.deliver_one(each, true) || net.deliver_one(each, false);
            }
            REQUIRE(++steps < 100'000);
        }
        const expectation expected = winners(net.all);
        CHECK(net.retained == expected);
        for (const network::place& each : net.places)
            CHECK(holds(each.node, expected));
    }
}
