#include "cmd/job/filter.h"

#include <string.h>

#include "base/number.h"
#include "job/job.h"
#include "job/result.h"
#include "serializers/zlib.h"

void cq_filter_init(struct cq_filter *filter, enum cq_place place)
{
    *filter = (struct cq_filter){.place = place, .older_than = CQ_TIME_UNSET};
    cq_peek_init(&filter->peek);
    cq_arena_init(&filter->arena);
}

void cq_filter_release(struct cq_filter *filter)
{
    cq_peek_release(&filter->peek);
    cq_arena_release(&filter->arena);
}

bool cq_filter_is_any(const struct cq_filter *filter)
{
    return !filter->function && !filter->error && filter->older_than == CQ_TIME_UNSET;
}

int cq_filter_data_most(const struct cq_filter *filter)
{
    return filter->function ? 2 * CQ_PEEK_HEAD : 0;
}

static bool function_matches(struct cq_filter *filter, struct cq_str data)
{
    struct cq_peeked peeked;
    size_t len = strlen(filter->function);
    if (!data.len || !cq_peek_look(&filter->peek, data, &peeked) || peeked.function.len < len)
        return false;
    return memcmp(peeked.function.data, filter->function, len) == 0 &&
           (peeked.function.len == len || peeked.function.data[len] == '.');
}

/* Since when it is where it is; where RQ has not written that, when it was made. */
static bool time_of(const struct cq_filter *filter, const struct cq_page_job *job, cq_time *ret_when)
{
    struct cq_str times[4] = {job->ended_at, job->started_at, job->enqueued_at, job->created_at};
    int from = 3;
    double score;
    switch (filter->place) {
    case CQ_PLACE_FINISHED:
    case CQ_PLACE_FAILED: from = 0; break;
    case CQ_PLACE_STARTED: from = 1; break;
    case CQ_PLACE_QUEUED: from = 2; break;
    case CQ_PLACE_CANCELED:
        if (!cq_number_double(job->score, &score) || !(score >= 0 && score < 1e11))
            return false;
        *ret_when = (cq_time)score * CQ_SECOND;
        return true;
    default: break;
    }
    for (int i = from; i < 4; i++)
        if (times[i].len)
            return cq_time_parse_iso(times[i], ret_when);
    return false;
}

static bool contains(struct cq_str text, const char *part)
{
    return text.len && memmem(text.data, text.len, part, strlen(part)) != NULL;
}

/* RQ 1.x kept the text in the hash, compressed or not. */
static bool error_matches(struct cq_filter *filter, const struct cq_page_job *job)
{
    struct cq_result result;
    bool matches = false;
    if (job->result && cq_result_read(job->result, &filter->arena, &result, NULL) == CQ_OK) {
        matches = result.type != CQ_RESULT_SUCCESSFUL && contains(result.exc_string, filter->error);
    } else if (job->exc_info.len) {
        struct cq_buf text = CQ_BUF_INIT(CQ_EXC_TEXT_MAX);
        matches = cq_inflate(job->exc_info, &text, NULL) == CQ_OK
                      ? contains(cq_buf_view(&text), filter->error)
                      : contains(job->exc_info, filter->error);
        cq_buf_release(&text);
    }
    cq_arena_release(&filter->arena);
    return matches;
}

bool cq_filter_matches(struct cq_filter *filter, const struct cq_page_job *job)
{
    cq_time when;
    if (filter->older_than != CQ_TIME_UNSET && (!time_of(filter, job, &when) || when >= filter->older_than))
        return false;
    if (filter->function && !function_matches(filter, job->data))
        return false;
    return !filter->error || error_matches(filter, job);
}
