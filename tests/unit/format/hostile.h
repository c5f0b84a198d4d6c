/*
 * hostile.h - damaged files for the tests of readers.
 */
#ifndef TESTS_FORMAT_HOSTILE_H
#define TESTS_FORMAT_HOSTILE_H

#include <stddef.h>
#include <stdint.h>

#define HOSTILE_BYTES_MAX 4096

/* A small file, written piece by piece. */
struct hostile_file {
    uint8_t data[HOSTILE_BYTES_MAX];
    size_t bytes;
};

void hostile_put(struct hostile_file *file, const void *data, size_t bytes);
void hostile_put_u32(struct hostile_file *file, uint32_t value);
void hostile_put_u64(struct hostile_file *file, uint64_t value);

/* Zero bytes up to a multiple of alignment. */
void hostile_pad(struct hostile_file *file, size_t alignment);

/*
 * Open a file that lies in memory, look at everything that it offers, close
 * it.  Returns 0 if it was accepted, -1 if it was refused.
 */
typedef int hostile_reader(const uint8_t *data, size_t bytes);

/* What the reader reports about the file; "" if it accepts it. */
const char *hostile_complaint(
    hostile_reader *reader, const uint8_t *data, size_t bytes);

/* Assert that the file is refused with a message that contains text. */
void hostile_expect(
    hostile_reader *reader, const struct hostile_file *file, const char *text);

/*
 * Read the file cut at every step-th length, in a buffer that ends at an
 * unreadable page.  Returns how many of these files were accepted.
 */
size_t hostile_cut(
    hostile_reader *reader, const uint8_t *data, size_t bytes, size_t step);

/* Read the file with every step-th byte changed, in several ways. */
void hostile_flip(
    hostile_reader *reader, const uint8_t *data, size_t bytes, size_t step);

#endif /* TESTS_FORMAT_HOSTILE_H */
