/*
 * test_attention.c
 *
 * Attention is what the textbook says, and a query gives the same bits alone
 * or among others, with every instruction set, group of heads, window and
 * number of threads: a decoder, which has one query at a time, must repeat
 * what the encoder computed.  Nothing behind a query or outside its window
 * leaves a trace.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "math/attention.h"
#include "math/kernels.h"
#include "naive.h"

/* float sums of up to some hundred terms of order 1. */
#define TOLERANCE 2e-6

/* The seed of the inputs whose digest is known. */
#define DIGEST_SEED 1

struct shape {
    size_t T, n_heads, n_kv_heads, D, window;
    float cap;
};

static const struct shape shapes[] = {
    {1, 1, 1, 4, 0, 0},
    {13, 2, 1, 4, 0, 0},
    {200, 3, 3, 16, 0, 0},
    {131, 4, 1, 32, 0, 0},
    {150, 9, 3, 64, 0, 0},
    {70, 2, 2, 128, 0, 0},
    {65, 1, 1, 256, 0, 0},
    {129, 5, 2, 20, 0, 0},
    {77, 2, 1, 7, 0, 0},
    {300, 2, 2, 16, 1, 0},
    {300, 2, 2, 16, 7, 0},
    {300, 4, 2, 16, 64, 0},
    {300, 3, 1, 48, 100, 0},
    {300, 2, 2, 24, 1000, 0},
};

#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static const char *const names[] = {"portable", "neon", "avx2", "avx512"};

/* Random queries, keys and values of one shape. */
struct data {
    struct shape shape;
    size_t n_out, n_kv;
    float *queries, *keys, *values, *out, *want;
};

static void
data_init(struct data *data, const struct shape *shape)
{
    data->shape = *shape;
    data->n_out = shape->T * shape->n_heads * shape->D;
    data->n_kv = shape->T * shape->n_kv_heads * shape->D;
    data->queries = mem_alloc(data->n_out, sizeof(float));
    data->keys = mem_alloc(data->n_kv, sizeof(float));
    data->values = mem_alloc(data->n_kv, sizeof(float));
    data->out = mem_alloc(data->n_out, sizeof(float));
    data->want = mem_alloc(data->n_out, sizeof(float));
    for (size_t i = 0; i < data->n_out; i++) {
        data->queries[i] = 4 * check_random(3 * i);
    }
    for (size_t i = 0; i < data->n_kv; i++) {
        data->keys[i] = 2 * check_random(3 * i + 1);
        data->values[i] = check_random(3 * i + 2);
    }
}

static void
data_release(struct data *data)
{
    mem_free(data->queries);
    mem_free(data->keys);
    mem_free(data->values);
    mem_free(data->out);
    mem_free(data->want);
}

/* All positions, n_step at a time. */
static void
run(const struct data *data, float *out, const struct kernels *kernels,
    size_t n_step, int n_threads)
{
    const struct shape *s = &data->shape;
    const size_t kv_row = s->n_kv_heads * s->D;
    /* As little room as the contract allows. */
    const size_t span = s->window > 0 ? s->window + n_step - 1 : 0;
    struct kv_cache *cache =
        kv_cache_new_ring(1, s->T, span, s->n_kv_heads, s->D);

    CU_ASSERT_PTR_NOT_NULL_FATAL(cache);
    for (size_t first = 0; first < s->T; first += n_step) {
        struct attention_call call = {
            .out = out + first * s->n_heads * s->D,
            .queries = data->queries + first * s->n_heads * s->D,
            .cache = cache,
            .first = first,
            .T = s->T - first < n_step ? s->T - first : n_step,
            .n_heads = s->n_heads,
            .window = s->window,
            .scale = 1 / sqrtf((float)s->D),
            .cap = s->cap,
            .n_threads = n_threads,
        };

        kv_cache_put(cache, data->keys + first * kv_row,
            data->values + first * kv_row, first, call.T);
        attention(kernels, &call);
    }
    kv_cache_free(cache);
}

static const struct kernels *
portable(void)
{
    return kernels_find(MATH_EXACT, "portable");
}

static const struct kernels *
best(void)
{
    return kernels_find(MATH_EXACT, NULL);
}

static void
test_attention_is_that_of_the_textbook(void)
{
    for (size_t i = 0; i < N_SHAPES; i++) {
        const struct shape *s = &shapes[i];
        struct data data;

        data_init(&data, s);
        struct naive_attention naive = {data.want, data.queries, data.keys,
            data.values, 0, s->T, s->n_heads, s->n_kv_heads, s->D, s->window,
            1 / sqrtf((float)s->D)};
        naive_attention(&naive);
        run(&data, data.out, best(), s->T, 1);
        CHECK_ARRAY_NEAR("out", data.out, data.want, data.n_out, TOLERANCE);
        data_release(&data);
    }
}

