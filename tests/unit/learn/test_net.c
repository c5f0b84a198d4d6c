/*
 * test_net.c
 *
 * The gradient of every tensor of every kind of model is that of the loss:
 * finite differences of a second implementation, in double, agree with it,
 * whatever computes the products, with every instruction set, at shapes that
 * fill no tile.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "check.h"
#include "format/safetensors_write.h"
#include "learn/net.h"
#include "math/gemm.h"
#include "math/kernels.h"
#include "model/model.h"
#include "net_reference.h"

/* Float sums of some hundred terms, relative to the largest of a tensor. */
#define TOLERANCE 1e-4

/* Step of central differences: large scores bend the loss. */
#define STEP 1e-6

/* Numbers of a tensor that are checked one by one, besides directions. */
#define SINGLES 2

#define COMMON                                                                 \
    "\"hidden_size\": 24, \"num_hidden_layers\": 2, \"vocab_size\": 37, "      \
    "\"intermediate_size\": 20, \"max_position_embeddings\": 256, "            \
    "\"rms_norm_eps\": 1e-5, "

struct kind {
    const char *name;
    size_t B, T;
    const char *config;
    float loudness; /* of queries and keys: large scores, and errors */
};

static const struct kind kinds[] = {
    {"llama, tied, grouped queries", 2, 75,
        "{\"model_type\": \"llama\", " COMMON
        "\"num_attention_heads\": 6, \"num_key_value_heads\": 2, "
        "\"head_dim\": 8, \"tie_word_embeddings\": true}",
        1},
    {"llama, untied, biases, one key head", 1, 33,
        "{\"model_type\": \"llama\", " COMMON
        "\"num_attention_heads\": 3, \"num_key_value_heads\": 1, "
        "\"head_dim\": 20, \"tie_word_embeddings\": false, "
        "\"attention_bias\": true, \"mlp_bias\": true}",
        1},
    {"mistral, window", 1, 110,
        "{\"model_type\": \"mistral\", " COMMON
        "\"num_attention_heads\": 2, \"num_key_value_heads\": 2, "
        "\"head_dim\": 16, \"sliding_window\": 21, "
        "\"tie_word_embeddings\": true}",
        1},
    {"qwen3, head norms, a window in one layer", 1, 100,
        "{\"model_type\": \"qwen3\", " COMMON
        "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, "
        "\"head_dim\": 34, \"sliding_window\": 70, "
        "\"use_sliding_window\": true, "
        "\"layer_types\": [\"sliding_attention\", \"full_attention\"], "
        "\"tie_word_embeddings\": false}",
        1},
    {"llama, scores beyond what needs no maximum", 1, 50,
        "{\"model_type\": \"llama\", " COMMON
        "\"num_attention_heads\": 2, \"head_dim\": 12, "
        "\"tie_word_embeddings\": true}",
        4},
    {"lmic, rotary", 3, 67,
        "{\"model_type\": \"lmic\", \"hidden_size\": 24, "
        "\"num_hidden_layers\": 2, \"vocab_size\": 37, "
        "\"intermediate_size\": 96, \"num_attention_heads\": 2, "
        "\"position_embedding\": \"rotary\"}",
        1},
    {"lmic, sinusoidal", 1, 9,
        "{\"model_type\": \"lmic\", \"hidden_size\": 24, "
        "\"num_hidden_layers\": 2, \"vocab_size\": 37, "
        "\"intermediate_size\": 96, \"num_attention_heads\": 3, "
        "\"position_embedding\": \"sinusoidal\"}",
        1},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const char *const names[] = {"portable", "neon", "avx2", "avx512"};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* A net with parameters, a batch and room for gradients. */
struct sample {
    struct model_config config;
    struct net *net;
    struct net_batch batch;
    uint32_t *tokens, *targets;
    float *parameters, *gradients;
    double *exact; /* the parameters in double */
    size_t n;
    double nats;
};

static bool
sample_init(struct sample *s, const struct kind *kind,
    const struct net_options *options)
{
    const size_t n = kind->B * kind->T;

    memset(s, 0, sizeof(*s));
    if (model_config_text(
            &s->config, kind->config, strlen(kind->config), kind->name) != 0) {
        return false;
    }
    s->net = net_new(&s->config, kind->T, options);
    if (!s->net) {
        return false;
    }
    s->n = net_size(s->net);
    s->tokens = mem_alloc(n, sizeof(*s->tokens));
    s->targets = mem_alloc(n, sizeof(*s->targets));
    s->parameters = mem_alloc(s->n, sizeof(*s->parameters));
    s->gradients = mem_alloc(s->n, sizeof(*s->gradients));
    s->exact = mem_alloc(s->n, sizeof(*s->exact));
    if (!s->tokens || !s->targets || !s->parameters || !s->gradients ||
        !s->exact) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        s->tokens[i] = (uint32_t)(37 * (0.5f + 0.5f * check_random(i)));
        s->targets[i] = (uint32_t)(37 * (0.5f + 0.5f * check_random(n + i)));
    }
    s->targets[n / 2] = UINT32_MAX;
    s->batch = (struct net_batch){s->tokens, s->targets, kind->B, kind->T};
    return true;
}

