/*
 * test_chunk.c
 *
 * Scoring a chunk by parts gives the symbols of scoring it at once, bit by
 * bit: whatever the order of the parts, several together or alone, with parts
 * of other chunks, by one session or many at the same time.
 */
#include <string.h>

#include "base/rng.h"
#include "check.h"
#include "math/kernels.h"
#include "predict/chunk.h"
#include "predict/predict.h"

#define MODEL "model:tests/reference/models/bytes-bf16"

#define BYTES     ((size_t)700)
#define PARTS_MAX ((size_t)100)
#define N_CHUNKS  ((size_t)3)
#define N_THREADS 4

static void
make_text(uint8_t text[BYTES], uint64_t seed)
{
    for (size_t i = 0; i < BYTES; i++) {
        text[i] = (uint8_t)(rng_at(check_seed() + seed, i) % 256);
    }
}

static struct predictor *
open_windows(size_t context, size_t stride, const char *start)
{
    const struct predictor_options options = {
        .name = MODEL,
        .start = start,
        .context = context,
        .stride = stride,
        .kernels = kernels_find(MATH_EXACT, NULL),
        .n_threads = 1,
    };
    struct predictor *predictor = predictor_open(&options);

    CU_ASSERT_PTR_NOT_NULL_FATAL(predictor);
    return predictor;
}

/* Symbols as they come. */
struct symbols {
    struct predict_symbol list[2 * BYTES];
    size_t n;
};

static int
add_symbol(void *user, const struct predict_symbol *symbol)
{
    struct symbols *symbols = user;

    symbols->list[symbols->n++] = *symbol;
    return 0;
}

static bool
are_equal(const struct symbols *a, const struct symbols *b)
{
    bool is_equal = a->n == b->n;

    for (size_t i = 0; i < a->n && is_equal; i++) {
        const struct predict_symbol *x = &a->list[i], *y = &b->list[i];
        is_equal = x->cumulative == y->cumulative &&
                   x->frequency == y->frequency && x->total == y->total &&
                   x->n_bytes == y->n_bytes &&
                   memcmp(&x->bits, &y->bits, sizeof(x->bits)) == 0;
    }
    return is_equal;
}

/* Chunks, what they cost, and all their parts in random order. */
struct work {
    struct predictor *predictor;
    uint8_t text[N_CHUNKS][BYTES];
    struct symbols want[N_CHUNKS], got[N_CHUNKS];
    struct predictor_chunk *chunk[N_CHUNKS];
    struct predictor_part parts[N_CHUNKS * PARTS_MAX];
    size_t n_parts;
};

/* Large: not on the stack, and CUnit runs one test at a time. */
static struct work work;

static void
work_begin(struct predictor *predictor)
{
    struct predictor_session *session =
        predictor_session_new(predictor, BYTES, 1);

    work = (struct work){.predictor = predictor};
    CU_ASSERT_PTR_NOT_NULL_FATAL(session);
    for (size_t c = 0; c < N_CHUNKS; c++) {
        size_t bytes = BYTES - 31 * c;
        make_text(work.text[c], c);
        CU_ASSERT_EQUAL(predictor_score(session, work.text[c], bytes,
                            add_symbol, &work.want[c]),
            0);
        work.chunk[c] = predictor_chunk_new(
            predictor, BYTES, PARTS_MAX, add_symbol, &work.got[c]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(work.chunk[c]);
        CU_ASSERT_EQUAL_FATAL(
            predictor_chunk_begin(work.chunk[c], work.text[c], bytes), 0);
        size_t n = predictor_chunk_parts(work.chunk[c]);
        CU_ASSERT_FATAL(n > 1 && n <= PARTS_MAX);
        for (size_t i = 0; i < n; i++) {
            size_t at = rng_at(check_seed(), work.n_parts) % (work.n_parts + 1);
            work.parts[work.n_parts++] = work.parts[at];
            work.parts[at] = (struct predictor_part){work.chunk[c], i};
        }
    }
    predictor_session_free(session);
}

/* All parts are scored: emit, compare, end. */
static void
work_end(void)
{
    for (size_t c = 0; c < N_CHUNKS; c++) {
        for (size_t i = 0; i < predictor_chunk_parts(work.chunk[c]); i++) {
            CU_ASSERT_EQUAL(predictor_chunk_emit(work.chunk[c]), 0);
        }
        CU_ASSERT_EQUAL(predictor_chunk_end(work.chunk[c]), 0);
        CU_ASSERT(are_equal(&work.got[c], &work.want[c]));
        predictor_chunk_free(work.chunk[c]);
    }
    predictor_close(work.predictor);
}

/* Score n parts from first on at a time. */
static void
score_by(size_t n)
{
    struct predictor_session *session =
        predictor_session_new(work.predictor, BYTES, 1);

    for (size_t i = 0; i < work.n_parts; i += n) {
        size_t left = work.n_parts - i;
        CU_ASSERT_EQUAL(
            predictor_score_parts(session, work.parts + i, left < n ? left : n),
            0);
    }
    predictor_session_free(session);
}

static void
test_any_order_and_company_gives_the_same_symbols(void)
{
    static const struct {
        size_t context, stride, together;
        const char *start;
    } cases[] = {
        {20, 0, 1, "model"},
        {20, 0, 7, "none"},
        {20, 9, 64, "model"},
        {40, 33, 13, "none"},
        {300, 250, 3, "none"}, /* windows longer than a block */
        {200, 70, 5, "65"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        work_begin(
            open_windows(cases[i].context, cases[i].stride, cases[i].start));
        score_by(cases[i].together);
        work_end();
    }
}

static void
test_sessions_score_at_the_same_time(void)
{
    int n_failed = 0;

    work_begin(open_windows(50, 20, "model"));
#pragma omp parallel num_threads(N_THREADS) reduction(+ : n_failed)
    {
        struct predictor_session *session =
            predictor_session_new(work.predictor, BYTES, 1);
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < work.n_parts; i++) {
            n_failed += predictor_score_parts(session, work.parts + i, 1) != 0;
        }
        predictor_session_free(session);
    }
    CU_ASSERT_EQUAL(n_failed, 0);
    work_end();
}

static void
test_few_open_parts_suffice(void)
{
    struct predictor *predictor = open_windows(20, 0, "none");
    struct predictor_session *session =
        predictor_session_new(predictor, BYTES, 1);
    static struct symbols want, got;
    uint8_t text[BYTES];

    want.n = got.n = 0;
    make_text(text, 1);
    CU_ASSERT_EQUAL(
        predictor_score(session, text, BYTES, add_symbol, &want), 0);
    struct predictor_part part = {
        .chunk = predictor_chunk_new(predictor, BYTES, 1, add_symbol, &got)};
    CU_ASSERT_EQUAL(predictor_chunk_begin(part.chunk, text, BYTES), 0);
    for (; part.index < predictor_chunk_parts(part.chunk); part.index++) {
        CU_ASSERT_EQUAL(predictor_score_parts(session, &part, 1), 0);
        CU_ASSERT_EQUAL(predictor_chunk_emit(part.chunk), 0);
    }
    CU_ASSERT_EQUAL(predictor_chunk_end(part.chunk), 0);
    CU_ASSERT(are_equal(&got, &want));
    predictor_chunk_free(part.chunk);
    predictor_session_free(session);
    predictor_close(predictor);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_any_order_and_company_gives_the_same_symbols),
    CHECK_TEST(test_sessions_score_at_the_same_time),
    CHECK_TEST(test_few_open_parts_suffice),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("parts of chunks", tests)
