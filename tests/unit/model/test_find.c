/*
 * test_find.c
 *
 * A bare name finds the model in CODELEN_DATA, a path is taken as it is, and
 * a name that is not there is answered by the nearest that is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "messages.h"
#include "model/model_find.h"

static void
check_found(const char *name, const char *want)
{
    char *path = model_find(name);

    CU_ASSERT_FATAL(path != NULL);
    CU_ASSERT_STRING_EQUAL(path, want);
    CU_ASSERT(model_exists(name));
    mem_free(path);
}

static void
test_names_are_found(void)
{
    setenv("CODELEN_DATA", "tests/reference", 1);
    check_found("bytes-bf16", "tests/reference/models/bytes-bf16");
    check_found("small-Q4_0", "tests/reference/models/small-Q4_0.gguf");
    setenv("CODELEN_DATA", "tests/reference/models", 1);
    check_found("bytes-bf16", "tests/reference/models/bytes-bf16");
}

static void
test_paths_stay_as_they_are(void)
{
    setenv("CODELEN_DATA", "tests/reference", 1);
    check_found("tests", "tests");
    check_found("tests/reference/models/bytes-bf16",
        "tests/reference/models/bytes-bf16");
}

static void
test_unknown_names_are_answered_by_the_nearest(void)
{
    setenv("CODELEN_DATA", "tests/reference", 1);
    messages_hold();
    CU_ASSERT(model_find("bytes-bf61") == NULL);
    CHECK_MESSAGE("no model \"bytes-bf61\"; did you mean \"bytes-bf16\"?");
    messages_hold();
    CU_ASSERT(model_find("quite-another-thing") == NULL);
    CHECK_MESSAGE("data/models");
    CU_ASSERT(!model_exists("bytes-bf61"));
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_names_are_found),
    CHECK_TEST(test_paths_stay_as_they_are),
    CHECK_TEST(test_unknown_names_are_answered_by_the_nearest),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("find", tests)