/* Parameters of a size that lets every part matter. */
static void
fill(struct sample *s, const struct kind *kind)
{
    size_t n;
    const struct net_parameter *table = net_parameters(s->net, &n);

    for (size_t i = 0; i < n; i++) {
        const size_t first = table[i].offset;

        for (size_t j = 0; j < table[i].rows * table[i].columns; j++) {
            float x = 0.4f * check_random(1000 + first + j);

            if (strstr(table[i].name, "q_proj") ||
                strstr(table[i].name, "k_proj")) {
                x *= kind->loudness;
            }
            x += table[i].role == NET_GAIN ? 1.0f : 0.0f;
            s->parameters[first + j] = x;
            s->exact[first + j] = (double)x;
        }
    }
}

static void
sample_release(struct sample *s)
{
    mem_free(s->tokens);
    mem_free(s->targets);
    mem_free(s->parameters);
    mem_free(s->gradients);
    mem_free(s->exact);
    net_free(s->net);
}

static void
learn(struct sample *s)
{
    memset(s->gradients, 0, s->n * sizeof(*s->gradients));
    s->nats = 0.0;
    net_learn(s->net, s->gradients, &s->nats, s->parameters, &s->batch, 1.0f,
        NULL, NULL);
}

/*
 * The derivative of the reference's loss if numbers [first, first + n) move
 * by the signs of a random direction, or all up if seed is 0.
 */
static double
difference(struct sample *s, size_t first, size_t n, uint64_t seed)
{
    double nats[2];

    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++) {
            const double x = (double)s->parameters[first + i];
            const bool is_up = seed == 0 || check_random(seed + i) > 0;

            s->exact[first + i] = x + (is_up == (side == 1) ? STEP : -STEP);
        }
        nats[side] =
            net_reference_nats(s->net, &s->config, s->exact, &s->batch);
    }
    for (size_t i = 0; i < n; i++) {
        s->exact[first + i] = (double)s->parameters[first + i];
    }
    return (nats[1] - nats[0]) / (2 * STEP);
}

/* A tensor: along a random direction, and some single numbers. */
static void
check_tensor(struct sample *s, const struct net_parameter *p, double tolerance)
{
    const size_t n = p->rows * p->columns;
    const float *g = s->gradients + p->offset;
    const uint64_t seed = 5000 + p->offset;
    double along = 0.0, max = 0.0, norm = 0.0, want;

    for (size_t i = 0; i < n; i++) {
        const double x = (double)g[i];

        along += check_random(seed + i) > 0 ? x : -x;
        max = fabs(x) > max ? fabs(x) : max;
        norm += x * x;
    }
    CU_ASSERT(max > 0);
    want = difference(s, p->offset, n, seed);
    if (!(fabs(along - want) <= tolerance * sqrt(norm) + 1e-6)) {
        check_within(
            p->name, along, want, tolerance * sqrt(norm), __FILE__, __LINE__);
    }
    for (size_t i = 0; i < SINGLES; i++) {
        const size_t at =
            (size_t)((double)n * (0.5 + 0.5 * (double)check_random(seed + i)));

        want = difference(s, p->offset + at, 1, 0);
        check_within(p->name, (double)g[at], want, tolerance * max + 1e-6,
            __FILE__, __LINE__);
    }
}

