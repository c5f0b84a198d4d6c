/*
 * net_sample.c
 */
#include "net_sample.h"

#include <string.h>

#include "base/mem.h"
#include "check.h"

const struct sample_kind sample_kinds[SAMPLE_KINDS] = {
    {"llama, tied, grouped queries", 2, 75,
        "{\"model_type\": \"llama\", " SAMPLE_COMMON
        "\"num_attention_heads\": 6, \"num_key_value_heads\": 2, "
        "\"head_dim\": 8, \"tie_word_embeddings\": true}",
        1},
    {"llama, untied, biases, one key head", 1, 33,
        "{\"model_type\": \"llama\", " SAMPLE_COMMON
        "\"num_attention_heads\": 3, \"num_key_value_heads\": 1, "
        "\"head_dim\": 20, \"tie_word_embeddings\": false, "
        "\"attention_bias\": true, \"mlp_bias\": true}",
        1},
    {"mistral, window", 1, 110,
        "{\"model_type\": \"mistral\", " SAMPLE_COMMON
        "\"num_attention_heads\": 2, \"num_key_value_heads\": 2, "
        "\"head_dim\": 16, \"sliding_window\": 21, "
        "\"tie_word_embeddings\": true}",
        1},
    {"qwen3, head norms, a window in one layer", 1, 100,
        "{\"model_type\": \"qwen3\", " SAMPLE_COMMON
        "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, "
        "\"head_dim\": 34, \"sliding_window\": 70, "
        "\"use_sliding_window\": true, "
        "\"layer_types\": [\"sliding_attention\", \"full_attention\"], "
        "\"tie_word_embeddings\": false}",
        1},
    {"llama, scores beyond what needs no maximum", 1, 50,
        "{\"model_type\": \"llama\", " SAMPLE_COMMON
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

bool
sample_init(struct sample *s, const struct sample_kind *kind,
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

void
sample_fill(struct sample *s, const struct sample_kind *kind)
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

void
sample_release(struct sample *s)
{
    mem_free(s->tokens);
    mem_free(s->targets);
    mem_free(s->parameters);
    mem_free(s->gradients);
    mem_free(s->exact);
    net_free(s->net);
}

void
sample_learn(struct sample *s)
{
    memset(s->gradients, 0, s->n * sizeof(*s->gradients));
    s->nats = 0.0;
    net_learn(s->net, s->gradients, &s->nats, s->parameters, &s->batch, 1.0f,
        NULL, NULL);
}
