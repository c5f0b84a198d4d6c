/*
 * train_log.h - train.jsonl, one JSON object a line, and train.h5 made from
 * it.  Layout: SCHEMA.md.
 */
#ifndef CMD_TRAIN_LOG_H
#define CMD_TRAIN_LOG_H

#include <stdint.h>

struct attribute;
struct train;
struct train_log;
struct train_measure;
struct train_step;

/*
 * Open DIR/train.jsonl to go on after its first keep_bytes bytes: what came
 * later belongs to steps that are done anew.  Owner: train_log_close().
 */
struct train_log *train_log_open(const char *directory, uint64_t keep_bytes);
void train_log_close(struct train_log *log);

/* "start": options, program, size of the model. */
int train_log_start(struct train_log *log, const struct train *train);

/* Take a step into the mean; train->state is that after it. */
int train_log_step(struct train_log *log, const struct train *train,
    const struct train_step *step);

/* Bits per byte since the log was opened, about the last 100 steps. */
double train_log_bits(const struct train_log *log);

/* "validation". */
int train_log_validation(struct train_log *log, const struct train *train,
    const struct train_measure *measure);

/* "end": the result, before and after rounding to the stored type; NULL: not
   measured. */
int train_log_end(struct train_log *log, const struct train *train,
    const struct train_measure *full, const struct train_measure *stored);

/* Bring all to the disk, a line of the steps so far included. */
int train_log_sync(struct train_log *log, uint64_t *bytes);

/* Write DIR/train.h5 from the lines. */
int train_log_table(struct train_log *log, const struct train *train);

#endif /* CMD_TRAIN_LOG_H */
