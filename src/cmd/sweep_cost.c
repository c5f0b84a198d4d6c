/*
 * sweep_cost.c - what runs share, and from rates to costs.
 */
#include "cmd/sweep_cost.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/options.h"
#include "base/units.h"
#include "cmd/sweep_sample.h"
#include "corpus/corpus.h"

/* A corpus or a sample that some run had; key: the options that decide it. */
struct known {
    char *key;
    int rc;
    uint64_t corpus_bytes;
    struct sweep_rate rate;
    double bytes_per_token;
};

struct sweep_costs {
    struct known *items;
    size_t n, n_max;
};

struct sweep_costs *
sweep_costs_new(void)
{
    return mem_alloc(1, sizeof(struct sweep_costs));
}

void
sweep_costs_free(struct sweep_costs *costs)
{
    if (costs == NULL) {
        return;
    }
    for (size_t i = 0; i < costs->n; i++) {
        mem_free(costs->items[i].key);
    }
    mem_free(costs->items);
    mem_free(costs);
}

/* Whether name is among the words "a b c". */
static bool
is_among(const char *name, const char *words)
{
    size_t bytes = strlen(name);

    for (const char *p = words; (p = strstr(p, name)) != NULL; p++) {
        bool is_start = p == words || p[-1] == ' ';
        if (is_start && (p[bytes] == ' ' || p[bytes] == '\0')) {
            return true;
        }
    }
    return false;
}

/* Values of the options whose being among words is is_wanted, as one text. */
static char *
join_values(const struct options *options, const char *words, bool is_wanted)
{
    const struct options_spec *spec = options_spec(options);
    char *key = mem_strdup(is_wanted ? "corpus" : spec->command);

    for (size_t i = 0; i < spec->n_options && key != NULL; i++) {
        if (is_among(spec->table[i].name, words) == is_wanted) {
            char *longer = mem_printf("%s\n%s", key, options_text(options, i));
            mem_free(key);
            key = longer;
        }
    }
    return key;
}

/*
 * What is known of key, which is taken; *is_new if that is nothing yet.
 * NULL: no memory.
 */
static struct known *
find(struct sweep_costs *costs, bool *is_new, char *key)
{
    void *items = costs->items;

    *is_new = false;
    if (key == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < costs->n; i++) {
        if (strcmp(costs->items[i].key, key) == 0) {
            mem_free(key);
            return &costs->items[i];
        }
    }
    if (mem_grow(&items, &costs->n_max, costs->n, costs->n + 1,
            sizeof(*costs->items)) != 0) {
        mem_free(key);
        return NULL;
    }
    costs->items = items;
    struct known *item = &costs->items[costs->n++];
    *item = (struct known){.key = key};
    *is_new = true;
    return item;
}

/* The number of an option; 0 for a word such as "all". */
static uint64_t
number(const struct options *options, const char *name)
{
    const char *text = options_named(options, name);
    uint64_t value = 0;

    return text != NULL && units_parse_u64(&value, text) == 0 ? value : 0;
}

static struct corpus *
open_corpus(const struct options *options)
{
    struct corpus_part part = {.first_byte = number(options, "first"),
        .n_bytes = number(options, "bytes"),
        .patch = options_named(options, "patch"),
        .grey = options_named(options, "gray")};

    return corpus_open(options_named(options, "corpus"), &part);
}

/* Bytes of the corpus of a run. */
static int
find_corpus(
    struct sweep_costs *costs, uint64_t *bytes, const struct options *options)
{
    bool is_new;
    struct known *known = find(costs, &is_new,
        join_values(options, "corpus first bytes patch gray", true));

    if (known == NULL) {
        return -1;
    }
    if (is_new) {
        struct corpus *corpus = open_corpus(options);
        known->rc = corpus == NULL ? -1 : 0;
        known->corpus_bytes = corpus == NULL ? 0 : corpus_bytes(corpus);
        corpus_close(corpus);
    }
    *bytes = known->corpus_bytes;
    return known->rc;
}

static int
measure_sample(struct known *known, const struct options *options)
{
    const char *command = options_spec(options)->command;
    struct corpus *corpus = open_corpus(options);
    int rc = corpus == NULL ? -1 : 0;

    if (rc == 0 && corpus_bytes(corpus) > 0) {
        rc = strcmp(command, "measure") == 0
                 ? sweep_sample_measure(&known->rate, options, corpus)
             : strcmp(command, "baseline") == 0
                 ? sweep_sample_baseline(&known->rate, options, corpus)
                 : sweep_sample_train(
                       &known->rate, &known->bytes_per_token, options, corpus);
    }
    corpus_close(corpus);
    return rc;
}

/* The sample of a run: whatever does not decide how much is read. */
static const struct known *
find_sample(struct sweep_costs *costs, const struct options *options)
{
    bool is_new;
    struct known *known = find(costs, &is_new,
        join_values(options,
            "out first bytes steps max-bytes max-hours seed save-at threads",
            false));

    if (known != NULL && is_new) {
        known->rc = measure_sample(known, options);
    }
    return known == NULL || known->rc != 0 ? NULL : known;
}

/* Bytes that a training run sees; NAN: it has no end. */
static double
training_bytes(const struct options *options, double bytes_per_token)
{
    double step = (double)number(options, "batch") * bytes_per_token;
    double max = (double)number(options, "max-bytes");
    double steps = (double)number(options, "steps");

    return max > 0 ? step * ceil(max / step) : steps > 0 ? step * steps : NAN;
}

int
sweep_cost_find(struct sweep_costs *costs, struct sweep_cost *cost,
    const struct options *options)
{
    bool is_training = strcmp(options_spec(options)->command, "train") == 0;
    uint64_t bytes;

    *cost = (struct sweep_cost){NAN, NAN, NAN, NAN};
    if (find_corpus(costs, &bytes, options) != 0) {
        return -1;
    }
    cost->raw_bytes = (double)bytes;
    const struct known *known = find_sample(costs, options);
    if (known == NULL) {
        return -1;
    }
    if (is_training) {
        cost->raw_bytes = training_bytes(options, known->bytes_per_token);
    }
    cost->flops = cost->raw_bytes * known->rate.flops;
    cost->core_s = cost->raw_bytes * known->rate.seconds;
    cost->memory_bytes = known->rate.memory_bytes;
    return 0;
}
