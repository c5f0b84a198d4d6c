/*
 * output_name.c
 */
#include "cmd/output_name.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

char *
output_name(const char *out, const char *key, const char *value, bool is_only)
{
    char wanted[32];
    const char *slash = strrchr(out, '/');
    const char *dot = strrchr(slash ? slash : out, '.');

    snprintf(wanted, sizeof(wanted), "{%s}", key);
    const char *place = strstr(out, wanted);
    if (place != NULL) {
        return mem_printf(
            "%.*s%s%s", (int)(place - out), out, value, place + strlen(wanted));
    }
    if (is_only) {
        return mem_strdup(out);
    }
    dot = dot != NULL ? dot : out + strlen(out);
    return mem_printf("%.*s-%s%s", (int)(dot - out), out, value, dot);
}
