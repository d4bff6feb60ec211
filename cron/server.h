/*
 * The loop of `cq cron`: heartbeats, ticks, signals; nothing in it blocks but the reading of the files anew
 * (SIGHUP).
 *
 * Time is the Redis server's, asked for with each heartbeat and carried on by the monotonic clock: schedulers
 * on several machines agree on it, and a machine's clock that is wrong or jumps does no harm. A lost
 * connection is retried for ever; what is known of each job is then asked for anew, so a call for a
 * tick whose answer was lost is neither repeated nor given up.
 *
 * A job's life here: idle until its `next`; due ticks are taken one after the other (cron_tick.lua), each
 * with what was seen last; after the last answer it is idle again.
 */
#ifndef CQ_CRON_SERVER_H
#define CQ_CRON_SERVER_H

#include "base/log.h"
#include "cron/job.h"
#include "redis/address.h"

/* Read the files anew into an empty table. */
typedef enum cq_code cq_cron_reload_fn(struct cq_cron_table *ret_table, void *data, struct cq_error *err);

struct cq_cron_server_options {
    const struct cq_address *address;
    struct cq_log *log;
    const char *config_file; /* as RQ's schedulers show theirs */
    cq_cron_reload_fn *reload;
    void *data;
};

/*
 * Serve until SIGTERM or SIGINT. Signals that are blocked are unblocked when they are watched.
 *   table  taken over; replaced by a reload; the caller releases what is in it at the end
 * Errors: CQ_ERR_REDIS, CQ_ERR_CONFIG when the server refuses in a way that waiting does not change.
 */
CQ_MUST_CHECK enum cq_code cq_cron_serve(const struct cq_cron_server_options *options,
                                         struct cq_cron_table *table, struct cq_error *err);

#endif
