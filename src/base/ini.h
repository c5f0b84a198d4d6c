/*
 * ini.h - files of lines "key = value", in sections.
 *
 * Blank lines and lines that begin with # or ; say nothing; a # or ; after a
 * blank ends a line.  "[NAME]" begins a section.  Lines may have any length.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

/* A line with a value; blanks around key and value are gone. */
struct ini_line {
    const char *section; /* "" before the first */
    const char *key, *value;
    unsigned number; /* from 1 */
};

/* Errors: -1 ends the reading; reported. */
typedef int ini_take(void *user, const struct ini_line *line);

/*
 * Call take for each line that has a value.
 *
 * Errors: no such file, larger than INI_BYTES_MAX, a line of another form
 * (named by its number); reported.
 */
#define INI_BYTES_MAX 4194304

int ini_read(const char *path, ini_take *take, void *user);

#endif /* BASE_INI_H */
