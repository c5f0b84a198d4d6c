/*
 * attributes.h - a growing list of attributes that owns its texts.
 */
#ifndef CMD_ATTRIBUTES_H
#define CMD_ATTRIBUTES_H

#include <stddef.h>
#include <stdint.h>

struct attribute;
struct attributes;
struct options;

struct attributes *attributes_new(void);
void attributes_free(struct attributes *list);

/*
 * Add one; group and name are kept.  A failed allocation is reported and
 * remembered: attributes_failed().
 */
void attributes_text(struct attributes *list, const char *group,
    const char *name, const char *text);
void attributes_u64(struct attributes *list, const char *group,
    const char *name, uint64_t value);
void attributes_f64(
    struct attributes *list, const char *group, const char *name, double value);

/* Every option with its effective value and whether that is the default. */
void attributes_options(struct attributes *list, const struct options *options);

/* Version, compiler, libraries; start from the "build" group. */
void attributes_build(struct attributes *list);

/* Forget all but the first n. */
void attributes_truncate(struct attributes *list, size_t n);

const struct attribute *attributes_list(const struct attributes *list);
size_t attributes_count(const struct attributes *list);
int attributes_failed(const struct attributes *list);

#endif /* CMD_ATTRIBUTES_H */
