/*
 * hostile.c
 */
#include "hostile.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/report.h"
#include "check.h"

void
hostile_put(struct hostile_file *file, const void *data, size_t bytes)
{
    CU_ASSERT_FATAL(bytes <= sizeof(file->data) - file->bytes);
    memcpy(file->data + file->bytes, data, bytes);
    file->bytes += bytes;
}

void
hostile_put_u32(struct hostile_file *file, uint32_t value)
{
    hostile_put(file, &value, sizeof(value));
}

void
hostile_put_u64(struct hostile_file *file, uint64_t value)
{
    hostile_put(file, &value, sizeof(value));
}

void
hostile_pad(struct hostile_file *file, size_t alignment)
{
    while (file->bytes % alignment != 0) {
        hostile_put(file, "", 1);
    }
}

const char *
hostile_complaint(hostile_reader *reader, const uint8_t *data, size_t bytes)
{
    static char text[4096];
    int fd = memfd_create("stderr", MFD_CLOEXEC);
    int saved = dup(STDERR_FILENO);

    CU_ASSERT_FATAL(fd >= 0 && saved >= 0);
    fflush(stderr);
    dup2(fd, STDERR_FILENO);
    int rc = reader(data, bytes);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    close(fd);
    text[n > 0 ? n : 0] = '\0';

    /* One message for a refused file, none for an accepted one. */
    const char *end = strchr(text, '\n');
    CU_ASSERT(rc == 0 ? n == 0 : end != NULL && end[1] == '\0');
    return text;
}

void
hostile_expect(
    hostile_reader *reader, const struct hostile_file *file, const char *text)
{
    uint8_t *data = check_guarded(file->bytes);

    memcpy(data, file->data, file->bytes);
    const char *said = hostile_complaint(reader, data, file->bytes);
    if (strstr(said, text) == NULL) {
        printf("expected \"%s\", got \"%s\"\n", text, said);
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(said, text));
    check_guarded_free(data, file->bytes);
}

/* Messages are held back and dropped: only the outcome matters. */
static int
read_quietly(hostile_reader *reader, const uint8_t *data, size_t bytes)
{
    unsigned n_before = report_error_count();

    report_hold(true, NULL);
    int rc = reader(data, bytes);
    report_discard();
    report_hold(false, NULL);

    /* Refused and reported, exactly once, or neither. */
    CU_ASSERT_EQUAL(report_error_count() - n_before, rc == 0 ? 0 : 1);
    return rc;
}

size_t
hostile_cut(
    hostile_reader *reader, const uint8_t *data, size_t bytes, size_t step)
{
    uint8_t *end = check_guarded(bytes) + bytes;
    size_t n_accepted = 0;

    for (size_t n = 0; n < bytes; n += step) {
        memcpy(end - n, data, n);
        n_accepted += read_quietly(reader, end - n, n) == 0;
    }
    check_guarded_free(end - bytes, bytes);
    return n_accepted;
}

void
hostile_flip(
    hostile_reader *reader, const uint8_t *data, size_t bytes, size_t step)
{
    uint8_t *copy = check_guarded(bytes);

    memcpy(copy, data, bytes);
    for (size_t i = 0; i < bytes; i += step) {
        const uint8_t changed[] = {0, 255, (uint8_t)(data[i] ^ 1),
            (uint8_t)(data[i] ^ 128), (uint8_t)(data[i] + 1)};

        for (size_t k = 0; k < sizeof(changed); k++) {
            copy[i] = changed[k];
            read_quietly(reader, copy, bytes);
        }
        copy[i] = data[i];
    }
    check_guarded_free(copy, bytes);
}
