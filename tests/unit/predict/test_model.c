/*
 * test_model.c
 *
 * A chunk costs what the model says about its tokens: the numbers of PyTorch
 * where there are some, and those of one model call per token for any window,
 * stride and start.
 */
#include "check.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"
#include "collect.h"
#include "math/kernels.h"
#include "math/softmax.h"
#include "model/model.h"
#include "predict/predict.h"
#include "token/token.h"

/* Of PyTorch in single precision against double (README of the folders). */
#define BITS_PER_TOKEN 4e-4

#define CHUNK_MAX 4096

static struct predictor_options
exact(const char *name)
{
    return (struct predictor_options){
        .name = name,
        .start = "model",
        .kernels = kernels_find(MATH_EXACT, NULL),
        .n_threads = 1,
    };
}

/* A test case from the reference data: a model, a text and its numbers. */
struct golden {
    char *path, *name;
    json_t *expected;
    uint8_t text[CHUNK_MAX];
    size_t bytes;
    size_t n_log2p;
};

static double
golden_bits(const struct golden *g, size_t i)
{
    const json_t *log2p = json_object_get(g->expected, "log2p_f64");

    return -json_real_value(json_array_get(log2p, i));
}

/* The text is what the tokens of the case stand for. */
static void
set_text(struct golden *g, const struct tokenizer *tokenizer, size_t first)
{
    const json_t *tokens = json_object_get(g->expected, "tokens");

    for (size_t i = first; i < json_array_size(tokens); i++) {
        json_int_t id = json_integer_value(json_array_get(tokens, i));
        size_t n;
        const uint8_t *text = tokenizer_bytes(tokenizer, (uint32_t)id, &n);
        CU_ASSERT_FATAL(g->bytes + n <= CHUNK_MAX);
        memcpy(g->text + g->bytes, text, n);
        g->bytes += n;
    }
}

/* Tokens before number first are not of the text.  -1: data is not there. */
static int
golden_open(
    struct golden *g, const char *path, const char *expected, size_t first)
{
    struct tokenizer *tokenizer;
    const char *found = check_shared(path);

    *g = (struct golden){0};
    if (found == NULL) {
        return -1;
    }
    g->path = mem_strdup(found);
    g->name = mem_printf("model:%s", found);
    g->expected = json_load_file(check_shared(expected), 0, NULL);
    CU_ASSERT_FATAL(g->expected != NULL);
    tokenizer = file_is_directory(g->path) ? tokenizer_new_bytes()
                                           : tokenizer_open(g->path);
    CU_ASSERT_FATAL(tokenizer != NULL);
    set_text(g, tokenizer, first);
    tokenizer_free(tokenizer);
    g->n_log2p = json_array_size(json_object_get(g->expected, "log2p_f64"));
    return 0;
}

static int
golden_open_bytes(struct golden *g)
{
    return golden_open(
        g, "golden/bytes-bf16", "golden/bytes-bf16/expected.json", 0);
}

static int
golden_open_gguf(struct golden *g)
{
    return golden_open(g, "golden/gguf/small-F32.gguf",
        "golden/gguf/small-F32.expected.json", 1);
}

static void
golden_close(struct golden *g)
{
    mem_free(g->path);
    mem_free(g->name);
    json_decref(g->expected);
}

static void
test_byte_model_costs_what_pytorch_says(void)
{
    struct golden g;

    if (golden_open_bytes(&g)) {
        return;
    }
    struct predictor_options options = exact(g.name);
    options.start = "none";
    struct collected c = collect_named(&options, g.text, g.bytes);
    CU_ASSERT_EQUAL_FATAL(c.n, g.n_log2p + 1);
    CU_ASSERT_EQUAL(c.symbols[0].bits, 8.0);
    for (size_t i = 0; i < g.n_log2p; i++) {
        CHECK_WITHIN(c.symbols[i + 1].bits, golden_bits(&g, i), BITS_PER_TOKEN);
    }
    collect_free(&c);
    golden_close(&g);
}

