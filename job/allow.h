/*
 * --allow: which functions a job may run, and which names its pickles may use, decided before anything
 * unpickles them.
 *
 * A prefix `app.jobs` covers `app.jobs` and what is below it, `app.jobs.send`, not `app.jobsx`; and no name
 * with `__` in front below it, for `__globals__` and its like lead from anything to everything. Prefixes have
 * to cover
 *   - the function, and the functions of the callbacks; of a method the class of the instance;
 *   - each global that a pickle in `data`, `meta` or `result` (which RQ's Job.restore unpickles) names,
 * unless that is in the short list of plain data types (allow.c: datetime, Decimal, UUID, set ...), with any
 * protocol and however the name was put together. A pickle that cannot be followed to its end is refused, and
 * one with persistent ids, extension codes or buffers that are elsewhere. JSON and msgpack name nothing but
 * the function.
 *
 * What no look at bytes can tell is what a name stands for: `app.jobs.run` may be imported there from
 * elsewhere, and `app.jobs.os.system` may be reached through it. So a runtime that resolves names checks
 * again: docs/ALLOW.md.
 */
#ifndef CQ_JOB_ALLOW_H
#define CQ_JOB_ALLOW_H

#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "redis/reply.h"

/*
 * May this job run?
 *   prefixes  --allow; empty: everything may
 *   fields    the job's hash, field, value ... as in struct cq_started
 * Costs about a decoding of the payload: 0.4 us for a small one.
 * Memory: keeps nothing.
 * Errors: CQ_ERR_INVALID_OPERATION, text `cq.NotAllowed: ...`: one line, to be stored as the failure of the
 * job.
 */
CQ_MUST_CHECK enum cq_code cq_allow_check(const struct cq_strv *prefixes, const struct cq_reply *fields,
                                          struct cq_error *err);

#endif
