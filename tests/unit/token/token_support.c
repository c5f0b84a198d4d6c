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

uint8_t *
support_spaced(const uint8_t *text, size_t *bytes, bool is_spaced)
{
    uint8_t *copy = need(calloc(*bytes + 2, 1), "calloc");
    size_t n = is_spaced && *bytes > 0;

    copy[0] = ' ';
    memcpy(copy + n, text, *bytes);
    *bytes += n;
    return copy;
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
            "ggml-vocab llama2 whisper",
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
