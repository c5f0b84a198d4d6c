/*
 * sweep_sample_train.c - a training run on made-up batches.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/rng.h"
#include "base/units.h"
#include "cmd/sweep_sample.h"
#include "corpus/corpus.h"
#include "learn/curriculum.h"
#include "learn/net.h"
#include "learn/preset.h"
#include "math/kernels.h"
#include "model/model_config.h"
#include "token/token.h"

/* Bytes of the corpus whose tokens are counted. */
#define TOKENS_SAMPLE 262144

/* Tokens that are learnt together, as a thread does. */
#define GROUP_TOKENS 512

/* Vectors of the model's size: parameters, gradients, two moments. */
#define N_VECTORS 4

/* Tokens of the beginning of the corpus. */
static int
count_tokens(double *bytes_per_token, const struct tokenizer *tokenizer,
    struct corpus *corpus)
{
    uint64_t all = corpus_bytes(corpus);
    size_t bytes = all < TOKENS_SAMPLE ? (size_t)all : TOKENS_SAMPLE, n = 0;
    uint8_t *scratch = mem_alloc(bytes, 1);
    uint32_t *tokens = mem_alloc(bytes, sizeof(*tokens));
    int rc = scratch == NULL || tokens == NULL ? -1 : 0;

    if (rc == 0) {
        const uint8_t *text = corpus_view(corpus, 0, bytes, scratch);
        rc = text == NULL
                 ? -1
                 : tokenizer_encode(tokenizer, tokens, &n, text, bytes);
    }
    *bytes_per_token = rc == 0 && n > 0 ? (double)bytes / (double)n : NAN;
    mem_free(scratch);
    mem_free(tokens);
    return rc;
}

static int
read_config(struct model_config *config, const struct options *options,
    const struct tokenizer *tokenizer, size_t context)
{
    const char *name = options_named(options, "config");
    struct preset_needs needs = {
        .vocabulary = tokenizer_vocabulary(tokenizer),
        .is_bytes = strcmp(options_named(options, "tokenizer"), "bytes") == 0,
        .context = context,
    };
    char *text = preset_config(name, &needs);
    int rc =
        text == NULL ? -1 : model_config_text(config, text, strlen(text), name);

    mem_free(text);
    return rc;
}

/* Seconds a token: the best of some groups of sequences that say nothing. */
static int
time_tokens(double *seconds, struct net *net, const struct curriculum *c,
    uint32_t vocabulary)
{
    size_t T = c->context[0], B = T < GROUP_TOKENS ? GROUP_TOKENS / T : 1;
    uint32_t *tokens = mem_alloc(B * T, sizeof(*tokens));
    float *parameters = mem_alloc(net_size(net), sizeof(float));
    float *gradients = mem_alloc(net_size(net), sizeof(float));
    struct net_batch batch = {tokens, tokens, B, T};
    double start = clock_thread_s(), nats = 0;
    int rc = tokens == NULL || parameters == NULL || gradients == NULL ? -1 : 0;

    *seconds = INFINITY;
    for (size_t i = 0; i < B * T && rc == 0; i++) {
        tokens[i] = (uint32_t)(rng_at(0, i) % vocabulary);
    }
    if (rc == 0) {
        net_init(net, parameters, 0);
    }
    while (rc == 0 && (*seconds == INFINITY ||
                          clock_thread_s() - start < SWEEP_SAMPLE_S)) {
        double before = clock_thread_s();
        net_learn(net, gradients, &nats, parameters, &batch, 0, NULL, NULL);
        double here = (clock_thread_s() - before) / (double)(B * T);
        *seconds = here < *seconds ? here : *seconds;
    }
    mem_free(gradients);
    mem_free(parameters);
    mem_free(tokens);
    return rc;
}

/* Operations a token, over the stages of the run. */
static double
mean_flops(const struct net *net, const struct curriculum *curriculum)
{
    double sum = 0;

    for (size_t i = 0; i < curriculum->n; i++) {
        size_t T = curriculum->context[i];
        double end = i + 1 < curriculum->n ? curriculum->first[i + 1] : 1;
        sum += (end - curriculum->first[i]) * net_flops(net, 1, T) / (double)T;
    }
    return sum;
}

int
sweep_sample_train(struct sweep_rate *rate, double *bytes_per_token,
    const struct options *options, struct corpus *corpus)
{
    const char *name = options_named(options, "tokenizer");
    struct net_options settings = {.n_threads = 1,
        .engine = strcmp(options_named(options, "engine"), "blas") == 0
                      ? NET_BLAS
                      : NET_OWN,
        .is_recomputed =
            strcmp(options_named(options, "recompute"), "yes") == 0,
        .kernels = kernels_find(MATH_EXACT, NULL)};
    struct tokenizer *tokenizer = NULL;
    struct curriculum curriculum;
    struct model_config config;
    struct net *net = NULL;
    double token_s;
    uint64_t batch = 0;
    int rc = -1;

    (void)units_parse_u64(&batch, options_named(options, "batch"));
    tokenizer = strcmp(name, "bytes") == 0 ? tokenizer_new_bytes()
                                           : tokenizer_open(name);
    if (settings.kernels == NULL || tokenizer == NULL ||
        curriculum_parse(
            &curriculum, options_named(options, "context"), batch) != 0 ||
        count_tokens(bytes_per_token, tokenizer, corpus) != 0 ||
        read_config(&config, options, tokenizer,
            curriculum_longest(&curriculum)) != 0) {
        goto done;
    }
    net = net_new(&config, curriculum_longest(&curriculum), &settings);
    if (net == NULL || time_tokens(&token_s, net, &curriculum,
                           tokenizer_vocabulary(tokenizer)) != 0) {
        goto done;
    }
    size_t T = curriculum.context[0];
    double first = net_flops(net, 1, T) / (double)T;
    double mean = mean_flops(net, &curriculum);
    rate->flops = mean / *bytes_per_token;
    rate->seconds = token_s * mean / first / *bytes_per_token;
    rate->memory_bytes = sweep_sample_resident() +
                         N_VECTORS * sizeof(float) * (double)net_size(net) +
                         (double)corpus_bytes(corpus);
    rc = 0;
done:
    net_free(net);
    tokenizer_free(tokenizer);
    return rc;
}
