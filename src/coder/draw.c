/*
 * draw.c
 *
 * Frequencies become weights (none for what is not among the k most frequent,
 * others by temperature), and a number below their sum, uniform by rejection,
 * names a symbol.
 */
#include "coder/draw.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "math/elementary.h"

/* The largest weight is 2^40, so that 2^20 symbols sum to less than 2^61. */
#define WEIGHT_MAX 0x1p40

/* Above log(WEIGHT_MAX): what has a weight of 0 anyway. */
#define EXPONENT_MAX 28.0

/* Frequencies have fewer bits. */
#define FREQUENCY_BITS 57

int
draw_init(struct draw *draw, size_t n_max, const struct draw_options *options)
{
    assert(options->temperature >= 0);
    *draw = (struct draw){.options = *options, .n_max = n_max};
    draw->weight = mem_alloc(n_max, sizeof(*draw->weight));
    return draw->weight == NULL ? -1 : 0;
}

void
draw_release(struct draw *draw)
{
    mem_free(draw->weight);
    draw->weight = NULL;
}

static size_t
most_frequent(const uint64_t *frequency, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++) {
        best = frequency[i] > frequency[best] ? i : best;
    }
    return best;
}

static size_t
count_from(const uint64_t *frequency, size_t n, uint64_t least)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        count += frequency[i] >= least;
    }
    return count;
}

/* Clear all but the k largest; of equal ones the first are kept. */
static void
keep_largest(uint64_t *weight, size_t n, size_t k)
{
    uint64_t least = 0; /* the largest number that k weights reach */

    for (int bit = FREQUENCY_BITS - 1; bit >= 0; bit--) {
        uint64_t higher = least | UINT64_C(1) << bit;
        least = count_from(weight, n, higher) >= k ? higher : least;
    }
    size_t n_equal = k - count_from(weight, n, least + 1);
    for (size_t i = 0; i < n; i++) {
        if (weight[i] < least || (weight[i] == least && n_equal == 0)) {
            weight[i] = 0;
        } else if (weight[i] == least) {
            n_equal--;
        }
    }
}

/* 2^40 (weight / largest)^(1 / temperature), rounded down. */
static void
apply_temperature(uint64_t *weight, size_t n, double temperature)
{
    double largest = (double)weight[most_frequent(weight, n)];

    for (size_t i = 0; i < n; i++) {
        if (weight[i] > 0) {
            double ratio = elementary_log((double)weight[i] / largest);
            double x = ratio / temperature;
            weight[i] = x < -EXPONENT_MAX
                            ? 0
                            : (uint64_t)(WEIGHT_MAX * elementary_exp(x));
        }
    }
}

/* Uniform below total: numbers beyond its last whole multiple are refused. */
static uint64_t
random_below(struct draw *draw, uint64_t total)
{
    uint64_t end = UINT64_MAX - UINT64_MAX % total, random;

    do {
        random = rng_at(draw->options.seed, draw->n_random++);
    } while (random >= end);
    return random % total;
}

uint32_t
draw_symbol(struct draw *draw, const uint64_t *frequency, size_t n)
{
    uint64_t *weight = draw->weight, total = 0;
    size_t k = draw->options.top_k < n ? (size_t)draw->options.top_k : 0;
    double temperature = draw->options.temperature;

    assert(n > 0 && n <= draw->n_max);
    if (temperature == 0) {
        return (uint32_t)most_frequent(frequency, n);
    }
    memcpy(weight, frequency, n * sizeof(*weight));
    if (k > 0) {
        keep_largest(weight, n, k);
    }
    if (temperature != 1) {
        apply_temperature(weight, n, temperature);
    }
    for (size_t i = 0; i < n; i++) {
        total += weight[i];
    }
    assert(total > 0);
    uint64_t number = random_below(draw, total);
    size_t i = 0;
    while (number >= weight[i]) {
        number -= weight[i++];
    }
    return (uint32_t)i;
}