static void
test_every_instruction_set_gives_the_same_bits(void)
{
    for (size_t n = 1; n < sizeof(names) / sizeof(names[0]); n++) {
        const struct kernels *kernels = kernels_find(MATH_EXACT, names[n]);

        for (size_t i = 0; kernels && i < N_SHAPES; i++) {
            struct data data;

            data_init(&data, &shapes[i]);
            run(&data, data.want, portable(), data.shape.T, 1);
            run(&data, data.out, kernels, data.shape.T, 1);
            CHECK_ARRAY_SAME(names[n], data.out, data.want, data.n_out);
            data_release(&data);
        }
    }
}

static void
test_steps_and_parts_give_the_bits_of_the_whole(void)
{
    static const size_t steps[] = {1, 2, 5, 64, 97};

    for (size_t i = 0; i < N_SHAPES; i++) {
        struct data data;

        data_init(&data, &shapes[i]);
        run(&data, data.want, best(), data.shape.T, 1);
        for (size_t n = 0; n < sizeof(steps) / sizeof(steps[0]); n++) {
            run(&data, data.out, best(), steps[n], 1);
            CHECK_ARRAY_SAME("steps", data.out, data.want, data.n_out);
        }
        data_release(&data);
    }
}

/* Many rows and few have texts of their own; so has every cap. */
static void
test_capped_steps_give_the_bits_of_the_whole(void)
{
    struct data data;

    data_init(&data, &(struct shape){131, 2, 1, 20, 50, 1.5f});
    run(&data, data.want, best(), data.shape.T, 1);
    run(&data, data.out, best(), 1, 1);
    CHECK_ARRAY_SAME("steps", data.out, data.want, data.n_out);
    run(&data, data.out, portable(), data.shape.T, 1);
    CHECK_ARRAY_SAME("portable", data.out, data.want, data.n_out);
    data_release(&data);
}

static void
test_threads_do_not_change_bits(void)
{
    for (size_t i = 0; i < N_SHAPES; i++) {
        struct data data;

        data_init(&data, &shapes[i]);
        run(&data, data.want, best(), data.shape.T, 1);
        run(&data, data.out, best(), data.shape.T, 3);
        CHECK_ARRAY_SAME("3 threads", data.out, data.want, data.n_out);
        data_release(&data);
    }
}

/* Keys and values that a query does not see may even be NaN. */
static void
test_unseen_positions_leave_no_trace(void)
{
    const size_t T = 200, D = 16, split = 103, window = 30;
    struct data data;

    for (int w = 0; w < 2; w++) {
        data_init(&data, &(struct shape){T, 1, 1, D, w ? window : 0, 0});
        run(&data, data.want, best(), T, 1);

        /* Rows [split, ...) are behind; in a window, rows [0, split) too. */
        for (size_t i = split * D; i < T * D; i++) {
            data.keys[i] = data.values[i] = i % 3 ? NAN : INFINITY;
        }
        run(&data, data.out, best(), T, 1);
        CHECK_ARRAY_SAME("before", data.out, data.want, split * D);
        CU_ASSERT(isnan(data.out[split * D]));
        data_release(&data);
    }
    data_init(&data, &(struct shape){T, 1, 1, D, window, 0});
    run(&data, data.want, best(), T, 1);
    for (size_t i = 0; i < split * D; i++) {
        data.keys[i] = data.values[i] = NAN;
    }
    run(&data, data.out, best(), T, 1);
    {
        const size_t clean = (split + window - 1) * D;

        CHECK_ARRAY_SAME("after the window", data.out + clean,
            data.want + clean, T * D - clean);
        CU_ASSERT(isnan(data.out[clean - 1]));
    }
    data_release(&data);
}

/* A longer text may have been in the cache before. */
static void
test_a_used_cache_is_as_good_as_new(void)
{
    const struct shape s = {90, 2, 1, 32, 0, 0};
    const size_t n_long = 200 * s.D;
    struct kv_cache *cache = kv_cache_new(200, 1, s.D);
    float *old = mem_alloc(n_long, sizeof(float));
    struct data data;

    data_init(&data, &s);
    run(&data, data.want, best(), s.T, 1);
    for (size_t i = 0; i < n_long; i++) {
        old[i] = INFINITY;
    }
    kv_cache_put(cache, old, old, 0, 200);
    kv_cache_put(cache, data.keys, data.values, 0, s.T);
    attention(best(), &(struct attention_call){.out = data.out,
                          .queries = data.queries,
                          .cache = cache,
                          .T = s.T,
                          .n_heads = s.n_heads,
                          .scale = 1 / sqrtf((float)s.D),
                          .n_threads = 1});
    CHECK_ARRAY_SAME("used", data.out, data.want, data.n_out);
    data_release(&data);
    mem_free(old);
    kv_cache_free(cache);
}

