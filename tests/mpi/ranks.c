/*
 * ranks.c
 */
#include "ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "par/par.h"
#include "rows.h"

int
ranks_main(struct par **par, int argc, char **argv, const char *name,
    CU_TestInfo *tests)
{
    *par = par_start(&argc, &argv);
    if (*par == NULL) {
        return EXIT_FAILURE;
    }
    int status = check_run(name, tests);
    par_finish(*par);
    return status;
}

const char *
ranks_scratch(struct par *par, const char *name)
{
    static char path[1024];

    if (par_rank(par) == 0) {
        snprintf(path, sizeof(path), "%s", check_scratch(name));
        unlink(path);
    }
    par_broadcast(par, path, sizeof(path), 0);
    return path;
}

uint64_t
ranks_count_wrong(struct par *par, const struct rows *rows)
{
    uint64_t n_wrong = par_rank(par) == 0 ? rows_count_wrong(rows) : 0;

    par_sum_u64(par, &n_wrong, 1);
    return n_wrong;
}

/* stderr as it was, and the pipe in its place. */
static int old_stderr = -1, ends[2];

void
ranks_listen(void)
{
    fflush(stderr);
    if (pipe(ends) != 0) {
        abort();
    }
    old_stderr = dup(2);
    dup2(ends[1], 2);
}

const char *
ranks_heard(void)
{
    static char text[4096];

    dup2(old_stderr, 2);
    close(old_stderr);
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    return text;
}

void
ranks_check_heard(struct par *par, const char *text, const char *want)
{
    if (par_rank(par) == 0) {
        if (strstr(text, want) == NULL) {
            printf("\n  wanted \"%s\" in \"%s\"\n", want, text);
        }
        CU_ASSERT(strstr(text, want) != NULL);
    }
}
