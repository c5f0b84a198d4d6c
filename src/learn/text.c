/*
 * text.c
 *
 * The memory: the number of tokens of each block (8 bytes), then the blocks.
 * A token takes as few bytes as the vocabulary allows; the largest number
 * stands for an escape.
 */
#include "learn/text.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "corpus/corpus.h"
#include "corpus/shard.h"
#include "token/token.h"

struct text {
    struct corpus *corpus;
    const struct tokenizer *tokenizer;
    struct text_hole hole;
    uint64_t n_bytes, n_blocks;
    unsigned width; /* bytes of a token: 1, 2 or 4 */
    uint64_t *counts;
    uint8_t *blocks;
    uint64_t *first; /* n_blocks + 1: number of each block's first token */
};

struct text *
text_new(struct corpus *corpus, const struct tokenizer *tokenizer,
    const struct text_hole *hole)
{
    struct text *t = mem_alloc(1, sizeof(*t));
    uint32_t largest = tokenizer_vocabulary(tokenizer);

    if (t == NULL) {
        return NULL;
    }
    t->corpus = corpus;
    t->tokenizer = tokenizer;
    t->hole = *hole;
    t->n_bytes = corpus_bytes(corpus) - (hole->end - hole->first);
    t->n_blocks = shard_chunk_count(t->n_bytes, TEXT_BLOCK);
    largest -= tokenizer_has_escapes(tokenizer) ? 0 : 1;
    t->width = largest <= UINT8_MAX ? 1 : largest <= UINT16_MAX ? 2 : 4;
    t->first = mem_alloc(t->n_blocks + 1, sizeof(*t->first));
    if (t->first == NULL) {
        text_free(t);
        return NULL;
    }
    return t;
}

void
text_free(struct text *t)
{
    if (t != NULL) {
        mem_free(t->first);
        mem_free(t);
    }
}

size_t
text_memory_bytes(const struct text *t)
{
    return t->n_blocks * sizeof(*t->counts) + t->n_bytes * t->width;
}

/* Copy bytes [first, first + n) of the text, around the hole. */
static int
copy_bytes(struct text *t, uint8_t *out, uint64_t first, size_t n)
{
    while (n > 0) {
        bool is_before = first < t->hole.first;
        uint64_t at = is_before ? first : first + (t->hole.end - t->hole.first);
        size_t m = n;
        if (is_before && t->hole.first - first < m) {
            m = (size_t)(t->hole.first - first);
        }
        const uint8_t *bytes = corpus_view(t->corpus, at, m, out);
        if (bytes == NULL) {
            return -1;
        }
        if (bytes != out) {
            memcpy(out, bytes, m);
        }
        out += m;
        first += m;
        n -= m;
    }
    return 0;
}

static void
store(struct text *t, uint64_t block, const uint32_t *tokens, size_t n)
{
    uint8_t *out = t->blocks + block * TEXT_BLOCK * t->width;
    uint32_t vocabulary = tokenizer_vocabulary(t->tokenizer);

    for (size_t i = 0; i < n; i++) {
        uint32_t token = tokens[i] < vocabulary ? tokens[i] : TEXT_ESCAPE;
        memcpy(out + i * t->width, &token, t->width); /* little-endian */
    }
    t->counts[block] = n;
}

/* One thread's share of blocks [first, end). */
static int
fill_blocks(struct text *t, uint64_t *next, uint64_t end)
{
    uint8_t *bytes = mem_alloc(TEXT_BLOCK, 1);
    uint32_t *tokens = mem_alloc(TEXT_BLOCK, sizeof(*tokens));
    int rc = bytes == NULL || tokens == NULL ? -1 : 0;

    while (rc == 0) {
        struct shard range = {0, 0};
        uint64_t block;
        size_t n;
#pragma omp critical(text_next)
        {
            block = *next;
            if (block < end) {
                ++*next;
                range = shard_chunk(t->n_bytes, TEXT_BLOCK, block);
                rc = copy_bytes(
                    t, bytes, range.first, (size_t)(range.end - range.first));
            }
        }
        if (rc != 0 || block >= end) {
            break;
        }
        rc = tokenizer_encode(
            t->tokenizer, tokens, &n, bytes, (size_t)(range.end - range.first));
        if (rc == 0) {
            store(t, block, tokens, n);
        }
    }
    mem_free(bytes);
    mem_free(tokens);
    return rc;
}

int
text_fill(struct text *t, void *memory, int part, int n_parts, int n_threads)
{
    struct shard blocks = shard_of(t->n_blocks, part, n_parts);
    uint64_t next = blocks.first;
    int rc = 0;

    t->counts = memory;
    t->blocks = (uint8_t *)(t->counts + t->n_blocks);
#pragma omp parallel num_threads(n_threads) reduction(| : rc)
    rc |= fill_blocks(t, &next, blocks.end);
    return rc == 0 && corpus_check(t->corpus) == 0 ? 0 : -1;
}

void
text_settle(struct text *t)
{
    for (uint64_t b = 0; b < t->n_blocks; b++) {
        t->first[b + 1] = t->first[b] + t->counts[b];
    }
}

uint64_t
text_bytes(const struct text *t)
{
    return t->n_bytes;
}

uint64_t
text_count(const struct text *t)
{
    return t->first[t->n_blocks];
}

/* The block that token i is in. */
static uint64_t
find_block(const struct text *t, uint64_t i)
{
    uint64_t low = 0, high = t->n_blocks - 1;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (t->first[middle + 1] <= i) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void
text_read(const struct text *t, uint32_t *out, uint64_t first, size_t n)
{
    uint32_t mask = t->width == 4 ? UINT32_MAX : (1u << 8 * t->width) - 1;
    bool has_escapes = tokenizer_has_escapes(t->tokenizer);

    for (uint64_t b = n > 0 ? find_block(t, first) : 0; n > 0; b++) {
        const uint8_t *p =
            t->blocks + (b * TEXT_BLOCK + (first - t->first[b])) * t->width;
        size_t m = (size_t)(t->first[b + 1] - first);
        m = m < n ? m : n;
        for (size_t i = 0; i < m; i++) {
            uint32_t token = 0;
            memcpy(&token, p + i * t->width, t->width);
            out[i] = has_escapes && token == mask ? TEXT_ESCAPE : token;
        }
        out += m;
        first += m;
        n -= m;
    }
}
