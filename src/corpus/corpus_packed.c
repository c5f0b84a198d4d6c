/*
 * corpus_packed.c
 *
 * The reader stands at one place of the plain text, inside a segment or at
 * its end.  A read that begins before that place, or in another segment,
 * begins a segment anew.  When the last byte of a segment has been read the
 * decoder is run to its end, which verifies the checksum.  Who leaves before
 * has not verified what was read; but who reads the last byte has decoded the
 * whole segment, so a run whose ranks read all of it notices any damage.
 */
#include "corpus/corpus_packed.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"

/*
 * Plain bytes that n packed bytes can hold at most: the largest ratio is that
 * of a zstd run-length block, 128 KiB in 4 bytes (xz: below 7200, gzip: below
 * 1033).  Sizes in a header beyond that are wrong, and refused before
 * somebody allocates that much.
 */
#define RATIO_MAX 32768
#define SLACK_MAX (128u << 10)

/* Bytes that are decoded at once when they are only counted or skipped. */
#define DISCARD_BYTES (64u << 10)

struct packed {
    const struct packed_format *format;
    struct packed_file file;
    void *decoder;
    uint8_t *discard;

    /* is_begun: the decoder stands plain_done bytes into segment current. */
    bool is_begun;
    size_t current;
    uint64_t plain_done;
    struct packed_io io;
};

static const struct packed_format *const formats[] = {
    &corpus_xz,
    &corpus_gzip,
    &corpus_zstd,
};

const struct packed_format *
packed_detect(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (formats[i]->is_magic(data, bytes)) {
            return formats[i];
        }
    }
    return NULL;
}

void
packed_report(const struct packed_file *file, uint64_t at, const char *what)
{
    report_error("%s: byte %llu: %s", file->path, (unsigned long long)at, what);
}

int
packed_add(struct packed_file *file, struct packed_segment segment)
{
    uint64_t plain_max;

    assert(segment.packed_first <= file->bytes &&
           segment.packed_bytes <= file->bytes - segment.packed_first);
    if (__builtin_mul_overflow(segment.packed_bytes, RATIO_MAX, &plain_max) ||
        __builtin_add_overflow(plain_max, SLACK_MAX, &plain_max) ||
        segment.plain_bytes > plain_max ||
        __builtin_add_overflow(
            file->plain_bytes, segment.plain_bytes, &plain_max)) {
        packed_report(
            file, segment.packed_first, "states a size that is not possible");
        return -1;
    }
    if (segment.plain_bytes == 0) {
        return 0;
    }
    if (mem_grow((void **)&file->segment, &file->n_segments_max,
            file->n_segments, file->n_segments + 1, sizeof(segment)) != 0) {
        return -1;
    }
    segment.plain_first = file->plain_bytes;
    file->segment[file->n_segments++] = segment;
    file->plain_bytes += segment.plain_bytes;
    return 0;
}

int
packed_count(const struct packed_format *format, void *decoder,
    const struct packed_file *file, struct packed_segment *segment)
{
    const uint8_t *first = file->data + segment->packed_first;
    struct packed_io io = {.in = first, .in_bytes = segment->packed_bytes};
    const char *why = "ends too early";
    uint8_t *discard = mem_alloc(DISCARD_BYTES, 1);
    enum packed_step step;

    if (discard == NULL) {
        return -1;
    }
    segment->plain_bytes = 0;
    step = format->begin(decoder, &io, segment, &why);
    while (step == PACKED_MORE) {
        size_t in_bytes = io.in_bytes;

        io.out = discard;
        io.out_bytes = DISCARD_BYTES;
        step = format->step(decoder, &io, &why);
        segment->plain_bytes += DISCARD_BYTES - io.out_bytes;
        if (step == PACKED_MORE && io.out_bytes == DISCARD_BYTES &&
            io.in_bytes == in_bytes) {
            break; /* truncated */
        }
    }
    mem_free(discard);
    if (step != PACKED_END) {
        packed_report(
            file, segment->packed_first + (uint64_t)(io.in - first), why);
        return -1;
    }
    segment->packed_bytes = (uint64_t)(io.in - first);
    return 0;
}

struct packed *
packed_open(const struct packed_format *format, const char *path,
    const uint8_t *data, size_t bytes)
{
    struct packed *packed = mem_alloc(1, sizeof(*packed));

    if (packed == NULL) {
        return NULL;
    }
    packed->format = format;
    packed->file = (struct packed_file){path, data, bytes, NULL, 0, 0, 0};
    packed->discard = mem_alloc(DISCARD_BYTES, 1);
    packed->decoder = format->decoder_new();
    if (packed->discard == NULL || packed->decoder == NULL ||
        format->scan(&packed->file, packed->decoder) != 0) {
        packed_close(packed);
        return NULL;
    }
    return packed;
}

