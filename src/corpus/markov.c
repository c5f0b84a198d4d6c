/*
 * markov.c
 *
 * The noise e[t] is a mixture: with probability 1/16 it is uniform, else it is
 * geometric.  The random number of position t alone tells which, and in the
 * first case ("refresh") x[t] itself is taken from it: uniform noise added to
 * anything is uniform.  After `order` refreshed positions in a row nothing
 * before them matters, so a part of the source is made by going back to such
 * a run, 16^order positions on average.
 */
#include "corpus/markov.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"
#include "base/units.h"

/* Of 2^16 equally likely draws, this many refresh: as many for each symbol. */
#define REFRESH_WEIGHT 4096
#define REFRESH_EACH   (REFRESH_WEIGHT / MARKOV_SYMBOLS)

/* Draws of the geometric part; they sum to 2^16 - REFRESH_WEIGHT. */
static const uint16_t noise_weight[MARKOV_SYMBOLS] = {
    30720, 15360, 7680, 3840, 1920, 960, 480, 240, 120, 60, 30, 15, 4, 4, 4, 3};

/* The last `order` symbols, 4 bits each, the newest lowest. */
static unsigned
push(unsigned past, unsigned symbol, unsigned order)
{
    return (past << 4 | symbol) & ((1u << 4 * order) - 1);
}

/* What a seed selects: the start of all hashes of pasts. */
static uint64_t
seed_hash(uint64_t seed)
{
    return rng_mix(seed ^ 0x6d61726b6f763136u);
}

/* g: a hash of the newer symbols chooses a bijection of the oldest one. */
static unsigned
expected(uint64_t seed, unsigned past, unsigned order)
{
    if (order == 0) {
        return 0;
    }
    unsigned oldest_bit = 4 * (order - 1);
    unsigned oldest = past >> oldest_bit;
    unsigned newer = past & ((1u << oldest_bit) - 1);
    uint64_t hash = rng_mix(seed + newer);
    unsigned factor = (unsigned)(hash >> 32) | 1;

    return ((unsigned)hash + factor * oldest) % MARKOV_SYMBOLS;
}

void
markov_weights(uint32_t weight[MARKOV_SYMBOLS], const struct markov *m,
    const uint8_t *past, uint64_t n_past)
{
    if (n_past < m->order) {
        for (unsigned s = 0; s < MARKOV_SYMBOLS; s++) {
            weight[s] = (1u << MARKOV_WEIGHT_BITS) / MARKOV_SYMBOLS;
        }
        return;
    }
    unsigned packed = 0;
    for (unsigned i = 0; i < m->order; i++) {
        unsigned symbol = past[n_past - m->order + i] - 'a';
        packed = push(packed, symbol % MARKOV_SYMBOLS, m->order);
    }
    unsigned g = expected(seed_hash(m->seed), packed, m->order);
    for (unsigned e = 0; e < MARKOV_SYMBOLS; e++) {
        weight[(g + e) % MARKOV_SYMBOLS] = REFRESH_EACH + noise_weight[e];
    }
}

/* The 2^16 equally likely draws of position t. */
static unsigned
draw_at(const struct markov *m, uint64_t t)
{
    return (unsigned)(rng_at(m->seed, t) >> (64 - MARKOV_WEIGHT_BITS));
}

/* Position t from its own draw and the symbols before it. */
static unsigned
symbol_at(const struct markov *m, uint64_t t, uint64_t seed, unsigned past)
{
    unsigned draw = draw_at(m, t);

    if (t < m->order) {
        return draw % MARKOV_SYMBOLS;
    }
    if (draw < REFRESH_WEIGHT) {
        return draw / REFRESH_EACH;
    }
    unsigned e = 0;
    draw -= REFRESH_WEIGHT;
    while (draw >= noise_weight[e]) {
        draw -= noise_weight[e++];
    }
    return (expected(seed, past, m->order) + e) % MARKOV_SYMBOLS;
}

