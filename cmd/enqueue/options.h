/*
 * The options of `cq enqueue`: their table is in syntax.c, what they may be together is checked in prepare.c.
 */
#ifndef CQ_CMD_ENQUEUE_OPTIONS_H
#define CQ_CMD_ENQUEUE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"

/* A number or a duration that was not given is CQ_OPTION_UNSET, a text NULL. */
struct cq_enqueue_options {
    const char *queue, *description, *job_id;
    int64_t timeout_s, result_ttl_s, ttl_s, failure_ttl_s;
    int64_t retry_max, wait_timeout_s;
    struct cq_strv retry_intervals;
    bool at_front, unique, quiet, wait;
};

#endif
