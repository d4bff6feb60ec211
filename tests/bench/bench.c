/* The job of the benchmark for cq: nothing. bench.py has it for RQ. */
#include "cq.h"

CQ_JOB noop(cq_context *job)
{
    return cq_return_none(job);
}
