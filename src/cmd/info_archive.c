/*
 * info_archive.c - what an archive says about itself, without decoding it.
 */
#include "cmd/info_archive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "archive/archive_header.h"
#include "archive/archive_index.h"
#include "archive/archive_reader.h"
#include "base/report.h"
#include "math/kernels.h"

static void
print_hash(const char *label, const char *sha256)
{
    if (sha256[0] != '\0') {
        printf("  %-9s sha256 %s\n", label, sha256);
    }
}

static void
print_predictor(const struct archive_header *h)
{
    const char *math = h->math == MATH_EXACT  ? math_mode_name(MATH_EXACT)
                       : h->math == MATH_INT8 ? math_mode_name(MATH_INT8)
                                              : "unknown";

    if (strcmp(h->predictor, ARCHIVE_STORED) == 0) {
        printf("predictor   none: nothing is coded\n");
        return;
    }
    printf("predictor   %s%s%s\n", h->predictor, h->name[0] != '\0' ? ":" : "",
        h->name);
    print_hash("model", h->model_sha256);
    print_hash("tokenizer", h->tokenizer_sha256);
    if (h->context > 0) {
        printf("  context   %" PRIu64 " tokens", h->context);
        if (h->stride > 0) {
            printf(", stride %" PRIu64, h->stride);
        }
        if (h->start_token >= 0) {
            printf(", start token %" PRId64, h->start_token);
        }
        printf("\n");
    }
    printf("  numerics  version %" PRIu32 ", %s\n", h->numerics, math);
}

static int
print_archive(struct archive_reader *reader, const char *path, FILE *file)
{
    const struct archive_header *h = archive_reader_header(reader);
    struct archive_index end;

    printf("archive     %s, format version %d\n", path, ARCHIVE_VERSION);
    print_predictor(h);
    if (archive_reader_find_end(reader, &end) != 0) {
        return -1;
    }
    double raw = (double)end.raw_bytes, size = (double)ftello(file);
    printf("  chunks    %" PRIu64 " bytes, %" PRIu64 " to a block\n",
        h->chunk_bytes, h->block_chunks);
    printf("contents    %" PRIu64 " bytes in %" PRIu64 " blocks\n",
        end.raw_bytes, end.n_blocks);
    printf("  archived  %.0f bytes", size);
    if (raw > 0) {
        printf(": %.4f bits per byte, %.2f %%", 8.0 * size / raw,
            100.0 * size / raw);
    }
    printf("\n");
    archive_index_release(&end);
    return 0;
}

int
info_archive(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        report_error("%s: %s", path, strerror(errno));
        return -1;
    }
    struct archive_reader *reader = archive_reader_new(file, path);
    int rc = reader == NULL ? -1 : print_archive(reader, path, file);
    archive_reader_free(reader);
    fclose(file);
    return rc;
}
