/*
 * info_archive.h - the part of codelen info that is about archives.
 */
#ifndef CMD_INFO_ARCHIVE_H
#define CMD_INFO_ARCHIVE_H

/* Print what the archive says about itself. */
int info_archive(const char *path);

#endif /* CMD_INFO_ARCHIVE_H */
