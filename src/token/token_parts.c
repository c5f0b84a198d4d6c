/*
 * token_parts.c - which kind of file a tokenizer is in.
 */
#include "token/token_parts.h"

#include <string.h>

#include "base/file.h"
#include "base/report.h"
#include "token/token_bpe.h"
#include "token/token_split.h"
#include "token/token_table.h"
#include "token/token_unigram.h"

void
token_parts_release(struct token_parts *parts)
{
    token_bpe_free(parts->bpe);
    token_unigram_free(parts->unigram);
    token_split_free(parts->split);
    token_table_free(parts->table);
    *parts = (struct token_parts){0};
}

/*
 * A tokenizer.model begins with a field of the kind 10, which is also a new
 * line: but then comes no brace.
 */
static bool
is_model(const struct file_map *map)
{
    size_t at = 0;

    while (at < map->bytes && memchr(" \t\r\n", map->data[at], 4) != NULL) {
        at++;
    }
    bool is_json =
        at < map->bytes && (map->data[at] == '{' || map->data[at] == '[');
    return map->bytes > 0 && map->data[0] == '\n' && !is_json;
}

static int
open_map(
    struct token_parts *parts, const char *path, const struct file_map *map)
{
    struct hash_sha256 *hash = hash_sha256_new();

    if (hash == NULL) {
        return -1;
    }
    hash_sha256_add(hash, map->data, map->bytes);
    hash_sha256_finish(hash, parts->sha256);
    hash_sha256_free(hash);
    if (is_model(map)) {
        return token_parts_from_model(parts, path, map);
    } else if (token_parts_is_tiktoken(map)) {
        return token_parts_from_tiktoken(parts, path, map);
    }
    return token_parts_from_json(parts, path, map);
}

int
token_parts_open(struct token_parts *parts, const char *path)
{
    struct file_map map;
    int rc = -1;

    if (!file_exists(path)) {
        report_error("%s: no such file; a tokenizer.json, a tokenizer.model "
                     "or a GGUF file is needed",
            path);
        return -1;
    }
    if (file_map_open(&map, path) != 0) {
        return -1;
    }
    bool is_gguf = map.bytes >= 4 && memcmp(map.data, "GGUF", 4) == 0;
    parts->split = token_split_new();
    if (parts->split != NULL) {
        rc = is_gguf ? token_parts_from_gguf(parts, path)
                     : open_map(parts, path, &map);
    }
    file_map_close(&map);
    return rc;
}