static void
test_gguf_with_tokenizer_and_start_costs_what_pytorch_says(void)
{
    struct golden g;

    if (golden_open_gguf(&g)) {
        return;
    }
    struct predictor_options options = exact(g.name);
    struct collected c = collect_named(&options, g.text, g.bytes);
    CU_ASSERT_EQUAL_FATAL(c.n, g.n_log2p);
    for (size_t i = 0; i < g.n_log2p; i++) {
        CHECK_WITHIN(c.symbols[i].bits, golden_bits(&g, i), BITS_PER_TOKEN);
    }
    /* The same start token by number. */
    options.start = "1";
    struct collected d = collect_named(&options, g.text, g.bytes);
    CU_ASSERT(collect_equal(&c, &d));
    collect_free(&c);
    collect_free(&d);
    golden_close(&g);
}

static void
test_without_start_the_first_token_costs_log2_of_the_vocabulary(void)
{
    struct golden g;

    if (golden_open_gguf(&g)) {
        return;
    }
    struct predictor_options options = exact(g.name);
    options.start = "none";
    struct collected c = collect_named(&options, g.text, g.bytes);
    CHECK_NEAR(c.symbols[0].bits, log2(300.0), 1e-14);
    CU_ASSERT_EQUAL(c.n_tokens, g.n_log2p);
    collect_free(&c);
    golden_close(&g);
}

/*
 * Bits of tokens [first_new, n) of one window, one model call per token.
 * start: -1 for none.
 */
static void
direct_window(double *bits, const struct model *model,
    const struct kernels *kernels, int64_t start, const uint32_t *tokens,
    size_t n, size_t first_new)
{
    uint32_t V = model_info(model)->vocabulary;
    struct model_state *state = model_state_new(model, n + 1, 1, 1);
    float *logits = mem_alloc(V, sizeof(*logits));

    for (size_t i = 0; i < n; i++) {
        struct softmax_symbol code = {.bits = log2(V)};
        uint32_t input = i > 0 ? tokens[i - 1] : (uint32_t)start;
        if (i > 0 || start >= 0) {
            model_extend(state, &input, 1);
            model_logits(state, logits, 0, 1);
            softmax_code(kernels, &code, logits, V, tokens[i]);
        }
        if (i >= first_new) {
            bits[i] = code.bits;
        }
    }
    mem_free(logits);
    model_state_free(state);
}

/* Bits of a chunk of bytes by the definition of windows and strides. */
static void
direct_bits(double *bits, const struct predictor_options *options,
    const struct golden *g, int64_t start)
{
    struct model *model = model_open(g->path, options->kernels, 1);
    size_t capacity = options->context - (start >= 0);
    size_t step = options->stride == 0 ? capacity : options->stride;
    uint32_t tokens[CHUNK_MAX];

    for (size_t i = 0; i < g->bytes; i++) {
        tokens[i] = g->text[i];
    }
    for (size_t at = 0, done = 0; done < g->bytes; at += step) {
        size_t end = at + capacity < g->bytes ? at + capacity : g->bytes;
        direct_window(bits + at, model, options->kernels, start, tokens + at,
            end - at, done - at);
        done = end;
    }
    model_close(model);
}

static void
test_windows_and_strides_equal_one_model_call_per_token(void)
{
    const struct {
        uint64_t context, stride;
        const char *start;
        int64_t token;
    } cases[] = {
        {512, 0, "model", 1},
        {64, 0, "model", 1},
        {64, 0, "none", -1},
        {64, 20, "model", 1},
        {64, 63, "none", -1},
        {64, 63, "7", 7},
        {64, 1, "none", -1},
        {2, 1, "model", 1},
        {300, 0, "none", -1},
    };
    struct golden g;

    if (golden_open_bytes(&g)) {
        return;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct predictor_options options = exact(g.name);
        double bits[CHUNK_MAX];
        size_t n_wrong = 0;
        options.context = cases[i].context;
        options.stride = cases[i].stride;
        options.start = cases[i].start;
        direct_bits(bits, &options, &g, cases[i].token);
        struct collected c = collect_named(&options, g.text, g.bytes);
        CU_ASSERT_EQUAL_FATAL(c.n, g.bytes);
        for (size_t t = 0; t < g.bytes; t++) {
            n_wrong += c.symbols[t].bits != bits[t];
        }
        CU_ASSERT_EQUAL(n_wrong, 0);
        collect_free(&c);
    }
    golden_close(&g);
}

