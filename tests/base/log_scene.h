/* What the tests of the log share: a small pipe for it to write to, and what came out of it. Included by one
 * program each. */
#ifndef CQ_TESTS_LOG_SCENE_H
#define CQ_TESTS_LOG_SCENE_H

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { PIPE_SIZE = 64 * 1024, STAMP_LEN = 13 }; /* `hh:mm:ss.mmm ` */

static int ends[2];
static char out[16 * PIPE_SIZE];

static void open_pipe(void)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE), PIPE_SIZE);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
}

static void close_pipe(void)
{
    close(ends[0]);
    close(ends[1]);
}

/* What is in the pipe now. */
static size_t drain(void)
{
    size_t len = 0;
    ssize_t n;
    while ((n = read(ends[0], out + len, sizeof(out) - 1 - len)) > 0)
        len += (size_t)n;
    out[len] = '\0';
    return len;
}

static unsigned long count_lines(void)
{
    unsigned long lines = 0;
    for (const char *at = out; (at = strchr(at, '\n')); at++)
        lines++;
    return lines;
}

#endif
