/*
 * codec_ppmd.c
 *
 * PPMd (variant H, order 6, 16 MiB of memory) in a 7z archive of one member,
 * written and read by libarchive in memory.  libarchive collects the packed
 * data in a temporary file (in TMPDIR).  The archive's headers, 91 bytes for
 * one byte, grow by a few bytes with the length of the numbers in them.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "codec/codec_kind.h"

/* What libarchive uses; it cannot be set. */
#define ORDER        6
#define MEMORY_BYTES (16 << 20)

/* The shortest name that the member can have. */
#define MEMBER_NAME "x"

static void
describe(char *out)
{
    snprintf(out, CODEC_DESCRIPTION_BYTES, "PPMd order %d, %d MiB, in 7z, %s",
        ORDER, MEMORY_BYTES >> 20, archive_version_string());
}

/*
 * PPMd has no stored blocks, so what it predicts wrongly grows: random bytes
 * by 3 to 6 %.  Nobody has proved a bound; half as much again is never met,
 * and if it were, compressing would fail for lack of room.
 */
static size_t
bound(size_t in_bytes)
{
    return in_bytes + in_bytes / 2 + 4096;
}

/* A 7z writer into out; NULL if it cannot be made, not reported. */
static struct archive *
writer_new(uint8_t *out, size_t out_bytes_max, size_t *out_bytes)
{
    struct archive *archive = archive_write_new();

    if (archive == NULL) {
        return NULL;
    }
    /* Neither blocks nor padding: the length counts. */
    if (archive_write_set_format_7zip(archive) != ARCHIVE_OK ||
        archive_write_set_options(archive, "7zip:compression=ppmd") !=
            ARCHIVE_OK ||
        archive_write_set_bytes_per_block(archive, 0) != ARCHIVE_OK ||
        archive_write_open_memory(archive, out, out_bytes_max, out_bytes) !=
            ARCHIVE_OK) {
        archive_write_free(archive);
        return NULL;
    }
    return archive;
}

/* Write the only member and the end; -1 if it fails, not reported. */
static int
write_member(struct archive *archive, const uint8_t *in, size_t in_bytes)
{
    struct archive_entry *entry = archive_entry_new();
    int rc = -1;

    if (entry == NULL) {
        return -1;
    }
    archive_entry_set_pathname(entry, MEMBER_NAME);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)in_bytes);
    if (archive_write_header(archive, entry) == ARCHIVE_OK) {
        rc = 0;
    }
    for (size_t at = 0; rc == 0 && at < in_bytes;) {
        la_ssize_t n = archive_write_data(archive, in + at, in_bytes - at);

        if (n <= 0) {
            rc = -1;
        } else {
            at += (size_t)n;
        }
    }
    archive_entry_free(entry);
    if (rc == 0 && archive_write_close(archive) != ARCHIVE_OK) {
        rc = -1;
    }
    return rc;
}

static const char *
reason(struct archive *archive)
{
    const char *text = archive == NULL ? NULL : archive_error_string(archive);

    return text == NULL ? "libarchive failed" : text;
}

static int
compress_ppmd(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    struct archive *archive = writer_new(out, out_bytes_max, out_bytes);
    int rc = archive == NULL ? -1 : write_member(archive, in, in_bytes);

    if (rc != 0) {
        report_error("ppmd: cannot compress %zu bytes into %zu: %s", in_bytes,
            out_bytes_max, reason(archive));
    }
    archive_write_free(archive);
    return rc;
}

/* Read the only member; -1 if it fails, not reported. */
static int
read_member(
    struct archive *archive, uint8_t *out, size_t out_bytes_max, size_t *bytes)
{
    struct archive_entry *entry;
    la_ssize_t n = 0;
    uint8_t extra;

    if (archive_read_next_header(archive, &entry) != ARCHIVE_OK) {
        return -1;
    }
    *bytes = 0;
    while (*bytes < out_bytes_max) {
        n = archive_read_data(archive, out + *bytes, out_bytes_max - *bytes);
        if (n <= 0) {
            break;
        }
        *bytes += (size_t)n;
    }
    /* The checksum is verified when the end is met. */
    if (n >= 0 && *bytes == out_bytes_max) {
        n = archive_read_data(archive, &extra, 1);
    }
    return n == 0 && archive_read_next_header(archive, &entry) == ARCHIVE_EOF
               ? 0
               : -1;
}

static int
decompress_ppmd(uint8_t *out, size_t out_bytes_max, size_t *out_bytes,
    const uint8_t *in, size_t in_bytes)
{
    struct archive *archive = archive_read_new();
    int rc = -1;

    if (archive != NULL &&
        archive_read_support_format_7zip(archive) == ARCHIVE_OK &&
        archive_read_open_memory(archive, in, in_bytes) == ARCHIVE_OK) {
        rc = read_member(archive, out, out_bytes_max, out_bytes);
    }
    if (rc != 0) {
        report_error("ppmd: cannot decompress %zu bytes into %zu: %s", in_bytes,
            out_bytes_max, reason(archive));
    }
    archive_read_free(archive);
    return rc;
}

const struct codec codec_ppmd = {
    .name = "ppmd",
    .describe = describe,
    .bound = bound,
    .compress = compress_ppmd,
    .decompress = decompress_ppmd,
};