void
packed_close(struct packed *packed)
{
    if (packed == NULL) {
        return;
    }
    if (packed->decoder != NULL) {
        packed->format->decoder_free(packed->decoder);
    }
    mem_free(packed->discard);
    mem_free(packed->file.segment);
    mem_free(packed);
}

uint64_t
packed_bytes(const struct packed *packed)
{
    return packed->file.plain_bytes;
}

/* Report why at the place that the decoder has reached. */
static int
fail_at(struct packed *packed, const char *why)
{
    uint64_t at = (uint64_t)(packed->io.in - packed->file.data);

    packed->is_begun = false;
    packed_report(&packed->file, at, why);
    return -1;
}

static int
begin(struct packed *packed, size_t i)
{
    const struct packed_segment *segment = &packed->file.segment[i];
    const char *why = "cannot be decoded";

    packed->io = (struct packed_io){
        .in = packed->file.data + segment->packed_first,
        .in_bytes = segment->packed_bytes,
    };
    packed->current = i;
    packed->plain_done = 0;
    if (packed->format->begin(packed->decoder, &packed->io, segment, &why) ==
        PACKED_BAD) {
        return fail_at(packed, why);
    }
    packed->is_begun = true;
    return 0;
}

/* Run the decoder over the end of its segment, where no byte may follow. */
static int
finish(struct packed *packed)
{
    uint8_t extra;
    const char *why = "cannot be decoded";

    packed->io.out = &extra;
    packed->io.out_bytes = 1;
    switch (packed->format->step(packed->decoder, &packed->io, &why)) {
    case PACKED_BAD:
        return fail_at(packed, why);
    case PACKED_MORE:
        return fail_at(packed, "goes on after the size that it states");
    case PACKED_END:
        break;
    }
    if (packed->io.out_bytes == 0 || packed->io.in_bytes > 0) {
        return fail_at(packed, "does not have the size that it states");
    }
    packed->is_begun = false;
    return 0;
}

/* Decode the next bytes of the current segment, to its end at most. */
static int
decode(struct packed *packed, uint8_t *out, size_t bytes)
{
    const struct packed_segment *segment =
        &packed->file.segment[packed->current];
    const char *why = "cannot be decoded";

    assert(bytes <= segment->plain_bytes - packed->plain_done);
    packed->io.out = out;
    packed->io.out_bytes = bytes;
    while (packed->io.out_bytes > 0) {
        size_t in_bytes = packed->io.in_bytes;
        size_t out_bytes = packed->io.out_bytes;
        enum packed_step step =
            packed->format->step(packed->decoder, &packed->io, &why);

        if (step == PACKED_BAD) {
            return fail_at(packed, why);
        }
        packed->plain_done += out_bytes - packed->io.out_bytes;
        if (step == PACKED_END) {
            bool is_whole = packed->plain_done == segment->plain_bytes &&
                            packed->io.in_bytes == 0;
            if (!is_whole) {
                return fail_at(packed, "does not have the size that it states");
            }
            packed->is_begun = false;
            return 0;
        }
        if (packed->io.out_bytes == out_bytes &&
            packed->io.in_bytes == in_bytes) {
            return fail_at(packed, "ends too early");
        }
    }
    return packed->plain_done < segment->plain_bytes ? 0 : finish(packed);
}

/* The segment that holds the plain byte at offset. */
static size_t
locate(const struct packed_file *file, uint64_t offset)
{
    size_t first = 0, end = file->n_segments;

    while (end - first > 1) {
        size_t middle = first + (end - first) / 2;

        if (file->segment[middle].plain_first <= offset) {
            first = middle;
        } else {
            end = middle;
        }
    }
    return first;
}

/* Bring the decoder to offset, a byte that exists. */
static int
seek(struct packed *packed, uint64_t offset)
{
    size_t i = locate(&packed->file, offset);
    uint64_t target = offset - packed->file.segment[i].plain_first;
    bool is_ahead = packed->is_begun && packed->current == i &&
                    packed->plain_done <= target;

    if (!is_ahead && begin(packed, i) != 0) {
        return -1;
    }
    while (packed->plain_done < target) {
        uint64_t n = target - packed->plain_done;

        if (n > DISCARD_BYTES) {
            n = DISCARD_BYTES;
        }
        if (decode(packed, packed->discard, (size_t)n) != 0) {
            return -1;
        }
    }
    return 0;
}

int
packed_read(struct packed *packed, uint8_t *out, uint64_t offset, size_t bytes)
{
    while (bytes > 0) {
        if (seek(packed, offset) != 0) {
            return -1;
        }
        uint64_t n = packed->file.segment[packed->current].plain_bytes -
                     packed->plain_done;
        if (n > bytes) {
            n = bytes;
        }
        if (decode(packed, out, (size_t)n) != 0) {
            return -1;
        }
        out += n;
        offset += n;
        bytes -= (size_t)n;
    }
    return 0;
}
