// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client.hpp>
#include <asio_mqtt/protocol/codec.hpp>
#include <asio_mqtt/session/session.hpp>
#include <asio_mqtt/transport/tcp_connector.hpp>
