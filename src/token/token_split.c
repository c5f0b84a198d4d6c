/*
 * token_split.c
 *
 * The stages are walked depth first, so a text of any length needs no more
 * memory than one level per stage.  A text is checked to be UTF-8 once, by the
 * caller; PCRE2 is told not to check it again at each of a million matches.
 */
#include "token/token_split.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "base/report.h"
#include "token/token_added.h"
#include "token/token_expression.h"
#include "token/token_flat.h"

/*
 * Steps that one match may take: so many, and some for each byte of the text,
 * since a run of white space may be as long as that.  Ends an expression that
 * would take exponential time; raising it lets such a one run longer.
 */
#define MATCH_STEPS          10000000u
#define MATCH_STEPS_PER_BYTE 16u

/* The stack of compiled expressions, for those that outgrow the first 32 K. */
#define JIT_STACK_BYTES ((size_t)64 << 20)

/* One of code and added is not NULL. */
struct stage {
    pcre2_code *code;
    char *pattern; /* of code */
    size_t pattern_bytes;
    uint32_t options;
    char *source; /* the beginning of the pattern, for messages */
    bool is_compiled;
    struct token_added *added;
};

struct token_split {
    struct stage stages[TOKEN_SPLIT_STAGES];
    size_t n_stages;
};

/*
 * Where a stage is in the piece it cuts.  Bytes before given have been handed
 * on; a match at [first, end) was found but not yet handed on if end > first.
 */
struct level {
    const uint8_t *text;
    size_t bytes;
    size_t given;
    size_t searched; /* the next search starts here */
    size_t first, end;
    uint32_t token; /* of the match */
};

struct token_split_walk {
    const struct token_split *split;
    struct level levels[TOKEN_SPLIT_STAGES + 1];
    size_t depth;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

struct token_split *
token_split_new(void)
{
    return mem_alloc(1, sizeof(struct token_split));
}

void
token_split_free(struct token_split *split)
{
    if (split == NULL) {
        return;
    }
    for (size_t i = 0; i < split->n_stages; i++) {
        pcre2_code_free(split->stages[i].code);
        mem_free(split->stages[i].pattern);
        mem_free(split->stages[i].source);
        token_added_free(split->stages[i].added);
    }
    mem_free(split);
}

static struct stage *
new_stage(struct token_split *split, const char *path)
{
    if (split->n_stages == TOKEN_SPLIT_STAGES) {
        report_error("%s: more than %d steps of splitting are not supported",
            path, TOKEN_SPLIT_STAGES);
        return NULL;
    }
    return &split->stages[split->n_stages++];
}

static int
add_pattern(struct token_split *split, const char *path, const char *pattern,
    size_t bytes, uint32_t options)
{
    struct stage *stage = new_stage(split, path);
    int error;
    PCRE2_SIZE where;

    if (stage == NULL) {
        return -1;
    }
    stage->source =
        mem_printf("%.*s", (int)(bytes < 500 ? bytes : 500), pattern);
    stage->pattern = mem_alloc(bytes, 1);
    if (stage->source == NULL || stage->pattern == NULL) {
        return -1;
    }
    memcpy(stage->pattern, pattern, bytes);
    stage->pattern_bytes = bytes;
    stage->options = options;
    stage->code = pcre2_compile(
        (PCRE2_SPTR)pattern, bytes, options | PCRE2_UTF, &error, &where, NULL);
    if (stage->code == NULL) {
        PCRE2_UCHAR message[128] = "";
        pcre2_get_error_message(error, message, sizeof(message));
        report_error("%s: expression \"%s\": %s at %zu", path, stage->source,
            (const char *)message, (size_t)where);
        return -1;
    }
    stage->is_compiled =
        pcre2_jit_compile(stage->code, PCRE2_JIT_COMPLETE) == 0;
    return 0;
}

int
token_split_expression(struct token_split *split, const char *path,
    const char *expression, size_t bytes)
{
    char *pattern = token_expression_translate(path, expression, bytes);
    int rc = -1;

    if (pattern != NULL) {
        rc = add_pattern(split, path, pattern, strlen(pattern),
            PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C);
    }
    free(pattern);
    return rc;
}

int
token_split_string(struct token_split *split, const char *path,
    const char *string, size_t bytes)
{
    return add_pattern(split, path, string, bytes, PCRE2_LITERAL);
}

int
token_split_added(
    struct token_split *split, const char *path, struct token_added *added)
{
    struct stage *stage = new_stage(split, path);

    if (stage == NULL) {
        token_added_free(added);
        return -1;
    }
    stage->added = added;
    return 0;
}

void
token_split_flatten(const struct token_split *split, struct token_flat *flat)
{
    token_flat_put(flat, split, sizeof(*split));
    for (size_t i = 0; i < split->n_stages; i++) {
        const struct stage *stage = &split->stages[i];
        if (stage->added != NULL) {
            token_added_flatten(stage->added, flat);
        } else {
            token_flat_put(flat, stage->pattern, stage->pattern_bytes);
        }
    }
}

struct token_split *
token_split_from_flat(struct token_flat *flat)
{
    const struct token_split *from = token_flat_get(flat, sizeof(*from));
    struct token_split *split = token_split_new();
    const char *path = "shared tokenizer";
    int rc = split == NULL ? -1 : 0;

    for (size_t i = 0; i < from->n_stages && rc == 0; i++) {
        const struct stage *stage = &from->stages[i];
        if (stage->added != NULL) {
            struct token_added *added = token_added_from_flat(flat);
            rc = added == NULL ? -1 : token_split_added(split, path, added);
        } else {
            rc = add_pattern(split, path,
                token_flat_get(flat, stage->pattern_bytes),
                stage->pattern_bytes, stage->options);
        }
    }
    if (rc != 0) {
        token_split_free(split);
        return NULL;
    }
    return split;
}

struct token_split_walk *
token_split_walk_new(const struct token_split *split)
{
    struct token_split_walk *walk = mem_alloc(1, sizeof(*walk));

    if (walk == NULL) {
        return NULL;
    }
    walk->split = split;
    walk->match = pcre2_match_data_create(1, NULL);
    walk->context = pcre2_match_context_create(NULL);
    if (walk->match == NULL || walk->context == NULL) {
        report_error("out of memory for matching");
        token_split_walk_free(walk);
        return NULL;
    }
    return walk;
}

void
token_split_walk_free(struct token_split_walk *walk)
{
    if (walk == NULL) {
        return;
    }
    pcre2_match_data_free(walk->match);
    pcre2_match_context_free(walk->context);
    pcre2_jit_stack_free(walk->stack);
    mem_free(walk);
}

void
token_split_begin(
    struct token_split_walk *walk, const uint8_t *text, size_t bytes)
{
    uint64_t steps = MATCH_STEPS + (uint64_t)MATCH_STEPS_PER_BYTE * bytes;

