/*
 * test_batch.c
 *
 * In exact mode a stream of a batch gets the logits, bit by bit, that it gets
 * alone: with any number of streams, in any order, left out of some steps,
 * started again at any time, with every instruction set and any number of
 * threads, for every family of models.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"
#include "check.h"
#include "golden.h"
#include "messages.h"
#include "model/batch.h"

#define BYTES_MODEL "tests/reference/models/bytes-bf16"
#define GGUF_MODEL  "tests/reference/models/small-Q4_0.gguf"

/* Texts of random tokens, longer than two key blocks of the attention. */
#define N_TEXTS ((size_t)3)
#define LENGTH  ((size_t)140)

#define STREAMS_MAX ((size_t)64)

/* How many of a thousand draws leave a stream out of a step, or clear it. */
#define LEFT_OUT 150
#define CLEARED  5

struct texts {
    size_t V;
    uint32_t *tokens; /* (N_TEXTS, LENGTH) */
    float *logits;    /* (N_TEXTS, LENGTH, V): each text alone, by portable */
};

static struct model *
open_model(const char *path, const char *kernels_name)
{
    messages_hold();
    const struct kernels *kernels = kernels_find(MATH_EXACT, kernels_name);
    report_discard();
    report_hold(false, NULL);
    if (kernels == NULL) {
        return NULL;
    }
    struct model *model = model_open(path, kernels, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(model);
    return model;
}

static void
texts_init(struct texts *texts, const char *path)
{
    struct model *model = open_model(path, "portable");
    size_t n = N_TEXTS * LENGTH;

    texts->V = model_info(model)->vocabulary;
    texts->tokens = mem_alloc(n, sizeof(uint32_t));
    texts->logits = mem_alloc(n * texts->V, sizeof(float));
    CU_ASSERT_FATAL(texts->tokens != NULL && texts->logits != NULL);
    for (size_t i = 0; i < n; i++) {
        texts->tokens[i] = (uint32_t)(rng_at(check_seed(), i) % texts->V);
    }
    for (size_t i = 0; i < N_TEXTS; i++) {
        float *logits =
            golden_logits(model, texts->tokens + i * LENGTH, LENGTH, LENGTH, 1);
        memcpy(texts->logits + i * LENGTH * texts->V, logits,
            LENGTH * texts->V * sizeof(float));
        mem_free(logits);
    }
    model_close(model);
}

static void
texts_release(struct texts *texts)
{
    mem_free(texts->tokens);
    mem_free(texts->logits);
}

/* A batch, and which text each of its streams reads. */
struct walk {
    const struct texts *texts;
    struct model_batch *batch;
    size_t n_streams;
    size_t text[STREAMS_MAX];
    uint64_t seed, n_draws;
};

static uint64_t
draw(struct walk *walk, uint64_t end)
{
    return rng_at(walk->seed, walk->n_draws++) % end;
}

/* The streams of the next step, in random order; their number. */
static size_t
choose(struct walk *walk, size_t *streams)
{
    size_t n = 0;

    for (size_t i = 0; i < walk->n_streams; i++) {
        size_t position = model_batch_position(walk->batch, i);
        if (position == LENGTH || draw(walk, 1000) < CLEARED) {
            model_batch_clear(walk->batch, i);
            CU_ASSERT_EQUAL(model_batch_position(walk->batch, i), 0);
            walk->text[i] = draw(walk, N_TEXTS);
        }
        if (draw(walk, 1000) >= LEFT_OUT) {
            size_t at = draw(walk, n + 1);
            streams[n] = i;
            streams[n++] = streams[at];
            streams[at] = i;
        }
    }
    return n;
}

/* One step, whose logits are taken in two parts. */
static void
step(struct walk *walk)
{
    const struct texts *texts = walk->texts;
    size_t V = texts->V, streams[STREAMS_MAX], row[STREAMS_MAX];
    uint32_t tokens[STREAMS_MAX];
    size_t n = choose(walk, streams);
    size_t split = draw(walk, n + 1);
    float *logits = mem_alloc(n * V, sizeof(float));

    for (size_t i = 0; i < n; i++) {
        row[i] = walk->text[streams[i]] * LENGTH +
                 model_batch_position(walk->batch, streams[i]);
        tokens[i] = texts->tokens[row[i]];
    }
    model_batch_step(walk->batch, streams, tokens, n);
    model_batch_logits(walk->batch, logits + split * V, split, n - split);
    model_batch_logits(walk->batch, logits, 0, split);
    for (size_t i = 0; i < n; i++) {
        CHECK_ARRAY_SAME(
            "logits", logits + i * V, texts->logits + row[i] * V, V);
    }
    mem_free(logits);
}

static void
walk_randomly(const struct texts *texts, const struct model *model,
    size_t n_streams, size_t n_steps, int n_threads)
{
    struct walk walk = {
        .texts = texts,
        .batch = model_batch_new(model, n_streams, LENGTH, n_threads),
        .n_streams = n_streams,
        .seed = check_seed() + n_streams + (uint64_t)n_threads,
    };

    CU_ASSERT_PTR_NOT_NULL_FATAL(walk.batch);
    for (size_t i = 0; i < n_steps; i++) {
        step(&walk);
    }
    model_batch_free(walk.batch);
}

static void
test_any_number_of_streams_gives_the_bits_of_each_alone(void)
{
    static const size_t sizes[] = {1, 2, 7, 13, STREAMS_MAX};
    struct texts texts;

    texts_init(&texts, BYTES_MODEL);
    struct model *model = open_model(BYTES_MODEL, NULL);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        walk_randomly(&texts, model, sizes[i], 250, 1);
    }
    model_close(model);
    texts_release(&texts);
}

