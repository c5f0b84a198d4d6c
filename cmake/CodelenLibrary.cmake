# One static library per folder of src/.
#
#   codelen_library(NAME SOURCES file.c ... [USES folder ...] [LIBS target ...]
#       [DIR folder])
#
# DIR is where the sources are, if not in the current directory.
# A folder's headers are visible as "NAME/header.h" only to the folders that
# list NAME in USES: each folder has an include directory of its own that
# holds one link to itself, and links are PRIVATE, so nothing is inherited.

function(codelen_flags target)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wshadow -Wmissing-prototypes
        -Wstrict-prototypes -Wvla -Wundef
        # Contract C1: no contraction, no reordering of sums.
        -ffp-contract=off -fno-fast-math)
    if(CODELEN_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
    if(CODELEN_SANITIZE)
        target_compile_options(${target} PRIVATE
            -fsanitize=address,undefined -fno-sanitize-recover=all
            -fno-omit-frame-pointer)
        target_link_options(${target} PUBLIC -fsanitize=address,undefined)
    endif()
    if(CODELEN_FUZZ)
        target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
endfunction()

function(codelen_library name)
    cmake_parse_arguments(ARG "" "DIR" "SOURCES;USES;LIBS" ${ARGN})
    if(ARG_DIR)
        list(TRANSFORM ARG_SOURCES PREPEND ${ARG_DIR}/)
    else()
        set(ARG_DIR ${CMAKE_CURRENT_SOURCE_DIR})
    endif()
    set(include_dir ${CMAKE_BINARY_DIR}/include/${name})
    file(MAKE_DIRECTORY ${include_dir})
    file(CREATE_LINK ${ARG_DIR} ${include_dir}/${name} SYMBOLIC)
    add_library(${name} STATIC ${ARG_SOURCES})
    codelen_flags(${name})
    target_include_directories(${name}
        PUBLIC ${include_dir})
    target_link_libraries(${name} PRIVATE ${ARG_USES} ${ARG_LIBS} m)
endfunction()
