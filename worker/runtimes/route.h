/*
 * Which runtime runs a job, and whether it may run at all. The function's name decides, which is in the first
 * bytes of `data`. Programs and the functions of modules on --path are native. Then comes the [runtime.NAME]
 * with the longest prefix that fits. Python has all others, and data that hides the name. Without Python
 * these go to native, and fail there.
 *
 * It is asked once for every job. The answer for a name is kept for a second, so that a module's file is not
 * looked for more often.
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
