# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# Finds standalone Asio and gives the target asio::asio. Looks for, in this order
#   1. a target asio::asio that the project already has,
#   2. a CMake package "asio", as some package managers make one,
#   3. the header asio.hpp, which is all that Debian's libasio-dev brings.
# Set Asio_ROOT to the folder that holds include/asio.hpp, or Asio_INCLUDE_DIR to the one that holds
# asio.hpp, to choose a copy.

if(NOT TARGET asio::asio AND NOT Asio_ROOT AND NOT Asio_INCLUDE_DIR)
    find_package(asio CONFIG QUIET)
endif()
if(TARGET asio::asio)
    set(Asio_FOUND TRUE)
    return()
endif()

find_path(Asio_INCLUDE_DIR asio.hpp DOC "The folder that holds standalone Asio's asio.hpp")
mark_as_advanced(Asio_INCLUDE_DIR)

# ASIO_VERSION 102201 is 1.22.1
unset(Asio_VERSION)
if(EXISTS "${Asio_INCLUDE_DIR}/asio/version.hpp")
    file(STRINGS "${Asio_INCLUDE_DIR}/asio/version.hpp" asio_version
         REGEX "^#define ASIO_VERSION [0-9]+"
    )
    if(asio_version MATCHES "ASIO_VERSION ([0-9]+)")
        math(EXPR asio_major "${CMAKE_MATCH_1} / 100000")
        math(EXPR asio_minor "${CMAKE_MATCH_1} / 100 % 1000")
        math(EXPR asio_patch "${CMAKE_MATCH_1} % 100")
        set(Asio_VERSION "${asio_major}.${asio_minor}.${asio_patch}")
    endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
    Asio
    REQUIRED_VARS Asio_INCLUDE_DIR
    VERSION_VAR Asio_VERSION
    REASON_FAILURE_MESSAGE
        "standalone Asio ${Asio_FIND_VERSION} or newer is needed: `apt-get install libasio-dev` on Debian, or set Asio_ROOT to the folder that holds include/asio.hpp"
)

if(Asio_FOUND)
    find_package(Threads REQUIRED)
    add_library(asio::asio INTERFACE IMPORTED)
    # An imported target's headers are system headers: no warnings from them.
    target_include_directories(asio::asio INTERFACE "${Asio_INCLUDE_DIR}")
    target_link_libraries(asio::asio INTERFACE Threads::Threads)
endif()