static void
test_number_of_threads_does_not_change_a_bit(void)
{
    struct texts texts;

    texts_init(&texts, BYTES_MODEL);
    struct model *model = open_model(BYTES_MODEL, NULL);
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        walk_randomly(&texts, model, 20, 40, n_threads);
    }
    model_close(model);
    texts_release(&texts);
}

static void
test_every_instruction_set_gives_the_same_bits(void)
{
    static const char *const names[] = {"portable", "neon", "avx2", "avx512"};
    struct texts texts;

    texts_init(&texts, GGUF_MODEL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct model *model = open_model(GGUF_MODEL, names[i]);
        if (model != NULL) {
            walk_randomly(&texts, model, 5, 150, 1);
            walk_randomly(&texts, model, 17, 10, 1);
        }
        model_close(model);
    }
    texts_release(&texts);
}

static void
test_every_family_gives_the_bits_of_each_stream_alone(void)
{
    static const char *const folders[] = {"llama", "llama-bf16",
        "llama-untied-rope3", "llama-bias", "qwen2", "qwen3", "mistral", "gpt2",
        "gpt_neox", "gpt_neox-sequential", "gemma2", "gemma3", "gemma3-linear",
        "deepmind", "gguf/k-Q4_K_M.gguf", "gguf/rope-F32.gguf",
        "gguf/qwen2-F16.gguf"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char name[128];
        struct texts texts;
        snprintf(name, sizeof(name), "golden/%s", folders[i]);
        const char *path = check_shared(name);
        if (path == NULL) {
            return;
        }
        texts_init(&texts, path);
        struct model *model = open_model(path, NULL);
        walk_randomly(&texts, model, 5, 70, 1);
        model_close(model);
        texts_release(&texts);
    }
}

static void
test_streams_step_in_their_order_if_none_are_named(void)
{
    struct texts texts;
    float *logits;

    texts_init(&texts, BYTES_MODEL);
    logits = mem_alloc(N_TEXTS * texts.V, sizeof(float));
    struct model *model = open_model(BYTES_MODEL, NULL);
    struct model_batch *batch = model_batch_new(model, N_TEXTS + 1, LENGTH, 1);
    CU_ASSERT_FATAL(batch != NULL && logits != NULL);
    for (size_t t = 0; t < 3; t++) {
        uint32_t tokens[N_TEXTS];
        for (size_t i = 0; i < N_TEXTS; i++) {
            tokens[i] = texts.tokens[i * LENGTH + t];
        }
        model_batch_step(batch, NULL, tokens, N_TEXTS);
    }
    model_batch_logits(batch, logits, 0, N_TEXTS);
    for (size_t i = 0; i < N_TEXTS; i++) {
        CU_ASSERT_EQUAL(model_batch_position(batch, i), 3);
        CHECK_ARRAY_SAME("logits", logits + i * texts.V,
            texts.logits + (i * LENGTH + 2) * texts.V, texts.V);
    }
    CU_ASSERT_EQUAL(model_batch_position(batch, N_TEXTS), 0);
    model_batch_free(batch);
    model_close(model);
    mem_free(logits);
    texts_release(&texts);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_any_number_of_streams_gives_the_bits_of_each_alone),
    CHECK_TEST(test_number_of_threads_does_not_change_a_bit),
    CHECK_TEST(test_every_instruction_set_gives_the_same_bits),
    CHECK_TEST(test_every_family_gives_the_bits_of_each_stream_alone),
    CHECK_TEST(test_streams_step_in_their_order_if_none_are_named),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("batch of streams", tests)
