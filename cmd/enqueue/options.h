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
    const char *queue, *description, *job_id, *group;
    int64_t timeout_s, result_ttl_s, ttl_s, failure_ttl_s;
    struct cq_strv depends_on; /* ids, or several with commas between them */
    int64_t schedule_in_s;
    const char *schedule_at;
    int64_t retry_max, wait_timeout_s;
    struct cq_strv retry_intervals;
    const char *retry_backoff; /* MIN..MAX */
    struct cq_strv meta;       /* KEY=VALUE, as keyword arguments are written */
    int64_t repeat;
    struct cq_strv repeat_intervals;
    const char *on_success, *on_failure, *on_stopped;
    int64_t callback_timeout_s;
    struct cq_strv webhooks, webhook_headers; /* STATUS=URL; NAME: VALUE */
    int webhook_method;                       /* place in CQ_WEBHOOK_METHODS; -1: not given */
    int64_t webhook_timeout_s;
    const char *rate_limit_key;
    int64_t rate_limit_concurrency;
    bool at_front, unique, allow_failure, retry_at_front, quiet, print_id, wait;
};
#define CQ_WEBHOOK_METHODS "GET|POST"

#endif
