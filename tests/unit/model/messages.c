/*
 * messages.c
 */
#include "messages.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/report.h"
#include "check.h"

void
messages_hold(void)
{
    report_discard();
    report_hold(true, NULL);
}

const char *
messages_take(void)
{
    static char text[4096];
    char path[1024];

    snprintf(path, sizeof(path), "%s", check_scratch("messages"));
    int old = dup(STDERR_FILENO);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CU_ASSERT_FATAL(old >= 0 && fd >= 0);
    dup2(fd, STDERR_FILENO);
    report_release();
    dup2(old, STDERR_FILENO);
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(fd);
    close(old);
    return text;
}

void
messages_check(const char *word, const char *file, int line)
{
    char what[512];
    const char *text = messages_take();

    snprintf(what, sizeof(what), "message has \"%s\": %.400s", word, text);
    CU_assertImplementation(strstr(text, word) != NULL ? CU_TRUE : CU_FALSE,
        (unsigned)line, what, file, "", CU_FALSE);
}
