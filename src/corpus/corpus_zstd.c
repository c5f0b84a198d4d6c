/*
 * corpus_zstd.c
 *
 * zstd (RFC 8878): frames one after the other.  A file in the seekable format
 * of zstd's contrib/seekable_format ends in a table of the frames' sizes;
 * without it the frames are found by walking over their block headers, and
 * only a frame that does not state its plain size is decoded to count it.
 * "zstd" makes one frame of a file; "pzstd" and seekable writers make many.
 *
 * The table has no checksum of its own, and a wrong size in it would shift
 * all bytes after it: it is believed only as far as the frames' own headers
 * say the same.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include <xxhash.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/report.h"
#include "corpus/corpus_packed.h"

/* Seekable format: a skippable frame that ends in this footer. */
#define TABLE_MAGIC        0x184D2A5Eu
#define FOOTER_MAGIC       0x8F92EAB1u
#define FOOTER_BYTES       9
#define FRAME_HEADER_BYTES 8
#define HAS_CHECKSUMS      0x80u
#define RESERVED_BITS      0x7cu

/* A window may be as large as the format allows ... */
#define WINDOW_LOG_MAX 31
/* ... if the frame's own size justifies it (see RATIO_MAX of the reader). */
#define WINDOW_BYTES_PER_BYTE 32768
#define WINDOW_BYTES_MIN      (128u << 20)

struct zstd_decoder {
    ZSTD_DCtx *dctx;
    XXH64_state_t *hash; /* of the plain bytes, if the table has checksums */
    bool has_check;
    uint32_t check;
};