static void
test_threads_and_sessions_do_not_change_a_bit(void)
{
    struct golden g;

    if (golden_open_gguf(&g)) {
        return;
    }
    struct predictor_options options = exact(g.name);
    struct collected one = collect_named(&options, g.text, g.bytes);
    options.n_threads = 3;
    struct collected three = collect_named(&options, g.text, g.bytes);
    CU_ASSERT(collect_equal(&one, &three));
    struct predictor *p = predictor_open(&options);
    struct predictor_session *s = predictor_session_new(p, 4096, 1);
    struct collected other = collect(s, g.text, 100);
    struct collected again = collect(s, g.text, g.bytes);
    CU_ASSERT(collect_equal(&one, &again));
    collect_free(&one);
    collect_free(&three);
    collect_free(&other);
    collect_free(&again);
    predictor_session_free(s);
    predictor_close(p);
    golden_close(&g);
}

static void
test_short_chunks_work_and_facts_are_told(void)
{
    struct golden g;

    if (golden_open_bytes(&g)) {
        return;
    }
    struct predictor_options options = exact(g.name);
    options.context = 100;
    for (size_t bytes = 0; bytes < 3; bytes++) {
        struct collected c = collect_named(&options, g.text, bytes);
        CU_ASSERT_EQUAL(c.n, bytes);
        collect_free(&c);
    }
    struct predictor *p = predictor_open(&options);
    const struct predictor_info *info = predictor_info(p);
    struct model *model = model_open(g.path, options.kernels, 1);
    CU_ASSERT_EQUAL(info->context, 100);
    CU_ASSERT_EQUAL(info->start_token, 1);
    CU_ASSERT_EQUAL(info->vocabulary, 256);
    CU_ASSERT_EQUAL(info->n_parameters, model_info(model)->n_parameters);
    CU_ASSERT_STRING_EQUAL(info->tokenizer, "bytes");
    CU_ASSERT_STRING_EQUAL(info->model_sha256, "");
    CU_ASSERT_EQUAL(predictor_hash(p), 0);
    CU_ASSERT_EQUAL(strlen(info->model_sha256), HASH_HEX_BYTES - 1);
    struct predictor_session *s = predictor_session_new(p, 250, 1);
    struct collected c = collect(s, g.text, 250);
    CHECK_NEAR(predictor_flops(s),
        2 * model_flops(model, 0, 99) + model_flops(model, 0, 52), 1e-12);
    collect_free(&c);
    predictor_session_free(s);
    model_close(model);
    predictor_close(p);
    golden_close(&g);
}

static void
test_what_does_not_fit_is_an_error(void)
{
    const struct {
        uint64_t context, stride;
        const char *start;
    } wrong[] = {
        {513, 0, "model"},
        {1, 0, "model"},
        {64, 64, "none"},
        {0, 512, "none"},
        {0, 0, "256"},
        {0, 0, "-1"},
        {0, 0, "bos"},
        {0, 0, ""},
    };
    struct golden g;

    if (golden_open_bytes(&g)) {
        return;
    }
    report_hold(true, NULL);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        unsigned before = report_error_count();
        struct predictor_options options = exact(g.name);
        options.context = wrong[i].context;
        options.stride = wrong[i].stride;
        options.start = wrong[i].start;
        CU_ASSERT_PTR_NULL(predictor_open(&options));
        CU_ASSERT_EQUAL(report_error_count(), before + 1);
        report_discard();
    }
    report_hold(false, NULL);
    golden_close(&g);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_byte_model_costs_what_pytorch_says),
    CHECK_TEST(test_gguf_with_tokenizer_and_start_costs_what_pytorch_says),
    CHECK_TEST(test_without_start_the_first_token_costs_log2_of_the_vocabulary),
    CHECK_TEST(test_windows_and_strides_equal_one_model_call_per_token),
    CHECK_TEST(test_threads_and_sessions_do_not_change_a_bit),
    CHECK_TEST(test_short_chunks_work_and_facts_are_told),
    CHECK_TEST(test_what_does_not_fit_is_an_error),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("model predictor", tests)
