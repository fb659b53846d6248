#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# What clients cost that only stay connected, beside bare Asio. Usage: run.sh PROGRAMS [CLIENTS [SECONDS]];
# PROGRAMS is the folder with what CMake built here.
set -euo pipefail

programs=$1
clients=${2:-10000}
seconds=${3:-5}
broker_core=() client_core=()
if [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
    usable=$(taskset -cp $$ | sed 's/.*: //; s/[,-]/ /g')
    broker_core=(taskset -c "${usable%% *}") client_core=(taskset -c "${usable##* }")
fi

folder=$(mktemp -d)
broker=
stop() {
    [ -z "$broker" ] || kill "$broker" 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT

for who in bare_asio asio_mqtt; do
    rm -f "$folder/port"
    "${broker_core[@]}" "$programs/ideal_broker" "$folder/port" 8 &
    broker=$!
    while [ ! -e "$folder/port" ]; do
        kill -0 "$broker"
        sleep 0.02
    done
    "${client_core[@]}" "$programs/idle_clients" "$who" "$(cat "$folder/port")" "$clients" "$seconds"
    kill "$broker"
    wait "$broker" || true
done
