/*
 * The registries: sorted sets of job ids, one per state and queue. Read-only here; lifecycle/ moves jobs.
 * Source: rq/registry.py.
 */
#ifndef CQ_REGISTRY_REGISTRY_H
#define CQ_REGISTRY_REGISTRY_H

#include "redis/command.h"

enum cq_registry_kind {
    CQ_REGISTRY_STARTED, /* rq:wip: members are <job id>:<execution id> */
    CQ_REGISTRY_FINISHED,
    CQ_REGISTRY_FAILED,
    CQ_REGISTRY_DEFERRED,
    CQ_REGISTRY_SCHEDULED,
    CQ_REGISTRY_CANCELED,
    CQ_REGISTRY_COUNT_OF
};

const char *cq_registry_key_word(enum cq_registry_kind kind); /* "wip", "finished" ... as in the key */
const char *cq_registry_name(enum cq_registry_kind kind);     /* "started", "finished" ... for people */

void cq_registry_count_build(enum cq_registry_kind kind, struct cq_str queue,
                             struct cq_command *command); /* ZCARD */

#endif
