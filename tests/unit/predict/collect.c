/*
 * collect.c
 */
#include "collect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "coder/range.h"

/*
 * How far the ideal bits may be from those of the integers.  Integers are made
 * from 2^36 times the probability; symbols less likely than 2^-20 are rounded
 * up noticeably, and an escape beside a vocabulary takes 1 part of it.
 */
#define BITS_TOLERANCE  1e-4
#define RARE_FREQUENCY  (UINT64_C(1) << 16)
#define ESCAPE_BITS(v)  (2.0 / (double)(v))
#define SMALL_TOTAL_MAX (UINT64_C(1) << 32)

static void
check_symbol(const struct predict_symbol *s)
{
    double coded = log2((double)s->total) - log2((double)s->frequency);
    double tolerance = BITS_TOLERANCE;

    CU_ASSERT(s->frequency > 0);
    CU_ASSERT(s->frequency <= s->total);
    CU_ASSERT(s->cumulative <= s->total - s->frequency);
    CU_ASSERT(s->total <= RANGE_TOTAL_MAX);
    if (s->total < SMALL_TOTAL_MAX) {
        tolerance += ESCAPE_BITS(s->total);
    }
    CU_ASSERT(coded <= s->bits + tolerance);
    if (s->frequency >= RARE_FREQUENCY || s->total < SMALL_TOTAL_MAX) {
        CU_ASSERT(coded >= s->bits - tolerance);
    }
}

static int
add(void *user, const struct predict_symbol *symbol)
{
    struct collected *c = user;

    if (c->n == c->n_max) {
        c->n_max = 2 * c->n_max + 1024;
        c->symbols = realloc(c->symbols, c->n_max * sizeof(*c->symbols));
    }
    check_symbol(symbol);
    c->symbols[c->n++] = *symbol;
    c->bits += symbol->bits;
    c->n_tokens += symbol->n_bytes > 0;
    return 0;
}

static void
code(struct collected *c)
{
    struct range_encoder encoder;
    struct range_decoder decoder;
    const uint8_t *out;
    size_t n_wrong = 0;

    range_encoder_init(&encoder);
    for (size_t i = 0; i < c->n; i++) {
        const struct predict_symbol *s = &c->symbols[i];
        range_encode(&encoder, s->cumulative, s->frequency, s->total);
    }
    CU_ASSERT_EQUAL_FATAL(
        range_encoder_finish(&encoder, &out, &c->coded_bytes), 0);
    range_decoder_init(&decoder, out, c->coded_bytes);
    for (size_t i = 0; i < c->n && n_wrong == 0; i++) {
        const struct predict_symbol *s = &c->symbols[i];
        uint64_t number = range_decode(&decoder, s->total);
        n_wrong +=
            number < s->cumulative || number - s->cumulative >= s->frequency;
        if (n_wrong == 0) {
            range_decode_take(&decoder, s->cumulative, s->frequency, s->total);
        }
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    CU_ASSERT(8.0 * (double)c->coded_bytes <=
              c->bits * (1.0 + 1e-4) + RANGE_OVERHEAD_BITS);
    range_encoder_release(&encoder);
}

struct collected
collect(struct predictor_session *session, const uint8_t *chunk, size_t bytes)
{
    struct collected c = {0};

    CU_ASSERT_EQUAL(predictor_score(session, chunk, bytes, add, &c), 0);
    code(&c);
    return c;
}

void
collect_free(struct collected *collected)
{
    free(collected->symbols);
}

int
collect_equal(const struct collected *a, const struct collected *b)
{
    if (a->n != b->n) {
        return 0;
    }
    for (size_t i = 0; i < a->n; i++) {
        const struct predict_symbol *s = &a->symbols[i];
        const struct predict_symbol *t = &b->symbols[i];
        if (s->cumulative != t->cumulative || s->frequency != t->frequency ||
            s->total != t->total || s->n_bytes != t->n_bytes ||
            memcmp(&s->bits, &t->bits, sizeof(s->bits)) != 0) {
            return 0;
        }
    }
    return 1;
}

struct collected
collect_named(
    const struct predictor_options *options, const uint8_t *chunk, size_t bytes)
{
    struct predictor *predictor = predictor_open(options);
    CU_ASSERT_FATAL(predictor != NULL);
    struct predictor_session *session =
        predictor_session_new(predictor, bytes, options->n_threads);
    CU_ASSERT_FATAL(session != NULL);
    struct collected c = collect(session, chunk, bytes);

    predictor_session_free(session);
    predictor_close(predictor);
    return c;
}
