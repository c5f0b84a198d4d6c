/*
 * token_train.c
 *
 * Every pair knows in which words it occurs (token_counts.h), so a merge looks
 * at no other words.
 *
 * No token is made twice, by "th" + "e" and by "t" + "he": a merge is done in
 * all words at once, so what lies between the same two bounds was always merged
 * in the same way.  So each new token has one pair, and a pair that has been
 * merged does not come again.
 */
#include "token/token_train.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "token/token_alphabet.h"
#include "token/token_counts.h"
#include "token/token_words.h"

struct token {
    char *text;           /* in letters of the alphabet */
    uint32_t left, right; /* the pair that makes it, unless it is a byte */
};

struct token_train {
    struct token *tokens;
    uint32_t n_tokens;
};

/* The words as rows of tokens, which get shorter. */
struct rows {
    uint32_t *tokens;
    size_t *first;    /* by word */
    uint32_t *n;      /* tokens left, by word */
    uint64_t *counts; /* by word */
    size_t n_words;
};

void
token_train_free(struct token_train *train)
{
    if (train == NULL) {
        return;
    }
    for (uint32_t i = 0; i < train->n_tokens; i++) {
        mem_free(train->tokens[i].text);
    }
    mem_free(train->tokens);
    mem_free(train);
}

/* A new token; text is taken. */
static int
add_token(struct token_train *train, char *text, uint32_t left, uint32_t right)
{
    train->tokens[train->n_tokens++] = (struct token){text, left, right};
    return text == NULL ? -1 : 0;
}

/* Tokens of single bytes, in the order of their letters. */
static int
add_bytes(struct token_train *train, uint32_t token_of[256])
{
    char letters[256][3] = {{0}};

    for (unsigned b = 0; b < 256; b++) {
        token_alphabet_letter(letters[b], (uint8_t)b);
    }
    for (unsigned b = 0; b < 256; b++) {
        token_of[b] = 0;
        for (unsigned other = 0; other < 256; other++) {
            token_of[b] += strcmp(letters[other], letters[b]) < 0;
        }
    }
    for (uint32_t token = 0; token < 256; token++) {
        unsigned b = 0;
        while (token_of[b] != token) {
            b++;
        }
        if (add_token(train, mem_strdup(letters[b]), 0, 0) != 0) {
            return -1;
        }
    }
    return 0;
}

static void
rows_release(struct rows *rows)
{
    mem_free(rows->tokens);
    mem_free(rows->first);
    mem_free(rows->n);
    mem_free(rows->counts);
}

static int
rows_init(struct rows *rows, const struct token_words *words,
    const uint32_t token_of[256])
{
    size_t total = 0, bytes;
    uint64_t count;

    rows->n_words = token_words_n(words);
    for (size_t i = 0; i < rows->n_words; i++) {
        token_words_get(words, i, &bytes, &count);
        total += bytes;
    }
    rows->tokens = mem_alloc(total, sizeof(*rows->tokens));
    rows->first = mem_alloc(rows->n_words, sizeof(*rows->first));
    rows->n = mem_alloc(rows->n_words, sizeof(*rows->n));
    rows->counts = mem_alloc(rows->n_words, sizeof(*rows->counts));
    if (rows->tokens == NULL || rows->first == NULL || rows->n == NULL ||
        rows->counts == NULL) {
        return -1;
    }
    total = 0;
    for (size_t i = 0; i < rows->n_words; i++) {
        const uint8_t *text = token_words_get(words, i, &bytes, &count);
        rows->first[i] = total;
        rows->n[i] = (uint32_t)bytes;
        rows->counts[i] = count;
        for (size_t j = 0; j < bytes; j++) {
            rows->tokens[total++] = token_of[text[j]];
        }
    }
    return 0;
}

/* Count all pairs as they are at first. */
static int
count_pairs(struct token_counts *counts, const struct rows *rows)
{
    for (size_t i = 0; i < rows->n_words; i++) {
        const uint32_t *row = rows->tokens + rows->first[i];
        for (uint32_t j = 0; j + 1 < rows->n[i]; j++) {
            if (token_counts_add(counts, row[j], row[j + 1],
                    (int64_t)rows->counts[i], (uint32_t)i) != 0) {
                return -1;
            }
        }
    }
    return token_counts_queue(counts);
}

/* Merge a pair in a word, from the left, and count what that changes. */
static int
merge_in_word(struct token_counts *counts, struct rows *rows, uint32_t word,
    const struct token_count *pair, uint32_t token)
{
    uint32_t *row = rows->tokens + rows->first[word];
    uint32_t n = rows->n[word], to = 0;
    int64_t count = (int64_t)rows->counts[word];
    int rc = 0;

    for (uint32_t from = 0; from < n; from++) {
        if (from + 1 == n || row[from] != pair->left ||
            row[from + 1] != pair->right) {
            row[to++] = row[from];
            continue;
        }
        if (to > 0) {
            uint32_t before = row[to - 1];
            rc |= token_counts_add(counts, before, pair->left, -count, word);
            rc |= token_counts_add(counts, before, token, count, word);
        }
        from++;
        if (from + 1 < n) {
            uint32_t after = row[from + 1];
            rc |= token_counts_add(counts, pair->right, after, -count, word);
            rc |= token_counts_add(counts, token, after, count, word);
        }
        row[to++] = token;
    }
    rows->n[word] = to;
    return rc;
}

