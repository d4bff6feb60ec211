#include "cron/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/keys.h"
#include "lifecycle/cron/cron_beat.h"
#include "lifecycle/cron/cron_tick.h"

static void job_free(struct cq_cron_job *job)
{
    for (size_t i = 0; i < job->field_count; i++) {
        free(job->fields[i].name);
        free((char *)job->fields[i].value.data);
    }
    free(job->fields);
    cq_strv_release(&job->words);
    free(job->name);
    free(job->identity);
    free(job->function);
    free(job->queue);
    free(job->group);
    free(job->where);
    free(job->text);
    free(job->schedule_key);
    free(job->shown);
    free(job->zone);
    free(job->seen);
    free(job);
}

void cq_cron_table_release(struct cq_cron_table *table)
{
    for (size_t i = 0; i < table->len; i++)
        job_free(table->jobs[i]);
    free(table->jobs);
    *table = CQ_CRON_TABLE_INIT;
}

struct cq_cron_job *cq_cron_table_add(struct cq_cron_table *table)
{
    if (table->len == table->cap) {
        table->cap = table->cap ? 2 * table->cap : 16;
        table->jobs = cq_realloc(table->jobs, table->cap * sizeof(*table->jobs));
    }
    struct cq_cron_job *job = cq_calloc(1, sizeof(*job));
    job->ttl_s = CQ_TTL_UNSET;
    job->skipped = CQ_TIME_UNSET;
    table->jobs[table->len++] = job;
    return job;
}

static const struct cq_cron_job *find(const struct cq_cron_table *table, size_t count, const char *identity)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table->jobs[i]->identity, identity) == 0)
            return table->jobs[i];
    return NULL;
}

/* name, name#2, name#3 ... in the order of the files, so that all who read the same files say the same. */
static enum cq_code identify(struct cq_cron_table *table, size_t index, struct cq_error *err)
{
    struct cq_cron_job *job = table->jobs[index];
    struct cq_buf text = CQ_BUF_INIT(2 * CQ_NAME_MAX);
    if (!*job->name || strlen(job->name) > CQ_NAME_MAX - 8)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: a cron job's name has 1 to %d bytes", job->where,
                            CQ_NAME_MAX - 8);
    const struct cq_cron_job *same = find(table, index, job->name);
    if (same && job->named && same->named)
        return cq_error_set(err, CQ_ERR_CONFIG,
                            "%.100s: the name '%.60s' is taken by %.60s; give each its own", job->where,
                            job->name, same->where);
    cq_buf_text(&text, job->name);
    for (size_t number = 2; find(table, index, text.data); number++) {
        cq_buf_clear(&text);
        cq_buf_printf(&text, "%s#%zu", job->name, number);
    }
    job->identity = cq_buf_steal(&text);
    cq_buf_printf(&text, "%s %.800s", job->zone ? job->zone : "local", job->text);
    job->schedule_key = cq_buf_steal(&text);
    return CQ_OK;
}

enum cq_code cq_cron_table_finish(struct cq_cron_table *table, struct cq_error *err)
{
    if (table->len > CQ_CRON_JOBS_MAX)
        return cq_error_set(
            err, CQ_ERR_CONFIG,
            "%zu cron jobs are more than one 'cq cron' takes (%d); give some of the files to another one",
            table->len, CQ_CRON_JOBS_MAX);
    enum cq_code code = CQ_OK;
    for (size_t i = 0; i < table->len && code == CQ_OK; i++)
        code = identify(table, i, err);
    return code;
}

static void add_time(struct cq_buf *out, const char *name, cq_time when)
{
    char iso[CQ_TIME_ISO_SIZE];
    if (when <= 0 || when == CQ_TIME_NEVER) {
        cq_buf_printf(out, ", \"%s\": null", name);
        return;
    }
    cq_time_iso(when, iso);
    cq_buf_printf(out, ", \"%s\": \"%s\"", name, iso);
}

void cq_cron_table_json(const struct cq_cron_table *table, struct cq_buf *out)
{
    cq_buf_char(out, '[');
    for (size_t i = 0; i < table->len; i++) {
        const struct cq_cron_job *job = table->jobs[i];
        bool ran = cq_cron_seen_job(cq_str(job->seen)).len > 0; /* and was not only seen */
        cq_buf_text(out, i ? ", " : "");
        cq_buf_append(out, job->shown, strlen(job->shown) - 1);
        add_time(out, "latest_enqueue_time", ran ? cq_cron_seen_tick(cq_str(job->seen)) : CQ_TIME_UNSET);
        add_time(out, "next_enqueue_time", job->next);
        cq_buf_char(out, '}');
    }
    cq_buf_char(out, ']');
}

bool cq_cron_job_saw(struct cq_cron_job *job, struct cq_str seen)
{
    if (job->seen && cq_str_is(seen, job->seen))
        return false;
    free(job->seen);
    job->seen = seen.data ? cq_strndup(seen.data, seen.len) : cq_strdup("");
    return true;
}
