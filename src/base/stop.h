/*
 * stop.h - being asked to stop: SIGTERM, SIGINT, SIGUSR1 or out of time.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include <stdbool.h>

/*
 * From now on the signals only set a flag.  hours_max > 0 also raises it that
 * many hours after this call.  A second SIGINT ends the process as usual.
 */
void stop_on_signals(double hours_max);

/*
 * From now on a mapped file that becomes shorter while it is read ends the
 * process with a message and status 1 instead of a crash.
 */
void stop_on_lost_map(void);

/* Whether to stop at the next chunk boundary. */
bool stop_requested(void);

/* Why: "SIGTERM", "--max-hours", ...; "" if not asked. */
const char *stop_reason(void);

#endif /* BASE_STOP_H */
