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
};

#define AT(field) offsetof(struct code_settings, field)

static const struct option table[] = {
    {.name = "tokenizer",
        .type = OPTION_TEXT,
        .offset = AT(tokenizer),
        .unit = "FILE|DIR",
        .is_required = true,
        .help = "tokenizer.json, a GGUF file, a directory with one of "
                "them, or the word bytes"},
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

static int
encode(const struct tokenizer *tokenizer, const struct input *input)
{
    uint32_t *tokens = mem_alloc(input->bytes, sizeof(*tokens));
    size_t n_tokens = 0, n_escapes = 0;
    double start = clock_now_s();
    int rc = -1;

    if (tokens != NULL) {
        rc = tokenizer_encode(
            tokenizer, tokens, &n_tokens, input->data, input->bytes);
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
            input->bytes, n_tokens, n_escapes,
            seconds > 0 ? (double)input->bytes / 1e6 / seconds : 0.0);
    }
    mem_free(tokens);
    return rc;
}

static int
decode(const struct tokenizer *tokenizer, const struct input *input)
{
    uint32_t end = tokenizer_vocabulary(tokenizer);
    end += tokenizer_has_escapes(tokenizer) ? 256 : 0;
    char *text = mem_alloc(input->bytes + 1, 1);
    struct token_ids tokens = {0};
    int rc = -1;

    if (text != NULL) {
        memcpy(text, input->data, input->bytes);
        rc = token_ids_parse(&tokens, input->name, text, input->bytes, end);
    }
    for (size_t i = 0; i < tokens.n && rc == 0; i++) {
        size_t n;
        const uint8_t *bytes = tokenizer_bytes(tokenizer, tokens.ids[i], &n);
        fwrite(bytes, 1, n, stdout);
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
    int (*work)(const struct tokenizer *, const struct input *))
{
    struct tokenizer *tokenizer = open_tokenizer(settings->tokenizer);
    struct input input = {0};
    int rc = -1;

    if (tokenizer != NULL && open_input(&input, options) == 0) {
        rc = work(tokenizer, &input);
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
