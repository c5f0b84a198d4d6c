/*
 * curriculum.c
 */
#include "learn/curriculum.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"

/* Longer sequences than any machine could learn from. */
#define CONTEXT_MAX (1 << 20)

/* "CONTEXT" or "CONTEXT@SHARE" at *text, which moves behind it. */
static int
parse_stage(struct curriculum *c, const char **text)
{
    char *end;
    unsigned long context = strtoul(*text, &end, 10);
    double first = 0;

    if (end == *text || **text == '-' || context < 2 || context > CONTEXT_MAX ||
        c->n == CURRICULUM_STAGES_MAX) {
        return -1;
    }
    if (*end == '@') {
        const char *share = end + 1;
        first = strtod(share, &end);
        if (end == share) {
            return -1;
        }
    }
    double before = c->n == 0 ? 0 : c->first[c->n - 1];
    if (c->n == 0 ? first < 0 || first > 0 : !(first > before && first < 1)) {
        return -1;
    }
    c->context[c->n] = context;
    c->first[c->n++] = first;
    *text = end;
    return 0;
}

int
curriculum_parse(struct curriculum *c, const char *text, uint64_t batch_tokens)
{
    const char *p = text;

    *c = (struct curriculum){0};
    do {
        if (parse_stage(c, &p) != 0 || (*p != ',' && *p != '\0')) {
            report_error("--context %s: want TOKENS or "
                         "TOKENS,TOKENS@SHARE,... with rising shares, e.g. "
                         "512,2048@0.8",
                text);
            return -1;
        }
    } while (*p++ == ',');
    for (size_t i = 0; i < c->n; i++) {
        if (batch_tokens % c->context[i] != 0) {
            report_error("--batch %" PRIu64
                         ": not a multiple of the context of %zu tokens",
                batch_tokens, c->context[i]);
            return -1;
        }
    }
    return 0;
}

size_t
curriculum_context(const struct curriculum *c, uint64_t step, uint64_t n_steps)
{
    size_t i = c->n;

    do {
        i--;
    } while (i > 0 && (double)step < c->first[i] * (double)n_steps);
    return n_steps == 0 ? c->context[0] : c->context[i];
}

size_t
curriculum_longest(const struct curriculum *c)
{
    size_t longest = 0;

    for (size_t i = 0; i < c->n; i++) {
        longest = c->context[i] > longest ? c->context[i] : longest;
    }
    return longest;
}
