/*
 * corpus_gzip.c
 *
 * gzip (RFC 1952): members one after the other.  Neither size of a member is
 * known before it has been decoded, so opening decodes the file once to find
 * the members (which also verifies all checksums); reading then needs only
 * the member that holds the bytes.  Files of many small members, as bgzip
 * writes them, thus have random access.
 */
#include <zlib.h>

#include "base/mem.h"
#include "base/report.h"
#include "corpus/corpus_packed.h"

/* zlib counts with 32 bits: at most this much at once. */
#define PIECE_BYTES_MAX (1u << 30)

/* 15: the largest window; 16: a gzip header and trailer are expected. */
#define WINDOW_BITS (15 + 16)

static bool
is_magic(const uint8_t *data, size_t bytes)
{
    return bytes >= 3 && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8;
}

static void *
decoder_new(void)
{
    z_stream *z = mem_alloc(1, sizeof(*z));

    if (z != NULL && inflateInit2(z, WINDOW_BITS) != Z_OK) {
        report_error("zlib %s: cannot make a decoder", zlibVersion());
        mem_free(z);
        return NULL;
    }
    return z;
}

static void
decoder_free(void *decoder)
{
    inflateEnd(decoder);
    mem_free(decoder);
}

static enum packed_step
begin(void *decoder, struct packed_io *io, const struct packed_segment *segment,
    const char **why)
{
    (void)io;
    (void)segment;
    (void)why;
    inflateReset(decoder);
    return PACKED_MORE;
}

static enum packed_step
step(void *decoder, struct packed_io *io, const char **why)
{
    z_stream *z = decoder;
    unsigned in_bytes = io->in_bytes < PIECE_BYTES_MAX ? (unsigned)io->in_bytes
                                                       : PIECE_BYTES_MAX;
    unsigned out_bytes = io->out_bytes < PIECE_BYTES_MAX
                             ? (unsigned)io->out_bytes
                             : PIECE_BYTES_MAX;

    z->next_in = (Bytef *)(uintptr_t)io->in;
    z->avail_in = in_bytes;
    z->next_out = io->out;
    z->avail_out = out_bytes;
    int status = inflate(z, Z_NO_FLUSH);
    io->in += in_bytes - z->avail_in;
    io->in_bytes -= in_bytes - z->avail_in;
    io->out += out_bytes - z->avail_out;
    io->out_bytes -= out_bytes - z->avail_out;
    switch (status) {
    case Z_STREAM_END:
        return PACKED_END;
    case Z_OK:
    case Z_BUF_ERROR:
        return PACKED_MORE;
    default:
        *why = z->msg != NULL ? z->msg : "corrupt gzip data";
        return PACKED_BAD;
    }
}

/* Whether only zeros are left: padding of tapes and block devices. */
static bool
is_padding(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (data[i] != 0) {
            return false;
        }
    }
    return true;
}

static int
scan(struct packed_file *file, void *decoder)
{
    uint64_t at = 0;

    while (at < file->bytes) {
        size_t rest = (size_t)(file->bytes - at);
        struct packed_segment segment = {
            .packed_first = at, .packed_bytes = rest};

        if (file->data[at] == 0 && is_padding(file->data + at, rest)) {
            break;
        }
        if (packed_count(&corpus_gzip, decoder, file, &segment) != 0 ||
            packed_add(file, segment) != 0) {
            return -1;
        }
        at += segment.packed_bytes;
    }
    return 0;
}

const struct packed_format corpus_gzip = {
    .name = "gzip",
    .is_magic = is_magic,
    .scan = scan,
    .decoder_new = decoder_new,
    .decoder_free = decoder_free,
    .begin = begin,
    .step = step,
};
