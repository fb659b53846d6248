#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# What including asio-mqtt costs a program in compile time, beside bare Asio: the fastest of several runs, taken in
# turn. Usage: compile_time.sh [RUNS]; the compiler is $CXX, or g++.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

runs=${1:-5}
compiler=${CXX:-g++}
more_handlers=10
flags=(-std=c++20 -DASIO_STANDALONE -DASIO_HAS_CO_AWAIT=1 -DASIO_HAS_STD_COROUTINE=1 -I../../include)

# milliseconds ARGUMENT...: processor time of one compilation.
milliseconds() {
    local TIMEFORMAT='%U %S'
    { time "$compiler" "${flags[@]}" "$@" -c -o /dev/null; } 2>&1 |
        awk '{ printf "%d\n", ($1 + $2) * 1000 }'
}

for optimisation in -O0 -O2; do
    bare=0 client=0 handlers=0 separate=0
    for ((run = 0; run < runs; ++run)); do
        for program in bare client handlers separate; do
            case $program in
                bare) spent=$(milliseconds $optimisation bare_asio.cpp) ;;
                client) spent=$(milliseconds $optimisation client.cpp) ;;
                handlers) spent=$(milliseconds $optimisation -DHANDLERS=$more_handlers client.cpp) ;;
                separate) spent=$(milliseconds $optimisation -DASIO_MQTT_SEPARATE_COMPILATION \
                    -DASIO_SEPARATE_COMPILATION client.cpp) ;;
            esac
            if [ "${!program}" -eq 0 ] || [ "$spent" -lt "${!program}" ]; then
                printf -v "$program" %d "$spent"
            fi
        done
    done
    awk -v o=$optimisation -v b="$bare" -v c="$client" -v h="$handlers" -v s="$separate" -v n=$more_handlers 'BEGIN {
        printf "%s  bare Asio %.2f s   first program %.2f s (%.2f times), with separate compilation %.2f s (%.2f times)   ",
            o, b / 1000, c / 1000, c / b, s / 1000, s / b
        printf "each further handler %.3f s\n", (h - c) / n / 1000 }'
done
