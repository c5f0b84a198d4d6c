/*
 * corpus_xz.c
 *
 * xz: streams of blocks; the index at the end of each stream knows both
 * sizes of every block, so opening reads only headers and indexes.  Files of
 * many blocks are made by "xz --block-size=16MiB" or "xz -T0".
 */
#include <lzma.h>
#include <string.h>

#include "base/mem.h"
#include "base/report.h"
#include "corpus/corpus_packed.h"

/*
 * Memory for the index, per byte of the file: a stream needs at least 32
 * bytes there and about 300 in memory, a block 2 and 16.
 */
#define INDEX_MEMORY_PER_BYTE 32
#define INDEX_MEMORY_MIN      (1u << 20)

/* The smallest dictionary of LZMA2. */
#define DICTIONARY_MIN 4096

struct xz_decoder {
    lzma_stream stream;
    lzma_block block; /* kept by stream while a block is decoded */
    lzma_filter filters[LZMA_FILTERS_MAX + 1]; /* only while it begins */
};

static bool
is_magic(const uint8_t *data, size_t bytes)
{
    return bytes >= 6 && memcmp(data,
                             "\xfd"
                             "7zXZ",
                             6) == 0;
}

static const char *
status_text(lzma_ret status)
{
    switch (status) {
    case LZMA_MEM_ERROR:
        return "xz: out of memory";
    case LZMA_MEMLIMIT_ERROR:
        return "xz: needs more memory than its size justifies";
    case LZMA_FORMAT_ERROR:
        return "xz: not an xz stream";
    case LZMA_OPTIONS_ERROR:
        return "xz: options that liblzma does not know, or a corrupt header";
    case LZMA_BUF_ERROR:
        return "xz: truncated or corrupt";
    default:
        return "xz: corrupt data";
    }
}

static void *
decoder_new(void)
{
    struct xz_decoder *xz = mem_alloc(1, sizeof(*xz));

    if (xz != NULL) {
        xz->stream = (lzma_stream)LZMA_STREAM_INIT;
    }
    return xz;
}

static void
decoder_free(void *decoder)
{
    struct xz_decoder *xz = decoder;

    lzma_end(&xz->stream);
    mem_free(xz);
}

/* Combined index of all streams; NULL, reported. */
static lzma_index *
read_index(const struct packed_file *file)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_index *index = NULL;
    uint64_t memory = INDEX_MEMORY_MIN;
    lzma_ret status;

    memory += (uint64_t)file->bytes * INDEX_MEMORY_PER_BYTE;
    status = lzma_file_info_decoder(&stream, &index, memory, file->bytes);
    stream.next_in = file->data;
    stream.avail_in = file->bytes;
    while (status == LZMA_OK) {
        status = lzma_code(&stream, LZMA_RUN);
        if (status == LZMA_SEEK_NEEDED) {
            stream.next_in = file->data + stream.seek_pos;
            stream.avail_in = file->bytes - stream.seek_pos;
            status = LZMA_OK;
        }
    }
    if (status != LZMA_STREAM_END) {
        packed_report(
            file, (uint64_t)(stream.next_in - file->data), status_text(status));
        index = NULL;
    }
    lzma_end(&stream);
    return index;
}

static int
scan(struct packed_file *file, void *decoder)
{
    lzma_index *index = read_index(file);
    lzma_index_iter iter;
    int rc = 0;

    (void)decoder;
    if (index == NULL) {
        return -1;
    }
    lzma_index_iter_init(&iter, index);
    while (rc == 0 &&
           !lzma_index_iter_next(&iter, LZMA_INDEX_ITER_NONEMPTY_BLOCK)) {
        struct packed_segment segment = {
            .packed_first = iter.block.compressed_file_offset,
            .packed_bytes = iter.block.total_size,
            .plain_bytes = iter.block.uncompressed_size,
            .check = (uint32_t)iter.stream.flags->check,
        };
        rc = packed_add(file, segment);
    }
    lzma_index_end(index, NULL);
    return rc;
}

/*
 * No dictionary larger than the block: distances cannot reach further, and a
 * header may ask for 4 GiB.
 */
static void
limit_dictionary(lzma_filter *filter, uint64_t plain_bytes)
{
    for (; filter->id != LZMA_VLI_UNKNOWN; filter++) {
        lzma_options_lzma *options = filter->options;

        if (filter->id != LZMA_FILTER_LZMA2) {
            continue;
        }
        if (options->dict_size > plain_bytes) {
            options->dict_size = plain_bytes < DICTIONARY_MIN
                                     ? DICTIONARY_MIN
                                     : (uint32_t)plain_bytes;
        }
    }
}

static enum packed_step
begin(void *decoder, struct packed_io *io, const struct packed_segment *segment,
    const char **why)
{
    struct xz_decoder *xz = decoder;
    lzma_ret status;

    xz->block = (lzma_block){
        .version = 1,
        .check = (lzma_check)segment->check,
        .filters = xz->filters,
        .header_size = lzma_block_header_size_decode(io->in[0]),
    };
    if (!lzma_check_is_supported(xz->block.check)) {
        *why = "xz: a kind of checksum that liblzma does not know";
        return PACKED_BAD;
    }
    if (io->in[0] == 0 || xz->block.header_size >= io->in_bytes) {
        *why = "xz: no block where the index says";
        return PACKED_BAD;
    }
    status = lzma_block_header_decode(&xz->block, NULL, io->in);
    if (status != LZMA_OK) {
        *why = status_text(status);
        return PACKED_BAD;
    }
    limit_dictionary(xz->filters, segment->plain_bytes);
    io->in += xz->block.header_size;
    io->in_bytes -= xz->block.header_size;
    status = lzma_block_decoder(&xz->stream, &xz->block);
    lzma_filters_free(xz->filters, NULL);
    if (status != LZMA_OK) {
        *why = status_text(status);
        return PACKED_BAD;
    }
    return PACKED_MORE;
}

static enum packed_step
step(void *decoder, struct packed_io *io, const char **why)
{
    struct xz_decoder *xz = decoder;

    xz->stream.next_in = io->in;
    xz->stream.avail_in = io->in_bytes;
    xz->stream.next_out = io->out;
    xz->stream.avail_out = io->out_bytes;
    lzma_ret status = lzma_code(&xz->stream, LZMA_RUN);
    io->in = xz->stream.next_in;
    io->in_bytes = xz->stream.avail_in;
    io->out = xz->stream.next_out;
    io->out_bytes = xz->stream.avail_out;
    switch (status) {
    case LZMA_STREAM_END:
        return PACKED_END;
    case LZMA_OK:
    case LZMA_BUF_ERROR:
        return PACKED_MORE;
    default:
        *why = status_text(status);
        return PACKED_BAD;
    }
}

const struct packed_format corpus_xz = {
    .name = "xz",
    .is_magic = is_magic,
    .scan = scan,
    .decoder_new = decoder_new,
    .decoder_free = decoder_free,
    .begin = begin,
    .step = step,
};
