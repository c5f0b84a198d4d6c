/*
 * int8_vnni.c
 *
 * VNNI multiplies 64 bytes per instruction, unsigned by signed ones: weights
 * have an offset, and sums start from its product with the input.  Tiles of
 * 6 rows x 2 registers: 12 chains hide a latency of 5 at two per cycle.
 */
#include "int8_vnni.h"

#include "int8_tile.h"

const struct int8_kernel int8_vnni = INT8_KERNEL;
