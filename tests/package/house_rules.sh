#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# Usage: house_rules.sh SOURCE_FOLDER
# Checks what CONTRIBUTING.md says of layers, sizes and files. $CXX is the compiler to ask.
set -euo pipefail
shopt -s nullglob globstar

cd "$1"
library=include/asio_mqtt
broken=0

breach() {
    printf '%s\n' "$*" >&2
    broken=1
}

# files_of FILE: every file that including FILE reads, one a line.
files_of() {
    "${CXX:-c++}" -std=c++20 -Iinclude -M -x c++ "$1" | sed 's/^[^ ]*:\( \|$\)//; s/\\$//' | tr -s ' ' '\n'
}

# room NAME MAY_SEE: the headers of a room that stands on the standard library alone.
room() {
    local name=$1 may_see=$2 header files seen

    for header in "$library/$name"/**/*.hpp; do
        if ! files=$(files_of "$header"); then
            breach "$header: cannot tell what it includes"
            continue
        fi
        seen=$(grep -E '(^|/)asio(/|\.hpp$)' <<<"$files" | head -n 1 || true)
        [ -z "$seen" ] || breach "$header: includes Asio ($seen)"
        seen=$(grep -E '(^|/)asio_mqtt(/|\.hpp$)' <<<"$files" | grep -vE "/asio_mqtt/($may_see)/" | head -n 1 || true)
        [ -z "$seen" ] || breach "$header: includes a layer above its own ($seen)"
        seen=$(grep -nE '::now\(|random_device|<(thread|mutex|condition_variable)>|std::(j?thread|mutex)\b' "$header" || true)
        [ -z "$seen" ] || breach "$header: clocks, randomness and threads are the caller's ($seen)"
    done
}

room protocol 'protocol'
room session 'protocol|session'

# With separate compilation a client must not bring what is behind it.
seen=$("${CXX:-c++}" -std=c++20 -DASIO_STANDALONE -DASIO_MQTT_SEPARATE_COMPILATION -Iinclude -M -x c++ "$library/client.hpp" |
    grep -oE "$library/(detail/(client_core|definitions|tcp_attempt_steps)|session/(session|outbound)|protocol/codec)\.hpp" || true)
[ -z "$seen" ] || breach "$library/client.hpp: includes, with separate compilation, what is compiled once:" $seen

# What the client is made of does not know the client, nor the helpers for the users' tests.
for header in "$library"/{transport,detail}/**/*.hpp; do
    seen=$(grep -nE '#include [<"]asio_mqtt(\.hpp|/client\.hpp|/testing/)' "$header" || true)
    [ -z "$seen" ] || breach "$header: includes a layer above its own ($seen)"
done

for header in include/**/*.hpp; do
    lines=$(wc -l <"$header")
    [ "$lines" -le 600 ] || breach "$header: $lines lines, the limit is 600"
done

for file in {include,tests,examples,bench}/**/*.{hpp,cpp}; do
    head -n 2 "$file" | cmp -s - <(
        echo '// Copyright (c) 2026 the asio-mqtt authors'
        echo '// SPDX-License-Identifier: BSL-1.0'
    ) || breach "$file: does not begin with the two lines of copyright and licence"
done

if [ -e README.md ]; then
    for command in $(grep -oE '\./dev [a-z]+' README.md | cut -d ' ' -f 2 | sort -u); do
        ./dev help | grep -qE "^ +\./dev $command\b" || breach "README.md: names ./dev $command, which does not exist"
    done
fi

exit "$broken"
