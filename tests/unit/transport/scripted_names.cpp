// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#include "unit/transport/scripted_names.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include <dlfcn.h>
#include <netdb.h>

namespace {

struct script {
    std::mutex mutex{};
    std::condition_variable changed{};
    bool hangs = false;
    bool is_asked = false;
    std::map<std::string, test::scripted_names::endpoints> names{};
};

script& the_script() {
    static script only;
    return only;
}

/// What this program would have called without the function below.
int system_getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                       addrinfo** found) {
    static const auto system =
        reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return system(host, service, hints, found);
}

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** found) {
    const bool is_number = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
    if (is_number || host == nullptr) return system_getaddrinfo(host, service, hints, found);
    test::scripted_names::endpoints addresses;
    {
        script& all = the_script();
        std::unique_lock lock{all.mutex};
        all.is_asked = true;
        all.changed.notify_all();
        all.changed.wait_for(lock, std::chrono::seconds{30}, [&] { return !all.hangs; });
        const auto known = all.names.find(host);
        if (known != all.names.end()) addresses = known->second;
    }
    if (addresses.empty()) return system_getaddrinfo(host, service, hints, found);
    // The C library takes its lists apart when it frees them: so they can be joined.
    for (const auto& address : addresses) {
        if (const int error =
                system_getaddrinfo(address.address().to_string().c_str(),
                                   std::to_string(address.port()).c_str(), hints, found)) {
            return error;
        }
        found = &(*found)->ai_next;
    }
    return 0;
}

namespace test {

scripted_names::~scripted_names() {
    release();
    const std::lock_guard lock{the_script().mutex};
    the_script().names.clear();
    the_script().is_asked = false;
}

void scripted_names::add(const std::string& name, const endpoints& addresses) {
    const std::lock_guard lock{the_script().mutex};
    the_script().names[name] = addresses;
}

void scripted_names::hang() {
    const std::lock_guard lock{the_script().mutex};
    the_script().hangs = true;
}

void scripted_names::release() {
    const std::lock_guard lock{the_script().mutex};
    the_script().hangs = false;
    the_script().changed.notify_all();
}

bool scripted_names::wait_until_asked() {
    script& all = the_script();
    std::unique_lock lock{all.mutex};
    return all.changed.wait_for(lock, std::chrono::seconds{10}, [&] { return all.is_asked; });
}

}  // namespace test
