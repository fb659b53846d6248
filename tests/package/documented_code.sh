#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# Usage: documented_code.sh SOURCE_FOLDER WORK ASIO_INCLUDE_DIR "MACRO..."
# Checks that the first program of README.md is examples/quickstart_callbacks.cpp, that its mqtt.cpp is that of the
# consumer test, and that all C++ in README.md and docs/ compiles: programs as they are, everything else as the body of
# a function that has `io` and `client`.
set -euo pipefail

source=$1 work=$2 asio=$3 macros=$4
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# Block N of C++ becomes N.txt.
awk '/^```cpp$/ { file = sprintf("%02d.txt", ++count); next } /^```$/ { file = "" } file { print > file }' \
    "$source/README.md" "$source"/docs/*.md

diff <(tail -n +4 "$source/examples/quickstart_callbacks.cpp") 01.txt || {
    echo 'README.md: the first program differs from examples/quickstart_callbacks.cpp' >&2
    exit 1
}

once=$(grep -lx '#include <asio_mqtt/src.hpp>' ./*.txt)
diff <(tail -n +4 "$source/tests/package/consumer/separately/mqtt.cpp") "$once" || {
    echo 'README.md: mqtt.cpp differs from tests/package/consumer/separately/mqtt.cpp' >&2
    exit 1
}

cat >snippets.cpp <<'END'
#include <asio_mqtt.hpp>
#include <asio_mqtt/coroutine_handler.hpp>
#include <asio_mqtt/testing/broker.hpp>
#include <asio_mqtt/testing/memory_connector.hpp>
#include <asio_mqtt/trace_to.hpp>

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>

#include <iostream>

namespace mqtt = asio_mqtt;
END
for block in [0-9]*.txt; do
    if grep -q '^int main' "$block"; then
        cp "$block" "${block%.txt}.cpp"
    elif ! grep -q '^#include' "$block"; then
        result=void
        grep -q co_await "$block" && result='asio::awaitable<void>'
        printf '%s snippet_%s(asio::io_context& io, mqtt::client& client) {\n{\n' "$result" "${block%.txt}"
        cat "$block"
        printf '}\n}\n'
    fi
done >>snippets.cpp

flags=(-std=c++20 -fsyntax-only "-I$source/include")
[ "$asio" = /usr/include ] || flags+=(-isystem "$asio")
for macro in $macros; do
    flags+=("-D$macro")
done
for file in *.cpp; do
    "${CXX:-c++}" "${flags[@]}" "$file"
done
