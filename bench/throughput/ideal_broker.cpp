// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

// The other end of every measurement: a broker that costs as little as one can, so that what is
// measured is the client. It keeps nothing, checks nothing, and answers all that one read brought
// with one write.
//
//   ideal_broker PORT_FILE [ADDRESSES]
//
// It listens on a free port of 127.0.0.1, and of as many of the addresses behind it as ADDRESSES
// says, and writes the port's number to the file.
//
// - A PUBLISH is acknowledged; one to the topic "echo" comes back at QoS 0.
// - A SUBSCRIBE to "source" or "source/#" starts what the client id asks for. That of
//   "source-QOS-COUNT-WINDOW-SIZE" is sent COUNT messages with SIZE bytes of payload on the topic
//   "source", at QoS 1 and 2 with WINDOW of them in flight. That of "sources-..." is sent them on
//   "source/machine000/state" to "source/machine999/state", each on another than the one before.
// - A PUBLISH to "hold" leaves what follows on its connection unfinished: of every four messages
//   one is answered, with PUBREC if it is at QoS 2. One to "cut" resets the connection when the
//   PUBRELs for these are there. Whoever has been cut may resume the session: the reason string of
//   that CONNACK is when the connection was cut, in nanoseconds of the steady clock.

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using asio::ip::tcp;

constexpr std::size_t read_size = 1'048'576;
// What is sent ahead of a client that reads slowly.
constexpr std::size_t send_ahead = 1'048'576;

/// All connections read into the same memory: what is incomplete moves to the connection.
std::vector<unsigned char> shared_input(2 * read_size);

/// When a connection was cut last.
std::optional<std::chrono::steady_clock::time_point> cut_at;

struct source {
    unsigned qos = 0;
    std::uint64_t left = 0;
    std::uint32_t window = 0;
    std::uint32_t in_flight = 0;
    std::uint16_t packet_id = 0;
    bool has_started = false;
    bool has_many_topics = false;
    unsigned machine = 0;
    std::string packet;
    std::size_t machine_place = 0;
    std::size_t id_place = 0;

    /// The packet of the next message, which is under way then.
    std::string_view next() {
        if (qos != 0) {
            ++in_flight;
            if (++packet_id == 0) ++packet_id;
            packet[id_place] = static_cast<char>(packet_id >> 8);
            packet[id_place + 1] = static_cast<char>(packet_id & 0xFF);
        }
        if (has_many_topics) {
            machine = (machine + 7) % 1'000;
            packet[machine_place] = static_cast<char>('0' + machine / 100);
            packet[machine_place + 1] = static_cast<char>('0' + machine / 10 % 10);
            packet[machine_place + 2] = static_cast<char>('0' + machine % 10);
        }
        --left;
        return packet;
    }
};

class connection : public std::enable_shared_from_this<connection> {
public:
    explicit connection(tcp::socket socket) : socket_{std::move(socket)} {
        socket_.non_blocking(true);
        socket_.set_option(tcp::no_delay{true});
    }

    void wait_for_input() {
        socket_.async_wait(tcp::socket::wait_read,
                           [self = shared_from_this()](std::error_code error) {
                               if (!error && self->read()) self->wait_for_input();
                           });
    }

private:
    bool read() {
        std::memcpy(shared_input.data(), incomplete_.data(), incomplete_.size());
        std::error_code error;
        const std::size_t size = socket_.read_some(
            asio::buffer(shared_input.data() + incomplete_.size(), read_size), error);
        if (error == asio::error::would_block) return true;
        if (error) return false;
        take({reinterpret_cast<const char*>(shared_input.data()), incomplete_.size() + size});
        if (is_to_be_cut_ && due_pubrels_ == 0) {
            cut();
            return false;
        }
        send_from_source();
        return write();
    }

    void cut() {
        socket_.set_option(tcp::socket::linger{true, 0});  // a reset
        cut_at = std::chrono::steady_clock::now();
        socket_.close();
    }

