/*
 * test_walk.c
 *
 * What predictor_score() emitted and a range coder wrote, a walk finds again:
 * for every kind, window, stride and start, whatever the lengths of the chunks
 * and however many are on the way together.  Choices that are never emitted
 * are refused.
 */
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "coder/range.h"
#include "math/kernels.h"
#include "predict/predict.h"
#include "predict/walk.h"

#define BYTES_MODEL "model:tests/reference/models/bytes-bf16"
#define TOKEN_MODEL "model:tests/reference/models/small-Q4_0.gguf"

#define CHUNK_MAX ((size_t)300)
#define N_CHUNKS  ((size_t)11)

struct chunk {
    uint8_t raw[CHUNK_MAX], out[CHUNK_MAX];
    size_t bytes;
    uint8_t *code;
    size_t code_bytes;
    struct range_decoder decoder;
    struct predict_path path;
};

struct work {
    struct chunk chunks[N_CHUNKS];
    size_t n_begun;
};

/* Words, letters, all byte values, invalid UTF-8; one chunk is empty. */
static void
make_chunk(struct chunk *chunk, size_t c)
{
    static const char words[] = "the quick brown fox, and Caf\xc3\xa9 ";

    chunk->bytes = c == 4 ? 0 : 1 + rng_at(check_seed() + 90, c) % CHUNK_MAX;
    for (size_t i = 0; i < chunk->bytes; i++) {
        uint64_t random = rng_at(check_seed() + c, i);
        chunk->raw[i] = c % 2 ? (uint8_t)words[i % (sizeof(words) - 1)]
                              : (uint8_t)(random % 256);
    }
}

static int
encode_symbol(void *user, const struct predict_symbol *symbol)
{
    range_encode(user, symbol->cumulative, symbol->frequency, symbol->total);
    return 0;
}

static struct work *
encode_chunks(const struct predictor *predictor)
{
    struct work *work = mem_alloc(1, sizeof(*work));
    struct predictor_session *session =
        predictor_session_new(predictor, CHUNK_MAX, 1);
    struct range_encoder encoder;

    CU_ASSERT_FATAL(work != NULL && session != NULL);
    range_encoder_init(&encoder);
    for (size_t c = 0; c < N_CHUNKS; c++) {
        struct chunk *chunk = &work->chunks[c];
        const uint8_t *code;
        make_chunk(chunk, c);
        range_encoder_reset(&encoder);
        CU_ASSERT_EQUAL(predictor_score(session, chunk->raw, chunk->bytes,
                            encode_symbol, &encoder),
            0);
        CU_ASSERT_EQUAL(
            range_encoder_finish(&encoder, &code, &chunk->code_bytes), 0);
        chunk->code = check_guarded(chunk->code_bytes);
        if (chunk->code_bytes > 0) {
            memcpy(chunk->code, code, chunk->code_bytes);
        }
    }
    range_encoder_release(&encoder);
    predictor_session_free(session);
    return work;
}

static void
work_free(struct work *work)
{
    for (size_t c = 0; c < N_CHUNKS; c++) {
        check_guarded_free(work->chunks[c].code, work->chunks[c].code_bytes);
    }
    mem_free(work);
}

static struct predict_path *
next_chunk(void *user)
{
    struct work *work = user;

    if (work->n_begun == N_CHUNKS) {
        return NULL;
    }
    struct chunk *chunk = &work->chunks[work->n_begun++];
    range_decoder_init(&chunk->decoder, chunk->code, chunk->code_bytes);
    memset(chunk->out, 0, sizeof(chunk->out));
    chunk->path = (struct predict_path){
        .out = chunk->out,
        .n_bytes = chunk->bytes,
        .chooser = &chunk->decoder,
    };
    return &chunk->path;
}

static uint32_t
decode_symbol(
    void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    return range_decode_symbol(chooser, frequency, n, total);
}

