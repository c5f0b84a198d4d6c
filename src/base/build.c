/*
 * build.c - the values come from CMake, the revision from each build.
 */
#include "base/build.h"

#include "build_revision.h"

const char *
build_version(void)
{
    return CODELEN_VERSION;
}

const char *
build_revision(void)
{
    return CODELEN_REVISION;
}

const char *
build_compiler(void)
{
    return CODELEN_COMPILER;
}

const char *
build_flags(void)
{
    return CODELEN_FLAGS;
}

const char *
build_type(void)
{
    return CODELEN_BUILD_TYPE;
}
