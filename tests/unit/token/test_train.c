/*
 * test_train.c
 *
 * A vocabulary is learnt by the definition: the most frequent pair of all
 * words becomes a token, the pair of smaller numbers if two are equally
 * frequent.  The second implementation here is that sentence, the third
 * is Hugging Face's trainer (trained.json).  Neither the number of threads nor
 * where the corpus was cut into blocks changes anything.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "token/token.h"
#include "token/token_train.h"
#include "token/token_words.h"
#include "token_support.h"

#define TEXT    "tests/reference/token/text.txt"
#define TRAINED "tests/reference/token/trained.json"

static uint64_t n_drawn;

static unsigned
draw(unsigned below)
{
    float x = check_random(n_drawn++);

    return (unsigned)((x * 0.5f + 0.5f) * (float)below) % below;
}

/* The vocabulary as parsed JSON, trained on one text. */
static json_t *
train(const void *text, size_t bytes, uint32_t n_vocabulary)
{
    struct token_words *words = token_words_new();
    size_t json_bytes;

    CU_ASSERT_PTR_NOT_NULL_FATAL(words);
    CU_ASSERT_EQUAL_FATAL(token_words_count(words, text, bytes), 0);
    struct token_train *train = token_train_new(words, n_vocabulary);
    CU_ASSERT_PTR_NOT_NULL_FATAL(train);
    char *json = token_train_json(train, &json_bytes, n_vocabulary);
    json_t *root = json_loadb(json, json_bytes, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    free(json);
    token_train_free(train);
    token_words_free(words);
    return root;
}

static void
test_the_vocabulary_is_that_of_hugging_face(void)
{
    size_t bytes;
    uint8_t *text = support_read(TEXT, &bytes);
    json_t *got = train(text, bytes, 400);
    json_t *want = support_json(TRAINED);

    CU_ASSERT(
        json_equal(json_object_get(json_object_get(got, "model"), "vocab"),
            json_object_get(json_object_get(want, "model"), "vocab")));
    CU_ASSERT(
        json_equal(json_object_get(json_object_get(got, "model"), "merges"),
            json_object_get(json_object_get(want, "model"), "merges")));
    CU_ASSERT(json_equal(json_object_get(got, "pre_tokenizer"),
        json_object_get(want, "pre_tokenizer")));
    json_decref(got);
    json_decref(want);
    free(text);
}

#define WORDS   12
#define LETTERS 40
#define TOKENS  60

/* The words as rows of tokens, and the text of each token. */
struct naive {
    int rows[WORDS][LETTERS];
    int n[WORDS];
    int counts[WORDS];
    char texts[TOKENS][LETTERS + 1];
    int n_tokens;
};

static int
pair_count(const struct naive *naive, int left, int right)
{
    int count = 0;

    for (int w = 0; w < WORDS; w++) {
        for (int i = 0; i + 1 < naive->n[w]; i++) {
            count += naive->rows[w][i] == left && naive->rows[w][i + 1] == right
                         ? naive->counts[w]
                         : 0;
        }
    }
    return count;
}

static void
merge_everywhere(struct naive *naive, int left, int right)
{
    for (int w = 0; w < WORDS; w++) {
        int *row = naive->rows[w], to = 0;
        for (int i = 0; i < naive->n[w]; i++) {
            bool is_it =
                i + 1 < naive->n[w] && row[i] == left && row[i + 1] == right;
            row[to++] = is_it ? naive->n_tokens : row[i];
            i += is_it;
        }
        naive->n[w] = to;
    }
    char text[2 * LETTERS + 1];
    snprintf(
        text, sizeof(text), "%s%s", naive->texts[left], naive->texts[right]);
    memcpy(naive->texts[naive->n_tokens++], text, LETTERS + 1);
}

static bool
learn_one(struct naive *naive)
{
    int best = 0, best_left = 0, best_right = 0;

    for (int left = 0; left < naive->n_tokens; left++) {
        for (int right = 0; right < naive->n_tokens; right++) {
            int count = pair_count(naive, left, right);
            if (count > best) {
                best = count;
                best_left = left;
                best_right = right;
            }
        }
    }
    if (best > 0) {
        merge_everywhere(naive, best_left, best_right);
    }
    return best > 0;
}

/* Words of the letters a, b, c, each some times, on lines of their own. */
static size_t
draw_words(struct naive *naive, char *text)
{
    size_t n = 0;

    naive->n_tokens = 3;
    for (int t = 0; t < 3; t++) {
        snprintf(naive->texts[t], 2, "%c", 'a' + t);
    }
    for (int w = 0; w < WORDS; w++) {
        naive->n[w] = (int)draw(LETTERS - 1) + 1;
        naive->counts[w] = (int)draw(5) + 1;
        for (int i = 0; i < naive->n[w]; i++) {
            naive->rows[w][i] = (int)draw(3) * (int)draw(2);
        }
        for (int c = 0; c < naive->counts[w]; c++) {
            for (int i = 0; i < naive->n[w]; i++) {
                text[n++] = (char)('a' + naive->rows[w][i]);
            }
            text[n++] = '\n';
        }
    }
    return n;
}

static void
test_the_most_frequent_pair_of_smallest_numbers_is_next(void)
{
    char text[WORDS * 6 * (LETTERS + 1)];

    for (int round = 0; round < 30; round++) {
        struct naive naive;
        size_t bytes = draw_words(&naive, text);
        while (naive.n_tokens < TOKENS && learn_one(&naive)) {
        }
        /* a, b and c are tokens 64 to 66, so the order is the same. */
        json_t *root = train(text, bytes, 253 + (uint32_t)naive.n_tokens);
        json_t *vocabulary =
            json_object_get(json_object_get(root, "model"), "vocab");
        for (int t = 3; t < naive.n_tokens; t++) {
            CU_ASSERT_EQUAL(
                json_integer_value(json_object_get(vocabulary, naive.texts[t])),
                253 + t);
        }
        CU_ASSERT_EQUAL(
            json_object_size(vocabulary), 253 + (size_t)naive.n_tokens);
        json_decref(root);
    }
}

static void
test_a_smaller_vocabulary_is_the_beginning_of_a_larger_one(void)
{
    size_t bytes;
    uint8_t *text = support_read(TEXT, &bytes);
    json_t *large = train(text, bytes, 400), *small = train(text, bytes, 300);
    json_t *merges = json_object_get(json_object_get(large, "model"), "merges");
    const json_t *few =
        json_object_get(json_object_get(small, "model"), "merges");

    CU_ASSERT_EQUAL(json_array_size(few), 44);
    while (json_array_size(merges) > json_array_size(few)) {
        json_array_remove(merges, json_array_size(merges) - 1);
    }
    CU_ASSERT(json_equal(merges, few));
    json_decref(large);
    json_decref(small);
    free(text);
}

static void
test_all_bytes_are_tokens_whatever_the_corpus(void)
{
    static const char *const corpora[] = {"", "\n", "aaaa", "\xff\xfe\x80"};

    for (size_t i = 0; i < 4; i++) {
        json_t *root = train(corpora[i], strlen(corpora[i]), 1000);
        const char *path = check_scratch("trained.json");
        CU_ASSERT_EQUAL_FATAL(json_dump_file(root, path, 0), 0);
        struct tokenizer *tokenizer = tokenizer_open(path);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
        CU_ASSERT_FALSE(tokenizer_has_escapes(tokenizer));
        CU_ASSERT(tokenizer_vocabulary(tokenizer) >= 256);
        support_round_trip(tokenizer, (const uint8_t *)"\0a\xff\xc3", 4);
        tokenizer_free(tokenizer);
        json_decref(root);
    }
}

static void
test_what_was_learnt_is_read_back(void)
{
    size_t bytes;
    uint8_t *text = support_read(TEXT, &bytes);
    json_t *root = train(text, bytes, 400);
    const char *path = check_scratch("trained.json");

    CU_ASSERT_EQUAL_FATAL(json_dump_file(root, path, 0), 0);
    struct tokenizer *tokenizer = tokenizer_open(path);
    struct tokenizer *twin = tokenizer_open(TRAINED);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokenizer);
    CU_ASSERT_PTR_NOT_NULL_FATAL(twin);
    uint32_t *tokens = calloc(bytes, sizeof(*tokens));
    size_t n;
    CU_ASSERT_EQUAL(tokenizer_encode(twin, tokens, &n, text, bytes), 0);
    json_t *want = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(want, json_integer(tokens[i]));
    }
    CU_ASSERT(n < bytes / 2);
    support_same_tokens(tokenizer, text, bytes, want, false);
    support_round_trip(tokenizer, text, bytes);
    free(tokens);
    free(text);
    json_decref(want);
    json_decref(root);
    tokenizer_free(tokenizer);
    tokenizer_free(twin);
}

