# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# Headers, CMake package and pkg-config file. All of it is text for every architecture, hence share/.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/asio_mqtt")

install(TARGETS asio_mqtt EXPORT asio_mqtt INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(
    EXPORT asio_mqtt
    FILE asio_mqttTargets.cmake
    NAMESPACE asio_mqtt::
    DESTINATION "${package_dir}"
)
configure_package_config_file(
    cmake/asio_mqttConfig.cmake.in
    "${PROJECT_BINARY_DIR}/asio_mqttConfig.cmake"
    INSTALL_DESTINATION "${package_dir}"
    NO_SET_AND_CHECK_MACRO
)
# While the major version is 0, every minor version may change the interface.
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/asio_mqttConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion
    ARCH_INDEPENDENT
)
install(
    FILES
        "${PROJECT_BINARY_DIR}/asio_mqttConfig.cmake"
        "${PROJECT_BINARY_DIR}/asio_mqttConfigVersion.cmake"
        cmake/FindAsio.cmake
    DESTINATION "${package_dir}"
)

list(TRANSFORM asio_mqtt_definitions PREPEND -D OUTPUT_VARIABLE pkg_config_definitions)
list(JOIN pkg_config_definitions " " pkg_config_definitions)
configure_file(cmake/asio_mqtt.pc.in "${PROJECT_BINARY_DIR}/asio_mqtt.pc" @ONLY)
install(
    FILES "${PROJECT_BINARY_DIR}/asio_mqtt.pc"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig"
)
