/*
 * model_positions_json.h - what a config.json says about positions: how they
 * enter, and how far layers see.
 */
#ifndef MODEL_MODEL_POSITIONS_JSON_H
#define MODEL_MODEL_POSITIONS_JSON_H

struct model_config;
struct model_family;
struct model_json;

/* Requires: the sizes in config are read. */
int model_positions_json(struct model_config *config,
    const struct model_json *json, const struct model_family *family);

#endif /* MODEL_MODEL_POSITIONS_JSON_H */
