# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# Makes warnings errors for one of the project's own programs, and so for our headers as it uses them.
function(asio_mqtt_add_warnings target)
    target_compile_options(
        ${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
    )
endfunction()
