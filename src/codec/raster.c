/*
 * raster.c
 */
#include "codec/raster.h"

#include <math.h>

struct raster
raster_square(size_t bytes)
{
    size_t width = (size_t)llround(sqrt((double)bytes));

    if (bytes == 0) {
        return (struct raster){0, 0};
    }
    while (bytes % width > 0) {
        width--;
    }
    return (struct raster){width, bytes / width};
}

struct raster
raster_64(size_t bytes, size_t height_max)
{
    return bytes == 0 || bytes % 64 > 0 || bytes / 64 > height_max
               ? raster_square(bytes)
               : (struct raster){64, bytes / 64};
}
