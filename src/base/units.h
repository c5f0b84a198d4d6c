/*
 * units.h - numbers with units, for options and for people.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * A number of bytes: "2048", "2KiB", "4MB", "1.5 GiB", "1e9".  B, kB/KB, MB,
 * GB, TB are decimal, KiB, MiB, GiB, TiB binary; the result must be a whole
 * number of bytes.
 *
 * Errors: -1, not reported (the caller knows what the number is for).
 */
int units_parse_bytes(uint64_t *bytes, const char *text);

/* A whole number, also as "1e6".  Errors: -1, not reported. */
int units_parse_u64(uint64_t *value, const char *text);
int units_parse_double(double *value, const char *text);

/* "1.50 GB", "987 B": three digits, decimal. */
void units_format_bytes(char *out, size_t out_bytes_max, double bytes);

/* "12.3 M", for rates and counts. */
void units_format_count(char *out, size_t out_bytes_max, double count);

/* "1 h 02 min", "3 min 20 s", "12 s". */
void units_format_seconds(char *out, size_t out_bytes_max, double seconds);

#endif /* BASE_UNITS_H */