/* The count of a word, 0 if it is not there. */
static uint64_t
count_of(const struct token_words *words, const char *word)
{
    for (size_t i = 0; i < token_words_n(words); i++) {
        size_t bytes;
        uint64_t count;
        const uint8_t *text = token_words_get(words, i, &bytes, &count);
        if (bytes == strlen(word) && memcmp(text, word, bytes) == 0) {
            return count;
        }
    }
    return 0;
}

static void
test_words_are_pieces_with_their_counts(void)
{
    static const char text[] = "the cat, the\xff the  1 the";
    struct token_words *words = token_words_new();

    CU_ASSERT_EQUAL(
        token_words_count(words, (const uint8_t *)text, strlen(text)), 0);
    CU_ASSERT_EQUAL(token_words_n(words), 7);
    CU_ASSERT_EQUAL(count_of(words, "the"), 1);
    CU_ASSERT_EQUAL(count_of(words, " the"), 3);
    CU_ASSERT_EQUAL(count_of(words, " cat"), 1);
    CU_ASSERT_EQUAL(count_of(words, "\xff"), 1);
    CU_ASSERT_EQUAL(count_of(words, " "), 1);
    CU_ASSERT_EQUAL(count_of(words, " 1"), 1);
    token_words_free(words);
}

/* Text of letters, signs and white space of all sorts. */
static void
draw_text(char *text, size_t bytes)
{
    static const char *const units[] = {"a", "b", "7", "'s", "'", " ", " ",
        "\n", "\t", "\r\n", "\xc2\xa0", "\xe3\x80\x80", "\xc3\xa9", ".",
        "\xff"};

    for (size_t at = 0; at < bytes;) {
        const char *unit = units[draw(15)];
        while (*unit != '\0' && at < bytes) {
            text[at++] = *unit++;
        }
    }
}

