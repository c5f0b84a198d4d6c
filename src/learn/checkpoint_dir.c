/*
 * checkpoint_dir.c - the checkpoints of a directory: DIR/checkpoint-STEP.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/report.h"
#include "learn/checkpoint.h"

#define PREFIX "checkpoint-"

/* How many are kept. */
#define KEPT 2

static char *
path_of(const char *directory, uint64_t step)
{
    return mem_printf("%s/" PREFIX "%012" PRIu64, directory, step);
}

/* Whether name is that of a checkpoint. */
static bool
parse_name(uint64_t *step, const char *name)
{
    size_t n = strlen(PREFIX);

    if (strncmp(name, PREFIX, n) != 0 ||
        strspn(name + n, "0123456789") != strlen(name + n) ||
        strlen(name + n) != 12) {
        return false;
    }
    *step = strtoull(name + n, NULL, 10);
    return true;
}

static int
by_falling_step(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* The steps of all that are there, the last first.  Freed with mem_free(). */
static int
list_steps(uint64_t **steps, size_t *n, const char *directory)
{
    DIR *dir = opendir(directory);
    size_t n_max = 0;
    int rc = 0;

    *steps = NULL;
    *n = 0;
    if (dir == NULL) {
        report_error("%s: %s", directory, strerror(errno));
        return -1;
    }
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        uint64_t step;
        if (!parse_name(&step, e->d_name)) {
            continue;
        }
        rc = mem_grow((void **)steps, &n_max, *n, *n + 1, sizeof(**steps));
        if (rc != 0) {
            break;
        }
        (*steps)[(*n)++] = step;
    }
    closedir(dir);
    if (*n > 0) {
        qsort(*steps, *n, sizeof(**steps), by_falling_step);
    }
    return rc;
}

/*
 * Keep n_kept of those up to a step.  Later ones are damaged or belong to
 * steps that are done anew.
 */
static int
prune(const char *directory, size_t n_kept, uint64_t step)
{
    uint64_t *steps;
    size_t n;
    int rc = list_steps(&steps, &n, directory);

    for (size_t i = 0; i < n && rc == 0; i++) {
        if (steps[i] <= step && n_kept > 0) {
            n_kept--;
            continue;
        }
        char *path = path_of(directory, steps[i]);
        if (path == NULL) {
            rc = -1;
        } else if (unlink(path) != 0) {
            report_error("%s: %s", path, strerror(errno));
            rc = -1;
        }
        mem_free(path);
    }
    mem_free(steps);
    return rc;
}

int
checkpoint_save(const char *directory, const struct checkpoint *c)
{
    char *path = path_of(directory, c->state.step);
    int rc = path == NULL ? -1 : checkpoint_write(path, c);

    mem_free(path);
    return rc == 0 ? prune(directory, KEPT, c->state.step) : -1;
}

int
checkpoint_clear(const char *directory)
{
    return prune(directory, 0, 0);
}

int
checkpoint_last(struct checkpoint *c, size_t *n_damaged, const char *directory)
{
    char reason[CHECKPOINT_REASON_BYTES];
    uint64_t *steps;
    size_t n;
    int found = list_steps(&steps, &n, directory) == 0 ? 0 : -1;

    memset(c, 0, sizeof(*c));
    *n_damaged = 0;
    for (size_t i = 0; i < n && found == 0; i++) {
        char *path = path_of(directory, steps[i]);
        if (path == NULL) {
            found = -1;
        } else if (checkpoint_read(c, path, reason) == 0) {
            found = 1;
        } else {
            report_warning("%s: %s; looking for the one before", path, reason);
            checkpoint_release(c);
            ++*n_damaged;
        }
        mem_free(path);
    }
    mem_free(steps);
    return found;
}
