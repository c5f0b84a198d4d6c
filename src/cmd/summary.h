/*
 * summary.h - one run in one row: what export and the end of a run print.
 */
#ifndef CMD_SUMMARY_H
#define CMD_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attribute;
struct results_file;

/* Texts are owned by the results file or the caller. */
struct summary {
    const char *corpus, *predictor, *tokenizer, *math, *kernel;
    const char *bytes_as;     /* "": the file does not say: exact */
    uint64_t chunk_bytes;     /* 0: whole */
    uint64_t context, stride; /* tokens; 0: does not apply */
    uint64_t first_byte;      /* of the corpus that was taken */
    bool has_start;           /* a start token stands before each chunk */
    uint64_t start_token;
    bool carry; /* chunks know what was learnt in those before */
    uint64_t chunks, raw_bytes, tokens, coded_bytes;
    uint64_t header_bytes; /* of a container that is charged once */
    uint64_t lost_bits;    /* of raw_bytes, that were not described */
    double ideal_bits, flops;
    uint64_t parameters;
    double parameter_bytes; /* charged for each parameter */
    uint64_t ranks, threads;
    double seconds;       /* of the loop of the run that finished */
    uint64_t timed_bytes; /* raw bytes scored in that time */
    uint64_t timed_tokens;
    bool complete;
};

/* Fill from an opened file.  Errors: -1, reported. */
int summary_read(struct summary *summary, struct results_file *file);

/* Fill what attributes say; counts of chunks stay as they are. */
void summary_describe(
    struct summary *summary, const struct attribute *list, size_t n);

/*
 * Sums over chunks as they are charged: where the container's header counts
 * once, without the headers of all chunks but one; where bits were left out,
 * with what bytes_as charges for them.
 */
double summary_coded_bytes(const struct summary *summary);
double summary_ideal_bits(const struct summary *summary);

/* Ratios; 0 when there are no bytes.  Raw and adjusted: paper, section 3. */
double summary_bits_per_byte(const struct summary *summary);
double summary_raw_rate(const struct summary *summary);
double summary_adjusted_rate(const struct summary *summary);
double summary_bytes_per_second(const struct summary *summary);
double summary_tokens_per_second(const struct summary *summary);

/* For people, on stdout. */
void summary_print(const struct summary *summary);

#endif /* CMD_SUMMARY_H */
