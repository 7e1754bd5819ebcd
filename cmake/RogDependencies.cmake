# SPDX-License-Identifier: Apache-2.0
# Every library is a package of the distribution (cmake/packages.txt lists them) and is used behind
# one wrapper; link the imported targets below, nowhere else.

find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
if(NOT ROG_TRAINER_ONLY)
  pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5-serial)
  pkg_check_modules(LIBCONFIG REQUIRED IMPORTED_TARGET libconfig)
  pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
  pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
  pkg_check_modules(LIBSSH REQUIRED IMPORTED_TARGET libssh)
  pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
  pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
  pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
  pkg_check_modules(FONTCONFIG REQUIRED IMPORTED_TARGET fontconfig)
  pkg_check_modules(QPDF REQUIRED IMPORTED_TARGET libqpdf)
  pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
  pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
  # It has no file for pkg-config.
  find_path(UNISTRING_INCLUDE_DIR unistr.h REQUIRED)
  find_library(UNISTRING_LIBRARY unistring REQUIRED)
  add_library(UNISTRING::unistring UNKNOWN IMPORTED)
  set_target_properties(UNISTRING::unistring PROPERTIES IMPORTED_LOCATION ${UNISTRING_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${UNISTRING_INCLUDE_DIR})
endif()
# rog-unpack arrives on a host before any library.
foreach(name zstd crypto)
  find_library(${name}_ARCHIVE lib${name}.a REQUIRED)
  add_library(ROG::${name}_static STATIC IMPORTED)
  set_target_properties(ROG::${name}_static PROPERTIES IMPORTED_LOCATION ${${name}_ARCHIVE})
endforeach()
# oneDNN's own CMake file wants OpenCL too, which nothing here uses. For another architecture there is
# the library without its development package, as two of those cannot be installed beside each other.
find_path(DNNL_INCLUDE_DIR dnnl.h REQUIRED)
find_library(DNNL_LIBRARY NAMES dnnl libdnnl.so.3 libdnnl.so.2 REQUIRED)
add_library(DNNL::dnnl UNKNOWN IMPORTED)
set_target_properties(DNNL::dnnl PROPERTIES IMPORTED_LOCATION ${DNNL_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${DNNL_INCLUDE_DIR})
if(BUILD_TESTING)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
