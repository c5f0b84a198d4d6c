/*
 * test_step.c
 *
 * A step, one query each of many streams, gives every query the bits of a
 * call of its own: whichever streams come together, in which order, at which
 * positions, in which groups of heads, with every instruction set and any
 * number of threads.  What a stream's cache held before leaves no trace.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "check.h"
#include "math/attention.h"
#include "math/kernels.h"

#define STREAMS   24
#define POSITIONS 300

struct shape {
    size_t n_heads, n_kv_heads, D, window;
};

/* Groups of all sizes, also uneven ones and some larger than a tile. */
static const struct shape shapes[] = {
    {1, 1, 4, 0},
    {2, 2, 32, 0},
    {4, 1, 16, 0},
    {4, 4, 16, 0},
    {9, 3, 64, 0},
    {5, 2, 20, 0},
    {13, 1, 7, 0},
    {29, 2, 8, 0},
    {2, 1, 128, 0},
    {3, 1, 256, 0},
    {2, 2, 16, 1},
    {4, 2, 16, 64},
    {3, 1, 48, 100},
    {6, 3, 24, 65},
};

#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static const char *const names[] = {"portable", "neon", "avx2", "avx512"};

struct data {
    struct shape shape;
    size_t positions[STREAMS]; /* of the query of each stream */
    float *queries;            /* (STREAMS, n_heads, D) */
    float *want;               /* the same, from calls of their own */
    float *kv;                 /* (STREAMS, 2, POSITIONS, n_kv_heads, D) */
};

static size_t
query_floats(const struct data *data)
{
    return data->shape.n_heads * data->shape.D;
}

/* Keys or values of a stream at a position. */
static const float *
kv_row(const struct data *data, size_t stream, size_t which, size_t position)
{
    size_t floats = data->shape.n_kv_heads * data->shape.D;

    return data->kv + ((stream * 2 + which) * POSITIONS + position) * floats;
}

static void
call_alone(const struct data *data, size_t stream)
{
    const struct shape *s = &data->shape;
    struct kv_cache *cache = kv_cache_new(POSITIONS, s->n_kv_heads, s->D);

    CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
    kv_cache_put(cache, kv_row(data, stream, 0, 0), kv_row(data, stream, 1, 0),
        0, data->positions[stream] + 1);
    attention(kernels_find(MATH_EXACT, "portable"),
        &(struct attention_call){
            .out = data->want + stream * query_floats(data),
            .queries = data->queries + stream * query_floats(data),
            .cache = cache,
            .first = data->positions[stream],
            .T = 1,
            .n_heads = s->n_heads,
            .window = s->window,
            .scale = 0.25f,
            .n_threads = 1,
        });
    kv_cache_free(cache);
}

static void
data_init(struct data *data, const struct shape *shape)
{
    size_t n_kv = STREAMS * 2 * POSITIONS * shape->n_kv_heads * shape->D;

    data->shape = *shape;
    size_t n_queries = STREAMS * query_floats(data);
    data->queries = mem_alloc(n_queries, sizeof(float));
    data->want = mem_alloc(n_queries, sizeof(float));
    data->kv = mem_alloc(n_kv, sizeof(float));
    for (size_t i = 0; i < n_queries; i++) {
        data->queries[i] = 4 * check_random(2 * i);
    }
    for (size_t i = 0; i < n_kv; i++) {
        data->kv[i] = 2 * check_random(2 * i + 1);
    }
    for (size_t i = 0; i < STREAMS; i++) {
        static const size_t edges[] = {0, 62, 63, 64, 127, 128, 299, 299, 299};
        data->positions[i] =
            i < 9 ? edges[i] : (size_t)(rng_at(check_seed(), i) % POSITIONS);
        call_alone(data, i);
    }
}

static void
data_release(struct data *data)
{
    mem_free(data->queries);
    mem_free(data->want);
    mem_free(data->kv);
}

