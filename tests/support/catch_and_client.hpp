// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

// Precompiled for the tests of the whole client: what nearly all of them include.

#include "support/catch.hpp"

#include <asio_mqtt.hpp>
#include <asio_mqtt/testing/broker.hpp>
#include <asio_mqtt/testing/memory_connector.hpp>

#include <asio/io_context.hpp>
