/*
 * said.c
 */
#include "said.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static int listened_fd, saved_fd, memory_fd;
static char text[16384];

void
said_begin(int fd)
{
    fflush(NULL);
    listened_fd = fd;
    saved_fd = dup(fd);
    memory_fd = memfd_create("said", MFD_CLOEXEC);
    CU_ASSERT_FATAL(saved_fd >= 0 && memory_fd >= 0);
    dup2(memory_fd, fd);
}

const char *
said_end(void)
{
    fflush(NULL);
    dup2(saved_fd, listened_fd);
    close(saved_fd);
    ssize_t n = pread(memory_fd, text, sizeof(text) - 1, 0);
    close(memory_fd);
    text[n > 0 ? n : 0] = '\0';
    return text;
}
