# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

set(ASIO_MQTT_SANITIZE "" CACHE STRING "Sanitizers for the project's own programs")
set_property(CACHE ASIO_MQTT_SANITIZE PROPERTY STRINGS "" "address,undefined" "thread")

# Runs one of the project's own programs under the chosen sanitizers; any finding ends it.
function(asio_mqtt_add_sanitizers target)
    if(ASIO_MQTT_SANITIZE)
        set(flags -fsanitize=${ASIO_MQTT_SANITIZE} -fno-sanitize-recover=all)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 17)
            # It stops at coroutines with "Cannot represent a difference across sections".
            list(APPEND flags -fno-sanitize=function)
        endif()
        target_compile_options(${target} PRIVATE ${flags} -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE ${flags})
    endif()
endfunction()
