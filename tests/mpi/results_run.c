/*
 * results_run.c - a made-up run from the command line, for scripts.
 *
 *     results_run OUT ROWS BUCKETS [ROWS-PER-RANK [token-bits]]
 *
 * Appends at most ROWS-PER-RANK rows on each rank and finishes the output if
 * none is missing then.  Prints rows, seconds and bytes; exits with 0 when
 * complete and right, 75 when rows are missing, 1 when something failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/report.h"
#include "par/par.h"
#include "rows.h"

static int
run(struct par *par, int argc, char **argv)
{
    if (argc < 4) {
        report_error("usage: results_run OUT ROWS BUCKETS [ROWS-PER-RANK "
                     "[token-bits]]");
        return 2;
    }
    struct rows rows = {
        .path = argv[1],
        .n = strtoull(argv[2], NULL, 10),
        .n_buckets = strtoull(argv[3], NULL, 10),
        .has_token_bits = argc > 5 && strcmp(argv[5], "token-bits") == 0,
    };
    uint64_t n_max = argc > 4 ? strtoull(argv[4], NULL, 10) : UINT64_MAX;
    struct rows_times times;
    struct stat st;

    if (rows_run_timed(par, &rows, n_max, &times) != 0) {
        return 1;
    }
    if (par_rank(par) > 0) {
        return 0;
    }
    if (stat(rows.path, &st) != 0) {
        return 75;
    }
    if (rows_count_wrong(&rows) != 0) {
        report_error("%s: not what was written", rows.path);
        return 1;
    }
    printf("%llu rows, %d ranks: append %.2f s, finish %.2f s, %lld bytes\n",
        (unsigned long long)rows.n, par_size(par), times.append_s,
        times.finish_s, (long long)st.st_size);
    return 0;
}

int
main(int argc, char **argv)
{
    struct par *par = par_start(&argc, &argv);

    if (par == NULL) {
        return 1;
    }
    int status = run(par, argc, argv);
    par_broadcast(par, &status, sizeof(status), 0);
    par_finish(par);
    return status;
}
