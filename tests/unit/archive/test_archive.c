/*
 * test_archive.c
 *
 * Any bytes come back from an archive of them; what cannot be made shorter
 * grows by 0.1 % and 64 bytes at most; an archive of which one bit was altered
 * or which was cut off anywhere never opens.
 */
#include <string.h>

#include "archive/archive_block.h"
#include "archive/archive_index.h"
#include "archive/archive_reader.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/rng.h"
#include "check.h"
#include "compose.h"
#include "math/kernels.h"
#include "predict/predict.h"

#define MODEL "model:tests/reference/models/bytes-bf16"

static struct predictor *
open_named(const char *name)
{
    struct predictor_options options = {
        .name = name,
        .kernels = kernels_find(MATH_EXACT, NULL),
        .n_threads = 1,
    };
    struct predictor *predictor = predictor_open(&options);

    CU_ASSERT_PTR_NOT_NULL_FATAL(predictor);
    return predictor;
}

/* LIKELY: what the predictor chooses in chunks of LIKELY_CHUNK. */
#define LIKELY_CHUNK 100
enum content { ZEROS, RANDOM, ALL_VALUES, WORDS, INVALID, LIKELY };
#define N_CONTENTS 6

static void
fill(uint8_t *out, size_t bytes, enum content content,
    const struct predictor *predictor)
{
    static const char words[] = "so many words that come again and again. ";

    if (content == LIKELY) {
        compose_sample(out, bytes, predictor, LIKELY_CHUNK);
        return;
    }
    for (size_t i = 0; i < bytes; i++) {
        uint64_t random = rng_at(check_seed(), i);
        out[i] = content == ZEROS        ? 0
                 : content == RANDOM     ? (uint8_t)(random >> 20)
                 : content == ALL_VALUES ? (uint8_t)i
                 : content == WORDS ? (uint8_t)words[i % (sizeof(words) - 1)]
                                    : (uint8_t)(0xc0 + random % 64);
    }
}

/* Returns the size of the archive. */
static size_t
check_round_trip(const struct predictor *predictor,
    const struct archive_header *header, const uint8_t *raw, size_t raw_bytes)
{
    size_t bytes = 0, back_bytes = 0;
    uint8_t *archive =
        compose_archive(&bytes, header, predictor, raw, raw_bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
    uint8_t *back = open_archive(&back_bytes, predictor, archive, bytes);

    CU_ASSERT_PTR_NOT_NULL(back);
    CU_ASSERT_EQUAL(back_bytes, raw_bytes);
    CU_ASSERT(back != NULL && memcmp(back, raw, raw_bytes) == 0);
    mem_free(back);
    mem_free(archive);
    return bytes;
}

static void
test_sizes_around_chunks_and_blocks_come_back(void)
{
    static const size_t sizes[] = {
        0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000};
    struct predictor *predictor = open_named("ngram:2");
    struct archive_header header = compose_header("ngram:2", 16);
    uint8_t raw[1000];

    header.block_chunks = 4;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int content = 0; content < N_CONTENTS; content++) {
            fill(raw, sizes[i], (enum content)content, predictor);
            check_round_trip(predictor, &header, raw, sizes[i]);
        }
    }
    predictor_close(predictor);
}

static void
test_an_archive_of_a_model_comes_back(void)
{
    struct predictor *predictor = open_named(MODEL);
    struct archive_header header = compose_header("model", LIKELY_CHUNK);
    uint8_t raw[900];

    for (int content = 0; content < N_CONTENTS; content++) {
        fill(raw, sizeof(raw), (enum content)content, predictor);
        size_t bytes = check_round_trip(predictor, &header, raw, sizeof(raw));
        CU_ASSERT(content != LIKELY || bytes < sizeof(raw));
    }
    predictor_close(predictor);
}

static void
test_random_bytes_hardly_grow(void)
{
    static const size_t sizes[] = {0, 1, 10, 100, 999, 1000, 2000, 2048, 10000,
        131072, 131073, 300000, 1000000};
    struct predictor *predictor = open_named("uniform");
    uint8_t *raw = mem_alloc(1000000, 1);

    fill(raw, 1000000, RANDOM, NULL);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct archive_header header = compose_header("uniform", 2048);
        if (sizes[i] <= header.chunk_bytes * header.block_chunks) {
            header = archive_header_stored(&header);
        } else {
            strcpy(header.name, "a-name-of-31-bytes-a-long-one--");
            memset(header.model_sha256, 'a', HASH_HEX_BYTES - 1);
            memset(header.tokenizer_sha256, 'b', HASH_HEX_BYTES - 1);
        }
        size_t bytes = check_round_trip(predictor, &header, raw, sizes[i]);
        CHECK_WITHIN(
            (double)bytes, (double)sizes[i], 64 + 0.001 * (double)sizes[i]);
    }
    mem_free(raw);
    predictor_close(predictor);
}