static void
test_gradients_are_those_of_the_loss(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};

    for (size_t k = 0; k < N_KINDS; k++) {
        struct sample s;
        size_t n;

        CU_ASSERT_FATAL(sample_init(&s, &kinds[k], &options));
        const struct net_parameter *table = net_parameters(s.net, &n);

        fill(&s, &kinds[k]);
        learn(&s);
        check_within(kinds[k].name, s.nats,
            net_reference_nats(s.net, &s.config, s.exact, &s.batch),
            1e-5 * s.nats, __FILE__, __LINE__);
        for (size_t i = 0; i < n; i++) {
            check_tensor(&s, &table[i], TOLERANCE * kinds[k].loudness);
        }
        sample_release(&s);
    }
}

/* One kind with some options; gradients (returned, mem_free) and nats. */
static float *
gradients_of(const struct kind *kind, const struct net_options *options,
    size_t *n, double *nats)
{
    struct sample s;
    float *gradients = NULL;

    if (sample_init(&s, kind, options)) {
        fill(&s, kind);
        learn(&s);
        gradients = s.gradients;
        s.gradients = NULL;
        *n = s.n;
        *nats = s.nats;
    }
    sample_release(&s);
    return gradients;
}

/* Every kind with options a and b; the same bits, or nearly. */
static void
compare(const struct net_options *a, const struct net_options *b,
    const char *name, bool has_same_bits)
{
    for (size_t k = 0; k < N_KINDS; k++) {
        size_t n = 0;
        double nats[2] = {0};
        float *x = gradients_of(&kinds[k], a, &n, &nats[0]);
        float *y = gradients_of(&kinds[k], b, &n, &nats[1]);

        CU_ASSERT_FATAL(x != NULL && y != NULL);
        if (has_same_bits) {
            CHECK_ARRAY_SAME(name, y, x, n);
        } else {
            CHECK_ARRAY_NEAR(name, y, x, n, 1e-5);
        }
        CHECK_NEAR(nats[1], nats[0], 1e-6);
        mem_free(y);
        mem_free(x);
    }
}

static void
test_instruction_sets_and_engines_agree(void)
{
    const struct net_options best = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};

    for (size_t i = 0; i < N_NAMES; i++) {
        struct net_options other = best;

        other.kernels = kernels_find(MATH_EXACT, names[i]);
        if (other.kernels) {
            compare(&best, &other, names[i], false);
        }
    }
    if (gemm_blas_library()) {
        struct net_options other = best;

        other.engine = NET_BLAS;
        compare(&best, &other, "OpenBLAS", false);
    }
}

static void
test_recomputed_layers_give_the_same_bits(void)
{
    struct net_options options[2] = {
        {.kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1}};

    options[1] = options[0];
    options[1].is_recomputed = true;
    compare(&options[0], &options[1], "recomputed", true);
}

/* Many sequences in several groups: long ones, and short ones. */
static const struct kind many[] = {
    {"five groups", 5, 300,
        "{\"model_type\": \"llama\", " COMMON
        "\"num_attention_heads\": 2, \"head_dim\": 12, "
        "\"tie_word_embeddings\": true}",
        1},
    {"three groups of short sequences", 30, 40,
        "{\"model_type\": \"llama\", " COMMON
        "\"num_attention_heads\": 2, \"head_dim\": 12, "
        "\"tie_word_embeddings\": false}",
        1},
};

static void
test_threads_repeat_their_bits(void)
{
    for (size_t k = 0; k < 2; k++) {
        float *first = NULL;

        for (int n_threads = 1; n_threads <= 7; n_threads++) {
            const struct net_options options = {
                .kernels = kernels_find(MATH_EXACT, NULL),
                .n_threads = n_threads};
            size_t n;
            double nats[2];
            float *x = gradients_of(&many[k], &options, &n, &nats[0]);
            float *y = gradients_of(&many[k], &options, &n, &nats[1]);

            CU_ASSERT_FATAL(x != NULL && y != NULL);
            CHECK_ARRAY_SAME(many[k].name, y, x, n);
            CU_ASSERT(nats[0] == nats[1]);
            if (first) {
                CHECK_ARRAY_NEAR(many[k].name, x, first, n, 1e-5);
                mem_free(x);
            } else {
                first = x;
            }
            mem_free(y);
        }
        mem_free(first);
    }
}

