// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// The limit: the same bytes on the wire with as little work as a program can do that knows in
// advance what it will send and be sent. No client can be faster; how near one gets is what the
// numbers are for.

#include "driver.hpp"

#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <limits>
#include <string_view>
#include <system_error>

namespace {

using asio::ip::tcp;

void append_head(std::string& packet, char first, std::size_t rest) {
    packet += first;
    for (;; rest >>= 7) {
        packet += static_cast<char>((rest & 0x7F) | (rest < 128 ? 0 : 0x80));
        if (rest < 128) return;
    }
}

/// asio::async_write() gives the system no more than 64 KiB at once unless it is told to.
std::size_t all_at_once(std::error_code error, std::size_t) {
    return error ? 0 : std::numeric_limits<std::size_t>::max();
}

/// The publishes of a whole window stand ready with their identifiers; acknowledgements are only
/// counted.
class program {
public:
    program(asio::io_context& io, const bench::task& task)
        : socket_{io},
          task_{task},
          is_v5_{task.version == 5},
          times_{task.what == "ping" ? task.count : 0} {
        socket_.connect({asio::ip::address_v4::loopback(), task.port});
        socket_.set_option(tcp::no_delay{true});
        connect();
    }

    void start() {
        watch_.start();
        if (task_.what == "receive") {
            packet_size_ = make_publish("source", 1).size();
            const std::string body = std::string{"\0\1", 2} + (is_v5_ ? std::string(1, '\0') : "") +
                                     std::string{"\0\6source", 8} + static_cast<char>(task_.qos);
            append_head(output_, '\x82', body.size());
            output_ += body;
            to_skip_ = is_v5_ ? 6 : 5;  // SUBACK
            write();
            read();
        } else if (task_.what == "ping") {
            ping();
        } else if (task_.what != "publish") {
            bench::fail("no such task");
        } else if (task_.qos == 0) {
            publish_qos_0();
        } else {
            answer_size_ = task_.qos == 1 ? 4 : 8;
            free_ = task_.window;
            fill();
            write();
            read();
        }
    }

private:
    void connect() {
        const std::string id = task_.client_id();
        std::string body{"\0\4MQTT", 6};
        body += static_cast<char>(task_.version);
        body += std::string_view{"\2\0\0", 3};
        if (is_v5_) body += '\0';
        body += static_cast<char>(id.size() >> 8);
        body += static_cast<char>(id.size());
        body += id;
        std::string packet;
        append_head(packet, '\x10', body.size());
        asio::write(socket_, asio::buffer(packet + body));
        // A short one, but Mosquitto adds properties.
        unsigned char connack[2 + 127];
        asio::read(socket_, asio::buffer(connack, 2));
        asio::read(socket_, asio::buffer(connack + 2, connack[1]));
    }

    std::string make_publish(std::string_view topic, std::uint16_t id) const {
        std::string body{static_cast<char>(0), static_cast<char>(topic.size())};
        body += topic;
        if (task_.qos != 0) {
            body += static_cast<char>(id >> 8);
            body += static_cast<char>(id & 0xFF);
        }
        if (is_v5_) body += '\0';
        body.append(task_.size, 'x');
        std::string packet;
        append_head(packet, static_cast<char>(0x30 | task_.qos << 1), body.size());
        return packet + body;
    }

    // --- Publishing

