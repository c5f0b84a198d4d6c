/*
 * train_table.h - train.h5: the lines of train.jsonl as columns.
 */
#ifndef CMD_TRAIN_TABLE_H
#define CMD_TRAIN_TABLE_H

struct train;

/* Write train.h5 beside the log. */
int train_table_write(const struct train *train, const char *log);

#endif /* CMD_TRAIN_TABLE_H */
