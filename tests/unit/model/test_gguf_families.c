/*
 * test_gguf_families.c
 *
 * A GGUF file of each architecture, written here from the golden safetensors
 * the way llama.cpp's converter does it (other names, matrices as (out, in),
 * 1 added to the gains of gemma, rotary pairs of llama as neighbours), gives
 * the probabilities that the safetensors give.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "check.h"
#include "format/weights.h"
#include "golden.h"
#include "model/model_config.h"
#include "model/model_names.h"

#define TENSORS_MAX 128
#define KEYS_MAX    32
#define ALIGNMENT   32

/* Kinds of metadata. */
#define GGUF_U32  4
#define GGUF_F32  6
#define GGUF_BOOL 7
#define GGUF_TEXT 8

/* A file in the making. */
struct writer {
    FILE *f;
    const char *architecture;
    uint32_t n_keys;
    struct {
        char name[MODEL_NAME_BYTES_MAX];
        uint64_t n_axes, shape[2]; /* fastest first */
        float *numbers;
        size_t n;
    } tensors[TENSORS_MAX];
    size_t n_tensors;
};

static void
put(struct writer *w, const void *bytes, size_t n)
{
    CU_ASSERT_EQUAL_FATAL(fwrite(bytes, 1, n, w->f), n);
}

static void
put_text(struct writer *w, const char *text)
{
    uint64_t n = strlen(text);

    put(w, &n, sizeof(n));
    put(w, text, n);
}

static void
put_key(struct writer *w, const char *name, uint32_t kind)
{
    char key[128];

    snprintf(key, sizeof(key), "%s.%s", w->architecture, name);
    put_text(
        w, strcmp(name, "architecture") == 0 ? "general.architecture" : key);
    put(w, &kind, sizeof(kind));
    w->n_keys++;
}

static void
put_size(struct writer *w, const char *name, size_t value)
{
    uint32_t v = (uint32_t)value;

    put_key(w, name, GGUF_U32);
    put(w, &v, sizeof(v));
}

static void
put_real(struct writer *w, const char *name, double value)
{
    float v = (float)value;

    put_key(w, name, GGUF_F32);
    put(w, &v, sizeof(v));
}

/* Rows of each head so that rotary pairs are neighbours. */
static void
pair_rows(float *x, size_t n_rows, size_t columns, size_t D)
{
    float *old = mem_alloc(n_rows * columns, sizeof(*x));

    memcpy(old, x, n_rows * columns * sizeof(*x));
    for (size_t r = 0; r < n_rows; r++) {
        size_t i = r % D, from = i % 2 == 0 ? i / 2 : i / 2 + D / 2;
        memcpy(x + r * columns, old + (r - i + from) * columns,
            columns * sizeof(*x));
    }
    mem_free(old);
}

static void
transpose(float *x, size_t n_rows, size_t columns)
{
    float *old = mem_alloc(n_rows * columns, sizeof(*x));

    memcpy(old, x, n_rows * columns * sizeof(*x));
    for (size_t r = 0; r < n_rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            x[c * n_rows + r] = old[r * columns + c];
        }
    }
    mem_free(old);
}

/* Queries, keys and values of each head to those of all heads. */
static void
gather_qkv(float *x, size_t columns, const struct model_config *c)
{
    size_t D = c->head_width, n_rows = 3 * c->n_heads * D;
    float *old = mem_alloc(n_rows * columns, sizeof(*x));

    memcpy(old, x, n_rows * columns * sizeof(*x));
    for (size_t r = 0; r < n_rows; r++) {
        size_t which = r / (c->n_heads * D), h = r / D % c->n_heads;
        size_t from = (h * 3 + which) * D + r % D;
        memcpy(x + r * columns, old + from * columns, columns * sizeof(*x));
    }
    mem_free(old);
}

