/*
 * token_support.c
 */
#include "token_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "token/token.h"
#include "token/token_alphabet.h"

static void *
need(void *block, const char *what)
{
    if (block == NULL) {
        fprintf(stderr, "check: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
    return block;
}

json_t *
support_json(const char *path)
{
    return need(json_load_file(path, 0, NULL), path);
}

uint8_t *
support_read(const char *path, size_t *bytes)
{
    FILE *file = need(fopen(path, "rb"), path);

    fseek(file, 0, SEEK_END);
    *bytes = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = need(calloc(*bytes + 1, 1), "calloc");
    *bytes = fread(data, 1, *bytes, file);
    fclose(file);
    return data;
}

const char *
support_write(const char *name, const void *data, size_t bytes)
{
    const char *path = check_scratch(name);
    FILE *file = need(fopen(path, "wb"), path);

    fwrite(data, 1, bytes, file);
    fclose(file);
    return path;
}

uint8_t *
support_base64(const char *text, size_t *bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *out = need(calloc(strlen(text) + 1, 1), "calloc");
    unsigned bits = 0, n_bits = 0;

    *bytes = 0;
    for (; *text != '\0' && *text != '='; text++) {
        bits = bits << 6 | (unsigned)(strchr(digits, *text) - digits);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[(*bytes)++] = (uint8_t)(bits >> n_bits);
        }
    }
    return out;
}

void
support_round_trip(
    const struct tokenizer *tokenizer, const uint8_t *text, size_t bytes)
{
    uint32_t *tokens = need(calloc(bytes + 1, sizeof(*tokens)), "calloc");
    size_t n_tokens = 0, at = 0;
    bool is_same = true;

    CU_ASSERT_EQUAL(
        tokenizer_encode(tokenizer, tokens, &n_tokens, text, bytes), 0);
    CU_ASSERT(n_tokens <= bytes);
    for (size_t i = 0; i < n_tokens && is_same; i++) {
        size_t n;
        const uint8_t *have = tokenizer_bytes(tokenizer, tokens[i], &n);
        is_same = n > 0 && n <= bytes - at && memcmp(have, text + at, n) == 0;
        at += n;
    }
    CU_ASSERT(is_same);
    CU_ASSERT_EQUAL(at, bytes);
    free(tokens);
}

void
support_same_tokens(const struct tokenizer *tokenizer, const uint8_t *text,
    size_t bytes, const json_t *want, bool has_start)
{
    uint32_t *tokens = need(calloc(bytes + 1, sizeof(*tokens)), "calloc");
    size_t n_tokens = 0, n_want = json_array_size(want) - has_start;
    size_t n_same = 0;

    CU_ASSERT_EQUAL(
        tokenizer_encode(tokenizer, tokens, &n_tokens, text, bytes), 0);
    while (n_same < n_tokens && n_same < n_want &&
           json_integer_value(json_array_get(want, n_same + has_start)) ==
               tokens[n_same]) {
        n_same++;
    }
    CU_ASSERT_EQUAL(n_tokens, n_want);
    CU_ASSERT_EQUAL(n_same, n_want);
    if (n_same != n_want || n_tokens != n_want) {
        printf(" \"%.60s\": token %zu: got %u, want %lld ", text, n_same,
            n_same < n_tokens ? tokens[n_same] : 0,
            (long long)json_integer_value(
                json_array_get(want, n_same + has_start)));
    }
    free(tokens);
}

const char *
support_vocabulary(const char *name)
{
    const char *archive = check_shared("data/tokenizers/tokenizers.tar.xz");
    char command[4096];

    if (archive == NULL) {
        return NULL;
    }
    const char *path = check_scratch(name);
    if (access(path, R_OK) != 0) {
        snprintf(command, sizeof(command),
            "tar -xJf '%s' -C '%s' gpt2 pythia-neox tiktoken-npm-1.0.22 "
            "ggml-vocab",
            archive, check_scratch(""));
        if (system(command) != 0) {
            check_skip("%s failed", command);
            return NULL;
        }
    }
    return path;
}

/* The merges are the lines after the first of vocab.bpe. */
static json_t *
read_merges(const char *path)
{
    size_t bytes;
    char *text = (char *)support_read(path, &bytes);
    json_t *merges = json_array();

    strtok(text, "\n");
    for (char *line; (line = strtok(NULL, "\n")) != NULL;) {
        json_array_append_new(merges, json_string(line));
    }
    free(text);
    return merges;
}

const char *
support_gpt2(void)
{
    const char *encoder = support_vocabulary("gpt2/encoder.json");
    const char *merges = support_vocabulary("gpt2/vocab.bpe");

    if (encoder == NULL || merges == NULL) {
        return NULL;
    }
    json_t *root = json_pack("{s:[{s:i,s:s,s:b}],s:{s:s,s:b},s:{s:s,s:o,s:o}}",
        "added_tokens", "id", 50256, "content", "<|endoftext|>", "special", 1,
        "pre_tokenizer", "type", "ByteLevel", "add_prefix_space", 0, "model",
        "type", "BPE", "vocab", support_json(encoder), "merges",
        read_merges(merges));
    need(root, "json_pack");
    const char *path = check_scratch("gpt2.json");
    json_dump_file(root, path, 0);
    json_decref(root);
    return path;
}

/*
 * tiktoken has ranks of tokens instead of merges: the last two parts that
 * lower ranks make of a token are the merge that makes it.  Returns where in
 * text the second part begins, 0 if there are not two.
 */
static size_t
last_merge(const json_t *ranks, const char *text, json_int_t rank)
{
    size_t bounds[300], n = 0, n_text = strlen(text);

    for (size_t i = 0; i < n_text && n < 298; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80) {
            bounds[n++] = i;
        }
    }
    bounds[n] = n_text;
    while (n > 2) {
        json_int_t lowest = rank;
        size_t at = n;
        for (size_t i = 0; i + 1 < n; i++) {
            const json_t *found = json_object_getn(
                ranks, text + bounds[i], bounds[i + 2] - bounds[i]);
            if (found != NULL && json_integer_value(found) < lowest) {
                lowest = json_integer_value(found);
                at = i;
            }
        }
        if (at == n) {
            return 0;
        }
        memmove(
            bounds + at + 1, bounds + at + 2, (n - at - 1) * sizeof(bounds[0]));
        n--;
    }
    return n == 2 ? bounds[1] : 0;
}

