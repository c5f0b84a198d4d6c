/*
 * train_setup.c
 *
 * In phases, each of which all ranks end together: text, model, memory.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "base/units.h"
#include "cmd/train.h"
#include "corpus/corpus.h"
#include "learn/optimizer.h"
#include "learn/preset.h"
#include "math/kernels.h"
#include "math/peak.h"
#include "par/par.h"
#include "token/token.h"

/* What --validate auto leaves out at most. */
#define HELD_OUT_AUTO_MAX 200000

/*
 * The text.
 */

/* "auto", "BYTES" or "FIRST:BYTES". */
static int
choose_held_out(struct train *t)
{
    const char *text = t->settings->validate, *colon = strchr(text, ':');
    uint64_t n_bytes = corpus_bytes(t->corpus), n = 0, first = 0;
    char word[64];

    if (strcmp(text, "auto") == 0) {
        n = n_bytes / 100;
        n = n < HELD_OUT_AUTO_MAX ? n : HELD_OUT_AUTO_MAX;
        first = n_bytes - n;
    } else if (colon == NULL) {
        if (units_parse_bytes(&n, text) != 0) {
            goto wrong;
        }
        first = n < n_bytes ? n_bytes - n : 0;
    } else {
        snprintf(word, sizeof(word), "%.*s", (int)(colon - text), text);
        if (units_parse_bytes(&first, word) != 0 ||
            units_parse_bytes(&n, colon + 1) != 0) {
            goto wrong;
        }
    }
    if (first > n_bytes || n > n_bytes - first || n == n_bytes) {
        report_error("--validate %s: the corpus has %" PRIu64
                     " bytes, and some must be left to learn from",
            text, n_bytes);
        return -1;
    }
    t->held_out = (struct text_hole){first, first + n};
    return 0;
wrong:
    report_error(
        "--validate %s: want auto, BYTES (the last) or FIRST:BYTES", text);
    return -1;
}

static int
open_corpus(struct train *t)
{
    const struct train_settings *s = t->settings;
    struct corpus_part part = {
        .first_byte = s->first_byte,
        .n_bytes = s->n_bytes,
        .patch = s->patch,
        .grey = s->grey,
    };

    bool is_bytes = strcmp(s->tokenizer, "bytes") == 0;

    if (!is_bytes && !file_is_directory(s->tokenizer)) {
        report_error("--tokenizer %s: want bytes or a directory with "
                     "tokenizer.json",
            s->tokenizer);
        return -1;
    }
    t->corpus = corpus_open(s->corpus, &part);
    if (t->corpus == NULL || choose_held_out(t) != 0) {
        return -1;
    }
    t->tokenizer =
        is_bytes ? tokenizer_new_bytes() : tokenizer_open(s->tokenizer);
    if (t->tokenizer == NULL) {
        return -1;
    }
    t->text = text_new(t->corpus, t->tokenizer, &t->held_out);
    return t->text == NULL ? -1 : 0;
}

/* Turn the text into tokens that the ranks of a node share. */
static int
open_text(struct train *t)
{
    int rc, n_parts;

    if (par_any_failed(t->par, open_corpus(t))) {
        return -1;
    }
    t->text_memory = par_memory_new(t->par, text_memory_bytes(t->text));
    if (t->text_memory == NULL) {
        return -1;
    }
    int part = par_memory_part(t->text_memory, &n_parts);
    rc = text_fill(
        t->text, par_memory_data(t->text_memory), part, n_parts, t->n_threads);
    if (par_any_failed(t->par, rc)) {
        return -1;
    }
    par_memory_settle(t->text_memory);
    text_settle(t->text);
    return 0;
}

/*
 * The model.
 */

static int
open_config(struct train *t)
{
    const struct train_settings *s = t->settings;
    struct preset_needs needs = {
        .vocabulary = tokenizer_vocabulary(t->tokenizer),
        .is_bytes = strcmp(s->tokenizer, "bytes") == 0,
        .context = curriculum_longest(&t->curriculum),
    };
    char *text = preset_config(s->config, &needs);

    if (text == NULL) {
        return -1;
    }
    t->config_text = preset_with_type(
        text, strcmp(s->store, "bf16") == 0 ? "bfloat16" : "float32");
    mem_free(text);
    if (t->config_text == NULL || model_config_text(&t->config, t->config_text,
                                      strlen(t->config_text), s->config) != 0) {
        return -1;
    }
    if (t->config.start_token >= (int64_t)t->config.vocabulary) {
        report_error("%s: \"bos_token_id\" %" PRId64
                     " is not below the vocabulary of %zu",
            s->config, t->config.start_token, t->config.vocabulary);
        return -1;
    }
    t->has_start = t->config.start_token >= 0;
    return 0;
}

