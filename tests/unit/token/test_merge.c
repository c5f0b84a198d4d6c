/*
 * test_merge.c
 *
 * Merging a row, by searching it or with a heap, gives what the definition
 * gives: merge the leftmost pair of lowest rank until none is left.  The
 * second implementation here is that sentence.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "token/token_bpe.h"
#include "token/token_merge.h"
#include "token/token_pairs.h"

#define N_LETTERS 3
#define N_MERGES  40

static uint64_t n_drawn;

static uint32_t
draw(uint32_t below)
{
    float x = check_random(n_drawn++);

    return (uint32_t)((x * 0.5f + 0.5f) * (float)below) % below;
}

/* Merges of random earlier tokens, with ranks in random order. */
static void
make_merges(struct token_pair *merges)
{
    for (uint32_t i = 0; i < N_MERGES; i++) {
        merges[i] = (struct token_pair){.left = draw(N_LETTERS + i / 2),
            .right = draw(N_LETTERS + i / 2),
            .rank = i,
            .token = N_LETTERS + i};
        for (uint32_t j = 0; j < i; j++) {
            if (merges[j].left == merges[i].left &&
                merges[j].right == merges[i].right) {
                merges[i].left = UINT32_MAX - 1 - i;
            }
        }
    }
    for (uint32_t i = N_MERGES - 1; i > 0; i--) {
        uint32_t j = draw(i + 1), rank = merges[i].rank;
        merges[i].rank = merges[j].rank;
        merges[j].rank = rank;
    }
}

static size_t
merge_naively(const struct token_pair *merges, uint32_t *tokens, size_t n)
{
    for (;;) {
        const struct token_pair *best = NULL;
        size_t at = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            for (size_t j = 0; j < N_MERGES; j++) {
                if (merges[j].left == tokens[i] &&
                    merges[j].right == tokens[i + 1] &&
                    (best == NULL || merges[j].rank < best->rank)) {
                    best = &merges[j];
                    at = i;
                }
            }
        }
        if (best == NULL) {
            return n;
        }
        tokens[at] = best->token;
        memmove(
            tokens + at + 1, tokens + at + 2, (n - at - 2) * sizeof(*tokens));
        n--;
    }
}

static void
compare_rows(const struct token_pair *merges, const struct token_pairs *pairs,
    struct token_bpe_scratch *scratch, size_t n)
{
    uint32_t naive[200], fast[200];
    size_t n_fast = 0;

    for (size_t i = 0; i < n; i++) {
        naive[i] = fast[i] = draw(N_LETTERS);
    }
    size_t n_naive = merge_naively(merges, naive, n);
    if (n <= TOKEN_MERGE_SHORT) {
        uint32_t row[TOKEN_MERGE_SHORT];
        memcpy(row, fast, n * sizeof(*row));
        CU_ASSERT_EQUAL(token_merge_short(pairs, row, n), n_naive);
        CU_ASSERT_EQUAL(memcmp(row, naive, n_naive * sizeof(*row)), 0);
    }
    CU_ASSERT_EQUAL(token_merge_long(pairs, fast, &n_fast, scratch, n), 0);
    CU_ASSERT_EQUAL(n_fast, n_naive);
    CU_ASSERT_EQUAL(memcmp(fast, naive, n_naive * sizeof(*naive)), 0);
}

static void
test_both_ways_of_merging_follow_the_definition(void)
{
    struct token_bpe_scratch scratch = {0};

    for (unsigned table = 0; table < 50; table++) {
        struct token_pair merges[N_MERGES];
        struct token_pairs pairs;
        make_merges(merges);
        CU_ASSERT_EQUAL_FATAL(token_pairs_init(&pairs, N_MERGES), 0);
        for (size_t i = 0; i < N_MERGES; i++) {
            token_pairs_set(&pairs, merges[i]);
        }
        for (unsigned i = 0; i < 20; i++) {
            compare_rows(merges, &pairs, &scratch, 1 + draw(60));
        }
        compare_rows(merges, &pairs, &scratch, 200);
        token_pairs_release(&pairs);
    }
    token_bpe_scratch_release(&scratch);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_both_ways_of_merging_follow_the_definition),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("merging", tests)
