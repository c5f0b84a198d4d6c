/*
 * options.h - one table per command: defaults, job file, command line, help.
 *
 * A value comes from the default, then the job file (--job FILE, INI lines
 * "key = value"), then the command line (--key value or --key=value).  An
 * unknown key is an error that names the nearest known one.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a value is, and the type of its field in the settings struct. */
enum option_type {
    OPTION_TEXT,   /* const char *; NULL when there is no default */
    OPTION_BYTES,  /* uint64_t; a number of bytes with unit, or word = 0 */
    OPTION_COUNT,  /* uint64_t; a number, or word = 0 */
    OPTION_REAL,   /* double */
    OPTION_FLAG,   /* bool; alone it means yes, else yes|no */
    OPTION_CHOICE, /* const char *; one of the words in choices */
};

struct option {
    const char *name; /* without the two dashes */
    enum option_type type;
    size_t offset;       /* of the field in the settings struct */
    const char *value;   /* default; NULL: none */
    double min, max;     /* inclusive; for numbers */
    const char *choices; /* "a|b|c"; numbers: a word that stands for 0 */
    const char *unit;    /* shown in the help: "BYTES", "FILE", ... */
    const char *help;    /* one line */
    bool is_required;    /* an error when no value is given */
    bool is_outside;     /* decides no number of the result, or is known by
                            what it names (a hash), not by its text */
};

/* What a command is, for its help. */
struct options_spec {
    const char *command;  /* "measure" */
    const char *question; /* one sentence: what it answers */
    const char *operands; /* "FILE...", or NULL if it takes none */
    const char *example;  /* one command line */
    const struct option *table;
    size_t n_options;
};

struct options;

/* Owner: the caller frees with options_free(); spec is kept. */
struct options *options_new(const struct options_spec *spec);
void options_free(struct options *options);

enum options_outcome {
    OPTIONS_OK,
    OPTIONS_HELP,  /* --help was given and printed to stdout; exit 0 */
    OPTIONS_WRONG, /* a usage error was reported; exit 2 */
};

/*
 * Read argv[0..argc) (without program and command) into settings, a struct
 * with the fields that the table names; NULL: only check them.  Strings stay
 * valid until options_free().  may_print is false on ranks that should keep
 * quiet.
 */
enum options_outcome options_parse(struct options *options, void *settings,
    int argc, char **argv, bool may_print);

/*
 * Before that: take a value from a line of a file.  A later one for the same
 * option is an error; the command line wins.  Messages begin with where:
 * "FILE: line 3: ".
 */
int options_take(struct options *options, const char *where, const char *name,
    const char *value);

/* The operands: arguments that do not belong to an option. */
size_t options_operand_count(const struct options *options);
const char *options_operand(const struct options *options, size_t i);

/*
 * The effective value of option i as text: "" if there is none; numbers
 * without unit, flags as yes or no.  By name: NULL if there is no such option.
 */
const char *options_text(const struct options *options, size_t i);
const char *options_named(const struct options *options, const char *name);
bool options_is_default(const struct options *options, size_t i);
const struct options_spec *options_spec(const struct options *options);

/*
 * The entry of the list of n names nearest to word by edit distance, or NULL
 * if none is near enough to be what was meant.
 */
const char *options_nearest(
    const char *word, const char *const *names, size_t n);

#endif /* BASE_OPTIONS_H */
