/*
 * How far a command is that works on many jobs: a bar on standard error, drawn only when that is a terminal,
 * at most ten times a second, and taken away at the end. And Ctrl-C, which lets it end between two steps and
 * say how far it came.
 */
#ifndef CQ_CMD_JOB_PROGRESS_H
#define CQ_CMD_JOB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct cq_progress {
    int64_t total;      /* 0: nothing is drawn */
    bool shown;         /* standard error is a terminal */
    bool drawn;         /* something is on the line now */
    cq_time last_drawn; /* monotonic */
};

struct cq_progress cq_progress_start(int64_t total);
void cq_progress_set(struct cq_progress *progress,
                     int64_t done); /* done may be above total, which others change meanwhile */
void cq_progress_clear(
    struct cq_progress *progress); /* before anything else is written; drawn again by the next set */

void cq_interrupt_catch(void); /* from now on; a second Ctrl-C ends the program at once */
bool cq_interrupted(void);

#endif
