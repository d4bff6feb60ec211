/*
 * Preloaded into a worker: its wall clock is ahead by as many seconds as the file CQ_TEST_CLOCK says, at any time. As when
 * an operator or NTP sets the clock; CLOCK_MONOTONIC runs on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *now)
{
    int status = (int)syscall(SYS_clock_gettime, id, now);
    const char *path = getenv("CQ_TEST_CLOCK");
    FILE *file = id == CLOCK_REALTIME && path ? fopen(path, "re") : NULL;
    long ahead = 0;
    if (file) {
        if (fscanf(file, "%ld", &ahead) == 1)
            now->tv_sec += ahead;
        fclose(file);
    }
    return status;
}
