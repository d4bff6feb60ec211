#include "cmd/enqueue/again.h"

#include <string.h>
#include <sys/random.h>

#include "base/number.h"
#include "cmd/line/options.h"

enum { BACKOFF_RETRIES_MAX = 1000 };    /* each has a number of its own in the job's hash */
#define SECONDS_MAX INT64_C(3153600000) /* a hundred years, as --retry-interval takes them */

/* json.dumps of the list; RQ's default is an interval of 0. */
static struct cq_str write_intervals(const struct cq_strv *intervals, struct cq_buf *out)
{
    cq_buf_char(out, '[');
    cq_strv_join(intervals, ", ", out);
    cq_buf_text(out, intervals->len ? "]" : "0]");
    return cq_buf_view(out);
}

static int64_t between(int64_t least, int64_t most)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        return least; /* a machine that has just started: no jitter then */
    return least + (int64_t)(random % (uint64_t)(most - least + 1));
}

static enum cq_code read_backoff(const char *text, int64_t *ret_least, int64_t *ret_most,
                                 struct cq_error *err)
{
    const char *dots = strstr(text, "..");
    int64_t least = 0, most = 0;
    if (!dots || !cq_number_duration(cq_str_n(text, (size_t)(dots - text)), &least) ||
        !cq_number_duration(cq_str(dots + 2), &most))
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--retry-backoff: '%.80s' is not MIN..MAX; write durations, as in 2s..10m", text);
    if (least < 1 || most < least || most > SECONDS_MAX)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--retry-backoff: '%.80s' does not go up from 1s or more; write it as in 2s..10m",
                            text);
    *ret_least = least;
    *ret_most = most;
    return CQ_OK;
}

/*
 * One number for each retry: MIN, 2 MIN, 4 MIN ... MAX, each up to a quarter less or more, but never beyond
 * MIN and MAX. So jobs that failed together do not come back together, and RQ's workers follow it as any
 * other list.
 */
static enum cq_code write_backoff(const struct cq_enqueue_options *options, struct cq_buf *out,
                                  struct cq_error *err)
{
    int64_t least = 0, most = 0;
    if (read_backoff(options->retry_backoff, &least, &most, err) != CQ_OK)
        return CQ_ERR_USAGE;
    if (options->retry_intervals.len)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--retry-backoff and --retry-interval both say when to retry; give one of them");
    if (options->retry_max < 1 || options->retry_max > BACKOFF_RETRIES_MAX)
        return cq_error_set(err, CQ_ERR_USAGE, "--retry-backoff needs --retry-max, from 1 to %d",
                            BACKOFF_RETRIES_MAX);
    int64_t step = least;
    for (int64_t i = 0; i < options->retry_max; i++) {
        int64_t low = step - step / 4, high = step + (step + 3) / 4;
        low = low < least ? least : low;
        high = high > most ? most : high;
        cq_buf_printf(out, "%s%lld", i ? ", " : "[", (long long)between(low, high));
        step = step > most / 2 ? most : step * 2;
    }
    cq_buf_char(out, ']');
    return CQ_OK;
}

enum cq_code cq_enqueue_again(const struct cq_enqueue_options *options, struct cq_buf *retries,
                              struct cq_buf *repeats, struct cq_job *job, struct cq_error *err)
{
    if (options->retry_at_front && options->retry_max < 1)
        return cq_error_set(err, CQ_ERR_USAGE, "--retry-at-front needs --retry-max");
    job->enqueue_at_front_on_retry = options->retry_at_front;
    if (options->retry_backoff) {
        enum cq_code code = write_backoff(options, retries, err);
        if (code != CQ_OK)
            return code;
        job->retry_intervals = cq_buf_view(retries);
        job->retries_left = options->retry_max;
    } else if (options->retry_max > 0) {
        job->retry_intervals = write_intervals(&options->retry_intervals, retries);
        job->retries_left = options->retry_max;
    }
    if (options->repeat == CQ_OPTION_UNSET && options->repeat_intervals.len)
        return cq_error_set(err, CQ_ERR_USAGE, "--repeat-interval needs --repeat");
    if (options->repeat != CQ_OPTION_UNSET) {
        job->repeats_left = options->repeat;
        job->repeat_intervals = write_intervals(&options->repeat_intervals, repeats);
    }
    return CQ_OK;
}
