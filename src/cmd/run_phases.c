/*
 * run_phases.c
 */
#include "cmd/run_phases.h"

#include "base/clock.h"

const char *
run_phase_name(enum run_phase phase)
{
    static const char *const names[] = {
        [RUN_SETUP_CORPUS] = "setup_corpus_seconds",
        [RUN_SETUP_PREDICTOR] = "setup_predictor_seconds",
        [RUN_SETUP_WEIGHTS] = "setup_weights_seconds",
        [RUN_SETUP_HASH] = "setup_hash_seconds",
        [RUN_READ] = "read_thread_seconds",
        [RUN_TOKENIZE] = "tokenize_thread_seconds",
        [RUN_MODEL] = "model_thread_seconds",
        [RUN_CODE] = "code_thread_seconds",
        [RUN_JOURNAL] = "journal_thread_seconds",
        [RUN_WAIT] = "wait_thread_seconds",
    };

    return names[phase];
}

void
run_phase_add(struct run_phases *phases, enum run_phase phase, double *since)
{
    double now = clock_now_s();

    phases->s[phase] += now - *since;
    *since = now;
}

void
run_phases_add_loop(
    struct run_phases *to, const struct run_phases *from, int n_threads)
{
    for (int p = RUN_LOOP_FIRST; p <= RUN_LOOP_LAST; p++) {
        to->s[p] += from->s[p] * n_threads;
    }
}