static bool
is_magic(const uint8_t *data, size_t bytes)
{
    if (bytes < 4) {
        return false;
    }
    uint32_t magic = bytes_load_u32(data);

    return magic == ZSTD_MAGICNUMBER ||
           (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

static void
decoder_free(void *decoder)
{
    struct zstd_decoder *zstd = decoder;

    ZSTD_freeDCtx(zstd->dctx);
    XXH64_freeState(zstd->hash);
    mem_free(zstd);
}

static void *
decoder_new(void)
{
    struct zstd_decoder *zstd = mem_alloc(1, sizeof(*zstd));

    if (zstd == NULL) {
        return NULL;
    }
    zstd->dctx = ZSTD_createDCtx();
    zstd->hash = XXH64_createState();
    if (zstd->dctx == NULL || zstd->hash == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(
            zstd->dctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        report_error("zstd %s: cannot make a decoder", ZSTD_versionString());
        decoder_free(zstd);
        return NULL;
    }
    return zstd;
}

static enum packed_step
begin(void *decoder, struct packed_io *io, const struct packed_segment *segment,
    const char **why)
{
    struct zstd_decoder *zstd = decoder;
    ZSTD_frameHeader header;
    size_t status = ZSTD_getFrameHeader(&header, io->in, io->in_bytes);

    if (status != 0) {
        *why = ZSTD_isError(status) ? ZSTD_getErrorName(status)
                                    : "ends inside a frame header";
        return PACKED_BAD;
    }
    if (header.windowSize > WINDOW_BYTES_MIN &&
        header.windowSize / WINDOW_BYTES_PER_BYTE > io->in_bytes) {
        *why = "zstd: asks for more memory than its size justifies";
        return PACKED_BAD;
    }
    ZSTD_DCtx_reset(zstd->dctx, ZSTD_reset_session_only);
    zstd->has_check = segment->has_check;
    zstd->check = segment->check;
    XXH64_reset(zstd->hash, 0);
    return PACKED_MORE;
}

static enum packed_step
step(void *decoder, struct packed_io *io, const char **why)
{
    struct zstd_decoder *zstd = decoder;
    ZSTD_inBuffer in = {io->in, io->in_bytes, 0};
    ZSTD_outBuffer out = {io->out, io->out_bytes, 0};
    size_t status = ZSTD_decompressStream(zstd->dctx, &out, &in);

    if (zstd->has_check) {
        XXH64_update(zstd->hash, io->out, out.pos);
    }
    io->in += in.pos;
    io->in_bytes -= in.pos;
    io->out += out.pos;
    io->out_bytes -= out.pos;
    if (ZSTD_isError(status)) {
        *why = ZSTD_getErrorName(status);
        return PACKED_BAD;
    }
    if (status > 0) {
        return PACKED_MORE;
    }
    if (zstd->has_check && (uint32_t)XXH64_digest(zstd->hash) != zstd->check) {
        *why = "the checksum in the seek table does not match";
        return PACKED_BAD;
    }
    return PACKED_END;
}

/*
 * Append the frame at packed_first, which is packed_bytes long.  *plain is
 * what the table says of its plain size, NULL if there is no table.
 */
static int
add_frame(struct packed_file *file, void *decoder,
    struct packed_segment segment, const uint32_t *plain)
{
    const uint8_t *frame = file->data + segment.packed_first;
    size_t bytes = (size_t)segment.packed_bytes;
    unsigned long long stated = ZSTD_getFrameContentSize(frame, bytes);

    if (ZSTD_isSkippableFrame(frame, (unsigned)(bytes < 8 ? bytes : 8))) {
        stated = 0;
    }
    if (stated == ZSTD_CONTENTSIZE_ERROR) {
        packed_report(file, segment.packed_first, "no zstd frame begins here");
        return -1;
    }
    if (plain != NULL && stated != ZSTD_CONTENTSIZE_UNKNOWN &&
        stated != *plain) {
        packed_report(file, segment.packed_first,
            "the frame's size differs from that in the seek table");
        return -1;
    }
    if (plain != NULL) {
        segment.plain_bytes = *plain;
    } else if (stated != ZSTD_CONTENTSIZE_UNKNOWN) {
        segment.plain_bytes = stated;
    } else if (packed_count(&corpus_zstd, decoder, file, &segment) != 0) {
        return -1;
    }
    return packed_add(file, segment);
}

static int
scan_frames(struct packed_file *file, void *decoder)
{
    uint64_t at = 0;

    while (at < file->bytes) {
        struct packed_segment segment = {.packed_first = at};
        size_t bytes = ZSTD_findFrameCompressedSize(
            file->data + at, (size_t)(file->bytes - at));

        if (ZSTD_isError(bytes)) {
            packed_report(
                file, at, "zstd: no frame, or one cut off or damaged");
            return -1;
        }
        segment.packed_bytes = bytes;
        if (add_frame(file, decoder, segment, NULL) != 0) {
            return -1;
        }
        at += bytes;
    }
    return 0;
}

/*
 * First byte of the table's entries, 0 if the file does not end in a table
 * whose frame header and length fit.
 */
static size_t
find_table(const struct packed_file *file, size_t *n, size_t *entry_bytes)
{
    size_t bytes = file->bytes;
    const uint8_t *footer = file->data + bytes - FOOTER_BYTES;

    if (bytes < FRAME_HEADER_BYTES + FOOTER_BYTES ||
        bytes_load_u32(footer + 5) != FOOTER_MAGIC ||
        (footer[4] & RESERVED_BITS) != 0) {
        return 0;
    }
    *n = bytes_load_u32(footer);
    *entry_bytes = footer[4] & HAS_CHECKSUMS ? 12 : 8;
    size_t table_bytes = *n * *entry_bytes + FOOTER_BYTES;
    if (table_bytes + FRAME_HEADER_BYTES > bytes) {
        return 0;
    }
    size_t first = bytes - table_bytes;
    const uint8_t *header = file->data + first - FRAME_HEADER_BYTES;
    bool is_table = bytes_load_u32(header) == TABLE_MAGIC &&
                    bytes_load_u32(header + 4) == table_bytes;

    return is_table ? first : 0;
}

static int
scan_table(struct packed_file *file, void *decoder, size_t first, size_t n,
    size_t entry_bytes)
{
    uint64_t at = 0, end = first - FRAME_HEADER_BYTES;

    for (size_t i = 0; i < n; i++) {
        const uint8_t *entry = file->data + first + i * entry_bytes;
        uint32_t plain_bytes = bytes_load_u32(entry + 4);
        struct packed_segment segment = {
            .packed_first = at,
            .packed_bytes = bytes_load_u32(entry),
            .has_check = entry_bytes == 12,
            .check = entry_bytes == 12 ? bytes_load_u32(entry + 8) : 0,
        };

        if (segment.packed_bytes > end - at) {
            packed_report(file, first + i * entry_bytes,
                "the seek table goes beyond the frames");
            return -1;
        }
        if (add_frame(file, decoder, segment, &plain_bytes) != 0) {
            return -1;
        }
        at += segment.packed_bytes;
    }
    if (at != end) {
        packed_report(file, at, "the seek table does not name all frames");
        return -1;
    }
    return 0;
}

static int
scan(struct packed_file *file, void *decoder)
{
    size_t n, entry_bytes, first = find_table(file, &n, &entry_bytes);

    return first == 0 ? scan_frames(file, decoder)
                      : scan_table(file, decoder, first, n, entry_bytes);
}

const struct packed_format corpus_zstd = {
    .name = "zstd",
    .is_magic = is_magic,
    .scan = scan,
    .decoder_new = decoder_new,
    .decoder_free = decoder_free,
    .begin = begin,
    .step = step,
};
