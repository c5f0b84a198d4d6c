/*
 * h5.c
 */
#include "results/h5.h"

#include "results/results.h"

#include <stdio.h>
#include <string.h>

void
h5_quiet(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* Called for each entry of the stack, innermost first; keeps the first. */
static herr_t
keep_first(unsigned n, const H5E_error2_t *error, void *out)
{
    if (n == 0 && error->desc != NULL) {
        snprintf(out, H5_REASON_BYTES, "%s", error->desc);
    }
    return 0;
}

const char *
h5_reason(char out[H5_REASON_BYTES])
{
    snprintf(out, H5_REASON_BYTES, "HDF5 gives no reason");
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, out);
    /* One line: descriptions of system errors may be long. */
    out[strcspn(out, "\n")] = '\0';
    return out;
}

#define TEXT(x)  TEXT_(x)
#define TEXT_(x) #x

const char *
results_library(void)
{
    return "HDF5 " TEXT(H5_VERS_MAJOR) "." TEXT(H5_VERS_MINOR) "." TEXT(
        H5_VERS_RELEASE);
}
