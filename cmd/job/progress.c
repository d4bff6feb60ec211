#include "cmd/job/progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 36 }; /* as rq's */

struct cq_progress cq_progress_start(int64_t total)
{
    return (struct cq_progress){.total = total, .shown = total > 0 && isatty(STDERR_FILENO) == 1};
}

void cq_progress_set(struct cq_progress *progress, int64_t done)
{
    cq_time now = cq_clock_monotonic();
    char bar[BAR_WIDTH + 1];
    if (done > progress->total)
        done = progress->total;
    if (!progress->shown ||
        (progress->drawn && done < progress->total && now - progress->last_drawn < CQ_SECOND / 10))
        return;
    double share = (double)done / (double)progress->total;
    memset(bar, '-', BAR_WIDTH);
    memset(bar, '#', (size_t)(share * BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r  [%s]  %3d%%  %lld/%lld\033[K", bar, (int)(share * 100), (long long)done,
            (long long)progress->total);
    fflush(stderr);
    progress->drawn = true;
    progress->last_drawn = now;
}

void cq_progress_clear(struct cq_progress *progress)
{
    if (progress->drawn)
        fprintf(stderr, "\r\033[K");
    progress->drawn = false;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

void cq_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

bool cq_interrupted(void)
{
    return interrupted != 0;
}
