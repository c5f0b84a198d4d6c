# Toolchain for 64-bit Arm on another machine, run by qemu's user mode:
#     cmake -S tests/bits -B build/bits/aarch64 \
#         --toolchain $PWD/cmake/aarch64.cmake
#     qemu-aarch64 -L /usr/aarch64-linux-gnu build/bits/aarch64/bits
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