/* Is there a sequence of the longest context in the text, one for each rank
   in a batch? */
static int
check_lengths(struct train *t)
{
    uint64_t context = curriculum_longest(&t->curriculum);
    uint64_t n = text_count(t->text) - (t->has_start ? 0 : 1);
    uint64_t n_sequences = t->settings->batch / context;

    if (text_count(t->text) == 0 || n < context) {
        report_error("%s: %" PRIu64 " tokens to learn from, fewer than a "
                     "context of %" PRIu64,
            t->settings->corpus, text_count(t->text), context);
        return -1;
    }
    if (n_sequences < (uint64_t)par_size(t->par)) {
        report_error("--batch %" PRIu64 ": %" PRIu64 " sequences of %" PRIu64
                     " tokens for %d ranks; each needs one",
            t->settings->batch, n_sequences, context, par_size(t->par));
        return -1;
    }
    t->sampler = (struct sampler){
        t->settings->seed, n, strcmp(t->settings->sampling, "chunks") == 0};
    t->bytes_per_token =
        (double)text_bytes(t->text) / (double)text_count(t->text);
    return 0;
}

/* Steps of warm-up: as given, else enough for any length of run. */
static uint64_t
choose_warmup(const struct train *t)
{
    const uint64_t usual = 100;

    if (t->settings->warmup > 0) {
        return t->settings->warmup;
    }
    return t->n_steps == 0 || t->n_steps > 10 * usual ? usual
                                                      : (t->n_steps + 9) / 10;
}

/* How long the run is, and how the rates move. */
static int
choose_horizon(struct train *t)
{
    const struct train_settings *s = t->settings;

    t->n_steps = s->n_steps;
    if (s->max_bytes > 0) {
        t->n_steps = (uint64_t)ceil(
            (double)s->max_bytes / t->bytes_per_token / (double)s->batch);
    }
    t->schedule = (struct schedule){
        .n_steps = t->n_steps,
        .warmup_steps = choose_warmup(t),
        .decay_share = s->decay_share,
        .last = s->last_rate,
    };
    t->is_branch = s->cooldown_from != NULL;
    return schedule_find(&t->schedule.kind, s->schedule);
}

static struct net_options
net_settings(const struct train *t)
{
    return (struct net_options){
        .kernels = t->kernels,
        .engine = t->engine,
        .n_threads = t->n_threads,
        .is_recomputed = t->settings->recompute,
    };
}

/* The same on all ranks: rank 0 measures. */
static int
choose_engine(struct train *t, bool is_resumed)
{
    double speed[NET_ENGINES];
    uint64_t engine = NET_OWN;
    int rc = 0;

    if (strcmp(t->settings->engine, "auto") == 0 && is_resumed) {
        engine = t->state.engine;
    } else if (strcmp(t->settings->engine, "blas") == 0) {
        engine = NET_BLAS;
    } else if (strcmp(t->settings->engine, "bf16") == 0) {
        engine = NET_BF16;
    } else if (strcmp(t->settings->engine, "auto") == 0 &&
               par_rank(t->par) == 0) {
        struct net_options options = net_settings(t);
        rc = net_compare(
            &t->engine, speed, &t->config, t->curriculum.context[0], &options);
        engine = (uint64_t)t->engine;
        report_note("products: %s %.3g, %s %.3g tokens per second; taking %s",
            net_engine_name(NET_OWN), speed[NET_OWN], net_engine_name(NET_BLAS),
            speed[NET_BLAS], net_engine_name(t->engine));
    }
    if (par_any_failed(t->par, rc)) {
        return -1;
    }
    par_broadcast(t->par, &engine, sizeof(engine), 0);
    if (is_resumed && engine != t->state.engine && par_rank(t->par) == 0) {
        report_note("products are by %s now and were by %s: the weights will "
                    "differ from those of an uninterrupted run",
            net_engine_name((enum net_engine)engine),
            net_engine_name((enum net_engine)t->state.engine));
    }
    t->engine = (enum net_engine)engine;
    t->state.engine = engine;
    return 0;
}

