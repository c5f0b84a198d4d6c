/*
 * raster.h - bytes as the pixels of a grey picture; only for codec*.c.
 */
#ifndef CODEC_RASTER_H
#define CODEC_RASTER_H

#include <stddef.h>
#include <stdint.h>

/* width * height bytes. */
struct raster {
    size_t width, height;
};

/*
 * The study's shape: the two factors of bytes that are closest, the smaller
 * one across.  2,048 bytes are 32 pixels across, 64 down.
 */
struct raster raster_square(size_t bytes);

/*
 * 64 pixels across, as the patches of images lie, if bytes are a multiple of
 * that and it is at most height_max down; else the study's.
 */
struct raster raster_64(size_t bytes, size_t height_max);

#endif /* CODEC_RASTER_H */
