// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace test {

/// Names that the test decides about, for as long as this exists: getaddrinfo() of this program
/// asks here first. One at a time; all functions from any thread.
class scripted_names {
public:
    using endpoints = std::vector<asio::ip::tcp::endpoint>;

    scripted_names() = default;
    scripted_names(const scripted_names&) = delete;
    scripted_names& operator=(const scripted_names&) = delete;
    ~scripted_names();

    /// The name has these addresses. Ports are theirs, too, so that one name can stand for several
    /// listeners.
    void add(const std::string& name, const endpoints& addresses);

    /// From now on, who asks for a name waits until release().
    void hang();
    void release();

    /// Returns when somebody has asked for a name; false when nobody does within 10 s.
    bool wait_until_asked();
};

}  // namespace test
