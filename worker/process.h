/*
 * A worker process: its parts (context.h says which they are), and the machine of core/process_state.h that
 * starts and ends it. worker.c makes and frees the parts, news.c answers what they tell, shutdown.c has
 * signals and the end.
 */
#ifndef CQ_WORKER_PROCESS_H
#define CQ_WORKER_PROCESS_H

#include "base/timer.h"
#include "worker/context.h"
#include "worker/pool/notify.h"

struct cq_process {
    struct cq_worker_context context; /* its state is there */
    /* Do what its machine asks for (worker.c). */
    void (*perform)(struct cq_process *process, enum cq_process_action action);
    struct cq_queue_watch *queue_watch;
    struct cq_recoverer *recoverer;
    struct cq_abandoned_callbacks *abandoned_callbacks;
    struct cq_janitor *janitor;
    struct cq_watchdog *watchdog;
    struct cq_scheduler *scheduler;
    struct cq_control *control;
    struct cq_resize *resize;
    struct cq_notify notify;

    struct cq_slot *suspended; /* the slot that has found the workers suspended, while that is handled */
    struct cq_timer resume_timer;
    ev_prepare before_wait; /* writes the turn's log lines */

    ev_signal interrupt, terminate, hang_up;
    int signal_number;        /* the last one that ends it; 0: none came */
    cq_time stopped_at;       /* monotonic: when the first one came; 0: not yet */
    struct cq_timer deadline; /* --shutdown-timeout */
    struct cq_timer give_up;  /* until when Redis is to hear of the end */

    enum cq_code result; /* why the loop ended */
    struct cq_error error;
};

/* The only function that changes the state of the process. */
void cq_process_raise(struct cq_process *process, enum cq_process_event event);

/* End the loop with an error: the process gives up. Only the first one counts. */
void cq_process_fail(struct cq_process *process, const struct cq_error *err);

/* End the loop, when the last slot is gone and nothing is left that is to be waited for. */
void cq_process_check_end(struct cq_process *process);

/* In the title: its queues, and the runtimes that run. */
void cq_process_show_title(const struct cq_process *process);

#endif
