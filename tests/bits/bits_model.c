/*
 * bits_model.c
 *
 * A Transformer of two layers without a file: the parts of a struct model
 * that the forward pass reads, filled with random weights.
 */
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bits.h"
#include "coder/range.h"
#include "format/tensor.h"
#include "math/gemm.h"
#include "math/softmax.h"
#include "model/batch.h"
#include "model/model_parts.h"

/* Odd where the code has to cope: heads of 20, panels seen in part. */
#define C        72
#define HEADS    3
#define KV_HEADS 1
#define D        20
#define F        100
#define V        300
#define LAYERS   2
#define TOKENS   90

static struct gemm_weights *
random_weights(const struct kernels *kernels, uint64_t seed, size_t N, size_t K)
{
    struct gemm_weights *weights = gemm_weights_new(kernels, N, K);
    float *rows = random_floats(seed, N * K, 0.3f);

    gemm_pack(weights, rows, 0, N);
    mem_free(rows);
    return weights;
}

static struct model_linear
random_linear(const struct kernels *kernels, uint64_t seed, size_t N, size_t K)
{
    return (struct model_linear){
        .weights = random_weights(kernels, seed, N, K),
        .bias = random_floats(seed + 50, N, 0.1f),
    };
}

static struct model_norm_weights
random_norm(uint64_t seed)
{
    return (struct model_norm_weights){
        .gain = random_floats(seed, C, 2),
        .bias = random_floats(seed + 50, C, 1),
    };
}

/* All parts that a layer may have. */
static void
layer_init(struct model_layer *layer, const struct model *model, size_t l)
{
    const uint64_t seed = 100 * (l + 1);
    const struct kernels *kernels = model->kernels;
    const struct model_config *config = &model->config;

    *layer = (struct model_layer){
        .attention_norm = random_norm(seed),
        .attention_post_norm = random_norm(seed + 6),
        .mlp_norm = random_norm(seed + 3),
        .mlp_post_norm = random_norm(seed + 7),
        .window = model_config_window(config, l),
        .rope = config->has_local_rope && model_config_is_local(config, l),
    };
    if (config->has_head_norms) {
        layer->q_norm = random_floats(seed + 8, D, 2);
        layer->k_norm = random_floats(seed + 9, D, 2);
    }
    layer->qkv =
        random_linear(kernels, seed + 1, (HEADS + 2 * KV_HEADS) * D, C);
    layer->output = random_linear(kernels, seed + 2, C, HEADS * D);
    layer->gate_up =
        random_linear(kernels, seed + 4, config->is_ungated ? F : 2 * F, C);
    layer->down = random_linear(kernels, seed + 5, C, F);
}

static void
linear_release(struct model_linear *linear)
{
    gemm_weights_free(linear->weights);
    mem_free(linear->bias);
}

static void
norm_release(struct model_norm_weights *norm)
{
    mem_free(norm->gain);
    mem_free(norm->bias);
}

static void
layer_release(struct model_layer *layer)
{
    norm_release(&layer->attention_norm);
    norm_release(&layer->attention_post_norm);
    norm_release(&layer->mlp_norm);
    norm_release(&layer->mlp_post_norm);
    mem_free(layer->q_norm);
    mem_free(layer->k_norm);
    linear_release(&layer->qkv);
    linear_release(&layer->output);
    linear_release(&layer->gate_up);
    linear_release(&layer->down);
}

/* Logits (TOKENS, V) of all positions, in calls of some tokens. */
static void
forward(const struct model *model, const uint32_t *tokens, float *logits)
{
    static const size_t calls[] = {1, 64, 7, 18};
    struct model_state *state = model_state_new(model, TOKENS, 64, 2);

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        model_extend(state, tokens, calls[i]);
        model_logits(state, logits, 0, calls[i]);
        tokens += calls[i];
        logits += calls[i] * V;
    }
    model_state_free(state);
}

/*
 * Whether steps of one token each find the tokens that bytes were coded from
 * with the logits of all at once.
 */
static bool
decodes(const struct model *model, const uint32_t *tokens, const uint8_t *bytes,
    size_t n_bytes)
{
    struct model_batch *batch = model_batch_new(model, 1, TOKENS, 1);
    struct range_decoder decoder;
    uint32_t token = tokens[0];
    bool is_same = true;

    range_decoder_init(&decoder, bytes, n_bytes);
    for (size_t t = 0; t + 1 < TOKENS && is_same; t++) {
        float logits[V];
        uint64_t frequency[V], total;

        model_batch_step(batch, NULL, &token, 1);
        model_batch_logits(batch, logits, 0, 1);
        total = softmax_frequencies(model->kernels, frequency, logits, V);
        token = range_decode_symbol(&decoder, frequency, V, total);
        is_same = token == tokens[t + 1];
    }
    model_batch_free(batch);
    return is_same;
}

/* The bytes of the tokens, coded as the logits before each say; 0: they do
   not decode. */
static uint64_t
code(const struct model *model, const uint32_t *tokens, const float *logits)
{
    struct range_encoder encoder;
    const uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    uint64_t hash;

    range_encoder_init(&encoder);
    for (size_t t = 0; t + 1 < TOKENS; t++) {
        struct softmax_symbol s;

        softmax_code(model->kernels, &s, logits + t * V, V, tokens[t + 1]);
        range_encode(&encoder, s.cumulative, s.frequency, s.total);
    }
    range_encoder_finish(&encoder, &bytes, &n_bytes);
    hash = decodes(model, tokens, bytes, n_bytes)
               ? digest_bytes(DIGEST_START, bytes, n_bytes)
               : 0;
    range_encoder_release(&encoder);
    return hash;
}

