/*
 * check.h - what every unit test needs: main(), comparisons, guarded buffers.
 *
 *     static CU_TestInfo tests[] = {
 *         CHECK_TEST(test_cdf_keeps_every_symbol_possible),
 *         CU_TEST_INFO_NULL,
 *     };
 *     CHECK_MAIN("cdf", tests)
 *
 * The process exits with 1 if any assertion failed (CU_basic_run_tests() does
 * not say so), with 77 if check_skip() was called and nothing failed.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <stddef.h>
#include <stdint.h>

#define CHECK_TEST(function)                                                   \
    {                                                                          \
#function, function                                                    \
    }

#define CHECK_MAIN(name, tests)                                                \
    int main(void)                                                             \
    {                                                                          \
        return check_run(name, tests);                                         \
    }

int check_run(const char *name, CU_TestInfo *tests);

/* Say why a test cannot run here; the caller returns. */
void check_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* |got - want| <= rel_tol * |want|, both printed if not. */
#define CHECK_NEAR(got, want, rel_tol)                                         \
    check_near(#got, got, want, rel_tol, __FILE__, __LINE__)
void check_near(const char *name, double got, double want, double rel_tol,
    const char *file, int line);

/* |got - want| <= abs_tol. */
#define CHECK_WITHIN(got, want, abs_tol)                                       \
    check_within(#got, got, want, abs_tol, __FILE__, __LINE__)
void check_within(const char *name, double got, double want, double abs_tol,
    const char *file, int line);

/* max|got - want| <= rel_tol * max|want| over n floats. */
#define CHECK_ARRAY_NEAR(name, got, want, n, rel_tol)                          \
    check_array_near(name, got, want, n, rel_tol, __FILE__, __LINE__)
void check_array_near(const char *name, const float *got, const float *want,
    size_t n, double rel_tol, const char *file, int line);

/* All n floats have the same bits. */
#define CHECK_ARRAY_SAME(name, got, want, n)                                   \
    check_array_same(name, got, want, n, __FILE__, __LINE__)
void check_array_same(const char *name, const float *got, const float *want,
    size_t n, const char *file, int line);

/* Fixed seed, or CODELEN_TEST_SEED; printed by check_run() on failure. */
uint64_t check_seed(void);

/* The i-th number of the test's sequence: uniform in [-1, 1). */
float check_random(uint64_t i);

/*
 * A buffer of exactly bytes bytes that ends at an unreadable page.
 * Owner: check_guarded_free().
 */
uint8_t *check_guarded(size_t bytes);
void check_guarded_free(uint8_t *buffer, size_t bytes);

/* Path of a file in the reference data; NULL and a skip if it is absent. */
const char *check_shared(const char *name);

/* Path of a scratch file of this test; valid until the next 4 calls. */
const char *check_scratch(const char *name);

#endif /* TESTS_CHECK_H */
