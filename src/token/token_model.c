/*
 * token_model.c
 *
 * A tokenizer.model of SentencePiece: a protocol buffer whose fields are read
 * here as far as they matter.  A message is a row of fields, each a number
 * (which field, and how it is stored) and its value; unknown ones are skipped.
 */
#include "token/token_parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/report.h"
#include "token/token_scored.h"

/* How a value is stored. */
enum wire {
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_32 = 5,
};

/* Fields of the whole, of a piece, of the trainer, of the normalizer. */
#define MODEL_PIECE          1
#define MODEL_TRAINER        2
#define MODEL_NORMALIZER     3
#define PIECE_TEXT           1
#define PIECE_SCORE          2
#define PIECE_TYPE           3
#define TRAINER_TYPE         3
#define NORMALIZER_MAP       2
#define NORMALIZER_PREFIX    3
#define NORMALIZER_EXTRA     4
#define NORMALIZER_SPACES    5
#define TRAINER_TYPE_UNIGRAM 1
#define TRAINER_TYPE_BPE     2

/* A message, or what is left of it; offsets are in the file, for messages. */
struct message {
    const char *path;
    const uint8_t *file, *at, *end;
};

struct field {
    unsigned number;
    enum wire wire;
    uint64_t value;      /* of a number */
    const uint8_t *data; /* of bytes */
    size_t bytes;
};

struct model {
    const char *path;
    struct token_scored *items;
    size_t n_items, n_items_max;
    uint64_t type;
    bool has_map, has_prefix, removes_spaces, escapes_spaces;
};

static int
refuse(const struct message *message, const char *what)
{
    report_error("%s: byte %zu: not a SentencePiece model: %s", message->path,
        (size_t)(message->at - message->file), what);
    return -1;
}

static int
read_varint(struct message *message, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (message->at == message->end) {
            return refuse(message, "a number is cut short");
        }
        uint8_t byte = *message->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return 0;
        }
    }
    return refuse(message, "a number of more than 64 bits");
}

/* The next field.  Returns 1, 0 at the end, or -1. */
static int
next_field(struct message *message, struct field *field)
{
    uint64_t key;

    if (message->at == message->end) {
        return 0;
    }
    if (read_varint(message, &key) != 0) {
        return -1;
    }
    *field = (struct field){
        .number = (unsigned)(key >> 3), .wire = (enum wire)(key & 7)};
    size_t left = (size_t)(message->end - message->at);
    switch (field->wire) {
    case WIRE_VARINT:
        return read_varint(message, &field->value) == 0 ? 1 : -1;
    case WIRE_32:
        field->bytes = 4;
        break;
    case WIRE_64:
        field->bytes = 8;
        break;
    case WIRE_BYTES:
        if (read_varint(message, &field->value) != 0) {
            return -1;
        }
        left = (size_t)(message->end - message->at);
        if (field->value > left) {
            return refuse(message, "a field is longer than the file");
        }
        field->bytes = (size_t)field->value;
        break;
    default:
        return refuse(message, "a field of an unknown form");
    }
    if (field->bytes > left) {
        return refuse(message, "a field is cut short");
    }
    field->data = message->at;
    message->at += field->bytes;
    return 1;
}

static struct message
inner(const struct message *message, const struct field *field)
{
    return (struct message){
        message->path, message->file, field->data, field->data + field->bytes};
}

static int
read_piece(struct model *model, struct message message)
{
    struct token_scored item = {.text = "", .type = TOKEN_SCORED_NORMAL};
    struct field field;
    void *block = model->items;
    int rc;

    while ((rc = next_field(&message, &field)) > 0) {
        if (field.number == PIECE_TEXT && field.wire == WIRE_BYTES) {
            item.text = (const char *)field.data;
            item.bytes = field.bytes;
        } else if (field.number == PIECE_SCORE && field.wire == WIRE_32) {
            uint32_t bits = bytes_load_u32(field.data);
            float score;
            memcpy(&score, &bits, sizeof(score));
            item.score = (double)score;
        } else if (field.number == PIECE_TYPE && field.wire == WIRE_VARINT) {
            item.type = field.value <= TOKEN_SCORED_BYTE
                            ? (enum token_scored_type)field.value
                            : (enum token_scored_type)0;
        }
    }
    if (rc < 0 || mem_grow(&block, &model->n_items_max, model->n_items,
                      model->n_items + 1, sizeof(item)) != 0) {
        return -1;
    }
    model->items = block;
    model->items[model->n_items++] = item;
    return 0;
}

