/* A progress bar on standard error: drawn only when that is a terminal, at most ten times a second, removed at the end. */
#ifndef CQ_CMD_PROGRESS_H
#define CQ_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct cq_progress {
    const char *what;   /* borrowed: the word before the bar */
    int64_t total;      /* 0: unknown, a count is shown instead of a bar */
    bool shown;         /* standard error is a terminal */
    bool drawn;         /* something is on the line now */
    cq_time last_drawn; /* monotonic */
};

void cq_progress_start(struct cq_progress *progress, const char *what, int64_t total);
void cq_progress_set(struct cq_progress *progress, int64_t done);
void cq_progress_end(struct cq_progress *progress); /* clears the line */

enum { CQ_PROGRESS_TEXT_SIZE = 128 };

/* The line as drawn, for a bar of `width` cells. */
void cq_progress_text(const char *what, int64_t done, int64_t total, int width, char ret_text[CQ_PROGRESS_TEXT_SIZE]);

#endif
