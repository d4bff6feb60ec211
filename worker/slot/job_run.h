/*
 * A slot's job, from its start to its outcome. This file performs the actions of core/execution_state.h, or
 * calls the file that does: record.c writes down how the job ended, callbacks.c runs callbacks, commit.c
 * sends the outcome or gives the job back.
 */
#ifndef CQ_WORKER_SLOT_JOB_RUN_H
#define CQ_WORKER_SLOT_JOB_RUN_H

#include "worker/slot/slot.h"

void cq_slot_init_limit(struct cq_slot *slot);

uint32_t cq_slot_execution_facts(const struct cq_slot *slot);
void cq_slot_do_execution(struct cq_slot *slot, enum cq_execution_action action);

/* Start the job that the slot's last call has found (slot->found). */
void cq_slot_start_job(struct cq_slot *slot);

/* Where its function may still run: kill its horse, or forget the frame that waits for one. False: there is
 * nothing to end. */
bool cq_slot_stop_job(struct cq_slot *slot);    /* by the command stop-job */
bool cq_slot_kill_job(struct cq_slot *slot);    /* by the command kill-horse, or a cold shutdown */
void cq_slot_end_job(struct cq_slot *slot);     /* by a shutdown's deadline: SIGTERM, and back to its queue */
void cq_slot_end_job_now(struct cq_slot *slot); /* the same by SIGKILL */

/* A runtime takes forks (again): give a job that waits its horse, and have warm ones forked. */
void cq_slot_runtime_ready(struct cq_slot *slot, struct cq_runtime *runtime);

/* A runtime does not start, and its reason says why: a job that waits for it fails. */
void cq_slot_runtime_failed(struct cq_slot *slot, const struct cq_runtime *runtime);

/* Once a second: a job that could not get a horse asks again. */
void cq_slot_tick_job(struct cq_slot *slot);

#endif
