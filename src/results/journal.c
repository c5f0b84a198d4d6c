/*
 * journal.c
 *
 * A record is magic, type, payload length, payload, checksum of all before.
 * It goes out in one write(), so it survives the death of the process; against
 * the death of the machine a thread of its own syncs the file, at once and
 * then once a second while there are new records: a sync may take long, and
 * nobody waits for it.  The first record that is cut off or altered ends the
 * journal: its length cannot be believed, so nothing after it can be found.
 */
#include "results/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/report.h"
#include "results/fields.h"
#include "results/results.h"
#include "results/sync.h"

#define MAGIC      0x724a4c43u /* "CLJr" */
#define HEAD_BYTES 16
#define SUM_BYTES  8

/* A journal that is read gives its pages back after so many bytes. */
#define REST_BYTES ((size_t)8 << 20)

enum record_type { RECORD_HEADER = 1, RECORD_ROW = 2 };

/*
 * Seconds between syncs.  Larger: fewer waits for the disk when chunks are
 * short, and more rows lost when the machine loses power.
 */
#define SYNC_INTERVAL_S 1

struct journal {
    char *path;
    int fd;
    struct journal_shape shape;
    uint64_t bytes;  /* of whole records in the file */
    bool is_broken;  /* could not be cut back: no more rows */
    uint8_t *record; /* being put together */
    size_t record_bytes_max;

    pthread_t syncer;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    bool has_syncer;
    bool is_dirty; /* records were written since the last sync */
    bool is_closing;
    int sync_error; /* errno of a sync that failed; 0: none */
};

size_t
journal_row_bytes(const struct journal_shape *shape, uint64_t n_tokens)
{
    return FIELD_ROW_BYTES + 4 * shape->n_buckets +
           (shape->has_token_bits ? 4 * (size_t)n_tokens : 0);
}

/* Room for a record; the payload is at HEAD_BYTES. */
static int
reserve(struct journal *journal, size_t payload_bytes)
{
    return mem_grow((void **)&journal->record, &journal->record_bytes_max, 0,
        HEAD_BYTES + payload_bytes + SUM_BYTES, 1);
}

/* Wait for a second, or until closing.  With the mutex. */
static void
rest(struct journal *journal)
{
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SYNC_INTERVAL_S;
    while (!journal->is_closing && rc != ETIMEDOUT) {
        rc = pthread_cond_timedwait(&journal->changed, &journal->mutex, &until);
    }
}

/* The thread that syncs; what is new at the end is left to the closing. */
static void *
keep_synced(void *user)
{
    struct journal *journal = user;

    pthread_mutex_lock(&journal->mutex);
    while (!journal->is_closing) {
        if (!journal->is_dirty) {
            pthread_cond_wait(&journal->changed, &journal->mutex);
            continue;
        }
        journal->is_dirty = false;
        pthread_mutex_unlock(&journal->mutex);
        int error = fdatasync(journal->fd) != 0 && errno != EINVAL ? errno : 0;
        pthread_mutex_lock(&journal->mutex);
        if (error != 0) {
            journal->sync_error = error;
        }
        rest(journal);
    }
    pthread_mutex_unlock(&journal->mutex);
    return NULL;
}

/* Tell the thread of new records, hear of syncs that failed. */
static int
ask_for_sync(struct journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    int error = journal->sync_error;
    if (!journal->is_dirty) {
        journal->is_dirty = true;
        pthread_cond_signal(&journal->changed);
    }
    pthread_mutex_unlock(&journal->mutex);
    if (error != 0) {
        report_error("%s: %s", journal->path, strerror(error));
    }
    return error != 0 ? -1 : 0;
}

static int
start_syncer(struct journal *journal)
{
    int error = pthread_create(&journal->syncer, NULL, keep_synced, journal);

    journal->has_syncer = error == 0;
    if (error != 0) {
        report_error(
            "%s: no thread for syncing: %s", journal->path, strerror(error));
    }
    return error != 0 ? -1 : 0;
}

/* End the thread and sync what is left. */
static int
sync_last(struct journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
    journal->is_closing = true;
    pthread_cond_signal(&journal->changed);
    pthread_mutex_unlock(&journal->mutex);
    if (journal->has_syncer) {
        pthread_join(journal->syncer, NULL);
    }
    int error = journal->sync_error;
    if (error == 0 && journal->is_dirty && fdatasync(journal->fd) != 0 &&
        errno != EINVAL) {
        error = errno;
    }
    if (error != 0) {
        report_error("%s: %s", journal->path, strerror(error));
    }
    return error != 0 ? -1 : 0;
}

