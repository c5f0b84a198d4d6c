/*
 * model_find.h - where the models are that come with the program.
 *
 * A path that exists is that model.  A bare name is a folder, or NAME.gguf, in
 * CODELEN_DATA/models or CODELEN_DATA, else in share/codelen/models of the
 * installation, else in data/models of the checkout.
 */
#ifndef MODEL_FIND_H
#define MODEL_FIND_H

#include <stdbool.h>

/*
 * The path of a model, to be freed with mem_free().
 *
 * Errors: NULL if there is no such model: names the nearest one; reported.
 */
char *model_find(const char *name);

bool model_exists(const char *name);

#endif /* MODEL_FIND_H */
