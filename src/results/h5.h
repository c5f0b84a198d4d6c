/*
 * h5.h - small HDF5 helpers; what depends on the MPI build of HDF5.
 */
#ifndef RESULTS_H5_H
#define RESULTS_H5_H

#include <hdf5.h>

struct par;

/* Bytes of the text that h5_reason() writes. */
#define H5_REASON_BYTES 256

/* Stop HDF5 from printing its error stacks on stderr. */
void h5_quiet(void);

/*
 * What the HDF5 call that just failed says: the innermost description of its
 * error stack.  Returns out.
 */
const char *h5_reason(char out[H5_REASON_BYTES]);

/* A property list for a file that all ranks write; closed with H5Pclose(). */
hid_t h5_file_access(const struct par *par);

/* A property list for transfers in which all ranks take part. */
hid_t h5_transfer(void);

#endif /* RESULTS_H5_H */
