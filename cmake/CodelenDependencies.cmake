# Libraries from the distribution; setup.sh installs them.

find_package(PkgConfig REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C)

pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(LZMA REQUIRED IMPORTED_TARGET liblzma)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(BROTLIENC REQUIRED IMPORTED_TARGET libbrotlienc)
pkg_check_modules(BROTLIDEC REQUIRED IMPORTED_TARGET libbrotlidec)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(FLAC REQUIRED IMPORTED_TARGET flac)
pkg_check_modules(JXL REQUIRED IMPORTED_TARGET libjxl)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(WAVPACK REQUIRED IMPORTED_TARGET wavpack)
find_package(BZip2 REQUIRED)

# CUnit ships no pkg-config file that Debian installs everywhere.
find_library(CUNIT_LIBRARY cunit REQUIRED)

# The serial OpenBLAS by path: threads are ours, and the alternatives system
# may point libopenblas at a threaded build.
find_library(OPENBLAS_LIBRARY openblas REQUIRED
    PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial
    NO_DEFAULT_PATH)
find_path(OPENBLAS_INCLUDE cblas.h REQUIRED
    PATHS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-serial
    NO_DEFAULT_PATH)

if(CODELEN_MPI)
    find_package(MPI REQUIRED COMPONENTS C)
    pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5-openmpi)
else()
    pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5-serial)
endif()
