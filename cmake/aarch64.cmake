# SPDX-License-Identifier: Apache-2.0
# Toolchain of the preset aarch64 and of cmake/portable-bundle: Debian's cross compiler with the
# libraries of architecture arm64.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