/*
 * The latest position from which the source can be made up to offset without
 * knowing what is before: `order` refreshed positions follow it, or it is 0.
 * A position that is not refreshed rules out every run that holds it.
 */
static uint64_t
restart_before(const struct markov *m, uint64_t offset)
{
    uint64_t end = offset;

    while (end > m->order) {
        uint64_t t = end - m->order;
        while (t < end && draw_at(m, t) < REFRESH_WEIGHT) {
            t++;
        }
        if (t == end) {
            return end - m->order;
        }
        end = t;
    }
    return 0;
}

void
markov_fill(
    const struct markov *m, uint8_t *out, uint64_t offset, uint64_t bytes)
{
    uint64_t seed = seed_hash(m->seed);
    unsigned past = 0;

    for (uint64_t t = restart_before(m, offset); t < offset + bytes; t++) {
        unsigned symbol = symbol_at(m, t, seed, past);
        past = push(past, symbol, m->order);
        if (t >= offset) {
            out[t - offset] = (uint8_t)('a' + symbol);
        }
    }
}

/* Code length of noise e in bits. */
static double
noise_bits(unsigned e)
{
    return MARKOV_WEIGHT_BITS - log2(REFRESH_EACH + noise_weight[e]);
}

static double
noise_probability(unsigned e)
{
    return (REFRESH_EACH + noise_weight[e]) /
           (double)(1u << MARKOV_WEIGHT_BITS);
}

double
markov_entropy_bits(const struct markov *m)
{
    double sum = 0.0;

    (void)m; /* order and seed only permute the weights */
    for (unsigned e = 0; e < MARKOV_SYMBOLS; e++) {
        sum += noise_probability(e) * noise_bits(e);
    }
    return sum;
}

double
markov_variance_bits2(const struct markov *m)
{
    double mean = markov_entropy_bits(m);
    double sum = 0.0;

    for (unsigned e = 0; e < MARKOV_SYMBOLS; e++) {
        double deviation = noise_bits(e) - mean;
        sum += noise_probability(e) * deviation * deviation;
    }
    return sum;
}

/* One "key=value" of a name. */
static int
parse_field(struct markov *m, const char *field)
{
    uint64_t value;

    if (strncmp(field, "order=", 6) == 0) {
        if (units_parse_u64(&value, field + 6) || value > MARKOV_ORDER_MAX) {
            report_error("markov: order \"%s\": want a number from 0 to %d",
                field + 6, MARKOV_ORDER_MAX);
            return -1;
        }
        m->order = (unsigned)value;
        return 0;
    }
    if (strncmp(field, "seed=", 5) == 0) {
        if (units_parse_u64(&m->seed, field + 5)) {
            report_error("markov: seed \"%s\": want a number", field + 5);
            return -1;
        }
        return 0;
    }
    report_error("markov: \"%s\": want order=K or seed=S", field);
    return -1;
}

struct markov
markov_default(void)
{
    return (struct markov){.seed = 1, .order = 2};
}

int
markov_parse_fields(struct markov *m, const char *text)
{
    char *copy = mem_strdup(text);
    int rc = copy == NULL ? -1 : 0;

    for (char *field = copy; rc == 0 && field != NULL;) {
        char *comma = strchr(field, ',');
        if (comma != NULL) {
            *comma++ = '\0';
        }
        rc = parse_field(m, field);
        field = comma;
    }
    mem_free(copy);
    return rc;
}

int
markov_parse(struct markov *m, uint64_t *bytes, const char *text)
{
    const char *comma = strchr(text, ',');
    int length = comma == NULL ? (int)strlen(text) : (int)(comma - text);
    char *number = mem_printf("%.*s", length, text);

    if (number == NULL) {
        return -1;
    }
    int rc = units_parse_bytes(bytes, number);
    if (rc) {
        report_error("markov:%s: \"%s\" is not a number of bytes; want e.g. "
                     "markov:4MB,order=2,seed=1",
            text, number);
    }
    mem_free(number);
    *m = markov_default();
    return rc || comma == NULL ? rc : markov_parse_fields(m, comma + 1);
}