/* Free all but the file. */
static void
discard(struct journal *journal)
{
    pthread_cond_destroy(&journal->changed);
    pthread_mutex_destroy(&journal->mutex);
    mem_free(journal->path);
    mem_free(journal->record);
    mem_free(journal);
}

/* Report why a write failed; cut off what it left. */
static int
undo_write(struct journal *journal, int error)
{
    const char *advice =
        error == ENOSPC || error == EDQUOT
            ? "; make room and run the same command again: the rows so far "
              "are kept"
            : "";

    report_error("%s: %s%s", journal->path, strerror(error), advice);
    if (ftruncate(journal->fd, (off_t)journal->bytes) != 0) {
        journal->is_broken = true;
    }
    return -1;
}

/* Finish the record whose payload is in place and write it. */
static int
write_record(
    struct journal *journal, enum record_type type, uint64_t payload_bytes)
{
    uint8_t *record = journal->record;
    uint32_t magic = MAGIC, type_word = type;
    size_t bytes = HEAD_BYTES + (size_t)payload_bytes;

    memcpy(record, &magic, 4);
    memcpy(record + 4, &type_word, 4);
    memcpy(record + 8, &payload_bytes, 8);
    uint64_t sum = hash_xxh64(record, bytes);
    memcpy(record + bytes, &sum, SUM_BYTES);
    bytes += SUM_BYTES;
    for (size_t done = 0; done < bytes;) {
        ssize_t n = write(journal->fd, record + done, bytes - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return undo_write(journal, n < 0 ? errno : ENOSPC);
        }
        done += (size_t)n;
    }
    journal->bytes += bytes;
    return 0;
}

static int
write_header(struct journal *journal, const struct attribute_list *identity)
{
    uint32_t version = JOURNAL_VERSION;
    uint8_t *list = NULL;
    size_t list_bytes;
    int rc = -1;

    if (attribute_encode(&list, &list_bytes, identity->items, identity->n) ==
            0 &&
        reserve(journal, 4 + list_bytes) == 0) {
        memcpy(journal->record + HEAD_BYTES, &version, 4);
        memcpy(journal->record + HEAD_BYTES + 4, list, list_bytes);
        rc = write_record(journal, RECORD_HEADER, 4 + list_bytes);
    }
    mem_free(list);
    return rc;
}

struct journal *
journal_create(const char *path, const struct journal_shape *shape,
    const struct attribute_list *identity)
{
    struct journal *journal = mem_alloc(1, sizeof(*journal));

    if (journal == NULL) {
        return NULL;
    }
    journal->fd = -1;
    journal->shape = *shape;
    pthread_mutex_init(&journal->mutex, NULL);
    pthread_cond_init(&journal->changed, NULL);
    journal->path = mem_strdup(path);
    if (journal->path == NULL) {
        goto fail;
    }
    journal->fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (journal->fd < 0) {
        report_error("%s: %s", path, strerror(errno));
        goto fail;
    }
    /* The header goes to the disk with the first row. */
    if (write_header(journal, identity) != 0 || sync_parent(path) != 0 ||
        start_syncer(journal) != 0) {
        unlink(path);
        goto fail;
    }
    return journal;
fail:
    if (journal->fd >= 0) {
        close(journal->fd);
    }
    discard(journal);
    return NULL;
}

int
journal_append(struct journal *journal, const struct result_row *row)
{
    const struct journal_shape *shape = &journal->shape;
    size_t bytes = journal_row_bytes(shape, row->tokens);

    if (journal->is_broken) {
        report_error("%s: not usable after a failed write", journal->path);
        return -1;
    }
    if (reserve(journal, bytes) != 0) {
        return -1;
    }
    uint8_t *p = journal->record + HEAD_BYTES;
    field_pack(p, row);
    p += FIELD_ROW_BYTES;
    if (shape->n_buckets > 0) {
        memcpy(p, row->bits_by_position, 4 * shape->n_buckets);
        p += 4 * shape->n_buckets;
    }
    if (shape->has_token_bits && row->tokens > 0) {
        memcpy(p, row->token_bits, 4 * (size_t)row->tokens);
    }
    if (write_record(journal, RECORD_ROW, bytes) != 0) {
        return -1;
    }
    return ask_for_sync(journal);
}