    void take(std::string_view bytes) {
        const std::size_t skipped = std::min(to_skip_, bytes.size());
        to_skip_ -= skipped;
        bytes.remove_prefix(skipped);
        for (;;) {
            std::size_t head = 1;
            std::size_t rest = 0;
            for (unsigned shift = 0;; shift += 7, ++head) {
                if (head >= bytes.size()) return keep(bytes);
                rest |= std::size_t{at(bytes, head) & 0x7FU} << shift;
                if (at(bytes, head) < 0x80) break;
            }
            ++head;
            const std::size_t size = head + rest;
            if (size > bytes.size()) {
                // Of a large message only the beginning matters.
                if (rest < read_size / 2 || bytes.size() < head + 64) return keep(bytes);
                handle(bytes, head);
                to_skip_ = size - bytes.size();
                return keep({});
            }
            handle(bytes.substr(0, size), head);
            bytes.remove_prefix(size);
        }
    }

    void keep(std::string_view bytes) { incomplete_.assign(bytes); }

    void handle(std::string_view packet, std::size_t head) {
        const unsigned type = at(packet, 0) >> 4;
        switch (type) {
            case 1: return connect(packet.substr(head));
            case 3: return publish(packet, head);
            case 4:                                     // PUBACK
            case 7: --source_.in_flight; return;        // PUBCOMP
            case 5: return answer(0x62, packet, head);  // PUBREC: PUBREL
            case 6:                                     // PUBREL: PUBCOMP
                if (!is_held_) return answer(0x70, packet, head);
                --due_pubrels_;
                return;
            case 8: return subscribe(packet, head);
            case 12: output_ += std::string_view{"\xD0\0", 2}; return;
            default: return;
        }
    }

    void connect(std::string_view body) {
        const std::size_t version_place = 2 + integer(body, 0);
        is_v5_ = at(body, version_place) == 5;
        const bool resumes = cut_at && (at(body, version_place + 1) & 2) == 0;
        std::size_t place = version_place + 4;
        if (is_v5_) place += 1U + at(body, place);  // short properties, as all clients here send
        read_request(body.substr(place + 2, integer(body, place)));
        if (resumes && is_v5_) return resume();
        output_ +=
            is_v5_ ? std::string_view{"\x20\x03\0\0\0", 5} : std::string_view{"\x20\x02\0\0", 4};
    }

    void resume() {
        const std::string reason = std::to_string(
            std::chrono::nanoseconds{cut_at->time_since_epoch()}.count());  // some 20 bytes
        const auto size = static_cast<char>(reason.size());
        output_ += {'\x20',
                    static_cast<char>(size + 6),
                    '\1',
                    '\0',
                    static_cast<char>(size + 3),
                    '\x1F',
                    '\0',
                    size};
        output_ += reason;
    }

    void read_request(std::string_view client_id) {
        unsigned size = 0;
        unsigned long long count = 0;
        const std::size_t dash = client_id.find('-');
        if (!client_id.starts_with("source") || dash == std::string_view::npos ||
            std::sscanf(std::string{client_id.substr(dash)}.c_str(), "-%u-%llu-%u-%u", &source_.qos,
                        &count, &source_.window, &size) != 4) {
            return;
        }
        source_.left = count;
        source_.has_many_topics = client_id.starts_with("sources");
        const std::string_view topic =
            source_.has_many_topics ? "source/machine000/state" : "source";
        std::string rest{static_cast<char>(0), static_cast<char>(topic.size())};
        rest += topic;
        source_.machine_place = 2 + topic.find("000");
        source_.id_place = rest.size();
        if (source_.qos != 0) rest.append(2, '\0');
        if (is_v5_) rest += '\0';
        rest.append(size, 'x');
        source_.packet = static_cast<char>(0x30 | source_.qos << 1);
        for (std::size_t left = rest.size();;) {
            const bool is_last = left < 128;
            source_.packet += static_cast<char>((left & 0x7F) | (is_last ? 0 : 0x80));
            if (is_last) break;
            left >>= 7;
        }
        source_.machine_place += source_.packet.size();
        source_.id_place += source_.packet.size();
        source_.packet += rest;
    }

