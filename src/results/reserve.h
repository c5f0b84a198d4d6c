/*
 * reserve.h - room on the disk before it is needed.
 */
#ifndef RESULTS_RESERVE_H
#define RESULTS_RESERVE_H

#include <stdint.h>

/*
 * Give the file, made if it is missing, blocks for bytes bytes from its start
 * on, whatever its size.  Where the file system cannot, see only whether there
 * is room.
 *
 * Errors: -1 if there is no room, reported with the number of bytes.
 */
int reserve_room(const char *path, uint64_t bytes);

/* Give back what lies behind the end of the file. */
int reserve_give_back(const char *path);

#endif /* RESULTS_RESERVE_H */
