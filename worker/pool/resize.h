/*
 * How many slots the process has: more or fewer while it runs, and in a pool always as many as are wanted.
 *
 * Slots never move: there is room for the most there may be from the start, and pages that no slot has
 * touched cost nothing. One that is dead stays in its place, to be born again as another worker. A slot that
 * is not wanted any more finishes its job first. SIGTTIN is one more, SIGTTOU one less, as with other
 * preforking servers. They are read from a descriptor and stay blocked: so a terminal, which has its own use
 * of them, never sends them.
 */
#ifndef CQ_WORKER_POOL_RESIZE_H
#define CQ_WORKER_POOL_RESIZE_H

#include "base/str.h"
#include "worker/process.h"

struct cq_resize *cq_resize_new(struct cq_process *process);
void cq_resize_free(struct cq_resize *resize); /* NULL-safe */

/* The link to the supervisor of a pool, which resizes the process; NULL: it has none. */
struct cq_supervisor_link *cq_resize_open_link(struct cq_process *process);

/* Have so many slots, 1 to CQ_SLOTS_MAX; nothing while the process ends. */
void cq_resize_to(struct cq_process *process, int wanted);

/* End, when the running jobs have. No deadline: this is not a shutdown. */
void cq_resize_leave(struct cq_process *process);

/* A signal or a command asks for so many, or for so many more or fewer. In a pool its supervisor decides, and
 * tells every process. */
void cq_resize_asked(struct cq_process *process, int wanted);
void cq_resize_asked_more(struct cq_process *process, int more);

/* A slot is born: when all are, the process is ready. */
void cq_resize_born(struct cq_process *process);

/* A slot is dead: in a pool's process another takes its place, soon. */
void cq_resize_slot_dead(struct cq_process *process, const struct cq_slot *slot);

/* A slot is about to take the place of one that is dead: the process must not end. */
bool cq_resize_is_due(const struct cq_resize *resize);

/* Each slot takes some ten descriptors while horses change hands, each queue the connection that waits on
 * it. */
void cq_resize_descriptors(int slots, size_t queues);

#endif
