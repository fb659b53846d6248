#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# Usage: build_copy.sh PROJECT WORK [CMAKE ARGUMENT]...
# Copies PROJECT into the empty folder WORK, then configures and builds it there. PROJECT is a folder with a
# CMakeLists.txt, or a single source file, which gets the few lines of CMake that a user would write.
set -euo pipefail

project=$1 work=$2
shift 2

rm -rf "$work"
mkdir -p "$work/source"
if [ -d "$project" ]; then
    cp -R "$project/." "$work/source"
else
    cp "$project" "$work/source"
    cat >"$work/source/CMakeLists.txt" <<EOF
cmake_minimum_required(VERSION 3.21)
project(example LANGUAGES CXX)
find_package(asio_mqtt 0.1 REQUIRED)
add_executable(example $(basename "$project"))
target_link_libraries(example PRIVATE asio_mqtt::asio_mqtt)
EOF
fi

cmake -S "$work/source" -B "$work/build" -DCMAKE_BUILD_TYPE=Debug "$@"
cmake --build "$work/build"
