/*
 * cmd.c - the table of commands.
 */
#include "cmd/cmd.h"

const struct command cmd_table[] = {
    {"tokenizer", "make a predictor",
        "learn a vocabulary; token ids of a text and back", cmd_tokenizer},
    {"train", "make a predictor", "a model from a corpus", cmd_train},
    {"measure", "use a predictor",
        "bits that a predictor needs for a corpus, chunk by chunk",
        cmd_measure},
    {"compress", "use a predictor",
        "a file to an archive that any machine opens", cmd_compress},
    {"decompress", "use a predictor", "the bytes of an archive",
        cmd_decompress},
    {"test", "use a predictor", "whether an archive opens", cmd_test},
    {"generate", "use a predictor",
        "bytes after a prompt, from a model, n-gram or codec", cmd_generate},
    {"score", "use a predictor", "log2 p of each token of a list", cmd_score},
    {"baseline", "compare", "the same for gzip, xz, zstd and others",
        cmd_baseline},
    {"plan", "sweep", "runs of a sweep file: cost, and which are complete",
        cmd_plan},
    {"run", "sweep", "the runs that are not complete", cmd_run},
    {"export", "inspect", "results files as CSV or JSON tables", cmd_export},
    {"info", "inspect",
        "what a model, tokenizer, results, archive or corpus file is",
        cmd_info},
    {0},
};