/*
 * The largest scores decide alone, the smallest count as 0; also beyond 2^20,
 * where they have a path of their own.
 */
static void
test_scores_far_apart_do_not_overflow(void)
{
    static const float factors[] = {1e4f, 1e8f, 1e30f};
    const struct shape s = {130, 1, 1, 4, 0, 0};

    for (size_t f = 0; f < sizeof(factors) / sizeof(factors[0]); f++) {
        struct data data;

        data_init(&data, &s);
        for (size_t i = 0; i < data.n_kv; i++) {
            data.keys[i] *= factors[f];
        }
        struct naive_attention naive = {data.want, data.queries, data.keys,
            data.values, 0, s.T, 1, 1, s.D, 0, 0.5f};
        naive_attention(&naive);
        run(&data, data.out, best(), s.T, 1);
        CHECK_ARRAY_NEAR("out", data.out, data.want, data.n_out, 1e-2);
        run(&data, data.want, best(), 1, 1);
        CHECK_ARRAY_SAME("steps", data.out, data.want, data.n_out);
        data_release(&data);
    }
}

/* Two keys, whose values say their weights; their ratio is a power of e. */
static void
test_weights_are_exponentials(void)
{
    const float values[] = {1, 0, 0, 1};
    struct kv_cache *cache = kv_cache_new(2, 1, 2);

    for (float x = -80; x <= 80; x += 0.37f) {
        const float keys[] = {0, 0, x, 0}, query[] = {1, 0};
        const double want = exp((double)x);
        float out[2];

        kv_cache_put(cache, keys, values, 0, 2);
        attention(best(), &(struct attention_call){.out = out,
                              .queries = query,
                              .cache = cache,
                              .first = 1,
                              .T = 1,
                              .n_heads = 1,
                              .scale = 1,
                              .n_threads = 1});
        /* x log2(e) is rounded: a relative error of |x| 2^-24 and more. */
        CHECK_NEAR((double)out[1] / (double)out[0], want,
            2e-7 + fabs((double)x) * 2e-7);
    }
    kv_cache_free(cache);
}

static void
test_a_window_needs_room_for_itself_only(void)
{
    struct kv_cache *all = kv_cache_new(10000, 2, 16);
    struct kv_cache *ring = kv_cache_new_ring(1, 10000, 128, 2, 16);
    struct kv_cache *small = kv_cache_new_ring(1, 100, 128, 2, 16);

    /* 128 positions are 2 blocks of 64; 10,000 are 157. */
    CU_ASSERT_EQUAL(kv_cache_bytes(ring) * 157, kv_cache_bytes(all) * 2);
    CU_ASSERT_EQUAL(kv_cache_bytes(small) * 157, kv_cache_bytes(all) * 2);
    kv_cache_free(all);
    kv_cache_free(ring);
    kv_cache_free(small);
}

/* Any compiler, flags and processor: archives depend on these bits. */
static void
test_bits_are_those_of_every_machine(void)
{
    uint64_t hash = NAIVE_DIGEST;

    for (size_t i = 0; i < N_SHAPES; i++) {
        struct data data;

        data_init(&data, &shapes[i]);
        run(&data, data.out, portable(), data.shape.T, 1);
        hash = naive_digest(hash, data.out, data.n_out * sizeof(float));
        data_release(&data);
    }
    if (check_seed() == DIGEST_SEED) {
        CU_ASSERT_EQUAL(hash, UINT64_C(0xc86309c096854507));
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_attention_is_that_of_the_textbook),
    CHECK_TEST(test_every_instruction_set_gives_the_same_bits),
    CHECK_TEST(test_steps_and_parts_give_the_bits_of_the_whole),
    CHECK_TEST(test_capped_steps_give_the_bits_of_the_whole),
    CHECK_TEST(test_threads_do_not_change_bits),
    CHECK_TEST(test_unseen_positions_leave_no_trace),
    CHECK_TEST(test_a_used_cache_is_as_good_as_new),
    CHECK_TEST(test_weights_are_exponentials),
    CHECK_TEST(test_scores_far_apart_do_not_overflow),
    CHECK_TEST(test_a_window_needs_room_for_itself_only),
    CHECK_TEST(test_bits_are_those_of_every_machine),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("attention", tests)
