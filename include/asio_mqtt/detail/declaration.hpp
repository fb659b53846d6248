// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

/// Stands before what is declared in one header and defined in another: in definitions.hpp or
/// tcp_attempt_steps.hpp. Each translation unit includes these, too, but with
/// ASIO_MQTT_SEPARATE_COMPILATION only the one that includes src.hpp.
#ifdef ASIO_MQTT_SEPARATE_COMPILATION
#define ASIO_MQTT_DECLARATION
#else
#define ASIO_MQTT_DECLARATION inline
#endif
