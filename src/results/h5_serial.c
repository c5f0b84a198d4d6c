/*
 * h5_serial.c
 */
#include "results/h5.h"

hid_t
h5_file_access(const struct par *par)
{
    (void)par;
    return H5Pcreate(H5P_FILE_ACCESS);
}

hid_t
h5_transfer(void)
{
    return H5Pcreate(H5P_DATASET_XFER);
}
