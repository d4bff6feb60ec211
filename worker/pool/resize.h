/*
 * How many slots the process has: more or fewer while it runs, and in a pool always as many as are wanted.
 *
 * Slots never move: there is room for the most there may be from the start, and pages that no slot has
 * touched cost nothing. A slot that is gone stays in its place until another worker starts in it. A slot that
 * is not wanted any more finishes its job first. SIGTTIN is one more, SIGTTOU one less, as with other
 * preforking servers. They are read from a descriptor and stay blocked: so a terminal, which has its own use
 * of them, never sends them.
 */
#ifndef CQ_WORKER_POOL_RESIZE_H
#define CQ_WORKER_POOL_RESIZE_H

#include "worker/context.h"

struct cq_slot;

/* In a pool's process its link to the supervisor is opened, too. */
struct cq_resize *cq_resize_new(struct cq_worker_context *context);
void cq_resize_free(struct cq_resize *resize); /* NULL-safe */

/* Have so many slots, 1 to CQ_SLOTS_MAX; nothing while the process ends. */
void cq_resize_to(struct cq_resize *resize, int wanted);

/* A signal or a command asks for so many, or for so many more or fewer. In a pool its supervisor decides, and
 * tells every process. */
void cq_resize_asked(struct cq_resize *resize, int wanted);
void cq_resize_asked_more(struct cq_resize *resize, int more);

/* A slot has registered: when all have, the process is ready. */
void cq_resize_slot_registered(struct cq_resize *resize);

/* A slot is gone: in a pool's process another takes its place, soon. */
void cq_resize_slot_gone(struct cq_resize *resize, const struct cq_slot *slot);

/* Is a slot about to take the place of one that is gone, so that the process must not end? */
bool cq_resize_is_due(const struct cq_resize *resize);

/* Has it a supervisor, as a process of a pool? */
bool cq_resize_is_supervised(const struct cq_resize *resize);

/* Each slot takes some ten descriptors while horses change hands, each queue the connection that waits on
 * it. */
void cq_resize_descriptors(int slots, size_t queues);

#endif
