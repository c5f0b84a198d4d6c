/*
 * token_splitting.c
 */
#include "token/token_splitting.h"

#include <string.h>

#include "token/token_pretokenizer.h"
#include "token/token_split.h"

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACES       "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define WORDS_UPPER  "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define WORDS_LOWER  "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define WORD_START   "[^\\r\\n\\p{L}\\p{N}]?"

/* Digits in groups of at most three, or each alone. */
#define LLAMA3(DIGITS)                                                         \
    CONTRACTIONS "|" WORD_START "\\p{L}+|" DIGITS                              \
                 "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" SPACES

/* Words also end where small letters are followed by capital ones. */
#define O200K(SUFFIX, DIGITS)                                                  \
    WORD_START WORDS_UPPER                                                     \
        "*" WORDS_LOWER "+" SUFFIX "|" WORD_START WORDS_UPPER "+" WORDS_LOWER  \
        "*" SUFFIX "|" DIGITS "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" SPACES

static const struct token_splitting splittings[] = {
    {" gpt-2 phi-2 mpt olmo ", {TOKEN_GPT2_EXPRESSION}, false},
    {" smollm starcoder refact command-r codeshell ",
        {"\\p{N}", TOKEN_GPT2_EXPRESSION}, false},
    {" llama-bpe llama3 llama-v3 ", {LLAMA3("\\p{N}{1,3}")}, true},
    {" dbrx smaug-bpe ", {LLAMA3("\\p{N}{1,3}")}, false},
    {" qwen2 deepseek-r1-qwen stablelm2 ", {LLAMA3("\\p{N}")}, false},
    {" falcon ",
        {"[\\p{P}\\$\\+<=>\\^~\\|`]+", TOKEN_GPT2_EXPRESSION,
            "[0-9][0-9][0-9]"},
        false},
    {" gpt-4o ", {O200K(CONTRACTIONS "?", "\\p{N}{1,3}")}, false},
    {" tekken ", {O200K("", "\\p{N}")}, true},
};

#define N_SPLITTINGS (sizeof(splittings) / sizeof(splittings[0]))

const struct token_splitting *
token_splitting_find(const char *name, size_t bytes)
{
    char wanted[40] = "";

    if (bytes == 0 || bytes >= sizeof(wanted) - 2 ||
        memchr(name, ' ', bytes) != NULL) {
        return NULL;
    }
    wanted[0] = ' ';
    memcpy(wanted + 1, name, bytes);
    wanted[bytes + 1] = ' ';
    for (size_t i = 0; i < N_SPLITTINGS; i++) {
        if (strstr(splittings[i].names, wanted) != NULL) {
            return &splittings[i];
        }
    }
    return NULL;
}

void
token_splitting_names(char *out, size_t out_bytes_max)
{
    out[0] = '\0';
    for (size_t i = 0; i < N_SPLITTINGS; i++) {
        strncat(out, splittings[i].names, out_bytes_max - strlen(out) - 1);
    }
}

int
token_splitting_add(struct token_split *split, const char *path,
    const struct token_splitting *splitting)
{
    for (size_t i = 0; i < 3 && splitting->expressions[i] != NULL; i++) {
        const char *expression = splitting->expressions[i];
        if (token_split_expression(
                split, path, expression, strlen(expression)) != 0) {
            return -1;
        }
    }
    return 0;
}
