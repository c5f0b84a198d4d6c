/*
 * tokenizer_train.c - codelen tokenizer train: a vocabulary from a corpus.
 */
#include <errno.h>
#include <inttypes.h>
#include <omp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/replace.h"
#include "base/report.h"
#include "base/units.h"
#include "cmd/corpus_options.h"
#include "cmd/output_name.h"
#include "cmd/single.h"
#include "cmd/threads.h"
#include "cmd/tokenizer.h"
#include "corpus/corpus.h"
#include "token/token_train.h"
#include "token/token_words.h"

/*
 * A thread counts the words of so many bytes at a time.  Each thread holds one
 * such block.  Where there is no white space, words are cut at its end.
 */
#define BLOCK_BYTES ((size_t)4 << 20)

/* Blocks counted between two reads; more wait for the next read. */
#define BLOCKS_MAX 2048

/* Vocabularies of one run. */
#define VOCABULARIES_MAX 64

struct train_settings {
    const char *corpus;
    uint64_t first_byte;
    uint64_t n_bytes;
    const char *vocabulary;
    const char *out;
    bool overwrite;
    uint64_t threads;
};

#define AT(field) offsetof(struct train_settings, field)

static const struct option table[] = {
    {.name = "corpus",
        .type = OPTION_TEXT,
        .offset = AT(corpus),
        .unit = "KIND:NAME",
        .is_required = true,
        .help = "what to learn from: text:FILE (plain, .xz, .gz, .zst)"},
    CORPUS_PART_OPTIONS(struct train_settings, first_byte, n_bytes),
    {.name = "vocabulary",
        .type = OPTION_TEXT,
        .offset = AT(vocabulary),
        .unit = "N[,N...]",
        .is_required = true,
        .help = "tokens to learn, the 256 bytes included; several sizes cost "
                "no more than the largest"},
    {.name = "out",
        .type = OPTION_TEXT,
        .offset = AT(out),
        .unit = "DIR|FILE.json",
        .is_required = true,
        .help = "where to write tokenizer.json (also -o); with several sizes "
                "{vocabulary} is replaced by the size, or -SIZE put before "
                "the ending"},
    {.name = "overwrite",
        .type = OPTION_FLAG,
        .offset = AT(overwrite),
        .is_outside = true,
        .help = "replace an existing tokenizer"},
    OPTION_THREADS(struct train_settings, threads),
};

static const struct options_spec spec = {
    .command = "tokenizer train",
    .question = "Which byte sequences should be tokens?  Learns a byte-level "
                "BPE: the most frequent pair of neighbours becomes a token, "
                "again and again.",
    .example = "codelen tokenizer train --corpus text:enwik8 --vocabulary "
               "1024 --out tokenizer-1024",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

/* Sizes of the vocabularies and where they go. */
struct plan {
    uint32_t sizes[VOCABULARIES_MAX];
    char *files[VOCABULARIES_MAX]; /* tokenizer.json */
    size_t n;
    uint32_t largest;
};

static void
plan_release(struct plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        mem_free(plan->files[i]);
    }
}

static int
plan_sizes(struct plan *plan, const char *list)
{
    char *copy = mem_strdup(list), *rest = copy, *word;
    int rc = copy == NULL ? -1 : 0;

    while (rc == 0 && (word = strsep(&rest, ",")) != NULL) {
        uint64_t size;
        if (units_parse_u64(&size, word) != 0 || size < TOKEN_TRAIN_BYTES ||
            size > TOKEN_TRAIN_MAX || plan->n == VOCABULARIES_MAX) {
            report_error("--vocabulary %s: \"%s\" is not a size; up to %d "
                         "sizes from %d to %d with commas between them",
                list, word, VOCABULARIES_MAX, TOKEN_TRAIN_BYTES,
                TOKEN_TRAIN_MAX);
            rc = -1;
            break;
        }
        plan->sizes[plan->n++] = (uint32_t)size;
        if (size > plan->largest) {
            plan->largest = (uint32_t)size;
        }
    }
    mem_free(copy);
    return rc;
}

