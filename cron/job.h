/*
 * A cron job: what one line of a file, or one register() of a Python configuration, says; and the table of
 * all of them.
 */
#ifndef CQ_CRON_JOB_H
#define CQ_CRON_JOB_H

#include "base/strv.h"
#include "cron/due.h"
#include "redis/command.h"

struct cq_cron_job;

/*
 * Append field, value ... of the hash of a fresh job to a command.
 *   ret_ttl_s  the job's ttl, CQ_TTL_UNSET for none; ret_group: CQ_STR_NONE for none, borrowed from the cron
 * job
 */
typedef enum cq_code cq_cron_write_fn(const struct cq_cron_job *job, struct cq_str id, cq_time now,
                                      struct cq_command *command, struct cq_error *err);

struct cq_cron_job {
    char *name;     /* owned, as all texts: RQ's name for it, by default the function's */
    char *identity; /* the name; name#2 and so on for later ones of the same name */
    char *function, *queue;
    char *group;        /* NULL: none */
    char *where;        /* FILE:LINE, or the module, for messages */
    char *text;         /* the schedule as it was written */
    char *schedule_key; /* `<zone> <text>`, as Redis keeps it beside the last tick */
    char *shown;        /* JSON of RQ's CronJob.to_dict without the times, an object */
    struct cq_schedule schedule;
    char *zone; /* NULL: the local one */
    enum cq_cron_missed missed;
    bool no_overlap, at_front;
    bool named;    /* by its writer, and not after its function */
    int64_t ttl_s; /* CQ_TTL_UNSET */

    cq_cron_write_fn *write;
    struct cq_strv words; /* of a file: the words of `cq enqueue` */
    struct cq_cron_field {
        char *name;
        struct cq_str value; /* owned */
    } *fields;               /* of Python: the job's hash, as RQ writes it */
    size_t field_count;

    /* What the scheduler knows of it. */
    char *seen; /* what Redis holds; NULL: not asked yet */
    bool paused;
    cq_time skipped; /* ticks up to here are not looked at again; CQ_TIME_UNSET */
    cq_time next;    /* when something is to be done; 0: to be found out, CQ_TIME_NEVER */
    struct cq_cron_due due;
    size_t due_done; /* how many of due.ticks are over */
    bool waits;      /* for the answer to a call for a tick */
};

struct cq_cron_table {
    struct cq_cron_job **jobs; /* owned */
    size_t len, cap;
};

#define CQ_CRON_TABLE_INIT ((struct cq_cron_table){NULL, 0, 0})
void cq_cron_table_release(struct cq_cron_table *table);

struct cq_cron_job *cq_cron_table_add(struct cq_cron_table *table); /* an empty one, borrowed */

/*
 * Give each its identity and schedule_key. Errors: CQ_ERR_CONFIG when a name that was given is there twice,
 * when there are too many, or a name is too long.
 */
CQ_MUST_CHECK enum cq_code cq_cron_table_finish(struct cq_cron_table *table, struct cq_error *err);

/* As RQ's scheduler shows its jobs: the JSON list of `cron_jobs`. */
void cq_cron_table_json(const struct cq_cron_table *table, struct cq_buf *out);

/* Remember what Redis holds of it. True: that is new. */
bool cq_cron_job_saw(struct cq_cron_job *job, struct cq_str seen);

#endif
