/*
 * said.h - what is printed while something is done, for tests.
 */
#ifndef TESTS_BASE_SAID_H
#define TESTS_BASE_SAID_H

/* Collect what goes to the file descriptor (1 or 2) from now on. */
void said_begin(int fd);

/* What was collected since said_begin(); valid until the next call. */
const char *said_end(void);

#endif /* TESTS_BASE_SAID_H */
