/*
 * Preloaded into a worker, not into its children: its clocks are ahead by as many seconds as the file
 * CQ_TEST_CLOCK says, at any time: first CLOCK_REALTIME, as when NTP or an operator sets it, then
 * CLOCK_MONOTONIC, as when the time has passed. With the word `stopped` after them they are the time itself,
 * which then stands still.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((constructor)) static void stay_here(void)
{
    unsetenv("LD_PRELOAD"); /* who sleeps until a time that our clock says would sleep too long */
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    int status = (int)syscall(SYS_clock_gettime, id, now);
    const char *path = getenv("CQ_TEST_CLOCK");
    FILE *file = path && (id == CLOCK_REALTIME || id == CLOCK_MONOTONIC) ? fopen(path, "re") : NULL;
    long wall = 0, monotonic = 0;
    char stopped[16] = "";
    if (file) {
        int words = fscanf(file, "%ld %ld %15s", &wall, &monotonic, stopped);
        long seconds = id == CLOCK_REALTIME ? wall : monotonic;
        if (words == 3)
            *now = (struct timespec){.tv_sec = seconds};
        else if (words == 2)
            now->tv_sec += seconds;
        fclose(file);
    }
    return status;
}
