/*
 * schedule.c
 */
#include "learn/schedule.h"

#include <math.h>
#include <string.h>

static const char *const names[SCHEDULE_KINDS] = {
    [SCHEDULE_CONSTANT] = "constant",
    [SCHEDULE_COSINE] = "cosine",
    [SCHEDULE_LINEAR] = "linear",
    [SCHEDULE_WSD] = "wsd",
};

const char *
schedule_name(enum schedule_kind kind)
{
    return names[kind];
}

int
schedule_find(enum schedule_kind *kind, const char *name)
{
    for (int k = 0; k < SCHEDULE_KINDS; k++) {
        if (strcmp(names[k], name) == 0) {
            *kind = (enum schedule_kind)k;
            return 0;
        }
    }
    return -1;
}

/* How much of the steps from first to the last is over: 0 to 1. */
static double
passed(const struct schedule *s, double first, uint64_t step)
{
    double n = (double)s->n_steps - first;
    double x = ((double)step - first) / n;

    return n <= 0 || x > 1 ? 1 : x < 0 ? 0 : x;
}

double
schedule_factor(const struct schedule *s, uint64_t step)
{
    double warmup = (double)s->warmup_steps;

    if (step < s->warmup_steps) {
        return ((double)step + 1) / warmup;
    }
    switch (s->kind) {
    case SCHEDULE_COSINE:
        return s->last + (1 - s->last) * 0.5 *
                             (1 + cos(acos(-1.0) * passed(s, warmup, step)));
    case SCHEDULE_LINEAR:
        return 1 - (1 - s->last) * passed(s, warmup, step);
    case SCHEDULE_WSD: {
        double first = fmax(warmup, (double)s->n_steps * (1 - s->decay_share));
        return 1 - (1 - s->last) * passed(s, first, step);
    }
    default:
        return 1;
    }
}

double
schedule_cooldown(
    const struct schedule *s, double start, uint64_t first, uint64_t step)
{
    return start + (s->last - start) * passed(s, (double)first, step);
}
