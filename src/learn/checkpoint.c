/*
 * checkpoint.c
 */
#include "learn/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/replace.h"
#include "base/report.h"

#define MAGIC   "CLtc"
#define VERSION 1

/* Vectors begin at multiples of this, so that a mapped one is aligned. */
#define ALIGN 64

/* The first bytes of a file. */
struct head {
    char magic[4];
    uint32_t version;
    uint64_t identity_bytes;
    uint64_t size, n_vectors;
    struct checkpoint_state state;
    uint64_t sums[CHECKPOINT_VECTORS_MAX]; /* XXH64 of each vector */
    uint64_t identity_sum;
    uint64_t sum; /* of the head up to here */
};

static uint64_t
head_sum(const struct head *head)
{
    return hash_xxh64(head, offsetof(struct head, sum));
}

static uint64_t
align(uint64_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

int
checkpoint_write(const char *path, const struct checkpoint *c)
{
    const uint8_t zeros[ALIGN] = {0};
    struct head head;
    uint8_t *identity;
    size_t identity_bytes, bytes = c->size * sizeof(float);
    struct replace *file = NULL;
    int rc = -1;

    if (attribute_encode(&identity, &identity_bytes, c->identity.items,
            c->identity.n) != 0) {
        return -1;
    }
    memset(&head, 0, sizeof(head));
    memcpy(head.magic, MAGIC, sizeof(head.magic));
    head.version = VERSION;
    head.identity_bytes = identity_bytes;
    head.size = c->size;
    head.n_vectors = c->n_vectors;
    head.state = c->state;
    for (size_t i = 0; i < c->n_vectors; i++) {
        head.sums[i] = hash_xxh64(c->vectors[i], bytes);
    }
    head.identity_sum = hash_xxh64(identity, identity_bytes);
    head.sum = head_sum(&head);

    file = replace_begin(path);
    if (file != NULL) {
        size_t used = sizeof(head) + identity_bytes;
        replace_write(file, &head, sizeof(head));
        replace_write(file, identity, identity_bytes);
        replace_write(file, zeros, align(used) - used);
        for (size_t i = 0; i < c->n_vectors; i++) {
            replace_write(file, c->vectors[i], bytes);
            replace_write(file, zeros, align(bytes) - bytes);
        }
        rc = replace_finish(file);
    }
    mem_free(identity);
    return rc;
}

/* NULL if the head fits the file, else what is wrong. */
static const char *
check_head(const struct head *head, uint64_t file_bytes)
{
    if (memcmp(head->magic, MAGIC, sizeof(head->magic)) != 0) {
        return "not a checkpoint";
    }
    if (head->version > VERSION) {
        return "made by a newer version of codelen";
    }
    if (head->version != VERSION || head->sum != head_sum(head) ||
        head->n_vectors > CHECKPOINT_VECTORS_MAX) {
        return "its head is damaged";
    }
    /* The head is what was written, but guard the sums against wrapping. */
    if (head->identity_bytes > file_bytes || head->size > file_bytes) {
        return "cut off";
    }
    uint64_t bytes = align(sizeof(*head) + head->identity_bytes) +
                     head->n_vectors * align(head->size * sizeof(float));
    return file_bytes < bytes   ? "cut off"
           : file_bytes > bytes ? "longer than it should be"
                                : NULL;
}

/* Set everything but the map; NULL, or what is wrong. */
static const char *
parse(struct checkpoint *c)
{
    struct head head;

    if (c->map.bytes < sizeof(head)) {
        return "cut off";
    }
    memcpy(&head, c->map.data, sizeof(head));
    const char *wrong = check_head(&head, c->map.bytes);
    if (wrong != NULL) {
        return wrong;
    }
    const uint8_t *p = c->map.data + sizeof(head);
    if (hash_xxh64(p, head.identity_bytes) != head.identity_sum ||
        attribute_decode(&c->identity, p, head.identity_bytes) != 0) {
        return "its options are damaged";
    }
    c->state = head.state;
    c->size = head.size;
    c->n_vectors = head.n_vectors;
    p = c->map.data + align(sizeof(head) + head.identity_bytes);
    for (size_t i = 0; i < head.n_vectors; i++) {
        c->vectors[i] = (const float *)(const void *)p;
        if (hash_xxh64(p, head.size * sizeof(float)) != head.sums[i]) {
            return "its numbers are damaged";
        }
        p += align(head.size * sizeof(float));
    }
    return NULL;
}

int
checkpoint_read(struct checkpoint *c, const char *path,
    char reason[CHECKPOINT_REASON_BYTES])
{
    const char *wrong = "cannot be read";

    memset(c, 0, sizeof(*c));
    if (!file_exists(path)) {
        wrong = "no such file";
    } else if (file_map_open(&c->map, path) == 0) {
        wrong = parse(c);
    }
    if (wrong == NULL) {
        return 0;
    }
    snprintf(reason, CHECKPOINT_REASON_BYTES, "%s", wrong);
    return -1;
}

void
checkpoint_release(struct checkpoint *c)
{
    attribute_list_release(&c->identity);
    file_map_close(&c->map);
    memset(c, 0, sizeof(*c));
}
