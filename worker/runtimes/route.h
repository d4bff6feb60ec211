/*
 * Which runtime runs a job, and whether it may run at all: told by the function's name, which the first bytes
 * of its `data` give. Programs and the functions of modules on --path are native; then [runtime.NAME], the
 * longest of its prefixes that fits; the rest is Python's, or native's where there is no Python, to fail
 * there. So is what cannot be looked into.
 *
 * Asked once for every job. What a name led to is remembered for a second, so that a module's file is looked
 * for that often and no oftener.
 */
#ifndef CQ_WORKER_RUNTIMES_ROUTE_H
#define CQ_WORKER_RUNTIMES_ROUTE_H

#include "redis/reply.h"
#include "worker/runtimes/runtimes.h"

struct cq_router;

/* runtimes is borrowed. Free with cq_router_free. */
struct cq_router *cq_router_new(const struct cq_runtimes *runtimes);
void cq_router_free(struct cq_router *router); /* NULL-safe */

/*
 * The runtime of a job; NULL when it may not run, with its failure text in refusal (cq.SerializerRefused,
 * cq.NotAllowed). fields  the job's hash: field, value ...
 */
struct cq_runtime *cq_router_find(struct cq_router *router, const struct cq_reply *fields,
                                  struct cq_buf *refusal);

/* The runtime of a callback, by its function's name alone: what --allow says of it was asked with its job. */
struct cq_runtime *cq_router_find_name(struct cq_router *router, struct cq_str name);

#endif