static void
check_round_trip(const struct predictor_options *options)
{
    static const size_t n_paths[] = {1, 3, 16};
    struct predictor *predictor = predictor_open(options);

    CU_ASSERT_PTR_NOT_NULL_FATAL(predictor);
    struct work *work = encode_chunks(predictor);
    for (size_t i = 0; i < sizeof(n_paths) / sizeof(n_paths[0]); i++) {
        struct predictor_walk *walk =
            predictor_walk_new(predictor, CHUNK_MAX, n_paths[i], 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(walk);
        for (int round = 0; round < 2; round++) {
            work->n_begun = 0;
            const struct predict_walk all = {
                decode_symbol, next_chunk, work, n_paths[i]};
            CU_ASSERT_EQUAL(predictor_walk(walk, &all), 0);
            CU_ASSERT_EQUAL(work->n_begun, N_CHUNKS);
            for (size_t c = 0; c < N_CHUNKS; c++) {
                const struct chunk *chunk = &work->chunks[c];
                CU_ASSERT(!chunk->path.is_refused);
                CU_ASSERT_EQUAL(
                    memcmp(chunk->raw, chunk->out, chunk->bytes), 0);
            }
        }
        predictor_walk_free(walk);
    }
    work_free(work);
    predictor_close(predictor);
}

static struct predictor_options
exact(const char *name, const char *start, size_t context, size_t stride)
{
    return (struct predictor_options){
        .name = name,
        .start = start,
        .context = context,
        .stride = stride,
        .kernels = kernels_find(MATH_EXACT, NULL),
        .n_threads = 1,
    };
}

static void
test_walks_of_bytes_find_what_was_coded(void)
{
    static const char *const names[] = {
        "uniform", "ngram:0", "ngram:1", "ngram:4"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct predictor_options options = exact(names[i], NULL, 0, 0);
        check_round_trip(&options);
    }
}

static void
test_walks_of_a_model_find_what_was_coded(void)
{
    static const size_t windows[][2] = {
        {0, 0}, {64, 0}, {64, 20}, {64, 63}, {2, 0}, {2, 1}, {100, 1}};
    static const char *const starts[] = {"model", "none", "7"};

    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        struct predictor_options options =
            exact(BYTES_MODEL, starts[i % 3], windows[i][0], windows[i][1]);
        check_round_trip(&options);
    }
}

static void
test_walks_of_tokens_find_what_was_coded(void)
{
    static const char *const starts[] = {"model", "none", "3"};

    for (size_t i = 0; i < 3; i++) {
        struct predictor_options options =
            exact(TOKEN_MODEL, starts[i], 20 * i, 7 * i);
        check_round_trip(&options);
    }
}

static void
test_other_math_finds_what_it_coded(void)
{
    struct predictor_options options = exact(BYTES_MODEL, "model", 64, 0);

    options.kernels = kernels_find(MATH_INT8, NULL);
    check_round_trip(&options);
}

/* A chooser that always takes the same symbol. */
static uint32_t
choose_same(void *chooser, const uint64_t *frequency, size_t n, uint64_t total)
{
    const uint32_t *symbol = chooser;
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        CU_ASSERT(frequency[i] > 0);
        sum += frequency[i];
    }
    CU_ASSERT_EQUAL(sum, total);
    return *symbol < n ? *symbol : (uint32_t)n - 1;
}

static struct predict_path *
next_once(void *user)
{
    struct predict_path **path = user, *now = *path;

    *path = NULL;
    return now;
}

static void
test_tokens_that_do_not_fit_are_refused(void)
{
    struct predictor_options options = exact(TOKEN_MODEL, "model", 0, 0);
    struct predictor *predictor = predictor_open(&options);
    struct predictor_walk *walk = predictor_walk_new(predictor, 100, 2, 1);
    uint32_t n_refused = 0, V = predictor_info(predictor)->vocabulary;

    CU_ASSERT_PTR_NOT_NULL_FATAL(walk);
    for (uint32_t symbol = 0; symbol <= V; symbol++) {
        uint8_t *out = check_guarded(5);
        struct predict_path path = {
            .out = out, .n_bytes = 5, .chooser = &symbol};
        struct predict_path *next = &path;
        const struct predict_walk one = {choose_same, next_once, &next, 1};
        CU_ASSERT_EQUAL(predictor_walk(walk, &one), 0);
        n_refused += path.is_refused;
        check_guarded_free(out, 5);
    }
    CU_ASSERT(n_refused > 0 && n_refused < V);
    predictor_walk_free(walk);
    predictor_close(predictor);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_walks_of_bytes_find_what_was_coded),
    CHECK_TEST(test_walks_of_a_model_find_what_was_coded),
    CHECK_TEST(test_walks_of_tokens_find_what_was_coded),
    CHECK_TEST(test_other_math_finds_what_it_coded),
    CHECK_TEST(test_tokens_that_do_not_fit_are_refused),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("walk", tests)