/* What was announced: each number's value at that time. */
struct announced {
    const float *gradients;
    float *then;
    unsigned char *n_times;
    size_t last; /* first number of the range before */
    bool is_in_order;
};

static void
note_range(void *user, size_t first, size_t end)
{
    struct announced *a = user;

    a->is_in_order = a->is_in_order && end <= a->last && first < end;
    a->last = first;
    for (size_t i = first; i < end; i++) {
        a->then[i] = a->gradients[i];
        a->n_times[i]++;
    }
}

static void
test_every_number_is_announced_once_when_final(void)
{
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        for (size_t k = 0; k < N_KINDS + 2; k++) {
            const struct kind *kind =
                k < N_KINDS ? &kinds[k] : &many[k - N_KINDS];
            const struct net_options options = {
                .kernels = kernels_find(MATH_EXACT, NULL),
                .n_threads = n_threads};
            struct sample s;
            struct announced a = {.is_in_order = true};
            size_t n_once = 0;

            CU_ASSERT_FATAL(sample_init(&s, kind, &options));
            fill(&s, kind);
            a.gradients = s.gradients;
            a.then = mem_alloc(s.n, sizeof(float));
            a.n_times = mem_alloc(s.n, 1);
            a.last = s.n;
            CU_ASSERT_FATAL(a.then != NULL && a.n_times != NULL);
            net_learn(s.net, s.gradients, &s.nats, s.parameters, &s.batch, 1.0f,
                note_range, &a);
            for (size_t i = 0; i < s.n; i++) {
                n_once += a.n_times[i] == 1;
            }
            CU_ASSERT_EQUAL(n_once, s.n);
            CU_ASSERT_EQUAL(a.last, 0);
            CU_ASSERT(a.is_in_order);
            CHECK_ARRAY_SAME(kind->name, a.then, s.gradients, s.n);
            mem_free(a.n_times);
            mem_free(a.then);
            sample_release(&s);
        }
    }
}

static void
test_gradients_are_added_and_scaled(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 2};
    struct sample s;
    float *once;
    double nats;

    CU_ASSERT_FATAL(sample_init(&s, &many[0], &options));
    fill(&s, &many[0]);
    learn(&s);
    once = mem_alloc(s.n, sizeof(float));
    CU_ASSERT_FATAL(once != NULL);
    memcpy(once, s.gradients, s.n * sizeof(float));
    nats = s.nats;
    net_learn(
        s.net, s.gradients, &s.nats, s.parameters, &s.batch, 0.5f, NULL, NULL);
    for (size_t i = 0; i < s.n; i++) {
        once[i] *= 1.5f;
    }
    CHECK_ARRAY_NEAR("1 + 0.5", s.gradients, once, s.n, 1e-5);
    CHECK_NEAR(s.nats, 2 * nats, 1e-12);
    net_learn(s.net, NULL, &s.nats, s.parameters, &s.batch, 1.0f, NULL, NULL);
    CHECK_NEAR(s.nats, 3 * nats, 1e-12);
    mem_free(once);
    sample_release(&s);
}

static void
test_start_values_predict_all_symbols_alike(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};

    for (size_t k = 0; k < N_KINDS; k++) {
        struct sample s;
        float *again;

        CU_ASSERT_FATAL(sample_init(&s, &kinds[k], &options));
        again = mem_alloc(s.n, sizeof(float));
        CU_ASSERT_FATAL(again != NULL);
        net_init(s.net, s.parameters, 7);
        net_init(s.net, again, 7);
        CHECK_ARRAY_SAME(kinds[k].name, again, s.parameters, s.n);
        learn(&s);
        CHECK_NEAR(
            s.nats, log(37.0) * (double)(kinds[k].B * kinds[k].T - 1), 0.02);
        mem_free(again);
        sample_release(&s);
    }
}

