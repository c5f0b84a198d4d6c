/*
 * hash.h - SHA-256 of what goes into a run, XXH64 of what is written.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Characters of a SHA-256 in hexadecimal, with the final zero. */
#define HASH_HEX_BYTES 65

struct file_map;
struct hash_sha256;

/* Owner: the caller frees with hash_sha256_free(). */
struct hash_sha256 *hash_sha256_new(void);
void hash_sha256_free(struct hash_sha256 *hash);
void hash_sha256_add(struct hash_sha256 *hash, const void *data, size_t bytes);

/* Add a mapped file, of which little is in memory at a time. */
void hash_sha256_add_map(struct hash_sha256 *hash, const struct file_map *map);

/* The hash of all bytes added so far; the object cannot be used further. */
void hash_sha256_finish(struct hash_sha256 *hash, char hex[HASH_HEX_BYTES]);

/* SHA-256 of a whole file. */
int hash_file(char hex[HASH_HEX_BYTES], const char *path);

/* XXH64, seed 0: the checksum of records in a journal. */
uint64_t hash_xxh64(const void *data, size_t bytes);

#endif /* BASE_HASH_H */
