#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# What clients cost that only stay connected, beside bare Asio. Usage: run.sh PROGRAMS [CLIENTS [SECONDS]];
# PROGRAMS is the folder with what CMake built here.
set -euo pipefail

programs=$1
clients=${2:-10000}
seconds=${3:-5}
. "$(dirname "${BASH_SOURCE[0]}")/../ideal_broker.sh"

for who in bare_asio asio_mqtt; do
    start_broker 8
    "${client_core[@]}" "$programs/idle_clients" "$who" "$port" "$clients" "$seconds"
done
