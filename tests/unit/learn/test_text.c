/*
 * test_text.c
 *
 * The training text is the corpus without its held-out part, token for token,
 * whoever filled which part with how many threads; windows may cross blocks.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "corpus/corpus.h"
#include "learn/text.h"
#include "token/token.h"

/* Two blocks and a bit without the hole. */
#define N_BYTES    (2 * TEXT_BLOCK + 105000)
#define HOLE_FIRST 1000000
#define HOLE_END   1100000

static const struct corpus_part all;

struct opened {
    struct corpus *corpus;
    struct tokenizer *tokenizer;
    struct text *text;
    void *memory;
};

static struct opened
open_text(const char *name, struct tokenizer *tokenizer,
    const struct text_hole *hole, int n_parts, int n_threads)
{
    struct opened o = {corpus_open(name, &all), tokenizer, NULL, NULL};

    CU_ASSERT_PTR_NOT_NULL_FATAL(o.corpus);
    CU_ASSERT_PTR_NOT_NULL_FATAL(o.tokenizer);
    o.text = text_new(o.corpus, o.tokenizer, hole);
    CU_ASSERT_PTR_NOT_NULL_FATAL(o.text);
    o.memory = mem_alloc(text_memory_bytes(o.text), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(o.memory);
    for (int part = 0; part < n_parts; part++) {
        CU_ASSERT_EQUAL(
            text_fill(o.text, o.memory, part, n_parts, n_threads), 0);
    }
    text_settle(o.text);
    return o;
}

static void
close_text(struct opened *o)
{
    text_free(o->text);
    mem_free(o->memory);
    tokenizer_free(o->tokenizer);
    corpus_close(o->corpus);
}

static void
test_text_is_the_corpus_without_the_hole(void)
{
    static const uint64_t firsts[] = {0, HOLE_FIRST - 50, TEXT_BLOCK - 99,
        2 * TEXT_BLOCK - 300, N_BYTES - (HOLE_END - HOLE_FIRST) - 1000};
    struct text_hole hole = {HOLE_FIRST, HOLE_END};
    char name[64];
    uint8_t *bytes = mem_alloc(N_BYTES, 1);
    uint32_t tokens[1000];

    snprintf(
        name, sizeof(name), "random:%llu,seed=3", (unsigned long long)N_BYTES);
    for (int n_parts = 1; n_parts <= 3; n_parts++) {
        struct opened o =
            open_text(name, tokenizer_new_bytes(), &hole, n_parts, n_parts);
        size_t n_wrong = 0;
        CU_ASSERT_EQUAL(text_count(o.text), N_BYTES - (HOLE_END - HOLE_FIRST));
        CU_ASSERT_EQUAL(text_bytes(o.text), text_count(o.text));
        const uint8_t *view = corpus_view(o.corpus, 0, N_BYTES, bytes);
        for (size_t k = 0; k < sizeof(firsts) / sizeof(firsts[0]); k++) {
            text_read(o.text, tokens, firsts[k], 1000);
            for (uint64_t i = 0; i < 1000; i++) {
                uint64_t at = firsts[k] + i;
                at += at < HOLE_FIRST ? 0 : HOLE_END - HOLE_FIRST;
                n_wrong += tokens[i] != view[at];
            }
        }
        CU_ASSERT_EQUAL(n_wrong, 0);
        close_text(&o);
    }
    mem_free(bytes);
}

static void
test_tokens_are_those_of_the_tokenizer(void)
{
    struct text_hole none = {0, 0};
    const char *text = "the quick brown fox; the lazy dog. The end of the";
    uint32_t want[64], got[64];
    size_t n;
    char name[1200];
    const char *path = check_scratch("text");
    FILE *file = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    snprintf(name, sizeof(name), "text:%s", path);
    struct opened o = open_text(name,
        tokenizer_open("tests/reference/token/tokenizer.json"), &none, 1, 1);
    CU_ASSERT_EQUAL(tokenizer_encode(o.tokenizer, want, &n,
                        (const uint8_t *)text, strlen(text)),
        0);
    CU_ASSERT_EQUAL_FATAL(text_count(o.text), n);
    text_read(o.text, got, 0, n);
    CU_ASSERT(memcmp(got, want, n * sizeof(*got)) == 0);
    CU_ASSERT_EQUAL(text_bytes(o.text), strlen(text));
    close_text(&o);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_text_is_the_corpus_without_the_hole),
    CHECK_TEST(test_tokens_are_those_of_the_tokenizer),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("text", tests)
