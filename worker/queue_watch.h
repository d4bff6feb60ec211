/*
 * Waits for work and takes none. On each queue one connection of the process peeks with BLMOVE q q LEFT LEFT.
 * That returns when q has a job, and leaves the list as it was. Then an idle slot fetches, atomically, over
 * all queues in order.
 *
 * A push wakes every process that waits on the queue, and all but one find it empty. A process that finds it
 * empty peeks again after a random time. That time is at most 50 ms, and doubles with each such peek in a
 * row. A job that was found sets it back to nothing.
 *
 * A queue that has jobs and is paused would answer every peek at once. It is not peeked at for a second; then
 * a fetch asks again, as it is for rq:suspended.
 */
#ifndef CQ_WORKER_QUEUE_WATCH_H
#define CQ_WORKER_QUEUE_WATCH_H

#include "worker/context.h"

struct cq_queue_watch *cq_queue_watch_new(struct cq_worker_context *context);
void cq_queue_watch_free(struct cq_queue_watch *watch); /* NULL-safe */

/* Peek at every queue that is not being peeked at. lost_race: a peek had said that there was work, and it was
 * gone. */
void cq_queue_watch_arm(struct cq_queue_watch *watch, bool lost_race);

/* A fetch found nothing: is this queue (a place in context->queues) paused, with jobs on it? Said of each,
 * then armed. */
void cq_queue_watch_hold(struct cq_queue_watch *watch, size_t queue, bool paused);

/* A fetch found nothing, but jobs wait for their rate: fetch again in wait_ms, or a little later; 0: none
 * do. */
void cq_queue_watch_fetch_in(struct cq_queue_watch *watch, int64_t wait_ms);

/* A fetch after a peek found a job. */
void cq_queue_watch_won(struct cq_queue_watch *watch);

#endif