    pcre2_set_match_limit(
        walk->context, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
    walk->depth = 0;
    walk->levels[0] = (struct level){.text = text, .bytes = bytes};
}

static int
run_code(struct token_split_walk *walk, const struct stage *stage,
    const struct level *level)
{
    if (!stage->is_compiled) {
        return pcre2_match(stage->code, level->text, level->bytes,
            level->searched, PCRE2_NO_UTF_CHECK, walk->match, walk->context);
    }
    int rc = pcre2_jit_match(stage->code, level->text, level->bytes,
        level->searched, 0, walk->match, walk->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT && walk->stack == NULL) {
        walk->stack = pcre2_jit_stack_create(1 << 16, JIT_STACK_BYTES, NULL);
        pcre2_jit_stack_assign(walk->context, NULL, walk->stack);
        rc = pcre2_jit_match(stage->code, level->text, level->bytes,
            level->searched, 0, walk->match, walk->context);
    }
    return rc;
}

/* The end of the character at, which may be the end of the text. */
static size_t
next_character(const struct level *level, size_t at)
{
    do {
        at++;
    } while (at < level->bytes && (level->text[at] & 0xc0) == 0x80);
    return at;
}

/* Find a match with at least one byte.  Returns 1, 0 or -1. */
static int
search_code(struct token_split_walk *walk, const struct stage *stage,
    struct level *level)
{
    while (level->searched < level->bytes) {
        int rc = run_code(walk, stage, level);
        if (rc == PCRE2_ERROR_NOMATCH) {
            break;
        }
        const PCRE2_SIZE *found = pcre2_get_ovector_pointer(walk->match);
        if (rc < 0) {
            PCRE2_UCHAR message[128] = "";
            pcre2_get_error_message(rc, message, sizeof(message));
            report_error("expression \"%s\": %s, in %zu bytes of text",
                stage->source, (const char *)message, level->bytes);
            return -1;
        }
        level->first = found[0];
        level->end = found[1];
        if (level->end > level->first) {
            level->searched = level->end;
            return 1;
        }
        /* An empty match cuts, and is not looked for there again. */
        level->searched = next_character(level, level->first);
        if (level->first > level->given && level->first < level->bytes) {
            return 1;
        }
    }
    level->searched = level->bytes;
    return 0;
}

static int
search(struct token_split_walk *walk, const struct stage *stage,
    struct level *level)
{
    level->token = TOKEN_NO_TOKEN;
    if (stage->added == NULL) {
        return search_code(walk, stage, level);
    }
    level->first = level->searched;
    if (!token_added_find(stage->added, &level->token, &level->first,
            &level->end, level->text, level->bytes)) {
        level->searched = level->bytes;
        return 0;
    }
    level->searched = level->end;
    return 1;
}

/* The next piece that stage cuts off level.  Returns 1, 0 or -1. */
static int
cut(struct token_split_walk *walk, const struct stage *stage,
    struct level *level, struct token_piece *piece)
{
    if (level->given == level->bytes) {
        return 0;
    }
    piece->token = TOKEN_NO_TOKEN;
    piece->text = level->text + level->given;
    if (level->end <= level->given) {
        int rc = search(walk, stage, level);
        if (rc <= 0) {
            piece->bytes = level->bytes - level->given;
            level->given = level->bytes;
            return rc < 0 ? -1 : 1;
        }
        if (level->first > level->given) {
            piece->bytes = level->first - level->given;
            level->given = level->first;
            return 1;
        }
    }
    piece->bytes = level->end - level->given;
    piece->token = level->token;
    level->given = level->end;
    return 1;
}

int
token_split_next(struct token_split_walk *walk, struct token_piece *piece)
{
    const struct token_split *split = walk->split;
    struct level *level = &walk->levels[walk->depth];

    if (split->n_stages == 0) {
        *piece = (struct token_piece){
            level->text, level->bytes - level->given, TOKEN_NO_TOKEN};
        level->given = level->bytes;
        return piece->bytes > 0;
    }
    for (;;) {
        int rc = cut(walk, &split->stages[walk->depth], level, piece);
        if (rc < 0 || (rc == 0 && walk->depth == 0)) {
            return rc;
        } else if (rc == 0) {
            walk->depth--;
            level--;
        } else if (piece->token != TOKEN_NO_TOKEN ||
                   walk->depth + 1 == split->n_stages) {
            return 1;
        } else {
            walk->depth++;
            level++;
            *level = (struct level){.text = piece->text, .bytes = piece->bytes};
        }
    }
}
