/*
 * tiny.c
 */
#include "tiny.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"

const char tiny_config[] =
    "{\"model_type\": \"llama\", \"hidden_size\": 8, "
    "\"num_hidden_layers\": 2, \"num_attention_heads\": 2, "
    "\"num_key_value_heads\": 1, \"intermediate_size\": 12, "
    "\"vocab_size\": 16, \"max_position_embeddings\": 64, "
    "\"tie_word_embeddings\": true, \"bos_token_id\": 1}";

struct entry {
    char name[64];
    size_t rows, columns; /* 0 columns: one axis */
};

/* The tensors of the tiny model, changed as asked; their number. */
static size_t
tiny_entries(struct entry *entries, const struct tiny *tiny)
{
    static const struct {
        const char *name;
        size_t rows, columns;
    } inside[] = {
        {"input_layernorm.weight", 8, 0},
        {"self_attn.q_proj.weight", 8, 8},
        {"self_attn.k_proj.weight", 4, 8},
        {"self_attn.v_proj.weight", 4, 8},
        {"self_attn.o_proj.weight", 8, 8},
        {"post_attention_layernorm.weight", 8, 0},
        {"mlp.gate_proj.weight", 12, 8},
        {"mlp.up_proj.weight", 12, 8},
        {"mlp.down_proj.weight", 8, 12},
    };
    size_t n = 0;

    entries[n++] = (struct entry){"model.embed_tokens.weight", 16, 8};
    entries[n++] = (struct entry){"model.norm.weight", 8, 0};
    for (size_t l = 0; l < 2; l++) {
        for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
            entries[n].rows = inside[i].rows;
            entries[n].columns = inside[i].columns;
            snprintf(entries[n].name, sizeof(entries[n].name),
                "model.layers.%zu.%s", l, inside[i].name);
            n++;
        }
    }
    if (tiny->extra != NULL) {
        entries[n] = (struct entry){"", 2, 0};
        snprintf(entries[n].name, sizeof(entries[n].name), "%s", tiny->extra);
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        if (tiny->wrong != NULL && strcmp(entries[i].name, tiny->wrong) == 0) {
            entries[i].rows++;
        }
        if (tiny->missing != NULL &&
            strcmp(entries[i].name, tiny->missing) == 0) {
            entries[i] = entries[--n];
        }
    }
    return n;
}

static void
tiny_weights(const char *path, const struct tiny *tiny)
{
    struct entry entries[32];
    char header[4096];
    float numbers[4096];
    size_t n_entries = tiny_entries(entries, tiny), n = 0;
    int h = snprintf(header, sizeof(header), "{");

    for (size_t e = 0; e < n_entries; e++) {
        const struct entry *entry = &entries[e];
        size_t columns = entry->columns == 0 ? 1 : entry->columns;
        size_t begin = n;
        for (size_t i = 0; i < entry->rows * columns; i++, n++) {
            numbers[n] = check_random(n);
        }
        if (tiny->poisoned != NULL &&
            strcmp(entry->name, tiny->poisoned) == 0) {
            numbers[n - 1] = tiny->poison;
        }
        h += snprintf(header + h, sizeof(header) - (size_t)h,
            "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu", e > 0 ? "," : "",
            entry->name, entry->rows);
        if (entry->columns > 0) {
            h += snprintf(
                header + h, sizeof(header) - (size_t)h, ",%zu", entry->columns);
        }
        h += snprintf(header + h, sizeof(header) - (size_t)h,
            "],\"data_offsets\":[%zu,%zu]}", 4 * begin, 4 * n);
    }
    h += snprintf(header + h, sizeof(header) - (size_t)h, "}");
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    uint64_t header_bytes = (uint64_t)h;
    fwrite(&header_bytes, 8, 1, f);
    fwrite(header, 1, (size_t)h, f);
    fwrite(numbers, sizeof(float), n, f);
    fclose(f);
}

const char *
tiny_write(const struct tiny *tiny)
{
    static char directory[1024];
    char path[1100];

    snprintf(directory, sizeof(directory), "%s", check_scratch("tiny"));
    mkdir(directory, 0777);
    snprintf(path, sizeof(path), "%s/config.json", directory);
    FILE *f = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(tiny->config == NULL ? tiny_config : tiny->config, f);
    fclose(f);
    snprintf(path, sizeof(path), "%s/model.safetensors", directory);
    tiny_weights(path, tiny);
    return directory;
}