static void
test_blocks_have_the_words_of_the_whole(void)
{
    char text[300];

    for (int round = 0; round < 200; round++) {
        draw_text(text, sizeof(text));
        struct token_words *whole = token_words_new();
        struct token_words *parts[2] = {token_words_new(), token_words_new()};
        const uint8_t *at = (const uint8_t *)text;
        CU_ASSERT_EQUAL(token_words_count(whole, at, sizeof(text)), 0);
        for (size_t left = sizeof(text), i = 0; left > 0; i++) {
            size_t window = left < 60 ? left : 60, n = left;
            while (
                window < left && (n = token_words_cut(at, window)) == window) {
                window++;
            }
            n = window < left ? n : left;
            CU_ASSERT_EQUAL(token_words_count(parts[i % 2], at, n), 0);
            at += n;
            left -= n;
        }
        CU_ASSERT_EQUAL(token_words_join(parts[0], parts[1]), 0);
        CU_ASSERT_EQUAL(token_words_n(parts[0]), token_words_n(whole));
        for (size_t i = 0; i < token_words_n(whole); i++) {
            char word[301] = "";
            size_t bytes;
            uint64_t count;
            const uint8_t *found = token_words_get(whole, i, &bytes, &count);
            memcpy(word, found, bytes);
            CU_ASSERT_EQUAL(count_of(parts[0], word), count);
        }
        token_words_free(whole);
        token_words_free(parts[0]);
        token_words_free(parts[1]);
    }
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_the_vocabulary_is_that_of_hugging_face),
    CHECK_TEST(test_the_most_frequent_pair_of_smallest_numbers_is_next),
    CHECK_TEST(test_a_smaller_vocabulary_is_the_beginning_of_a_larger_one),
    CHECK_TEST(test_all_bytes_are_tokens_whatever_the_corpus),
    CHECK_TEST(test_what_was_learnt_is_read_back),
    CHECK_TEST(test_words_are_pieces_with_their_counts),
    CHECK_TEST(test_blocks_have_the_words_of_the_whole),
    CU_TEST_INFO_NULL,
};
CHECK_MAIN("training of tokenizers", tests)