/* A cache with all streams; what their queries do not see is NaN. */
static struct kv_cache *
fill_cache(const struct data *data)
{
    const struct shape *s = &data->shape;
    size_t row = s->n_kv_heads * s->D;
    struct kv_cache *cache =
        kv_cache_new_streams(STREAMS, POSITIONS, s->n_kv_heads, s->D);
    float *nan_row = mem_alloc(row, sizeof(float));

    CU_ASSERT_FATAL(cache != NULL && nan_row != NULL);
    memset(nan_row, 0xff, row * sizeof(float));
    for (size_t i = 0; i < STREAMS; i++) {
        size_t end = data->positions[i] + 1;
        size_t first = s->window > 0 && end > s->window ? end - s->window : 0;
        for (size_t t = 0; t < POSITIONS; t++) {
            bool is_seen = t >= first && t < end;
            kv_cache_put_one(cache, is_seen ? kv_row(data, i, 0, t) : nan_row,
                is_seen ? kv_row(data, i, 1, t) : nan_row, i, t);
        }
    }
    mem_free(nan_row);
    return cache;
}

/* Step n streams from a random one on, in a stride that visits all. */
static void
check_step(const struct data *data, const struct kv_cache *cache,
    const struct kernels *kernels, size_t n, int n_threads)
{
    static const size_t strides[] = {1, 5, 7, 23};
    const struct shape *s = &data->shape;
    size_t floats = query_floats(data), streams[STREAMS], positions[STREAMS];
    size_t first = rng_at(check_seed(), n) % STREAMS;
    float *queries = mem_alloc(n * floats, sizeof(float));
    float *out = mem_alloc(n * floats, sizeof(float));

    for (size_t i = 0; i < n; i++) {
        streams[i] = (first + i * strides[n % 4]) % STREAMS;
        positions[i] = data->positions[streams[i]];
        memcpy(queries + i * floats, data->queries + streams[i] * floats,
            floats * sizeof(float));
    }
    attention_step(kernels, &(struct attention_step_call){
                                .out = out,
                                .queries = queries,
                                .cache = cache,
                                .streams = streams,
                                .positions = positions,
                                .n = n,
                                .n_heads = s->n_heads,
                                .window = s->window,
                                .scale = 0.25f,
                                .n_threads = n_threads,
                            });
    for (size_t i = 0; i < n; i++) {
        CHECK_ARRAY_SAME(
            "step", out + i * floats, data->want + streams[i] * floats, floats);
    }
    mem_free(queries);
    mem_free(out);
}

static void
test_a_step_gives_each_stream_the_bits_of_its_own_call(void)
{
    static const size_t sizes[] = {1, 2, 3, 5, 11, 12, 13, STREAMS};

    for (size_t i = 0; i < N_SHAPES; i++) {
        struct data data;
        data_init(&data, &shapes[i]);
        struct kv_cache *cache = fill_cache(&data);

        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            const struct kernels *kernels = kernels_find(MATH_EXACT, names[k]);

            for (size_t n = 0; kernels && n < sizeof(sizes) / sizeof(size_t);
                 n++) {
                check_step(&data, cache, kernels, sizes[n], 1);
            }
        }
        kv_cache_free(cache);
        data_release(&data);
    }
}

static void
test_threads_do_not_change_bits(void)
{
    for (size_t i = 0; i < N_SHAPES; i++) {
        struct data data;
        data_init(&data, &shapes[i]);
        struct kv_cache *cache = fill_cache(&data);

        for (int n_threads = 2; n_threads <= 3; n_threads++) {
            check_step(&data, cache, kernels_find(MATH_EXACT, NULL), STREAMS,
                n_threads);
        }
        kv_cache_free(cache);
        data_release(&data);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_a_step_gives_each_stream_the_bits_of_its_own_call),
    CHECK_TEST(test_threads_do_not_change_bits),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("attention step", tests)
