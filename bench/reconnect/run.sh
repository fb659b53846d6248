#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# How long a client takes to resume after a cut. Usage: run.sh PROGRAMS [CUTS_WITH_10000]; PROGRAMS is the folder
# with what CMake built here.
set -euo pipefail

programs=$1
cuts_with_10000=${2:-100}
. "$(dirname "${BASH_SOURCE[0]}")/../ideal_broker.sh"

# measure CUTS UNFINISHED [default_delays]
measure() {
    "${client_core[@]}" "$programs/reconnect" "$port" "$@"
}

start_broker
measure 2000 0
measure 1000 100
measure "$cuts_with_10000" 10000
echo 'With the default wait before a reconnect, 0 to 500 ms:'
measure 20 0 default_delays
