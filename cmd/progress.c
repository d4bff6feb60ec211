#include "cmd/progress.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_WIDTH = 36, BAR_WIDTH_MAX = 60 };

void cq_progress_text(const char *what, int64_t done, int64_t total, int width, char ret_text[CQ_PROGRESS_TEXT_SIZE])
{
    char bar[BAR_WIDTH_MAX + 1];
    if (total <= 0) {
        snprintf(ret_text, CQ_PROGRESS_TEXT_SIZE, "%s %lld", what, (long long)done);
        return;
    }
    if (done > total) /* the registry grew while we worked */
        done = total;
    if (width > BAR_WIDTH_MAX)
        width = BAR_WIDTH_MAX;
    double share = (double)done / (double)total;
    int filled = (int)(share * width);
    for (int i = 0; i < width; i++)
        bar[i] = i < filled ? '#' : '-';
    bar[width] = '\0';
    snprintf(ret_text, CQ_PROGRESS_TEXT_SIZE, "%s [%s] %3d%% %lld/%lld", what, bar, (int)(share * 100), (long long)done,
             (long long)total);
}

void cq_progress_start(struct cq_progress *progress, const char *what, int64_t total)
{
    *progress = (struct cq_progress){.what = what, .total = total, .shown = isatty(STDERR_FILENO) == 1};
}

void cq_progress_set(struct cq_progress *progress, int64_t done)
{
    cq_time now = cq_clock_monotonic();
    char text[CQ_PROGRESS_TEXT_SIZE];
    if (!progress->shown || (progress->drawn && now - progress->last_drawn < CQ_SECOND / 10))
        return;
    cq_progress_text(progress->what, done, progress->total, BAR_WIDTH, text);
    fprintf(stderr, "\r%s\033[K", text);
    fflush(stderr);
    progress->drawn = true;
    progress->last_drawn = now;
}

void cq_progress_end(struct cq_progress *progress)
{
    if (progress->drawn)
        fprintf(stderr, "\r\033[K");
    progress->drawn = false;
}