static int
open_model(struct train *t)
{
    const struct train_settings *s = t->settings;
    struct optimizer_settings settings = {
        .has_muon = strcmp(s->optimizer, "muon") == 0,
        .rate = s->rate,
        .beta1 = s->beta1,
        .beta2 = s->beta2,
        .epsilon = s->epsilon,
        .decay = s->decay,
        .muon_rate = s->muon_rate,
        .muon_momentum = s->muon_momentum,
        .muon_decay = s->muon_decay,
    };
    struct net_options options = net_settings(t);
    size_t n_mine = (size_t)(s->batch / (uint64_t)par_size(t->par)) +
                    curriculum_longest(&t->curriculum);

    t->net = net_new(&t->config, curriculum_longest(&t->curriculum), &options);
    if (t->net == NULL) {
        return -1;
    }
    t->table = net_parameters(t->net, &t->n_table);
    t->size = net_size(t->net);
    t->optimizer = optimizer_new(
        &settings, t->table, t->n_table, t->kernels, t->n_threads);
    t->sums = par_sums_new(t->par);
    t->parameters = mem_alloc(t->size, sizeof(float));
    t->gradients = mem_alloc(t->size, sizeof(float));
    t->average = s->ema > 0 ? mem_alloc(t->size, sizeof(float)) : NULL;
    t->tokens = mem_alloc(n_mine, sizeof(*t->tokens));
    t->targets = mem_alloc(n_mine, sizeof(*t->targets));
    bool is_short = t->optimizer == NULL || t->sums == NULL ||
                    t->parameters == NULL || t->gradients == NULL ||
                    (s->ema > 0 && t->average == NULL) || t->tokens == NULL ||
                    t->targets == NULL;
    return is_short ? -1 : 0;
}

/*
 * What decides the numbers.
 */

static int
add_identity(
    struct train *t, const char *group, const char *name, const char *text)
{
    struct attribute attribute = {
        .group = group, .name = name, .type = ATTRIBUTE_TEXT, .text = text};

    return attribute_list_add(&t->identity, &attribute);
}

/* Rank 0 reads the corpus for its hash; only it compares. */
static int
identify(struct train *t)
{
    const struct options_spec *spec = options_spec(t->options);
    struct corpus_identity id;
    int rc = corpus_identify(t->corpus, &id, 1);

    if (rc == 0) {
        rc |= add_identity(t, "input", "corpus",
            id.sha256[0] == '\0' ? t->settings->corpus : id.kind);
        rc |= add_identity(t, "input", "corpus sha256", id.sha256);
        if (id.n_files > 0) {
            rc |= add_identity(t, "input", "reading", id.reading);
        }
        rc |= add_identity(
            t, "input", "tokenizer sha256", tokenizer_sha256(t->tokenizer));
        rc |= add_identity(t, "input", "config", t->config_text);
    }
    for (size_t i = 0; i < spec->n_options && rc == 0; i++) {
        if (!spec->table[i].is_outside) {
            rc = add_identity(
                t, "option", spec->table[i].name, options_text(t->options, i));
        }
    }
    return rc;
}

int
train_open(struct train *t)
{
    t->lock = -1;
    t->kernels = kernels_find(MATH_EXACT, NULL);
    if (par_any_failed(t->par, t->kernels == NULL ? -1 : 0) ||
        open_text(t) != 0) {
        return -1;
    }
    int rc =
        open_config(t) != 0 || check_lengths(t) != 0 || choose_horizon(t) != 0
            ? -1
            : 0;
    if (rc == 0 && par_rank(t->par) == 0) {
        rc = identify(t);
    }
    return par_any_failed(t->par, rc) ? -1 : 0;
}

int
train_open_model(struct train *t, bool is_resumed)
{
    t->peak_flops = peak_measure(kernels_name(t->kernels), t->n_threads);
    par_sum_f64(t->par, &t->peak_flops, 1);
    if (choose_engine(t, is_resumed) != 0) {
        return -1;
    }
    return par_any_failed(t->par, open_model(t)) ? -1 : 0;
}

void
train_close(struct train *t)
{
    text_free(t->text);
    par_memory_free(t->text_memory);
    tokenizer_free(t->tokenizer);
    corpus_close(t->corpus);
    mem_free(t->config_text);
    optimizer_free(t->optimizer);
    net_free(t->net);
    par_sums_free(t->sums);
    mem_free(t->parameters);
    mem_free(t->gradients);
    mem_free(t->average);
    mem_free(t->tokens);
    mem_free(t->targets);
    attribute_list_release(&t->identity);
}
