// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "replicated_map.hpp"

#include <asio_mqtt.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace data_sync {

namespace mqtt = asio_mqtt;

/// What the program does about what happens; all are called on the node's executor, and all must be
/// set.
struct node_events {
    /// Another node changed the key.
    std::function<void(const std::string& key, const record&)> changed;
    /// All that was there before this node started has arrived.
    std::function<void()> caught_up;
    /// Something was ignored or refused; the node goes on.
    std::function<void(const std::string&)> warning;
    /// The node is stopped: by stop(), or because of an error that another try cannot heal.
    std::function<void(mqtt::error_code)> stopped;
};

/// A replicated_map that keeps itself equal to those of all nodes with the same broker and prefix.
///
/// The record of a key is the retained message of the topic `PREFIX/KEY`, with the key encoded into
/// one level. A node subscribes to `PREFIX/+` and merges what arrives: first the retained messages,
/// which bring it up to date, then every change.
///
/// A broker retains the message that came last, which need not be the greatest. So a node that
/// hears a record beaten by its own, or a payload that is no record, publishes its own again: if
/// the last message of a topic is not the greatest record that any connected node holds, then that
/// node hears it and mends it. A node hears its own messages for the same reason: their order among
/// the others shows what the broker retains.
///
/// One thread at a time: `executor` must be a single thread's, or a strand. Must outlive the run of
/// the executor.
class sync_node {
public:
    /// Not connected yet. The options say where and as whom; the rest of them is set here.
    sync_node(asio::any_io_executor executor, mqtt::client_options options, std::string prefix,
              std::string node, node_events events)
        : executor_{std::move(executor)},
          options_{std::move(options)},
          prefix_{std::move(prefix)},
          events_{std::move(events)},
          map_{std::move(node)} {
        // No session outlives a connection: each brings all retained messages again, also when more
        // happened in between than a broker would have queued.
        options_.session_expiry_interval = std::chrono::seconds{0};
        options_.single_threaded = true;
    }
    sync_node(const sync_node&) = delete;
    sync_node& operator=(const sync_node&) = delete;

    const replicated_map& map() const noexcept { return map_; }

    /// False when the key is out of versions. Without a connection, the change leaves with the
    /// next.
    bool set(const std::string& key, std::string value) {
        const bool is_done = map_.set(key, std::move(value)) != nullptr;
        if (is_done) publish(key);
        return is_done;
    }

    /// False when there is no such key.
    bool erase(const std::string& key) {
        const bool is_done = map_.erase(key) != nullptr;
        if (is_done) publish(key);
        return is_done;
    }

    /// Connects, and stays connected until stop(). To be called when new, or after `stopped`.
    void start() {
        stop_error_ = {};
        is_stopping_ = false;
        client_.emplace(executor_, options_);
        client_->async_run([this](mqtt::error_code error) {
            client_.reset();
            events_.stopped(stop_error_ ? stop_error_ : error);
        });
        std::vector<mqtt::subscription> filters(2);  // at QoS 0
        filters[0].filter = prefix_ + "/+";
        filters[1].filter = mark_topic();
        client_->async_subscribe(
            std::move(filters), [this](const mqtt::message_view& message) { received(message); },
            [this](mqtt::error_code error, const mqtt::subscribe_result&) { subscribed(error); });
        for (const std::string& key : std::exchange(unsent_, {}))
            publish(key);
    }

    /// Disconnects as soon as all changes of this node have reached the broker.
    void stop() {
        is_stopping_ = true;
        if (client_ && publishing_.empty()) client_->async_disconnect(asio::detached);
    }

private:
    /// No key's topic has two levels below the prefix.
    std::string mark_topic() const { return prefix_ + '/' + map_.node() + "/caught_up"; }

    void subscribed(mqtt::error_code error) {
        if (error) return give_up(error);
        // Brokers deliver in order, retained messages first: when this comes back, those have come.
        client_->async_publish(mark_topic(), "", mqtt::qos::at_least_once,
                               [this](mqtt::error_code failure, const mqtt::publish_result&) {
                                   if (failure) give_up(failure);
                               });
    }

    void give_up(mqtt::error_code error) {
        if (error == asio::error::operation_aborted) return;
        stop_error_ = error;
        client_->async_disconnect(asio::detached);
    }

    void received(const mqtt::message_view& message) {
        if (message.topic == mark_topic()) return events_.caught_up();
        const auto key = decode_key(message.topic.substr(prefix_.size() + 1));
        if (!key) {
            events_.warning("ignored: the topic " + std::string{message.topic} + " is of no key");
            return;
        }
        std::optional<record> heard = parse_payload(message.payload);
        if (!heard) {
            events_.warning("ignored: the message on " + std::string{message.topic} +
                            " is no record");
            if (map_.find(*key) != nullptr) publish(*key);
            return;
        }
        switch (map_.merge(*key, std::move(*heard))) {
            case replicated_map::outcome::applied: events_.changed(*key, *map_.find(*key)); break;
            case replicated_map::outcome::known: break;
            case replicated_map::outcome::beaten: publish(*key); break;
        }
    }

    /// Publishes the record that the key has now. At most one message for each key is under way: of
    /// changes that come faster than the broker acknowledges, the last one counts.
    void publish(const std::string& key) {
        if (!client_) {
            unsent_.insert(key);
            return;
        }
        const auto [under_way, is_first] = publishing_.try_emplace(key, false);
        if (!is_first) {
            under_way->second = true;
            return;
        }
        const mqtt::publish_options retained{.qos = mqtt::qos::at_least_once, .retain = true};
        client_->async_publish(prefix_ + '/' + encode_key(key), to_payload(*map_.find(key)),
                               retained,
                               [this, key](mqtt::error_code error, const mqtt::publish_result&) {
                                   published(key, error);
                               });
    }

    void published(const std::string& key, mqtt::error_code error) {
        const bool is_to_be_sent_again = publishing_.extract(key).mapped();
        if (error == asio::error::operation_aborted) {
            unsent_.insert(key);
            return;
        }
        if (error) events_.warning("cannot publish " + key + ": " + error.message());
        if (is_to_be_sent_again) publish(key);
        if (is_stopping_) stop();
    }

    asio::any_io_executor executor_;
    mqtt::client_options options_;
    std::string prefix_;
    node_events events_;
    replicated_map map_;
    std::map<std::string, bool> publishing_;  // keys under way: is there a newer record to send?
    std::set<std::string> unsent_;            // keys to publish when there is a client
    bool is_stopping_ = false;
    mqtt::error_code stop_error_;
    std::optional<mqtt::client> client_;  // while it runs
};

}  // namespace data_sync