static int
read_trainer(struct model *model, struct message message)
{
    struct field field;
    int rc;

    while ((rc = next_field(&message, &field)) > 0) {
        if (field.number == TRAINER_TYPE && field.wire == WIRE_VARINT) {
            model->type = field.value;
        }
    }
    return rc;
}

static int
read_normalizer(struct model *model, struct message message)
{
    struct field field;
    int rc;

    while ((rc = next_field(&message, &field)) > 0) {
        bool is_number = field.wire == WIRE_VARINT;
        if (field.number == NORMALIZER_MAP && field.wire == WIRE_BYTES) {
            model->has_map = field.bytes > 0;
        } else if (field.number == NORMALIZER_PREFIX && is_number) {
            model->has_prefix = field.value != 0;
        } else if (field.number == NORMALIZER_EXTRA && is_number) {
            model->removes_spaces = field.value != 0;
        } else if (field.number == NORMALIZER_SPACES && is_number) {
            model->escapes_spaces = field.value != 0;
        }
    }
    return rc;
}

static int
read_model(struct model *model, struct message message)
{
    struct field field;
    int rc, inner_rc = 0;

    while ((rc = next_field(&message, &field)) > 0 && inner_rc == 0) {
        if (field.wire != WIRE_BYTES) {
            continue;
        }
        if (field.number == MODEL_PIECE) {
            inner_rc = read_piece(model, inner(&message, &field));
        } else if (field.number == MODEL_TRAINER) {
            inner_rc = read_trainer(model, inner(&message, &field));
        } else if (field.number == MODEL_NORMALIZER) {
            inner_rc = read_normalizer(model, inner(&message, &field));
        }
    }
    return rc < 0 || inner_rc != 0 ? -1 : 0;
}

static int
build(struct token_parts *parts, struct model *model)
{
    bool is_unigram = model->type == TRAINER_TYPE_UNIGRAM;
    char what[200];

    if (model->n_items == 0) {
        report_error("%s: not a SentencePiece model: no tokens", model->path);
        return -1;
    }
    if (!is_unigram && model->type != TRAINER_TYPE_BPE) {
        report_error("%s: a SentencePiece model of type %llu is not supported, "
                     "only unigram (1) and BPE (2) are",
            model->path, (unsigned long long)model->type);
        return -1;
    }
    if (!model->escapes_spaces) {
        report_error("%s: a SentencePiece model that does not write spaces as "
                     "U+2581 is not supported",
            model->path);
        return -1;
    }
    snprintf(what, sizeof(what), "%s%s%s",
        model->has_map ? "[a map of characters] " : "",
        model->removes_spaces ? "[removing extra spaces] " : "",
        model->has_prefix ? "[a space in front]" : "");
    token_scored_note_left_out(model->path, what);
    token_scored_adapt(model->items, model->n_items, is_unigram);
    return token_scored_build(
        parts, model->path, model->items, model->n_items, is_unigram);
}

int
token_parts_from_model(
    struct token_parts *parts, const char *path, const struct file_map *map)
{
    struct model model = {.path = path,
        .type = TRAINER_TYPE_UNIGRAM,
        .has_prefix = true,
        .removes_spaces = true,
        .escapes_spaces = true};
    struct message message = {
        path, map->data, map->data, map->data + map->bytes};
    int rc = read_model(&model, message);

    if (rc == 0) {
        rc = build(parts, &model);
    }
    mem_free(model.items);
    return rc;
}