static int
learn(struct token_train *train, struct token_counts *counts, struct rows *rows,
    uint32_t n_vocabulary)
{
    struct token_count pair;

    while (train->n_tokens < n_vocabulary && token_counts_take(counts, &pair)) {
        uint32_t token = train->n_tokens;
        char *text = mem_printf("%s%s", train->tokens[pair.left].text,
            train->tokens[pair.right].text);
        if (add_token(train, text, pair.left, pair.right) != 0) {
            return -1;
        }
        for (size_t i = 0; i < pair.n_words; i++) {
            if (merge_in_word(counts, rows, pair.words[i], &pair, token) != 0) {
                return -1;
            }
        }
        if (token_counts_queue(counts) != 0) {
            return -1;
        }
    }
    return 0;
}

struct token_train *
token_train_new(const struct token_words *words, uint32_t n_vocabulary)
{
    struct token_train *train = mem_alloc(1, sizeof(*train));
    struct token_counts *counts = token_counts_new();
    struct rows rows = {0};
    uint32_t token_of[256];
    int rc = -1;

    assert(n_vocabulary >= TOKEN_TRAIN_BYTES);
    if (train != NULL && counts != NULL) {
        train->tokens = mem_alloc(n_vocabulary, sizeof(*train->tokens));
    }
    if (train != NULL && train->tokens != NULL &&
        add_bytes(train, token_of) == 0 &&
        rows_init(&rows, words, token_of) == 0 &&
        count_pairs(counts, &rows) == 0) {
        rc = learn(train, counts, &rows, n_vocabulary);
    }
    rows_release(&rows);
    token_counts_free(counts);
    if (rc != 0) {
        token_train_free(train);
        return NULL;
    }
    return train;
}

uint32_t
token_train_vocabulary(const struct token_train *train)
{
    return train->n_tokens;
}

/* A text of the alphabet as a JSON string. */
static void
print_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

static void
print_model(FILE *out, const struct token_train *train, uint32_t n_tokens)
{
    fprintf(out, "    \"vocab\": {");
    for (uint32_t i = 0; i < n_tokens; i++) {
        fprintf(out, "%s\n      ", i == 0 ? "" : ",");
        print_string(out, train->tokens[i].text);
        fprintf(out, ": %u", i);
    }
    fprintf(out, "\n    },\n    \"merges\": [");
    for (uint32_t i = TOKEN_TRAIN_BYTES; i < n_tokens; i++) {
        const struct token *token = &train->tokens[i];
        fprintf(out, "%s\n      [", i == TOKEN_TRAIN_BYTES ? "" : ",");
        print_string(out, train->tokens[token->left].text);
        fprintf(out, ", ");
        print_string(out, train->tokens[token->right].text);
        fprintf(out, "]");
    }
    fprintf(out, "%s]\n", n_tokens == TOKEN_TRAIN_BYTES ? "" : "\n    ");
}

char *
token_train_json(
    const struct token_train *train, size_t *bytes, uint32_t n_vocabulary)
{
    /* What Python's tokenizers writes and reads. */
    static const char head[] =
        "{\n"
        "  \"version\": \"1.0\",\n"
        "  \"truncation\": null,\n"
        "  \"padding\": null,\n"
        "  \"added_tokens\": [],\n"
        "  \"normalizer\": null,\n"
        "  \"pre_tokenizer\": {\"type\": \"ByteLevel\", "
        "\"add_prefix_space\": false, \"trim_offsets\": true, "
        "\"use_regex\": true},\n"
        "  \"post_processor\": null,\n"
        "  \"decoder\": {\"type\": \"ByteLevel\", "
        "\"add_prefix_space\": true, \"trim_offsets\": true, "
        "\"use_regex\": true},\n"
        "  \"model\": {\n"
        "    \"type\": \"BPE\",\n"
        "    \"dropout\": null,\n"
        "    \"unk_token\": null,\n"
        "    \"continuing_subword_prefix\": null,\n"
        "    \"end_of_word_suffix\": null,\n"
        "    \"fuse_unk\": false,\n"
        "    \"byte_fallback\": false,\n"
        "    \"ignore_merges\": false,\n";
    char *text = NULL;
    FILE *out = open_memstream(&text, bytes);
    uint32_t n_tokens =
        n_vocabulary < train->n_tokens ? n_vocabulary : train->n_tokens;

    if (out == NULL) {
        report_error("out of memory for a tokenizer of %u tokens", n_tokens);
        return NULL;
    }
    fputs(head, out);
    print_model(out, train, n_tokens);
    fputs("  }\n}\n", out);
    if (fclose(out) != 0) {
        report_error("out of memory for a tokenizer of %u tokens", n_tokens);
        free(text);
        return NULL;
    }
    return text;
}