/* What the converter does to the numbers of a tensor. */
static void
convert(struct writer *w, float *x, const struct tensor *tensor,
    const struct model_config *c, enum model_role role)
{
    size_t n = (size_t)tensor_count(tensor);
    bool is_q_scaled = role == (c->has_head_norms ? ROLE_Q_NORM : ROLE_Q);

    if (tensor->n_axes == 2 && model_role_is_transposed(c->names, role)) {
        transpose(x, tensor->shape[0], tensor->shape[1]);
    }
    if (strcmp(w->architecture, "llama") == 0 &&
        (role == ROLE_Q || role == ROLE_K)) {
        pair_rows(x, tensor->shape[0], tensor->shape[1], c->head_width);
    }
    if (c->names->is_qkv_by_head && role == ROLE_QKV) {
        gather_qkv(x, tensor->n_axes == 2 ? tensor->shape[1] : 1, c);
    }
    for (size_t i = 0; i < n; i++) {
        if (c->has_unit_gain && model_role_is_norm(role)) {
            x[i] += 1;
        }
        /* GGUF has no key for the scale of scores. */
        if (is_q_scaled && c->attention_scale != 0) {
            x[i] *= (float)(c->attention_scale * sqrt((double)c->head_width));
        }
    }
}

static void
add_tensor(struct writer *w, const struct weights *weights,
    const struct model_config *c, enum model_role role, bool is_bias, size_t l)
{
    char name[MODEL_NAME_BYTES_MAX], other[MODEL_NAME_BYTES_MAX];

    if (!model_name(name, c->names, role, is_bias, l)) {
        return;
    }
    const struct tensor *tensor = weights_find(weights, name);
    if (tensor == NULL) {
        return;
    }
    CU_ASSERT_TRUE_FATAL(
        model_name(other, &model_names_gguf, role, is_bias, l));
    CU_ASSERT_FATAL(w->n_tensors < TENSORS_MAX);
    size_t i = w->n_tensors++, n = (size_t)tensor_count(tensor);
    bool is_turned =
        tensor->n_axes == 2 && model_role_is_transposed(c->names, role);
    snprintf(w->tensors[i].name, sizeof(w->tensors[i].name), "%s", other);
    w->tensors[i].n = n;
    w->tensors[i].n_axes = tensor->n_axes;
    w->tensors[i].shape[0] = tensor->shape[tensor->n_axes - 1];
    w->tensors[i].shape[1] = tensor->shape[0];
    if (is_turned) {
        w->tensors[i].shape[0] = tensor->shape[0];
        w->tensors[i].shape[1] = tensor->shape[1];
    }
    w->tensors[i].numbers = mem_alloc(n, sizeof(float));
    tensor_widen(w->tensors[i].numbers, tensor, 0, n);
    convert(w, w->tensors[i].numbers, tensor, c, role);
}

static void
put_metadata(struct writer *w, const struct model_config *c, size_t pattern)
{
    put_key(w, "architecture", GGUF_TEXT);
    put_text(w, w->architecture);
    put_size(w, "block_count", c->n_layers);
    put_size(w, "context_length", c->positions_max);
    put_size(w, "vocab_size", c->vocabulary);
    put_size(w, "embedding_length", c->width);
    put_size(w, "feed_forward_length", c->mlp_width);
    put_size(w, "attention.head_count", c->n_heads);
    put_real(w,
        c->norm == MODEL_NORM_RMS ? "attention.layer_norm_rms_epsilon"
                                  : "attention.layer_norm_epsilon",
        c->epsilon);
    if (c->positions == MODEL_POSITIONS_ROTARY) {
        put_size(w, "attention.head_count_kv", c->n_kv_heads);
        put_size(w, "attention.key_length", c->head_width);
        put_size(w, "attention.value_length", c->head_width);
        put_real(w, "rope.freq_base", c->rope.theta);
    }
    if (strcmp(w->architecture, "gptneox") == 0) {
        uint8_t is_parallel = c->order == MODEL_ORDER_PARALLEL;
        put_size(w, "rope.dimension_count", c->n_rotary);
        put_key(w, "use_parallel_residual", GGUF_BOOL);
        put(w, &is_parallel, 1);
    }
    if (c->rope.kind == MODEL_ROPE_LINEAR) {
        put_key(w, "rope.scaling.type", GGUF_TEXT);
        put_text(w, "linear");
        put_real(w, "rope.scaling.factor", c->rope.factor);
    }
    if (c->window > 0) {
        put_size(w, "attention.sliding_window", c->window);
    }
    if (pattern > 0) {
        put_size(w, "attention.sliding_window_pattern", pattern);
    }
    if (c->attention_cap > 0) {
        put_real(w, "attn_logit_softcapping", c->attention_cap);
        put_real(w, "final_logit_softcapping", c->logit_cap);
    }
}

