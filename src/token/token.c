/*
 * token.c
 */
#include "token/token.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "token/token_bpe.h"
#include "token/token_flat.h"
#include "token/token_parts.h"
#include "token/token_split.h"
#include "token/token_table.h"
#include "token/token_text.h"
#include "token/token_unigram.h"

struct tokenizer {
    uint32_t n_vocabulary;
    struct token_parts parts; /* all zero if tokens are bytes */
    uint8_t escapes[256];     /* escapes[b] = b */
};

struct tokenizer *
tokenizer_new_bytes(void)
{
    struct tokenizer *tokenizer = mem_alloc(1, sizeof(*tokenizer));

    if (tokenizer == NULL) {
        return NULL;
    }
    tokenizer->n_vocabulary = 256;
    for (unsigned b = 0; b < 256; b++) {
        tokenizer->escapes[b] = (uint8_t)b;
    }
    return tokenizer;
}

/* The file of a tokenizer in a directory; freed with mem_free(). */
static char *
find_file(const char *path)
{
    char *file = file_join(path, "tokenizer.json");

    if (file != NULL && !file_exists(file)) {
        char *other = file_join(path, "tokenizer.model");
        if (other != NULL && file_exists(other)) {
            mem_free(file);
            return other;
        }
        mem_free(other);
    }
    return file;
}

bool
tokenizer_is_in(const char *directory)
{
    char *file = find_file(directory);
    bool is_there = file != NULL && file_exists(file);

    mem_free(file);
    return is_there;
}

struct tokenizer *
tokenizer_open(const char *path)
{
    struct tokenizer *tokenizer = tokenizer_new_bytes();
    char *file = file_is_directory(path) ? find_file(path) : mem_strdup(path);

    if (tokenizer == NULL || file == NULL ||
        token_parts_open(&tokenizer->parts, file) != 0) {
        tokenizer_free(tokenizer);
        tokenizer = NULL;
    } else {
        tokenizer->n_vocabulary = token_table_count(tokenizer->parts.table);
    }
    mem_free(file);
    return tokenizer;
}

void
tokenizer_free(struct tokenizer *tokenizer)
{
    if (tokenizer != NULL) {
        token_parts_release(&tokenizer->parts);
        mem_free(tokenizer);
    }
}

const char *
tokenizer_kind(const struct tokenizer *tokenizer)
{
    return tokenizer->parts.bpe != NULL       ? "bpe"
           : tokenizer->parts.unigram != NULL ? "unigram"
                                              : "bytes";
}

uint32_t
tokenizer_vocabulary(const struct tokenizer *tokenizer)
{
    return tokenizer->n_vocabulary;
}

bool
tokenizer_has_escapes(const struct tokenizer *tokenizer)
{
    const struct token_parts *parts = &tokenizer->parts;

    return (parts->bpe != NULL && token_bpe_has_escapes(parts->bpe)) ||
           (parts->unigram != NULL &&
               token_unigram_has_escapes(parts->unigram));
}

const char *
tokenizer_sha256(const struct tokenizer *tokenizer)
{
    return tokenizer->parts.sha256;
}

const uint8_t *
tokenizer_bytes(
    const struct tokenizer *tokenizer, uint32_t token, size_t *bytes)
{
    if (tokenizer->parts.table != NULL && token < tokenizer->n_vocabulary) {
        return token_table_bytes(tokenizer->parts.table, token, bytes);
    }
    if (tokenizer->parts.table != NULL) {
        token -= tokenizer->n_vocabulary;
    }
    *bytes = token < 256;
    return &tokenizer->escapes[token < 256 ? token : 0];
}

/* What one call of encode works with. */
struct encoding {
    const struct token_parts *parts;
    struct token_bpe_scratch bpe;
    struct token_unigram_scratch unigram;
    uint32_t *tokens;
    size_t n_tokens;
};

static int
encode_piece(void *user, const struct token_piece *piece)
{
    struct encoding *encoding = user;
    uint32_t *tokens = encoding->tokens + encoding->n_tokens;
    const struct token_parts *parts = encoding->parts;
    size_t n = 1;
    int rc = 0;

    if (piece->token != TOKEN_NO_TOKEN) {
        tokens[0] = piece->token;
    } else if (parts->bpe != NULL) {
        rc = token_bpe_encode(
            parts->bpe, tokens, &n, &encoding->bpe, piece->text, piece->bytes);
    } else {
        rc = token_unigram_encode(parts->unigram, tokens, &n,
            &encoding->unigram, piece->text, piece->bytes);
    }
    encoding->n_tokens += rc == 0 ? n : 0;
    return rc;
}

int
tokenizer_encode(const struct tokenizer *tokenizer, uint32_t *tokens,
    size_t *n_tokens, const uint8_t *text, size_t bytes)
{
    struct encoding encoding = {.parts = &tokenizer->parts, .tokens = tokens};

    if (tokenizer->parts.table == NULL) {
        for (size_t i = 0; i < bytes; i++) {
            tokens[i] = text[i];
        }
        *n_tokens = bytes;
        return 0;
    }
    struct token_split_walk *walk =
        token_split_walk_new(tokenizer->parts.split);
    if (walk == NULL) {
        return -1;
    }
    int rc = token_text_pieces(walk, text, bytes, encode_piece, &encoding);
    *n_tokens = encoding.n_tokens;
    token_split_walk_free(walk);
    token_bpe_scratch_release(&encoding.bpe);
    token_unigram_scratch_release(&encoding.unigram);
    return rc;
}

size_t
tokenizer_flatten(const struct tokenizer *tokenizer, void *block)
{
    const struct token_parts *parts = &tokenizer->parts;
    struct token_flat flat = {.memory = block};
    bool is_bpe = parts->bpe != NULL;

    if (parts->table != NULL && !is_bpe) {
        return 0;
    }
    token_flat_put(&flat, &is_bpe, sizeof(is_bpe));
    if (is_bpe) {
        token_flat_put(&flat, parts->sha256, sizeof(parts->sha256));
        token_table_flatten(parts->table, &flat);
        token_bpe_flatten(parts->bpe, &flat);
        token_split_flatten(parts->split, &flat);
    }
    return flat.bytes;
}

struct tokenizer *
tokenizer_from_flat(void *block)
{
    struct token_flat flat = {.memory = block};
    struct tokenizer *tokenizer = tokenizer_new_bytes();
    const bool *is_bpe = token_flat_get(&flat, sizeof(*is_bpe));

    if (tokenizer == NULL || !*is_bpe) {
        return tokenizer;
    }
    struct token_parts *parts = &tokenizer->parts;
    memcpy(parts->sha256, token_flat_get(&flat, sizeof(parts->sha256)),
        sizeof(parts->sha256));
    parts->table = token_table_from_flat(&flat);
    if (parts->table != NULL) {
        parts->bpe = token_bpe_from_flat(&flat, parts->table);
    }
    if (parts->bpe != NULL) {
        parts->split = token_split_from_flat(&flat);
    }
    if (parts->split == NULL) {
        tokenizer_free(tokenizer);
        return NULL;
    }
    tokenizer->n_vocabulary = token_table_count(parts->table);
    return tokenizer;
}
