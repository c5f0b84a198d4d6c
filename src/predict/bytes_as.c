/*
 * bytes_as.c
 */
#include "predict/bytes_as.h"

#include <assert.h>
#include <string.h>

#include "base/report.h"

static const char *const names[] = {
    [BYTES_EXACT] = "exact",
    [BYTES_ASCII_RESCALE] = "ascii-rescale",
    [BYTES_ASCII_APPEND] = "ascii-append",
    [BYTES_LATIN1] = "latin1",
};

struct bytes_as_rule
bytes_as_parse(const char *text, const char *corpus)
{
    struct bytes_as_rule rule = {
        .as = BYTES_EXACT,
        .is_text = strncmp(corpus, "text:", 5) == 0 ||
                   strncmp(corpus, "markov:", 7) == 0,
    };

    while (strcmp(names[rule.as], text) != 0) {
        assert(rule.as < BYTES_LATIN1);
        rule.as++;
    }
    return rule;
}

const char *
bytes_as_name(enum bytes_as as)
{
    return names[as];
}

size_t
bytes_as_bound(const struct bytes_as_rule *rule, size_t bytes)
{
    return rule->as == BYTES_LATIN1 ? 2 * bytes : bytes;
}

/* U+0080 to U+00FF are two bytes: C2 or C3, then one of 80 to BF. */
static size_t
write_latin1(uint8_t *out, const uint8_t *in, size_t bytes)
{
    size_t n = 0;

    for (size_t i = 0; i < bytes; i++) {
        if (in[i] < 0x80) {
            out[n++] = in[i];
        } else {
            out[n++] = 0xc0 | in[i] >> 6;
            out[n++] = 0x80 | (in[i] & 0x3f);
        }
    }
    return n;
}

size_t
bytes_as_apply(const struct bytes_as_rule *rule, uint8_t *described,
    uint64_t *lost_bits, const uint8_t *in, size_t bytes)
{
    *lost_bits = 0;
    if (rule->as == BYTES_LATIN1) {
        return write_latin1(described, in, bytes);
    }
    if (rule->as == BYTES_EXACT) {
        memcpy(described, in, bytes);
        return bytes;
    }
    for (size_t i = 0; i < bytes; i++) {
        described[i] = rule->is_text ? in[i] & 0x7f : in[i] >> 1;
        *lost_bits += rule->is_text ? in[i] >> 7 : 1;
    }
    return bytes;
}

/* The byte at *at of what was described, with the lost bits of original. */
static uint8_t
restore(const struct bytes_as_rule *rule, const uint8_t *described, size_t *at,
    uint8_t original)
{
    uint8_t byte = described[(*at)++];

    switch (rule->as) {
    case BYTES_EXACT:
        return byte;
    case BYTES_LATIN1:
        return byte < 0x80 ? byte
                           : (uint8_t)(byte << 6 | (described[(*at)++] & 0x3f));
    default:
        return rule->is_text ? byte | (original & 0x80)
                             : (uint8_t)(byte << 1 | (original & 1));
    }
}

int
bytes_as_check(const struct bytes_as_rule *rule, const uint8_t *described,
    size_t n_described, const uint8_t *in, size_t bytes)
{
    size_t at = 0;

    for (size_t i = 0; i < bytes; i++) {
        if (at >= n_described ||
            restore(rule, described, &at, in[i]) != in[i]) {
            report_error("--bytes-as %s: byte %zu of a chunk does not come "
                         "back",
                names[rule->as], i);
            return -1;
        }
    }
    if (at != n_described) {
        report_error("--bytes-as %s: %zu of %zu bytes stand for a chunk of %zu",
            names[rule->as], at, n_described, bytes);
        return -1;
    }
    return 0;
}

uint32_t
bytes_as_ends(
    const struct bytes_as_rule *rule, const uint8_t *described, uint32_t n)
{
    uint32_t n_ends = n;

    for (uint32_t i = 0; i < n && rule->as == BYTES_LATIN1; i++) {
        n_ends -= described[i] >= 0xc0; /* it goes on */
    }
    return n_ends;
}
