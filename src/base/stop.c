/*
 * stop.c
 *
 * A signal handler can only set a flag, so this state is static.
 */
#include "base/stop.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

static volatile sig_atomic_t caught;
static double deadline_s;

static void
remember(int signal_number)
{
    caught = signal_number;
}

/* Only what is safe in a signal handler. */
static void
give_up(int signal_number)
{
    static const char text[] =
        "codelen: a file became shorter, or its disk failed, while it was "
        "read\n";

    (void)signal_number;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(EXIT_FAILURE);
}

void
stop_on_lost_map(void)
{
    struct sigaction action = {.sa_handler = give_up};

    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

void
stop_on_signals(double hours_max)
{
    struct sigaction action = {.sa_handler = remember, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags |= (int)SA_RESETHAND;
    sigaction(SIGINT, &action, NULL);
    deadline_s = hours_max > 0 ? clock_now_s() + 3600 * hours_max : 0;
}

bool
stop_requested(void)
{
    return caught != 0 || (deadline_s > 0 && clock_now_s() >= deadline_s);
}

const char *
stop_reason(void)
{
    switch (caught) {
    case SIGTERM:
        return "SIGTERM";
    case SIGINT:
        return "SIGINT";
    case SIGUSR1:
        return "SIGUSR1";
    default:
        return stop_requested() ? "--max-hours" : "";
    }
}