    void publish(std::string_view packet, std::size_t head) {
        const unsigned qos = at(packet, 0) >> 1 & 3;
        const std::size_t topic_size = integer(packet, head);
        const std::string_view topic = packet.substr(head + 2, topic_size);
        if (topic == "hold") is_held_ = true;
        if (topic == "cut") is_to_be_cut_ = true;
        if (topic == "echo") {
            std::string copy{packet};
            copy[0] = 0x30;
            if (qos != 0) {
                copy.erase(head + 2 + topic_size, 2);
                copy[1] = static_cast<char>(copy[1] - 2);  // a short message: see the drivers
            }
            output_ += copy;
        }
        if (qos == 0) return;
        if (is_held_) {
            if (++held_ % 4 != 0 || qos == 1) return;
            ++due_pubrels_;
        }
        answer(qos == 1 ? '\x40' : '\x50', packet, head + 2 + topic_size);
    }

    /// With the packet identifier that stands at `place`.
    void answer(char type, std::string_view packet, std::size_t place) {
        const char bytes[] = {type, 2, packet[place], packet[place + 1]};
        output_.append(bytes, 4);
    }

    void subscribe(std::string_view packet, std::size_t head) {
        std::size_t place = head + 2;
        if (is_v5_) place += 1U + at(packet, place);
        std::string reasons;
        while (place < packet.size()) {
            const std::size_t size = integer(packet, place);
            if (packet.substr(place + 2, size).starts_with("source")) source_.has_started = true;
            place += 2 + size;
            reasons += static_cast<char>(at(packet, place++) & 3);
        }
        const std::string ids{packet.substr(head, 2)};
        const std::string body = ids + (is_v5_ ? std::string(1, '\0') : std::string{}) + reasons;
        output_ += '\x90';
        output_ += static_cast<char>(body.size());  // fewer than 125 filters at once
        output_ += body;
    }

    void send_from_source() {
        source& from = source_;
        if (!from.has_started) return;
        while (from.left != 0 &&
               (from.qos == 0 ? output_.size() < send_ahead : from.in_flight < from.window)) {
            output_ += from.next();
        }
    }

    bool write() {
        while (written_ < output_.size() && !is_waiting_) {
            std::error_code error;
            written_ += socket_.write_some(
                asio::buffer(output_.data() + written_, output_.size() - written_), error);
            if (error == asio::error::would_block) {
                is_waiting_ = true;
                socket_.async_wait(tcp::socket::wait_write,
                                   [self = shared_from_this()](std::error_code failed) {
                                       self->is_waiting_ = false;
                                       if (!failed) self->write();
                                   });
            } else if (error) {
                return false;
            }
            if (written_ == output_.size()) {
                output_.clear();
                written_ = 0;
                send_from_source();
            }
        }
        return true;
    }

    static unsigned char at(std::string_view bytes, std::size_t place) {
        return static_cast<unsigned char>(bytes[place]);
    }
    static std::size_t integer(std::string_view bytes, std::size_t place) {
        return std::size_t{at(bytes, place)} << 8 | at(bytes, place + 1);
    }

    tcp::socket socket_;
    std::string incomplete_;
    std::size_t to_skip_ = 0;
    std::string output_;
    std::size_t written_ = 0;
    bool is_waiting_ = false;
    bool is_v5_ = false;
    bool is_held_ = false;
    std::uint64_t held_ = 0;
    std::uint64_t due_pubrels_ = 0;
    bool is_to_be_cut_ = false;
    source source_;
};

void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([&](std::error_code error, tcp::socket socket) {
        if (!error) std::make_shared<connection>(std::move(socket))->wait_for_input();
        accept(acceptor);
    });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::fputs("Usage: ideal_broker PORT_FILE [ADDRESSES]\n", stderr);
        return 2;
    }
    rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    const unsigned long addresses = argc == 3 ? std::strtoul(argv[2], nullptr, 10) : 1;
    asio::io_context io{1};
    std::deque<tcp::acceptor> acceptors;
    std::uint16_t port = 0;
    for (unsigned i = 0; i < addresses; ++i) {
        const asio::ip::address_v4 address{asio::ip::address_v4::loopback().to_uint() + i};
        tcp::acceptor& acceptor = acceptors.emplace_back(io, tcp::endpoint{address, port});
        acceptor.listen(4096);
        port = acceptor.local_endpoint().port();
        accept(acceptor);
    }
    {
        // Whoever waits for the file never sees half of it.
        const std::string name{argv[1]};
        std::ofstream{name + ".new"} << port << '\n';
        std::rename((name + ".new").c_str(), name.c_str());
    }
    io.run();
}
