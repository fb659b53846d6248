// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/credentials.hpp>
#include <asio_mqtt/detail/mailbox.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace asio_mqtt::detail {

/// Brings the credentials for one attempt to connect to the client that asked for them. Whoever
/// keeps it does not keep the client.
inline credentials_answer answer_to(std::weak_ptr<mailbox> client, std::uint64_t attempt) {
    return [client = std::move(client), attempt](error_code error, credentials given) {
        const auto alive = client.lock();
        if (alive == nullptr) return;
        auto& answer = *new notice{submission::kind::credentials};
        answer.attempt = attempt;
        answer.error = error;
        answer.given = std::move(given);
        alive->submit(answer);
    };
}

}  // namespace asio_mqtt::detail
