/*
 * hash.c
 */
#include "base/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"

/* Of a mapped file, hashed before the pages are given back. */
#define PIECE_BYTES ((size_t)4 << 20)

struct hash_sha256 {
    EVP_MD_CTX *context;
};

struct hash_sha256 *
hash_sha256_new(void)
{
    struct hash_sha256 *hash = mem_alloc(1, sizeof(*hash));

    if (hash == NULL) {
        return NULL;
    }
    hash->context = EVP_MD_CTX_new();
    if (hash->context == NULL ||
        EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1) {
        report_error("SHA-256 is not available from libcrypto");
        hash_sha256_free(hash);
        return NULL;
    }
    return hash;
}

void
hash_sha256_free(struct hash_sha256 *hash)
{
    if (hash != NULL) {
        EVP_MD_CTX_free(hash->context);
        mem_free(hash);
    }
}

void
hash_sha256_add(struct hash_sha256 *hash, const void *data, size_t bytes)
{
    EVP_DigestUpdate(hash->context, data, bytes);
}

void
hash_sha256_add_map(struct hash_sha256 *hash, const struct file_map *map)
{
    for (size_t done = 0; done < map->bytes; done += PIECE_BYTES) {
        size_t left = map->bytes - done;
        hash_sha256_add(
            hash, map->data + done, left < PIECE_BYTES ? left : PIECE_BYTES);
        file_map_rest(map);
    }
}

void
hash_sha256_finish(struct hash_sha256 *hash, char hex[HASH_HEX_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    EVP_DigestFinal_ex(hash->context, digest, NULL);
    for (size_t i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
}

int
hash_file(char hex[HASH_HEX_BYTES], const char *path)
{
    struct file_map map;

    if (file_map_open(&map, path) != 0) {
        return -1;
    }
    struct hash_sha256 *hash = hash_sha256_new();
    if (hash != NULL) {
        hash_sha256_add_map(hash, &map);
        hash_sha256_finish(hash, hex);
    }
    hash_sha256_free(hash);
    file_map_close(&map);
    return hash == NULL ? -1 : 0;
}

uint64_t
hash_xxh64(const void *data, size_t bytes)
{
    return XXH64(data, bytes, 0);
}
