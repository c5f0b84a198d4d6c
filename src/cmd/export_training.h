/*
 * export_training.h - the log of a training run as rows.
 */
#ifndef CMD_EXPORT_TRAINING_H
#define CMD_EXPORT_TRAINING_H

#include <stdbool.h>

struct table;

/*
 * Append a row for each line of a log: means over steps, and validations, by
 * step; what does not apply to a row is not a number there.
 *
 * Errors: -1: not a log, or of a run that has not reached its end unless that
 * may be; reported.
 */
int export_training(struct table *table, const char *path, bool may_be_short);

#endif /* CMD_EXPORT_TRAINING_H */
