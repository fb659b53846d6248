// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

/// Stands before what is defined in definitions.hpp: in each translation unit that includes
/// client.hpp, or with ASIO_MQTT_SEPARATE_COMPILATION in the one that includes src.hpp.
#ifdef ASIO_MQTT_SEPARATE_COMPILATION
#define ASIO_MQTT_DECLARATION
#else
#define ASIO_MQTT_DECLARATION inline
#endif