static void
put_padding(struct writer *w)
{
    static const char zeros[ALIGNMENT];
    size_t at = (size_t)ftell(w->f);

    put(w, zeros, (ALIGNMENT - at % ALIGNMENT) % ALIGNMENT);
}

/* The counts stand before what is counted. */
static void
put_head(struct writer *w)
{
    const uint32_t version = 3;
    const uint64_t counts[2] = {w->n_tensors, w->n_keys};

    rewind(w->f);
    put(w, "GGUF", 4);
    put(w, &version, sizeof(version));
    put(w, counts, sizeof(counts));
}

static void
put_tensors(struct writer *w)
{
    const uint32_t type = 0; /* F32 */
    uint64_t offset = 0;

    for (size_t i = 0; i < w->n_tensors; i++) {
        uint32_t n_axes = (uint32_t)w->tensors[i].n_axes;
        put_text(w, w->tensors[i].name);
        put(w, &n_axes, sizeof(n_axes));
        put(w, w->tensors[i].shape, n_axes * sizeof(uint64_t));
        put(w, &type, sizeof(type));
        put(w, &offset, sizeof(offset));
        offset += (w->tensors[i].n * sizeof(float) + ALIGNMENT - 1) /
                  ALIGNMENT * ALIGNMENT;
    }
    for (size_t i = 0; i < w->n_tensors; i++) {
        put_padding(w);
        put(w, w->tensors[i].numbers, w->tensors[i].n * sizeof(float));
        mem_free(w->tensors[i].numbers);
    }
}

/* The golden folder as a GGUF file; its path. */
static const char *
write_gguf(const char *folder, const char *architecture, size_t pattern)
{
    static struct writer w;
    char name[128];
    struct model_config c;

    snprintf(name, sizeof(name), "golden/%s/config.json", folder);
    CU_ASSERT_EQUAL_FATAL(model_config_json(&c, check_shared(name)), 0);
    snprintf(name, sizeof(name), "golden/%s", folder);
    struct weights *weights = weights_open(check_shared(name));
    snprintf(name, sizeof(name), "%s.gguf", folder);
    const char *path = check_scratch(name);
    w = (struct writer){.f = fopen(path, "wb"), .architecture = architecture};
    CU_ASSERT_FATAL(w.f != NULL && weights != NULL);
    put_head(&w);
    put_metadata(&w, &c, pattern);
    for (size_t l = 0; l < c.n_layers; l++) {
        for (int role = 0; role < N_ROLES; role++) {
            if (l == 0 || role > ROLE_OUTPUT) {
                add_tensor(&w, weights, &c, (enum model_role)role, false, l);
                add_tensor(&w, weights, &c, (enum model_role)role, true, l);
            }
        }
    }
    put_tensors(&w);
    put_head(&w);
    fclose(w.f);
    weights_close(weights);
    return path;
}

static void
test_gguf_files_give_what_safetensors_give(void)
{
    static const struct {
        const char *folder, *architecture;
        size_t pattern;
    } cases[] = {
        {"llama", "llama", 0},
        {"mistral", "llama", 0},
        {"qwen2", "qwen2", 0},
        {"qwen3", "qwen3", 0},
        {"gpt2", "gpt2", 0},
        {"gpt_neox", "gptneox", 0},
        {"gpt_neox-sequential", "gptneox", 0},
        {"gemma2", "gemma2", 0},
        {"gemma3", "gemma3", 3},
        {"gemma3-linear", "gemma3", 3},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[128];
        snprintf(expected, sizeof(expected), "golden/%s/expected.json",
            cases[i].folder);
        if (check_shared(expected) == NULL) {
            return;
        }
        const char *path = write_gguf(
            cases[i].folder, cases[i].architecture, cases[i].pattern);
        golden_check(
            path, check_shared(expected), cases[i].folder, MATH_EXACT, 1000);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_gguf_files_give_what_safetensors_give),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("GGUF files of every architecture", tests)
