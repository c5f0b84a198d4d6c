/*
 * token.c
 */
#include "token/token.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "token/token_bpe.h"
#include "token/token_flat.h"
#include "token/token_parts.h"
#include "token/token_split.h"
#include "token/token_table.h"
#include "token/token_text.h"

struct tokenizer {
    uint32_t n_vocabulary;
    struct token_parts parts; /* all zero if tokens are bytes */
    uint8_t escapes[256];     /* escapes[b] = b */
};

void
token_parts_release(struct token_parts *parts)
{
    token_bpe_free(parts->bpe);
    token_split_free(parts->split);
    token_table_free(parts->table);
    *parts = (struct token_parts){0};
}

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

static bool
is_gguf(const char *path)
{
    struct file_map map;

    if (file_map_open(&map, path) != 0) {
        return false;
    }
    bool is_it = map.bytes >= 4 && memcmp(map.data, "GGUF", 4) == 0;
    file_map_close(&map);
    return is_it;
}

static int
open_file(struct token_parts *parts, const char *path)
{
    if (!file_exists(path)) {
        report_error("%s: no such file; a tokenizer.json or a GGUF file is "
                     "needed",
            path);
        return -1;
    }
    return is_gguf(path) ? token_parts_from_gguf(parts, path)
                         : token_parts_from_json(parts, path);
}

struct tokenizer *
tokenizer_open(const char *path)
{
    struct tokenizer *tokenizer = tokenizer_new_bytes();
    char *file = file_is_directory(path) ? file_join(path, "tokenizer.json")
                                         : mem_strdup(path);

    if (tokenizer == NULL || file == NULL ||
        open_file(&tokenizer->parts, file) != 0) {
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
    return tokenizer->parts.bpe == NULL ? "bytes" : "bpe";
}

uint32_t
tokenizer_vocabulary(const struct tokenizer *tokenizer)
{
    return tokenizer->n_vocabulary;
}

bool
tokenizer_has_escapes(const struct tokenizer *tokenizer)
{
    return tokenizer->parts.bpe != NULL &&
           token_bpe_has_escapes(tokenizer->parts.bpe);
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
    const struct token_bpe *bpe;
    struct token_bpe_scratch scratch;
    uint32_t *tokens;
    size_t n_tokens;
};

static int
encode_piece(void *user, const struct token_piece *piece)
{
    struct encoding *encoding = user;
    size_t n = 1;

    if (piece->token != TOKEN_NO_TOKEN) {
        encoding->tokens[encoding->n_tokens] = piece->token;
    } else if (token_bpe_encode(encoding->bpe,
                   encoding->tokens + encoding->n_tokens, &n,
                   &encoding->scratch, piece->text, piece->bytes) != 0) {
        return -1;
    }
    encoding->n_tokens += n;
    return 0;
}

int
tokenizer_encode(const struct tokenizer *tokenizer, uint32_t *tokens,
    size_t *n_tokens, const uint8_t *text, size_t bytes)
{
    struct encoding encoding = {.bpe = tokenizer->parts.bpe, .tokens = tokens};

    if (encoding.bpe == NULL) {
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
    token_bpe_scratch_release(&encoding.scratch);
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
