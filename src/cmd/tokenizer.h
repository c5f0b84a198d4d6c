/*
 * tokenizer.h - the commands of codelen tokenizer.
 */
#ifndef CMD_TOKENIZER_H
#define CMD_TOKENIZER_H

#include "cmd/cmd.h"

enum cmd_status cmd_tokenizer_train(struct par *par, int argc, char **argv);
enum cmd_status cmd_tokenizer_encode(struct par *par, int argc, char **argv);
enum cmd_status cmd_tokenizer_decode(struct par *par, int argc, char **argv);

#endif /* CMD_TOKENIZER_H */
