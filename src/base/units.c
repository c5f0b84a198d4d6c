/*
 * units.c
 *
 * Numbers are read by strtod() on a copy without the unit: "1e9", "1.5GiB"
 * and "2048" are all exact in a double below 2^53, and larger whole numbers
 * without fraction or exponent go through strtoull().
 */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

static const struct unit byte_units[] = {
    {"", 1},
    {"B", 1},
    {"kB", 1e3},
    {"KB", 1e3},
    {"MB", 1e6},
    {"GB", 1e9},
    {"TB", 1e12},
    {"KiB", 0x1p10},
    {"MiB", 0x1p20},
    {"GiB", 0x1p30},
    {"TiB", 0x1p40},
};

/* Largest whole number below which every whole number is a double. */
#define EXACT_MAX 0x1p53

/* Read digits only, so that nothing is rounded; *end is where they end. */
static bool
parse_digits(uint64_t *value, const char *text, char **end)
{
    errno = 0;
    *value = strtoull(text, end, 10);
    return isdigit((unsigned char)text[0]) && errno == 0;
}

/*
 * number * factor, which must be whole but for the rounding of a decimal
 * fraction: 1.005 kB is 1004.9999999999999 B.
 */
static int
scale(uint64_t *value, double number, double factor)
{
    double product = number * factor;
    double whole = nearbyint(product);

    if (!(product >= 0 && product < EXACT_MAX) ||
        fabs(product - whole) > product * 0x1p-51) {
        return -1;
    }
    *value = (uint64_t)whole;
    return 0;
}

int
units_parse_bytes(uint64_t *bytes, const char *text)
{
    char *end;

    if (!isdigit((unsigned char)text[0]) && text[0] != '.') {
        return -1;
    }
    if (parse_digits(bytes, text, &end) && *end == '\0') {
        return 0;
    }
    double number = strtod(text, &end);
    while (*end == ' ') {
        end++;
    }
    for (size_t i = 0; i < sizeof(byte_units) / sizeof(byte_units[0]); i++) {
        if (strcmp(end, byte_units[i].name) == 0) {
            return scale(bytes, number, byte_units[i].factor);
        }
    }
    return -1;
}

int
units_parse_u64(uint64_t *value, const char *text)
{
    char *end;

    if (!isdigit((unsigned char)text[0])) {
        return -1;
    }
    if (parse_digits(value, text, &end) && *end == '\0') {
        return 0;
    }
    double number = strtod(text, &end);
    return *end == '\0' ? scale(value, number, 1) : -1;
}

int
units_parse_double(double *value, const char *text)
{
    char *end;

    if (text[0] == '\0' || isspace((unsigned char)text[0])) {
        return -1;
    }
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value) ? 0 : -1;
}

/* Three significant digits with a decimal prefix: "1.50 G". */
static void
format_prefix(char *out, size_t out_bytes_max, double value, const char *unit)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T", "P"};
    size_t i = 0;

    while (i + 1 < sizeof(prefixes) / sizeof(prefixes[0]) && value >= 999.5) {
        value /= 1000;
        i++;
    }
    int digits = value >= 99.95 || (i == 0 && value == floor(value)) ? 0
                 : value >= 9.995                                    ? 1
                                                                     : 2;
    bool has_space = prefixes[i][0] != '\0' || unit[0] != '\0';
    snprintf(out, out_bytes_max, "%.*f%s%s%s", digits, value,
        has_space ? " " : "", prefixes[i], unit);
}

void
units_format_bytes(char *out, size_t out_bytes_max, double bytes)
{
    format_prefix(out, out_bytes_max, bytes, "B");
}

void
units_format_count(char *out, size_t out_bytes_max, double count)
{
    format_prefix(out, out_bytes_max, count, "");
}

void
units_format_seconds(char *out, size_t out_bytes_max, double seconds)
{
    if (!(seconds >= 0 && seconds < 1e9)) {
        snprintf(out, out_bytes_max, "?");
        return;
    }
    unsigned long whole = (unsigned long)(seconds + 0.5);
    if (seconds < 9.95) {
        snprintf(out, out_bytes_max, "%.1f s", seconds);
    } else if (whole < 60) {
        snprintf(out, out_bytes_max, "%lu s", whole);
    } else if (whole < 3600) {
        snprintf(out, out_bytes_max, "%lu min %02lu s", whole / 60, whole % 60);
    } else {
        snprintf(out, out_bytes_max, "%lu h %02lu min", whole / 3600,
            whole / 60 % 60);
    }
}
