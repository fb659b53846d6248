# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# To be sourced, with `programs` set to the folder with what CMake built here: one ideal broker at a time, which
# ends with the script.
broker_core=() client_core=()
if [ "$(nproc)" -gt 1 ] && command -v taskset >/dev/null; then
    usable=$(taskset -cp $$ | sed 's/.*: //; s/[,-]/ /g')
    broker_core=(taskset -c "${usable%% *}") client_core=(taskset -c "${usable##* }")
fi

folder=$(mktemp -d)
broker=

# start_broker [ADDRESSES]: sets `port`.
start_broker() {
    stop_broker
    rm -f "$folder/port"
    "${broker_core[@]}" "$programs/ideal_broker" "$folder/port" "$@" &
    broker=$!
    while [ ! -e "$folder/port" ]; do
        kill -0 "$broker"
        sleep 0.02
    done
    port=$(cat "$folder/port")
}

stop_broker() {
    [ -n "$broker" ] || return 0
    kill "$broker" 2>/dev/null || true
    wait "$broker" || true
    broker=
}

trap 'stop_broker; rm -rf "$folder"' EXIT