/* Lines "! FIRST TOKEN ..." of base64: tokens FIRST, FIRST + 1, ... */
static void
read_ranks(json_t *ranks, json_t *texts, const char *lines)
{
    char *copy = need(strdup(lines), "strdup"), *rest = copy, *word;
    json_int_t rank = 0;

    while ((word = strsep(&rest, " \n")) != NULL) {
        char text[1024];
        size_t bytes, n = 0;
        if (*word == '!' || *word == '\0') {
            rank =
                *word == '!' ? strtoll(strsep(&rest, " \n"), NULL, 10) : rank;
            continue;
        }
        uint8_t *token = support_base64(word, &bytes);
        for (size_t i = 0; i < bytes && n < sizeof(text) - 3; i++) {
            n += token_alphabet_letter(text + n, token[i]);
        }
        text[n] = '\0';
        json_object_set_new(ranks, text, json_integer(rank++));
        json_array_append_new(texts, json_string(text));
        free(token);
    }
    free(copy);
}

const char *
support_tiktoken(const char *name)
{
    char file[100];

    snprintf(file, sizeof(file), "tiktoken-npm-1.0.22/encoders/%s.json", name);
    const char *path = support_vocabulary(file);
    if (path == NULL) {
        return NULL;
    }
    json_t *ranks = json_object(), *texts = json_array();
    json_t *merges = json_array();
    json_t *table = support_json(path);
    read_ranks(
        ranks, texts, json_string_value(json_object_get(table, "bpe_ranks")));
    for (size_t i = 0; i < json_array_size(texts); i++) {
        const char *text = json_string_value(json_array_get(texts, i));
        size_t middle = last_merge(
            ranks, text, json_integer_value(json_object_get(ranks, text)));
        if (middle > 0) {
            json_array_append_new(
                merges, json_pack("[s%,s]", text, middle, text + middle));
        }
    }
    json_t *root = json_pack(
        "{s:{s:s,s:[{s:s,s:s,s:{s:O}},{s:s,s:b,s:b}]},s:{s:o,s:o,s:b}}",
        "pre_tokenizer", "type", "Sequence", "pretokenizers", "type", "Split",
        "behavior", "Isolated", "pattern", "Regex",
        json_object_get(table, "pat_str"), "type", "ByteLevel",
        "add_prefix_space", 0, "use_regex", 0, "model", "vocab", ranks,
        "merges", merges, "ignore_merges", 1);
    need(root, "json_pack");
    snprintf(file, sizeof(file), "%s.json", name);
    path = check_scratch(file);
    json_dump_file(root, path, 0);
    json_decref(root);
    json_decref(texts);
    json_decref(table);
    return path;
}

const char *
support_smollm2(void)
{
    static char path[2048];
    const char *cache = getenv("CODELEN_CACHE");
    const char *home = getenv("HOME");

    snprintf(path, sizeof(path), "%s%s/SmolLM2-135M-Instruct.Q4_1.gguf",
        cache != NULL  ? cache
        : home != NULL ? home
                       : "",
        cache != NULL ? "" : "/.cache/codelen");
    if (access(path, R_OK) != 0) {
        check_skip("%s is absent", path);
        return NULL;
    }
    return path;
}
