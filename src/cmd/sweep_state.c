/*
 * sweep_state.c
 */
#include "cmd/sweep_state.h"

#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/options.h"
#include "learn/checkpoint.h"
#include "results/results_file.h"

const char *
sweep_state_name(enum sweep_state state)
{
    static const char *const names[] = {
        "missing", "begun", "complete", "other"};

    return names[state];
}

/* Whether another value makes another output: it decides numbers, or names
   what does. */
static bool
is_telling(const struct option *option)
{
    bool is_name = option->type == OPTION_TEXT &&
                   strcmp(option->name, "out") != 0 &&
                   strcmp(option->name, "save-at") != 0;

    return !option->is_outside || is_name;
}

/* Whether the options of an output, in a group of its attributes, are these.
   An option that the output does not know does not count. */
static bool
is_equal(const struct attribute *items, size_t n, const char *group,
    const struct options *options)
{
    const struct options_spec *spec = options_spec(options);

    for (size_t i = 0; i < spec->n_options; i++) {
        const struct attribute *a =
            attribute_find(items, n, group, spec->table[i].name);
        if (is_telling(&spec->table[i]) && a != NULL &&
            a->type == ATTRIBUTE_TEXT &&
            strcmp(a->text, options_text(options, i)) != 0) {
            return false;
        }
    }
    return true;
}

/* Of a results file. */
static enum sweep_state
look_at_file(const char *out, const struct options *options)
{
    enum sweep_state state = SWEEP_OTHER;
    size_t n;

    if (!file_exists(out)) {
        char *journal = mem_printf("%s.journal", out);
        bool is_begun = journal != NULL && file_exists(journal);
        mem_free(journal);
        return is_begun ? SWEEP_BEGUN : SWEEP_MISSING;
    }
    struct results_file *file = results_file_open(out);
    if (file != NULL && results_file_is_complete(file)) {
        const struct attribute *items = results_file_attributes(file, &n);
        const struct attribute *command =
            attribute_find(items, n, "run", "command");
        bool is_same =
            command != NULL && command->type == ATTRIBUTE_TEXT &&
            strcmp(command->text, options_spec(options)->command) == 0 &&
            is_equal(items, n, "options", options);
        state = is_same ? SWEEP_COMPLETE : SWEEP_OTHER;
    }
    results_file_close(file);
    return state;
}

/* Of the directory of a training run. */
static enum sweep_state
look_at_training(const char *out, const struct options *options)
{
    struct checkpoint c;
    enum sweep_state state = SWEEP_MISSING;
    size_t n_damaged;

    if (!file_is_directory(out)) {
        return file_exists(out) ? SWEEP_OTHER : SWEEP_MISSING;
    }
    int found = checkpoint_last(&c, &n_damaged, out);
    if (found == 1) {
        bool is_same =
            is_equal(c.identity.items, c.identity.n, "option", options);
        state = !is_same              ? SWEEP_OTHER
                : c.state.is_complete ? SWEEP_COMPLETE
                                      : SWEEP_BEGUN;
    }
    checkpoint_release(&c);
    return state;
}

enum sweep_state
sweep_state_find(const struct options *options)
{
    const char *out = options_named(options, "out");
    bool is_training = strcmp(options_spec(options)->command, "train") == 0;

    return is_training ? look_at_training(out, options)
                       : look_at_file(out, options);
}