/* Sizes, and the parts of llama. */
static struct model_config
config_llama(void)
{
    return (struct model_config){.n_layers = LAYERS,
        .width = C,
        .n_heads = HEADS,
        .n_kv_heads = KV_HEADS,
        .head_width = D,
        .n_rotary = D,
        .mlp_width = F,
        .vocabulary = V,
        .epsilon = 1e-5,
        .rope = {.kind = MODEL_ROPE_LLAMA3,
            .theta = 10000,
            .factor = 8,
            .low_turns = 1,
            .high_turns = 4,
            .original_positions = 64}};
}

/* Logits (TOKENS, V) of a model of these parts, after random tokens; archive:
   what they are coded to, unless NULL. */
static void
run_model(float *out, uint64_t *archive, const struct kernels *kernels,
    const struct model_config *config)
{
    uint32_t tokens[TOKENS];
    struct model_layer layers[LAYERS];
    double frequency[2][D / 2];
    struct model model = {
        .config = *config,
        .kernels = kernels,
        .layers = layers,
        .output_norm = random_norm(1),
        .output.weights = random_weights(kernels, 2, V, C),
    };

    if (config->n_rotary > 0) {
        model_rope_frequencies(
            frequency[0], &config->rope, config->n_rotary / 2);
        model.frequency[0] = frequency[0];
    }
    if (config->has_local_rope) {
        model_rope_frequencies(
            frequency[1], &config->local_rope, config->n_rotary / 2);
        model.frequency[1] = frequency[1];
    }
    for (size_t l = 0; l < LAYERS; l++) {
        layer_init(&layers[l], &model, l);
    }
    for (size_t t = 0; t < TOKENS; t++) {
        tokens[t] = (uint32_t)(rng_at(3, t) % V);
    }
    forward(&model, tokens, out);
    if (archive != NULL) {
        *archive = code(&model, tokens, out);
    }
    for (size_t l = 0; l < LAYERS; l++) {
        layer_release(&layers[l]);
    }
    norm_release(&model.output_norm);
    gemm_weights_free(model.output.weights);
}

void
bits_model(const struct kernels *kernels, uint64_t *logits, uint64_t *archive)
{
    const struct model_config config = config_llama();
    float *out = mem_alloc(TOKENS * V, sizeof(*out));

    run_model(out, archive, kernels, &config);
    *logits = digest_floats(DIGEST_START, out, TOKENS * V);
    mem_free(out);
}

uint64_t
bits_parts(const struct kernels *kernels)
{
    struct model_config configs[3] = {
        config_llama(), config_llama(), config_llama()};
    float *out = mem_alloc(TOKENS * V, sizeof(*out));
    uint64_t hash = DIGEST_START;

    /* As gemma has them. */
    configs[0].order = MODEL_ORDER_SANDWICH;
    configs[0].has_head_norms = true;
    configs[0].has_local_rope = true;
    configs[0].local_rope.theta = 500;
    configs[0].window = 40;
    model_config_set_local(&configs[0], 1);
    configs[0].attention_scale = 0.3;
    configs[0].attention_cap = 6;
    configs[0].logit_cap = 9;
    configs[0].embedding_scale = 8.5;
    configs[0].activation = ACTIVATION_GELU_TANH;
    /* gpt_neox */
    configs[1].norm = MODEL_NORM_LAYER;
    configs[1].order = MODEL_ORDER_PARALLEL;
    configs[1].n_rotary = 6;
    configs[1].activation = ACTIVATION_GELU;
    configs[1].is_ungated = true;
    /* lmic */
    configs[2].norm = MODEL_NORM_LAYER;
    configs[2].order = MODEL_ORDER_POST;
    configs[2].positions = MODEL_POSITIONS_SINUSOIDAL;
    configs[2].n_rotary = 0;
    configs[2].activation = ACTIVATION_GELU_TANH;
    configs[2].is_ungated = true;
    for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
        run_model(out, NULL, kernels, &configs[i]);
        hash = digest_floats(hash, out, TOKENS * V);
    }
    mem_free(out);
    return hash;
}

uint64_t
bits_widen(void)
{
    uint64_t hash = DIGEST_START;
    uint8_t bytes[4096];
    float out[4096];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)rng_at(4, i);
    }
    for (int type = 0; type < TENSOR_TYPES; type++) {
        const size_t n_blocks =
            sizeof(bytes) / tensor_block_bytes((enum tensor_type)type);
        const size_t most = sizeof(out) / sizeof(out[0]) /
                            tensor_block_count((enum tensor_type)type);
        const size_t n = (n_blocks < most ? n_blocks : most) *
                         tensor_block_count((enum tensor_type)type);
        struct tensor tensor = {
            .type = (enum tensor_type)type,
            .n_axes = 1,
            .shape = {n},
            .data = bytes,
            .bytes = sizeof(bytes),
        };

        tensor_widen(out, &tensor, 0, n);
        hash = digest_floats(hash, out, n);
    }
    return hash;
}