    void publish_qos_0() {
        if (output_.empty()) {
            const std::string one = make_publish("bench/topic", 0);
            per_write_ = std::max<std::uint64_t>(1, 262'144 / one.size());
            for (std::uint64_t i = 0; i < per_write_; ++i)
                output_ += one;
            packet_size_ = one.size();
        }
        const std::uint64_t now = std::min(per_write_, task_.count - done_);
        if (now == 0) return wait_for_the_last();
        asio::async_write(socket_, asio::buffer(output_.data(), now * packet_size_), all_at_once,
                          [this, now](std::error_code error, std::size_t) {
                              if (error) bench::fail("write");
                              done_ += now;
                              publish_qos_0();
                          });
    }
    void wait_for_the_last() {
        output_ = std::string{is_v5_ ? "\x32\x10\0\x0B"
                                       "bench/topic\0\1\0"
                                     : "\x32\x0F\0\x0B"
                                       "bench/topic\0\1",
                              is_v5_ ? 18U : 17U};
        asio::async_write(socket_, asio::buffer(output_), [this](std::error_code, std::size_t) {
            asio::async_read(socket_, asio::buffer(input_, 4),
                             [this](std::error_code, std::size_t) { finish(); });
        });
    }

    /// Puts all that the window allows into the output.
    void fill() {
        if (ring_.empty()) {
            packet_size_ = make_publish("bench/topic", 1).size();
            // As many as there are in a window, twice, so that a part of it is one piece.
            for (std::uint32_t i = 0; i < 2 * task_.window; ++i)
                ring_ +=
                    make_publish("bench/topic", static_cast<std::uint16_t>(i % task_.window + 1));
        }
        const std::uint64_t now = std::min(free_, task_.count - started_);
        if (now == 0) return;
        output_.append(ring_, started_ % task_.window * packet_size_, now * packet_size_);
        started_ += now;
        free_ -= now;
    }

    // --- Both

    void write() {
        if (is_writing_ || output_.empty()) return;
        is_writing_ = true;
        writing_.swap(output_);
        socket_.async_write_some(
            asio::buffer(writing_),
            [this](std::error_code error, std::size_t size) { written(error, size); });
    }
    void written(std::error_code error, std::size_t size) {
        if (error) bench::fail("write");
        if (size < writing_.size()) {
            writing_.erase(0, size);
            socket_.async_write_some(
                asio::buffer(writing_),
                [this](std::error_code failed, std::size_t rest) { written(failed, rest); });
            return;
        }
        writing_.clear();
        is_writing_ = false;
        write();
    }

    void read() {
        socket_.async_read_some(asio::buffer(input_ + kept_, sizeof input_ - kept_),
                                [this](std::error_code error, std::size_t size) {
                                    if (error) bench::fail("read");
                                    task_.what == "receive" ? received(size) : acknowledged(size);
                                });
    }

    void acknowledged(std::size_t size) {
        const std::size_t end = kept_ + size;
        std::size_t at = 0;
        // Mosquitto adds to some that nobody has subscribed.
        std::size_t next = 0;
        for (; at + 4 <= end && (next = at + 2 + length(at)) <= end; at = next) {
            if (input_[at] == '\x50') {  // PUBREC
                const char pubrel[] = {'\x62', 2, input_[at + 2], input_[at + 3]};
                output_.append(pubrel, 4);
            } else {
                ++free_;
                ++done_;
            }
        }
        kept_ = end - at;
        std::memmove(input_, input_ + at, kept_);
        if (done_ == task_.count) return finish();
        fill();
        write();
        read();
    }

    std::size_t length(std::size_t at) const { return static_cast<unsigned char>(input_[at + 1]); }

    void received(std::size_t size) {
        std::size_t end = kept_ + size;
        std::size_t at = std::min(to_skip_, end);
        to_skip_ -= at;
        if (task_.qos == 0) {
            // Nothing asks for a look at each.
            at += (end - at) / packet_size_ * packet_size_;
            bytes_ += size;
            done_ = (bytes_ - (is_v5_ ? 6 : 5)) / packet_size_;
        } else {
            while (at < end) {
                const char first = input_[at];
                if ((first & '\xF0') == '\x30') {
                    if (at + packet_size_ > end) break;
                    const std::size_t id = at + id_place();
                    const char answer[] = {task_.qos == 1 ? '\x40' : '\x50', 2, input_[id],
                                           input_[id + 1]};
                    output_.append(answer, 4);
                    at += packet_size_;
                    ++done_;
                } else {  // PUBREL
                    if (at + 4 > end) break;
                    const char pubcomp[] = {'\x70', 2, input_[at + 2], input_[at + 3]};
                    output_.append(pubcomp, 4);
                    at += 4;
                }
            }
        }
        kept_ = end - at;
        std::memmove(input_, input_ + at, kept_);
        if (done_ == task_.count) return finish();
        write();
        read();
    }
    std::size_t id_place() const { return packet_size_ - task_.size - (is_v5_ ? 1 : 0) - 2; }

    // --- Round trips

    void ping() {
        if (output_.empty()) {
            if (task_.qos == 0) {
                asio::write(socket_,
                            asio::buffer(is_v5_ ? std::string{"\x82\x0A\0\1\0\0\4echo\0", 12}
                                                : std::string{"\x82\x09\0\1\0\4echo\0", 11}));
                asio::read(socket_, asio::buffer(input_, is_v5_ ? 6 : 5));
            }
            output_ = make_publish(task_.qos == 0 ? "echo" : "bench/topic", 1);
            answer_size_ = task_.qos == 0 ? output_.size() : 4;
        }
        times_.sent();
        asio::async_write(socket_, asio::buffer(output_), [](std::error_code, std::size_t) {});
        asio::async_read(socket_, asio::buffer(input_, answer_size_),
                         [this](std::error_code error, std::size_t) {
                             if (error) bench::fail("read");
                             times_.answered();
                             if (times_.count() < task_.count) return ping();
                             times_.print();
                         });
    }

    void finish() {
        watch_.stop(task_.count);
        socket_.close();
    }

    tcp::socket socket_;
    const bench::task& task_;
    const bool is_v5_;
    std::string ring_;
    std::string output_;
    std::string writing_;
    bool is_writing_ = false;
    std::size_t packet_size_ = 0;
    std::size_t answer_size_ = 0;
    std::uint64_t per_write_ = 0;
    std::uint64_t free_ = 0;
    std::uint64_t started_ = 0;
    std::uint64_t done_ = 0;
    std::uint64_t bytes_ = 0;
    std::size_t to_skip_ = 0;
    std::size_t kept_ = 0;
    char input_[262'144];
    bench::stopwatch watch_;
    bench::round_trips times_;
};

}  // namespace

int main(int argc, char** argv) {
    const bench::task task = bench::read_task(argc, argv);
    asio::io_context io{1};
    const auto running = std::make_unique<program>(io, task);
    running->start();
    io.run();
}
