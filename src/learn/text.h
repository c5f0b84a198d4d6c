/*
 * text.h - the training text as tokens, with random access.
 *
 * It lies in memory of the caller, which processes may share: each fills its
 * part.  The text is cut into blocks of TEXT_BLOCK bytes that are turned into
 * tokens one by one, so that the tokens do not depend on who did it; each
 * block has room for one token a byte, and pages that are not needed stay
 * untouched.
 */
#ifndef LEARN_TEXT_H
#define LEARN_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct corpus;
struct text;
struct tokenizer;

/* Bytes of a block: tokens end at its end, too rarely to matter. */
#define TEXT_BLOCK ((uint64_t)1 << 20)

/* What text_read() gives for a byte that the tokenizer cannot express. */
#define TEXT_ESCAPE UINT32_MAX

/* Bytes [first, end) of the corpus are left out. */
struct text_hole {
    uint64_t first, end;
};

/* Both are kept.  Owner: text_free(). */
struct text *text_new(struct corpus *corpus, const struct tokenizer *tokenizer,
    const struct text_hole *hole);
void text_free(struct text *text);

/* Memory that it wants: zeros. */
size_t text_memory_bytes(const struct text *text);

/* Fill this process's part of the memory, which is kept. */
int text_fill(
    struct text *text, void *memory, int part, int n_parts, int n_threads);

/* When all parts are filled: count the tokens. */
void text_settle(struct text *text);

/* Requires: settled; first + n <= text_count(). */
uint64_t text_bytes(const struct text *text);
uint64_t text_count(const struct text *text);
void text_read(
    const struct text *text, uint32_t *out, uint64_t first, size_t n);

#endif /* LEARN_TEXT_H */
