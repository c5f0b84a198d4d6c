/*
 * test_numerics.c
 *
 * Every kernel of this processor keeps the promise, in both modes that give
 * one; the mode that gives none is refused.
 */
#include "base/report.h"
#include "check.h"
#include "math/kernels.h"
#include "math/numerics.h"

static void
check_all(enum math_mode mode)
{
    static const char *const names[] = {"portable", "avx2", "avx512", "neon"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        report_hold(true, "");
        const struct kernels *kernels = kernels_find(mode, names[i]);
        report_discard();
        report_hold(false, NULL);
        if (kernels != NULL) {
            CU_ASSERT_EQUAL(numerics_check(kernels), 0);
        }
    }
}

static void
test_every_kernel_computes_what_archives_need(void)
{
    check_all(MATH_EXACT);
    check_all(MATH_INT8);
}

static void
test_blas_is_refused(void)
{
    report_hold(true, "");
    const struct kernels *kernels = kernels_find(MATH_BLAS, NULL);
    CU_ASSERT(kernels == NULL || numerics_check(kernels) == -1);
    report_discard();
    report_hold(false, NULL);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_every_kernel_computes_what_archives_need),
    CHECK_TEST(test_blas_is_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("numerics", tests)