static bool
is_json_name(const char *path)
{
    size_t n = strlen(path);

    return n > 5 && strcmp(path + n - 5, ".json") == 0;
}

/* Where vocabulary i goes: a new directory is made for it. */
static int
plan_file(struct plan *plan, size_t i, const struct train_settings *settings)
{
    char size[16];
    int rc = -1;

    snprintf(size, sizeof(size), "%" PRIu32, plan->sizes[i]);
    char *out = output_name(settings->out, "vocabulary", size, plan->n == 1);
    if (out == NULL || file_check_parent(out) != 0) {
        goto done;
    }
    if (is_json_name(out) && !file_is_directory(out)) {
        plan->files[i] = mem_strdup(out);
    } else if (mkdir(out, 0777) != 0 && errno != EEXIST) {
        report_error("%s: cannot be created: %s", out, strerror(errno));
        goto done;
    } else {
        plan->files[i] = file_join(out, "tokenizer.json");
    }
    if (plan->files[i] == NULL) {
        goto done;
    }
    if (file_exists(plan->files[i]) && !settings->overwrite) {
        report_error("%s exists; --overwrite replaces it", plan->files[i]);
        goto done;
    }
    rc = 0;

done:
    mem_free(out);
    return rc;
}

static int
make_plan(struct plan *plan, const struct train_settings *settings)
{
    if (plan_sizes(plan, settings->vocabulary) != 0) {
        return -1;
    }
    for (size_t i = 0; i < plan->n; i++) {
        if (plan_file(plan, i, settings) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Reads a corpus forward and counts its words. */
struct counting {
    struct corpus *corpus;
    struct token_words **words; /* by thread */
    int n_threads;
    uint8_t *buffer; /* BLOCK_BYTES for each thread */
    size_t n_have;   /* bytes in it */
    uint64_t n_read; /* bytes of the corpus */
};

static int
fill_buffer(struct counting *c)
{
    uint64_t left = corpus_bytes(c->corpus) - c->n_read;
    size_t n = (size_t)c->n_threads * BLOCK_BYTES - c->n_have;
    uint8_t *end = c->buffer + c->n_have;

    n = n < left ? n : (size_t)left;
    const uint8_t *view = corpus_view(c->corpus, c->n_read, n, end);
    if (view == NULL) {
        return -1;
    }
    if (view != end) {
        memcpy(end, view, n);
    }
    c->n_have += n;
    c->n_read += n;
    return 0;
}

/* Count what is in the buffer, and keep what belongs to the next block. */
static int
count_buffer(struct counting *c)
{
    bool is_end = c->n_read == corpus_bytes(c->corpus);
    size_t ends[BLOCKS_MAX + 1], n_blocks = 0, at = 0;
    int rc = 0;

    while (at < c->n_have && n_blocks < BLOCKS_MAX &&
           (is_end || c->n_have - at >= BLOCK_BYTES)) {
        size_t n = c->n_have - at;
        at += n <= BLOCK_BYTES && is_end
                  ? n
                  : token_words_cut(c->buffer + at, BLOCK_BYTES);
        ends[++n_blocks] = at;
    }
    ends[0] = 0;
#pragma omp parallel for num_threads(c->n_threads) reduction(| : rc)
    for (size_t i = 0; i < n_blocks; i++) {
        rc |= token_words_count(c->words[omp_get_thread_num()],
            c->buffer + ends[i], ends[i + 1] - ends[i]);
    }
    memmove(c->buffer, c->buffer + at, c->n_have - at);
    c->n_have -= at;
    return rc;
}

/* All words of the corpus; NULL: reported. */
static struct token_words *
count_words(struct corpus *corpus, int n_threads)
{
    struct counting c = {.corpus = corpus, .n_threads = n_threads};
    size_t n = (size_t)n_threads;
    struct token_words *all = NULL;
    int rc = -1;

    c.buffer = mem_alloc(n, BLOCK_BYTES);
    c.words = mem_alloc(n, sizeof(struct token_words *));
    if (c.buffer != NULL && c.words != NULL) {
        rc = 0;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        c.words[i] = token_words_new();
        rc = c.words[i] == NULL ? -1 : 0;
    }
    while (rc == 0 && (c.n_have > 0 || c.n_read < corpus_bytes(corpus))) {
        rc = fill_buffer(&c) != 0 || count_buffer(&c) != 0 ? -1 : 0;
    }
    for (size_t i = 1; i < n && rc == 0; i++) {
        rc = token_words_join(c.words[0], c.words[i]);
        token_words_free(c.words[i]);
        c.words[i] = NULL;
    }
    if (rc == 0) {
        all = c.words[0];
        c.words[0] = NULL;
    }
    for (size_t i = 0; c.words != NULL && i < n; i++) {
        token_words_free(c.words[i]);
    }
    mem_free(c.words);
    mem_free(c.buffer);
    return all;
}

/*
 * What makes a directory with a tokenizer one that Python's transformers
 * opens.
 */
static int
write_config(const char *tokenizer_file)
{
    static const char text[] =
        "{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\",\n"
        "  \"clean_up_tokenization_spaces\": false\n}\n";
    const char *slash = strrchr(tokenizer_file, '/');
    char *path = mem_printf("%.*stokenizer_config.json",
        slash == NULL ? 0 : (int)(slash + 1 - tokenizer_file), tokenizer_file);
    int rc = -1;

    if (path != NULL) {
        rc = replace_file(path, text, sizeof(text) - 1);
    }
    mem_free(path);
    return rc;
}

static int
write_vocabulary(
    const struct token_train *train, uint32_t size, const char *path)
{
    size_t bytes;
    uint32_t n_tokens = token_train_vocabulary(train);
    char *text = token_train_json(train, &bytes, size);
    const char *slash = strrchr(path, '/');
    int rc = -1;

    if (text != NULL) {
        rc = replace_file(path, text, bytes);
    }
    free(text);
    if (rc == 0 &&
        strcmp(slash == NULL ? path : slash + 1, "tokenizer.json") == 0) {
        rc = write_config(path);
    }
    if (rc == 0 && n_tokens < size) {
        report_warning("%s: %" PRIu32 " tokens instead of %" PRIu32
                       ": the corpus has no more pairs",
            path, n_tokens, size);
    }
    if (rc == 0) {
        printf("%s: %" PRIu32 " tokens\n", path,
            n_tokens < size ? n_tokens : size);
    }
    return rc;
}

static int
learn(const struct plan *plan, struct corpus *corpus, int n_threads)
{
    double start = clock_now_s();
    struct token_words *words = count_words(corpus, n_threads);
    struct token_train *train = NULL;
    int rc = -1;

    if (words != NULL) {
        report_note("%zu different words in %" PRIu64 " bytes (%.1f s)",
            token_words_n(words), corpus_bytes(corpus), clock_now_s() - start);
        start = clock_now_s();
        train = token_train_new(words, plan->largest);
    }
    token_words_free(words);
    if (train != NULL) {
        report_note("%" PRIu32 " tokens (%.1f s)",
            token_train_vocabulary(train), clock_now_s() - start);
        rc = 0;
    }
    for (size_t i = 0; i < plan->n && rc == 0; i++) {
        rc = write_vocabulary(train, plan->sizes[i], plan->files[i]);
    }
    token_train_free(train);
    return rc;
}

static int
train_work(
    const struct options *options, const void *user, const struct par *par)
{
    const struct train_settings *settings = user;
    struct corpus_part part = {
        .first_byte = settings->first_byte, .n_bytes = settings->n_bytes};
    struct corpus *corpus = corpus_open(settings->corpus, &part);
    struct plan plan = {0};
    int rc = -1;

    (void)options;
    if (corpus != NULL && make_plan(&plan, settings) == 0) {
        rc = learn(&plan, corpus, threads_choose(settings->threads, par));
    }
    if (rc == 0) {
        rc = corpus_check(corpus);
    }
    plan_release(&plan);
    corpus_close(corpus);
    return rc;
}

enum cmd_status
cmd_tokenizer_train(struct par *par, int argc, char **argv)
{
    struct train_settings settings = {0};

    return single_run(par, &spec, &settings, argc, argv, train_work);
}
