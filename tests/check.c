/*
 * check.c
 */
#include "check.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_SKIPPED 77

static int n_skipped;

int
check_run(const char *name, CU_TestInfo *tests)
{
    CU_SuiteInfo suites[] = {
        {name, NULL, NULL, NULL, NULL, tests},
        CU_SUITE_INFO_NULL,
    };

    if (CU_initialize_registry() != CUE_SUCCESS ||
        CU_register_suites(suites) != CUE_SUCCESS) {
        fprintf(stderr, "check: %s\n", CU_get_error_msg());
        return EXIT_FAILURE;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned n_failed = CU_get_number_of_failures();
    unsigned n_asserts = CU_get_number_of_asserts();
    CU_cleanup_registry();
    if (n_failed > 0) {
        printf("seed: %llu (CODELEN_TEST_SEED)\n",
            (unsigned long long)check_seed());
        return EXIT_FAILURE;
    }
    if (n_skipped > 0) {
        return STATUS_SKIPPED;
    }
    if (n_asserts == 0) {
        fprintf(stderr, "check: %s: no assertion was made\n", name);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

void
check_skip(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    printf(" skipped: ");
    vprintf(fmt, args);
    printf(" ");
    va_end(args);
    n_skipped++;
}

/* Count an assertion at the place of the caller. */
static void
assert_at(int holds, const char *what, const char *file, int line)
{
    CU_assertImplementation(
        holds ? CU_TRUE : CU_FALSE, (unsigned)line, what, file, "", CU_FALSE);
}

void
check_near(const char *name, double got, double want, double rel_tol,
    const char *file, int line)
{
    check_within(name, got, want, rel_tol * fabs(want), file, line);
}

void
check_within(const char *name, double got, double want, double abs_tol,
    const char *file, int line)
{
    char what[256];
    int holds = fabs(got - want) <= abs_tol;

    snprintf(what, sizeof(what), "%s: got %.17g, want %.17g +- %.3g", name, got,
        want, abs_tol);
    assert_at(holds, what, file, line);
}

void
check_array_near(const char *name, const float *got, const float *want,
    size_t n, double rel_tol, const char *file, int line)
{
    double scale = 0, worst = 0;
    size_t where = 0;
    char what[256];

    for (size_t i = 0; i < n; i++) {
        scale = fmax(scale, fabs((double)want[i]));
    }
    for (size_t i = 0; i < n; i++) {
        double error = fabs((double)got[i] - (double)want[i]);
        if (!(error <= worst)) {
            worst = error;
            where = i;
        }
    }
    snprintf(what, sizeof(what),
        "%s: index %zu of %zu: got %.9g, want %.9g, error %.3g of %.3g", name,
        where, n, n > 0 ? (double)got[where] : 0.0,
        n > 0 ? (double)want[where] : 0.0, worst, scale);
    assert_at(worst <= rel_tol * scale, what, file, line);
}

void
check_array_same(const char *name, const float *got, const float *want,
    size_t n, const char *file, int line)
{
    size_t where = 0;
    char what[256] = "";

    while (where < n && memcmp(&got[where], &want[where], 4) == 0) {
        where++;
    }
    if (where < n) {
        snprintf(what, sizeof(what), "%s: index %zu of %zu: got %a, want %a",
            name, where, n, (double)got[where], (double)want[where]);
    }
    assert_at(where == n, what, file, line);
}

uint64_t
check_seed(void)
{
    const char *text = getenv("CODELEN_TEST_SEED");

    return text == NULL ? 1 : strtoull(text, NULL, 10);
}

float
check_random(uint64_t i)
{
    uint64_t x = check_seed() * 0x9e3779b97f4a7c15u + i;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return (float)(x >> 40) * 0x1p-23f - 1.0f;
}

/* Bytes of the readable part of a guarded buffer: whole pages. */
static size_t
guarded_span(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (bytes + page - 1) / page * page;
}

uint8_t *
check_guarded(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t span = guarded_span(bytes);
    uint8_t *base = mmap(NULL, span + page, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED || mprotect(base + span, page, PROT_NONE) != 0) {
        fprintf(stderr, "check: cannot map a guarded buffer\n");
        exit(EXIT_FAILURE);
    }
    return base + span - bytes;
}

void
check_guarded_free(uint8_t *buffer, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t span = guarded_span(bytes);

    munmap(buffer + bytes - span, span + page);
}

const char *
check_shared(const char *name)
{
    static char path[4][1024];
    static unsigned turn;
    const char *root = getenv("CODELEN_SHARED");
    char *out = path[turn++ % 4];

    snprintf(out, sizeof(path[0]), "%s/%s", root ? root : "../shared", name);
    if (access(out, R_OK) != 0) {
        check_skip("%s is absent", out);
        return NULL;
    }
    return out;
}

const char *
check_scratch(const char *name)
{
    static char path[4][1024];
    static unsigned turn;
    const char *root = getenv("CODELEN_TEST_TMP");
    char *out = path[turn++ % 4];

    snprintf(
        out, sizeof(path[0]), "%s/%ld", root ? root : "/tmp", (long)getpid());
    mkdir(out, 0777);
    snprintf(out, sizeof(path[0]), "%s/%ld/%s", root ? root : "/tmp",
        (long)getpid(), name);
    return out;
}
