/*
 * h5_mpi.c
 *
 * Metadata is written collectively too: many small writes from one rank are
 * slow on parallel file systems.
 */
#include <mpi.h>

#include "par/par.h"
#include "results/h5.h"

hid_t
h5_file_access(const struct par *par)
{
    const MPI_Comm *comm = par_communicator(par);
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);

    if (list >= 0 && (H5Pset_fapl_mpio(list, *comm, MPI_INFO_NULL) < 0 ||
                         H5Pset_coll_metadata_write(list, 1) < 0 ||
                         H5Pset_all_coll_metadata_ops(list, 1) < 0)) {
        H5Pclose(list);
        return H5I_INVALID_HID;
    }
    return list;
}

hid_t
h5_transfer(void)
{
    hid_t list = H5Pcreate(H5P_DATASET_XFER);

    if (list >= 0 && H5Pset_dxpl_mpio(list, H5FD_MPIO_COLLECTIVE) < 0) {
        H5Pclose(list);
        return H5I_INVALID_HID;
    }
    return list;
}
