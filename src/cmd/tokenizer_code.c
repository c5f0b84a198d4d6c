/*
 * tokenizer_code.c - codelen tokenizer encode and decode.
 *
 * One id a line, so that diff shows where two programs begin to differ, and
 * codelen score can read it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/report.h"
#include "cmd/input.h"
#include "cmd/single.h"
#include "cmd/token_ids.h"
#include "cmd/tokenizer.h"
#include "token/token.h"

struct code_settings {
    const char *tokenizer;
    bool has_space;
};

#define AT(field) offsetof(struct code_settings, field)

static const struct option table[] = {
    {.name = "tokenizer",
        .type = OPTION_TEXT,
        .offset = AT(tokenizer),
        .unit = "FILE|DIR",
        .is_required = true,
        .help = "tokenizer.json, tokenizer.model, a directory with one of "
                "them, a GGUF file, a .tiktoken file, or the word bytes"},
    {.name = "space",
        .type = OPTION_FLAG,
        .offset = AT(has_space),
        .help = "encode with a space in front of the text, decode without the "
                "first: what SentencePiece does, and measure does not"},
};

static const struct options_spec encode_spec = {
    .command = "tokenizer encode",
    .question = "Which tokens does a text have?  Prints one id a line; a byte "
                "that the vocabulary cannot express is the number "
                "vocabulary + byte.  Without FILE, or with -, the standard "
                "input is read.",
    .operands = "[FILE]",
    .example = "codelen tokenizer encode --tokenizer model.gguf book.txt",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

static const struct options_spec decode_spec = {
    .command = "tokenizer decode",
    .question = "Which text do token ids stand for?  Reads a JSON array, or "
                "numbers with white space between them, and prints the bytes. "
                "Without FILE, or with -, the standard input is read.",
    .operands = "[FILE]",
    .example = "codelen tokenizer decode --tokenizer model.gguf ids.txt",
    .table = table,
    .n_options = sizeof(table) / sizeof(table[0]),
};

static struct tokenizer *
open_tokenizer(const char *name)
{
    return strcmp(name, "bytes") == 0 ? tokenizer_new_bytes()
                                      : tokenizer_open(name);
}

static int
open_input(struct input *input, const struct options *options)
{
    size_t n = options_operand_count(options);

    *input = (struct input){0};
    if (n > 1) {
        report_error("%s: one file at a time", options_operand(options, 1));
        return -1;
    }
    return input_open(input, n == 0 ? "-" : options_operand(options, 0));
}

/* Whether all of the standard output has been written. */
static int
finish_output(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        report_error("standard output: %s", strerror(errno));
        return -1;
    }
    return 0;
}

/* The text to encode, with a space in front; NULL: reported. */
static uint8_t *
put_space(const struct input *input)
{
    uint8_t *text = mem_alloc(input->bytes + 1, 1);

    if (text != NULL) {
        text[0] = ' ';
        memcpy(text + 1, input->data, input->bytes);
    }
    return text;
}

static int
print_tokens(
    const struct tokenizer *tokenizer, const uint8_t *text, size_t bytes)
{
    uint32_t *tokens = mem_alloc(bytes, sizeof(*tokens));
    size_t n_tokens = 0, n_escapes = 0;
    double start = clock_now_s();
    int rc = -1;

    if (tokens != NULL) {
        rc = tokenizer_encode(tokenizer, tokens, &n_tokens, text, bytes);
    }
    double seconds = clock_now_s() - start;
    for (size_t i = 0; i < n_tokens && rc == 0; i++) {
        n_escapes += tokens[i] >= tokenizer_vocabulary(tokenizer);
        printf("%" PRIu32 "\n", tokens[i]);
    }
    if (rc == 0) {
        rc = finish_output();
    }
    if (rc == 0) {
        report_note("%zu bytes, %zu tokens, %zu of them escapes; %.1f MB/s",
            bytes, n_tokens, n_escapes,
            seconds > 0 ? (double)bytes / 1e6 / seconds : 0.0);
    }
    mem_free(tokens);
    return rc;
}

static int
encode(const struct tokenizer *tokenizer, const struct input *input,
    bool has_space)
{
    if (!has_space || input->bytes == 0) {
        return print_tokens(tokenizer, input->data, input->bytes);
    }
    uint8_t *text = put_space(input);
    int rc =
        text == NULL ? -1 : print_tokens(tokenizer, text, input->bytes + 1);
    mem_free(text);
    return rc;
}

static int
decode(const struct tokenizer *tokenizer, const struct input *input,
    bool has_space)
{
    uint32_t end = tokenizer_vocabulary(tokenizer);
    char *text = mem_alloc(input->bytes + 1, 1);
    struct token_ids tokens = {0};
    int rc = -1;

    end += tokenizer_has_escapes(tokenizer) ? 256 : 0;
    if (text != NULL) {
        memcpy(text, input->data, input->bytes);
        rc = token_ids_parse(&tokens, input->name, text, input->bytes, end);
    }
    for (size_t i = 0; i < tokens.n && rc == 0; i++) {
        size_t n;
        const uint8_t *bytes = tokenizer_bytes(tokenizer, tokens.ids[i], &n);
        size_t cut = has_space && i == 0 && n > 0 && bytes[0] == ' ';
        fwrite(bytes + cut, 1, n - cut, stdout);
    }
    if (rc == 0) {
        rc = finish_output();
    }
    token_ids_release(&tokens);
    mem_free(text);
    return rc;
}

static int
run(const struct options *options, const struct code_settings *settings,
    int (*work)(const struct tokenizer *, const struct input *, bool))
{
    struct tokenizer *tokenizer = open_tokenizer(settings->tokenizer);
    struct input input = {0};
    int rc = -1;

    if (tokenizer != NULL && open_input(&input, options) == 0) {
        rc = work(tokenizer, &input, settings->has_space);
    }
    input_close(&input);
    tokenizer_free(tokenizer);
    return rc;
}

static int
encode_work(
    const struct options *options, const void *settings, const struct par *par)
{
    (void)par;
    return run(options, settings, encode);
}

static int
decode_work(
    const struct options *options, const void *settings, const struct par *par)
{
    (void)par;
    return run(options, settings, decode);
}

enum cmd_status
cmd_tokenizer_encode(struct par *par, int argc, char **argv)
{
    struct code_settings settings = {0};

    return single_run(par, &encode_spec, &settings, argc, argv, encode_work);
}

enum cmd_status
cmd_tokenizer_decode(struct par *par, int argc, char **argv)
{
    struct code_settings settings = {0};

    return single_run(par, &decode_spec, &settings, argc, argv, decode_work);
}
