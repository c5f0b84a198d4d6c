/*
 * bits_model.c
 *
 * A Transformer of two layers without a file: the parts of a struct model
 * that the forward pass reads, filled with random weights.
 */
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bits.h"
#include "coder/range.h"
#include "format/tensor.h"
#include "math/gemm.h"
#include "math/softmax.h"
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

static void
layer_init(struct model_layer *layer, const struct kernels *kernels, size_t l)
{
    const uint64_t seed = 100 * (l + 1);

    layer->attention_norm.gain = random_floats(seed, C, 2);
    layer->qkv =
        random_linear(kernels, seed + 1, (HEADS + 2 * KV_HEADS) * D, C);
    layer->output = random_linear(kernels, seed + 2, C, HEADS * D);
    layer->mlp_norm.gain = random_floats(seed + 3, C, 2);
    layer->gate_up = random_linear(kernels, seed + 4, 2 * F, C);
    layer->down = random_linear(kernels, seed + 5, C, F);
}

static void
linear_release(struct model_linear *linear)
{
    gemm_weights_free(linear->weights);
    mem_free(linear->bias);
}

static void
layer_release(struct model_layer *layer)
{
    mem_free(layer->attention_norm.gain);
    linear_release(&layer->qkv);
    linear_release(&layer->output);
    mem_free(layer->mlp_norm.gain);
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

/* The bytes of the tokens, coded as the logits before each say. */
static uint64_t
code(const struct kernels *kernels, const uint32_t *tokens, const float *logits)
{
    struct range_encoder encoder;
    const uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    uint64_t hash;

    range_encoder_init(&encoder);
    for (size_t t = 0; t + 1 < TOKENS; t++) {
        struct softmax_symbol s;

        softmax_code(kernels, &s, logits + t * V, V, tokens[t + 1]);
        range_encode(&encoder, s.cumulative, s.frequency, s.total);
    }
    range_encoder_finish(&encoder, &bytes, &n_bytes);
    hash = digest_bytes(DIGEST_START, bytes, n_bytes);
    range_encoder_release(&encoder);
    return hash;
}

void
bits_model(const struct kernels *kernels, uint64_t *logits, uint64_t *archive)
{
    struct model_layer layers[LAYERS];
    double frequency[D / 2];
    uint32_t tokens[TOKENS];
    float *out = mem_alloc(TOKENS * V, sizeof(*out));
    struct model model = {
        .config = {.n_layers = LAYERS,
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
                .original_positions = 64}},
        .kernels = kernels,
        .layers = layers,
        .output_norm.gain = random_floats(1, C, 2),
        .output.weights = random_weights(kernels, 2, V, C),
        .frequency = {frequency},
    };

    model_rope_frequencies(frequency, &model.config.rope, D / 2);
    for (size_t l = 0; l < LAYERS; l++) {
        layer_init(&layers[l], kernels, l);
    }
    for (size_t t = 0; t < TOKENS; t++) {
        tokens[t] = (uint32_t)(rng_at(3, t) % V);
    }
    forward(&model, tokens, out);
    *logits = digest_floats(DIGEST_START, out, TOKENS * V);
    *archive = code(kernels, tokens, out);
    for (size_t l = 0; l < LAYERS; l++) {
        layer_release(&layers[l]);
    }
    mem_free(model.output_norm.gain);
    gemm_weights_free(model.output.weights);
    mem_free(out);
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