static void
test_numbers_that_are_none_show_in_the_loss(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};
    struct sample s;

    CU_ASSERT_FATAL(sample_init(&s, &kinds[0], &options));
    fill(&s, &kinds[0]);
    s.parameters[s.n - 1] = NAN;
    learn(&s);
    CU_ASSERT(isnan(s.nats));
    sample_release(&s);
}

static int
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (!file) {
        return -1;
    }
    fputs(text, file);
    return fclose(file);
}

/* Save a sample as a model directory; its path. */
static const char *
save(const struct sample *s, const struct kind *kind)
{
    struct safetensors_item items[64] = {{0}};
    char name[32], file[64];
    const char *dir;
    size_t n;
    const struct net_parameter *table = net_parameters(s->net, &n);

    snprintf(name, sizeof(name), "net-%s", s->config.architecture);
    dir = check_scratch(name);
    mkdir(dir, 0777);
    for (size_t i = 0; i < n; i++) {
        items[i].name = table[i].name;
        items[i].data = s->parameters + table[i].offset;
        items[i].rows = table[i].is_vector ? 0 : table[i].rows;
        items[i].columns =
            table[i].is_vector ? table[i].rows : table[i].columns;
    }
    snprintf(file, sizeof(file), "%s/config.json", name);
    CU_ASSERT_EQUAL(write_text(check_scratch(file), kind->config), 0);
    snprintf(file, sizeof(file), "%s/model.safetensors", name);
    CU_ASSERT_EQUAL(
        safetensors_write(check_scratch(file), items, n, TENSOR_F32), 0);
    return dir;
}

/* Nats of the batch by the model in a directory; NaN if it does not load. */
static double
nats_of_model(const char *dir, const struct sample *s)
{
    const struct kernels *kernels = kernels_find(MATH_EXACT, NULL);
    const struct net_batch *b = &s->batch;
    struct model *model = model_open(dir, kernels, 1);
    struct model_state *state =
        model ? model_state_new(model, b->T, b->T, 1) : NULL;
    float logits[37];
    double nats = state ? 0.0 : (double)NAN;

    for (size_t i = 0; state && i < b->B; i++) {
        model_state_clear(state);
        model_extend(state, b->tokens + i * b->T, b->T);
        for (size_t t = 0; t < b->T; t++) {
            const uint32_t target = b->targets[i * b->T + t];
            double total = 0.0;

            model_logits(state, logits, t, 1);
            for (size_t v = 0; v < 37; v++) {
                total += exp((double)logits[v]);
            }
            if (target != UINT32_MAX) {
                nats += log(total) - (double)logits[target];
            }
        }
    }
    model_state_free(state);
    model_close(model);
    return nats;
}

static void
test_a_saved_net_is_the_same_model(void)
{
    const struct net_options options = {
        .kernels = kernels_find(MATH_EXACT, NULL), .n_threads = 1};

    for (size_t k = 0; k < N_KINDS; k++) {
        struct sample s;

        CU_ASSERT_FATAL(sample_init(&s, &kinds[k], &options));
        fill(&s, &kinds[k]);
        learn(&s);
        check_within(kinds[k].name, s.nats,
            nats_of_model(save(&s, &kinds[k]), &s),
            1e-6 * (double)kinds[k].loudness * s.nats, __FILE__, __LINE__);
        sample_release(&s);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_a_saved_net_is_the_same_model),
    CHECK_TEST(test_gradients_are_those_of_the_loss),
    CHECK_TEST(test_instruction_sets_and_engines_agree),
    CHECK_TEST(test_recomputed_layers_give_the_same_bits),
    CHECK_TEST(test_threads_repeat_their_bits),
    CHECK_TEST(test_every_number_is_announced_once_when_final),
    CHECK_TEST(test_gradients_are_added_and_scaled),
    CHECK_TEST(test_start_values_predict_all_symbols_alike),
    CHECK_TEST(test_numbers_that_are_none_show_in_the_loss),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("net", tests)
