#include "tests/support/wait.h"

#include <stdlib.h>
#include <time.h>

enum { PATIENCE_S = 60, MOMENT_NS = 5000000 };

int patience_s(void)
{
    const char *text = getenv("CQ_TEST_PATIENCE");
    int seconds = text ? atoi(text) : 0;
    return seconds > 0 ? seconds : PATIENCE_S;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t patience_end_ms(void)
{
    return now_ms() + (int64_t)patience_s() * 1000;
}

bool wait_a_moment(int64_t end_ms)
{
    const struct timespec moment = {.tv_nsec = MOMENT_NS};
    nanosleep(&moment, NULL);
    return now_ms() < end_ms;
}
