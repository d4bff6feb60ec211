/* The jobs of the benchmark as C functions; bench.py has them in Python. */
#include <time.h>

#include "cq.h"

CQ_JOB noop(cq_context *job)
{
    return cq_return_none(job);
}

/* What waits for something else: no work, but its 5 ms. */
CQ_JOB nap(cq_context *job)
{
    nanosleep(&(struct timespec){.tv_nsec = 5 * 1000 * 1000}, NULL);
    return cq_return_none(job);
}
