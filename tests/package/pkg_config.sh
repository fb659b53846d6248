#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# Usage: pkg_config.sh CONSUMER PKGCONFIG_FOLDER WORK ASIO_INCLUDE_DIR
# Builds and runs the consumer with the flags that pkg-config gives, as a Makefile would.
set -euo pipefail

consumer=$1 work=$3 asio=$4
export PKG_CONFIG_PATH=$2

mkdir -p "$work"
flags=$(pkg-config --cflags asio_mqtt)
[ "$asio" = /usr/include ] || flags+=" -isystem $asio"
# The flags are words to be split.
# shellcheck disable=SC2046,SC2086
"$CXX" -std=c++20 $flags "$consumer"/*.cpp $(pkg-config --libs asio_mqtt) -o "$work/consumer"
"$work/consumer"