static bool
opens(const struct predictor *predictor, const uint8_t *archive, size_t bytes)
{
    size_t raw_bytes;
    uint8_t *copy = check_guarded(bytes);
    unsigned n_errors = report_error_count();

    memcpy(copy, archive, bytes);
    report_hold(true, "");
    uint8_t *raw = open_archive(&raw_bytes, predictor, copy, bytes);
    report_discard();
    report_hold(false, NULL);
    CU_ASSERT((raw == NULL) == (report_error_count() > n_errors));
    mem_free(raw);
    check_guarded_free(copy, bytes);
    return raw != NULL;
}

static void
check_damage(const char *name, const char *kind, enum content content,
    size_t chunk_bytes)
{
    struct predictor *predictor = open_named(name);
    struct archive_header header = compose_header(kind, chunk_bytes);
    uint8_t raw[200];
    size_t bytes = 0;

    header.block_chunks = 3;
    fill(raw, sizeof(raw), content, predictor);
    if (content == RANDOM) {
        fill(raw, 100, WORDS, predictor); /* stored chunks in a coded block */
    }
    uint8_t *archive =
        compose_archive(&bytes, &header, predictor, raw, sizeof(raw));
    CU_ASSERT_PTR_NOT_NULL_FATAL(archive);
    CU_ASSERT(opens(predictor, archive, bytes));
    for (size_t i = 0; i < 8 * bytes; i++) {
        archive[i / 8] ^= (uint8_t)(1 << i % 8);
        CU_ASSERT(!opens(predictor, archive, bytes));
        archive[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t n = 1; n < bytes; n++) {
        CU_ASSERT(!opens(predictor, archive, n));
    }
    mem_free(archive);
    predictor_close(predictor);
}

static void
test_every_altered_bit_and_truncation_is_an_error(void)
{
    check_damage("ngram:2", "ngram:2", WORDS, 32);
    check_damage("ngram:2", "ngram:2", RANDOM, 32);
    check_damage("uniform", "uniform", RANDOM, 32);
    check_damage(MODEL, "model", LIKELY, LIKELY_CHUNK);
}

static void
test_bytes_after_the_end_are_an_error(void)
{
    struct predictor *predictor = open_named("uniform");
    struct archive_header header = compose_header("uniform", 32);
    size_t bytes = 0;
    uint8_t *archive =
        compose_archive(&bytes, &header, predictor, (const uint8_t *)"ab", 2);
    uint8_t longer[200] = {0};

    memcpy(longer, archive, bytes);
    CU_ASSERT(opens(predictor, longer, bytes));
    CU_ASSERT(!opens(predictor, longer, bytes + 1));
    mem_free(archive);
    predictor_close(predictor);
}

static void
test_the_index_finds_every_block(void)
{
    struct predictor *predictor = open_named("ngram:1");
    struct archive_header header = compose_header("ngram:1", 16);
    uint8_t raw[1000];
    size_t bytes = 0;

    header.block_chunks = 4;
    fill(raw, sizeof(raw), WORDS, predictor);
    fill(raw + 300, 300, RANDOM, predictor);
    uint8_t *archive =
        compose_archive(&bytes, &header, predictor, raw, sizeof(raw));
    FILE *file = fmemopen(archive, bytes, "rb");
    struct archive_reader *reader = archive_reader_new(file, "archive");
    struct archive_index end;
    struct archive_read_block block;

    CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
    CU_ASSERT_EQUAL_FATAL(archive_reader_find_end(reader, &end), 0);
    CU_ASSERT_EQUAL(end.n_blocks, 16);
    CU_ASSERT_EQUAL(end.raw_bytes, sizeof(raw));
    for (uint64_t i = end.n_blocks; i-- > 0;) {
        CU_ASSERT_EQUAL(archive_reader_seek(reader, &end, i), 0);
        CU_ASSERT_EQUAL(archive_reader_next(reader, &block), ARCHIVE_BLOCK);
        CU_ASSERT_EQUAL(block.number, i);
        CU_ASSERT_EQUAL(block.first_byte, 64 * i);
        CU_ASSERT_EQUAL(block.block.raw_bytes, i == 15 ? 40 : 64);
    }
    archive_index_release(&end);
    archive_reader_free(reader);
    fclose(file);
    mem_free(archive);
    predictor_close(predictor);
}

static CU_TestInfo tests[] = {
    CHECK_TEST(test_sizes_around_chunks_and_blocks_come_back),
    CHECK_TEST(test_an_archive_of_a_model_comes_back),
    CHECK_TEST(test_random_bytes_hardly_grow),
    CHECK_TEST(test_every_altered_bit_and_truncation_is_an_error),
    CHECK_TEST(test_bytes_after_the_end_are_an_error),
    CHECK_TEST(test_the_index_finds_every_block),
    CU_TEST_INFO_NULL,
};

CHECK_MAIN("archive", tests)
