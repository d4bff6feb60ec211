/* Which jobs of a place are meant: what --function, --older-than and --error say of one that was read in a
 * page. */
#ifndef CQ_CMD_JOB_FILTER_H
#define CQ_CMD_JOB_FILTER_H

#include "base/arena.h"
#include "base/clock.h"
#include "job/peek.h"
#include "registry/page.h"

struct cq_filter {
    enum cq_place place;
    const char *function; /* `app.tasks` means itself and what is below, app.tasks.send; NULL: any */
    const char *error;    /* a part of the failure's text; NULL: any */
    cq_time older_than;   /* the time that fits the place is before this; CQ_TIME_UNSET: any */
    struct cq_peek peek;
    struct cq_arena arena; /* of one job's texts */
};

void cq_filter_init(struct cq_filter *filter, enum cq_place place); /* any job */
void cq_filter_release(struct cq_filter *filter);
bool cq_filter_is_any(const struct cq_filter *filter);
int cq_filter_data_most(const struct cq_filter *filter); /* bytes of `data` that a page has to have */

/* What cannot be read (a time, a call, a text) does not match. */
bool cq_filter_matches(struct cq_filter *filter, const struct cq_page_job *job);

#endif
