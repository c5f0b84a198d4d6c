/*
 * corpus_image.c
 *
 * Grey patches of photographs, row by row; pixels right of and below the last
 * whole patch are dropped, as in the study.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "corpus/corpus_kind.h"
#include "corpus/image.h"
#include "corpus/pieces.h"

/* Pixels of a side of a patch, at most. */
#define SIDE_MAX 65535

#define PATCH_DEFAULT "32x64" /* the study's: 2,048 bytes */

struct image_source {
    struct pieces *pieces;
    uint32_t height, width; /* of a patch */
    bool is_luma;
    char reading[64]; /* the same in words */
};

/* Where the rows of one image go. */
struct cutter {
    const struct image_source *source;
    uint8_t *out;
    uint32_t n_across, n_down; /* whole patches */
};

static struct cutter
cutter_of(const struct image_source *source, const struct image_size *size)
{
    return (struct cutter){
        .source = source,
        .n_across = size->width / source->width,
        .n_down = size->height / source->height,
    };
}

static int
measure(const void *settings, struct pieces_size *size,
    const struct pieces_file *file)
{
    const struct image_source *source = settings;
    struct image_size pixels;

    if (image_measure(&pixels, file) != 0) {
        return -1;
    }
    struct cutter cut = cutter_of(source, &pixels);
    size->all_bytes = (uint64_t)pixels.width * pixels.height;
    size->piece_bytes =
        (uint64_t)cut.n_across * cut.n_down * (source->width * source->height);
    return 0;
}

/* Put the parts of row y to their patches. */
static void
cut_row(void *user, uint32_t y, const uint8_t *grey)
{
    struct cutter *cut = user;
    uint32_t width = cut->source->width, height = cut->source->height;
    size_t patch_bytes = (size_t)width * height;

    if (y / height >= cut->n_down) {
        return;
    }
    uint8_t *out =
        cut->out + (size_t)(y / height) * cut->n_across * patch_bytes;
    for (uint32_t i = 0; i < cut->n_across; i++) {
        memcpy(out + i * patch_bytes + (size_t)(y % height) * width,
            grey + (size_t)i * width, width);
    }
}

static int
decode(const void *settings, uint8_t *out, const struct pieces_file *file)
{
    const struct image_source *source = settings;
    struct image_size pixels;

    if (image_measure(&pixels, file) != 0) {
        return -1;
    }
    struct cutter cut = cutter_of(source, &pixels);
    struct image_sink sink = {source->is_luma, cut_row, &cut};
    cut.out = out;
    return image_decode(&sink, file);
}

static const struct pieces_medium medium = {
    .noun = "image",
    .endings = ".png .jpg .jpeg",
    .too_small_help = "none has a whole patch; choose a smaller --patch",
    .measure = measure,
    .decode = decode,
};

/* Read "HEIGHTxWIDTH". */
static int
parse_patch(struct image_source *source, const char *text)
{
    int n = 0;

    if (sscanf(text, "%" SCNu32 "x%" SCNu32 "%n", &source->height,
            &source->width, &n) != 2 ||
        text[n] != '\0' || source->height < 1 || source->width < 1 ||
        source->height > SIDE_MAX || source->width > SIDE_MAX) {
        report_error(
            "--patch \"%s\": want HEIGHTxWIDTH in pixels, e.g. 32x64", text);
        return -1;
    }
    return 0;
}

static void
image_close(void *object)
{
    struct image_source *source = object;

    pieces_close(source->pieces);
    mem_free(source);
}

static void *
image_open(const char *path, const struct corpus_part *part)
{
    struct image_source *source = mem_alloc(1, sizeof(*source));

    if (source == NULL) {
        return NULL;
    }
    bool has_patch = part->patch != NULL && part->patch[0] != '\0';
    source->is_luma = part->grey != NULL && strcmp(part->grey, "luma") == 0;
    if (parse_patch(source, has_patch ? part->patch : PATCH_DEFAULT)) {
        goto fail;
    }
    snprintf(source->reading, sizeof(source->reading),
        "patches of %" PRIu32 " x %" PRIu32 ", grey by %s", source->height,
        source->width, source->is_luma ? "luma" : "mean");
    source->pieces = pieces_open(&medium, source, path);
    if (source->pieces == NULL) {
        goto fail;
    }
    return source;

fail:
    image_close(source);
    return NULL;
}

static uint64_t
image_bytes(const void *object)
{
    return pieces_bytes(((const struct image_source *)object)->pieces);
}

static const uint8_t *
image_view(void *object, uint64_t offset, size_t bytes, uint8_t *scratch)
{
    struct image_source *source = object;

    return pieces_read(source->pieces, scratch, offset, bytes) != 0 ? NULL
                                                                    : scratch;
}

static int
image_identify(void *object, struct corpus_identity *identity, char *hex)
{
    struct image_source *source = object;

    identity->format = "png, jpeg";
    identity->reading = source->reading;
    identity->decoder = image_libraries();
    return pieces_identify(source->pieces, identity, hex);
}

const struct corpus_kind corpus_image_kind = {
    .name = "image",
    .open = image_open,
    .close = image_close,
    .bytes = image_bytes,
    .view = image_view,
    .identify = image_identify,
};