int
journal_close(struct journal *journal)
{
    if (journal == NULL) {
        return 0;
    }
    int rc = sync_last(journal);
    if (close(journal->fd) != 0 && rc == 0) {
        report_error("%s: %s", journal->path, strerror(errno));
        rc = -1;
    }
    discard(journal);
    return rc;
}

/* The payload of the record at reader->at, or NULL if it is not whole. */
static const uint8_t *
take_record(struct journal_reader *reader, enum record_type type,
    uint64_t *payload_bytes)
{
    const uint8_t *p = reader->map.data + reader->at;
    size_t left = reader->map.bytes - reader->at;

    if (left < HEAD_BYTES + SUM_BYTES || bytes_load_u32(p) != MAGIC ||
        bytes_load_u32(p + 4) != (uint32_t)type) {
        return NULL;
    }
    uint64_t bytes = bytes_load_u64(p + 8);
    if (bytes > left - HEAD_BYTES - SUM_BYTES) {
        return NULL;
    }
    uint64_t sum = hash_xxh64(p, HEAD_BYTES + (size_t)bytes);
    if (bytes_load_u64(p + HEAD_BYTES + bytes) != sum) {
        return NULL;
    }
    reader->at += HEAD_BYTES + (size_t)bytes + SUM_BYTES;
    *payload_bytes = bytes;
    return p + HEAD_BYTES;
}

enum journal_outcome
journal_reader_open(struct journal_reader *reader, const char *path,
    const struct journal_shape *shape, const struct attribute_list *identity)
{
    struct attribute_list found = {0};
    enum journal_outcome outcome = JOURNAL_OTHER;
    uint64_t bytes;

    memset(reader, 0, sizeof(*reader));
    reader->path = path;
    reader->shape = *shape;
    if (file_map_open(&reader->map, path) != 0) {
        return JOURNAL_FAILED;
    }
    const uint8_t *payload = take_record(reader, RECORD_HEADER, &bytes);
    if (payload == NULL || bytes < 4) {
        return JOURNAL_WITHOUT_HEADER;
    }
    uint32_t version = bytes_load_u32(payload);
    if (version != JOURNAL_VERSION) {
        snprintf(reader->problem, sizeof(reader->problem),
            "journal version: %u there, %u now", version, JOURNAL_VERSION);
    } else if (attribute_decode(&found, payload + 4, (size_t)bytes - 4) != 0) {
        snprintf(reader->problem, sizeof(reader->problem),
            "its first record cannot be read");
    } else if (attribute_all_equal(reader->problem, sizeof(reader->problem),
                   identity, &found)) {
        outcome = JOURNAL_OK;
    }
    attribute_list_release(&found);
    return outcome;
}

/* Whether a payload with a right checksum is also a row of this run. */
static bool
is_row(
    const struct journal_shape *shape, const uint8_t *payload, uint64_t bytes)
{
    if (bytes < FIELD_ROW_BYTES ||
        field_packed_u64(payload, FIELD_INDEX) >= shape->n_chunks) {
        return false;
    }
    uint64_t n_tokens = field_packed_u64(payload, FIELD_TOKENS);
    return n_tokens <= UINT64_MAX / 8 &&
           bytes == journal_row_bytes(shape, n_tokens);
}

const uint8_t *
journal_reader_next(struct journal_reader *reader)
{
    size_t start = reader->at;
    uint64_t bytes;

    if (reader->is_damaged || start == reader->map.bytes) {
        return NULL;
    }
    const uint8_t *payload = take_record(reader, RECORD_ROW, &bytes);
    if (payload == NULL || !is_row(&reader->shape, payload, bytes)) {
        reader->at = start;
        reader->is_damaged = true;
        return NULL;
    }
    reader->n_rows++;
    if (start / REST_BYTES != reader->at / REST_BYTES) {
        file_map_rest(&reader->map);
    }
    return payload;
}

void
journal_reader_rest(const struct journal_reader *reader)
{
    file_map_rest(&reader->map);
}

void
journal_reader_close(struct journal_reader *reader)
{
    file_map_close(&reader->map);
}
