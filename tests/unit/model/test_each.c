/*
 * test_each.c
 *
 * Contexts that go through the layers together get the logits, bit by bit,
 * that each gets alone, and leave nothing behind.
 */
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "golden.h"
#include "math/kernels.h"
#include "model/model.h"

#define BYTES_MODEL "tests/reference/models/bytes-bf16"
#define GGUF_MODEL  "tests/reference/models/small-Q4_0.gguf"

/* Layers with a window of 32, all or some of them. */
static const char *const window_models[] = {
    "golden/mistral", "golden/gemma2", "golden/gemma3"};

/* Rows of a call; more than a key block in the longest context. */
#define ROWS_MAX ((size_t)160)
#define N_CALLS  8

/* Positions that go around a ring of ROWS_MAX and a window. */
#define N_AROUND (3 * ROWS_MAX)

/* Random lengths that sum to ROWS_MAX; their number. */
static size_t
draw_lengths(size_t *lengths, uint64_t call)
{
    size_t n = 0, left = ROWS_MAX;

    while (left > 0) {
        uint64_t longest = call % 2 == 0 ? 9 : ROWS_MAX;
        size_t length = 1 + rng_at(check_seed() + call, n) % longest;
        lengths[n] = length < left ? length : left;
        left -= lengths[n++];
    }
    return n;
}

/* got (ROWS_MAX, vocabulary) is for logits. */
static void
check_each(const struct model *model, struct model_state *state, float *got)
{
    size_t V = model_info(model)->vocabulary;

    for (uint64_t call = 0; call < N_CALLS; call++) {
        uint32_t tokens[ROWS_MAX];
        size_t lengths[ROWS_MAX], n = draw_lengths(lengths, call);
        for (size_t t = 0; t < ROWS_MAX; t++) {
            tokens[t] = (uint32_t)(rng_at(call + 99, t) % V);
        }
        model_state_clear(state);
        model_extend(state, tokens, 7); /* is forgotten */
        model_extend_each(state, tokens, lengths, n);
        CU_ASSERT_EQUAL(model_state_position(state), 0);
        model_logits(state, got, 0, ROWS_MAX);
        for (size_t i = 0, row = 0; i < n; row += lengths[i++]) {
            float *want =
                golden_logits(model, tokens + row, lengths[i], lengths[i], 1);
            CHECK_ARRAY_SAME("each", got + row * V, want, lengths[i] * V);
            mem_free(want);
        }
    }
}

static void
check_model(const char *path, int n_threads)
{
    struct model *model = model_open(path, kernels_find(MATH_EXACT, NULL), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    struct model_state *state =
        model_state_new(model, ROWS_MAX, ROWS_MAX, n_threads);
    float *got =
        mem_alloc(ROWS_MAX * model_info(model)->vocabulary, sizeof(float));
    CU_ASSERT_FATAL(state != NULL && got != NULL);

    check_each(model, state, got);
    mem_free(got);
    model_state_free(state);
    model_close(model);
}

static void
test_contexts_together_are_contexts_alone(void)
{
    check_model(BYTES_MODEL, 1);
    check_model(GGUF_MODEL, 1);
}

static void
test_threads_change_no_bit(void)
{
    check_model(BYTES_MODEL, 3);
}

/*
 * Positions go around the rings of layers with a window; contexts that come
 * after that see nothing of it.
 */
static void
test_windows_forget_what_they_do_not_see(void)
{
    const size_t N = N_AROUND;
    uint32_t tokens[N_AROUND];

    for (size_t i = 0; i < 3; i++) {
        const char *path = check_shared(window_models[i]);
        if (path == NULL) {
            return;
        }
        struct model *model =
            model_open(path, kernels_find(MATH_EXACT, NULL), 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(model);
        size_t V = model_info(model)->vocabulary;
        struct model_state *state = model_state_new(model, N, ROWS_MAX, 1);
        float *got = mem_alloc(ROWS_MAX * V, sizeof(float));
        for (size_t t = 0; t < N; t++) {
            tokens[t] = (uint32_t)(rng_at(i, t) % V);
        }
        float *want = golden_logits(model, tokens, N, N, 1);
        for (size_t n = 0; n < N / ROWS_MAX; n++) {
            model_extend(state, tokens + n * ROWS_MAX, ROWS_MAX);
            model_logits(state, got, 0, ROWS_MAX);
            CHECK_ARRAY_SAME(path, got, want + n * ROWS_MAX * V, ROWS_MAX * V);
        }
        mem_free(want);
        check_each(model, state, got);
        mem_free(got);
        model_state_free(state);
        model_close(model);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_contexts_together_are_contexts_alone),
    CHECK_TEST(test_threads_change_no_bit),
    CHECK_TEST(test_windows_forget_what_they_do_not_see),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("contexts together", tests)
