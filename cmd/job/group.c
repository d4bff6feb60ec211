/* cq group: the groups, or the jobs of one. */
#include <string.h>

#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "cmd/line/session.h"
#include "job/keys.h"
#include "registry/group.h"

struct group_options {
    bool json;
};

static const struct cq_option group_options[] = {
    {.kind = CQ_OPTION_FLAG,
     .name = "json",
     .field = offsetof(struct group_options, json),
     .help = "One JSON object a line for each group, or each job (docs/CLI.md)"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "Without NAME: each group with the number of its jobs, and how many of them are queued, started and so "
    "on. With NAME: each of its jobs with status, queue and call, then the line of the group. Changes "
    "nothing; jobs that are gone are only counted.",
    "A job gets into a group by cq enqueue --group, or RQ's Group.",
    NULL,
};

const struct cq_syntax cq_group_syntax = {
    .arguments = "[NAME]",
    .max_args = 1,
    .options_size = sizeof(struct group_options),
    .options = group_options,
    .notes = notes,
};

#define STATUSES (CQ_JOB_READY_TO_ENQUEUE + 1)

struct counts {
    long long jobs, gone, of[STATUSES];
};

static void show_group(const char *name, const struct counts *counts, bool json)
{
    struct cq_buf line = CQ_BUF_INIT(8 * CQ_NAME_MAX + 1024);
    const char *before = ": ";
    if (json) {
        cq_buf_char(&line, '{');
        cq_output_json(&line, "name", cq_str(name));
        cq_buf_printf(&line, ", \"jobs\": %lld, \"gone\": %lld, \"statuses\": {", counts->jobs, counts->gone);
        for (int i = 0; i < STATUSES; i++)
            cq_buf_printf(&line, "%s\"%s\": %lld", i ? ", " : "", cq_job_status_name((enum cq_job_status)i),
                          counts->of[i]);
        cq_buf_text(&line, "}}\n");
    } else {
        cq_output_name(&line, cq_str(name));
        cq_buf_printf(&line, "  %lld job%s", counts->jobs, counts->jobs == 1 ? "" : "s");
        for (int i = 0; i < STATUSES; i++) {
            if (!counts->of[i])
                continue;
            cq_buf_printf(&line, "%s%lld %s", before, counts->of[i],
                          cq_job_status_name((enum cq_job_status)i));
            before = ", ";
        }
        if (counts->gone)
            cq_buf_printf(&line, "; %lld gone", counts->gone);
        cq_buf_char(&line, '\n');
    }
    cq_print_str(cq_buf_view(&line));
    cq_buf_release(&line);
}

static void show_job(const struct cq_group_job *job, bool json)
{
    if (json) {
        struct cq_buf line = CQ_BUF_INIT(SIZE_MAX / 2);
        cq_buf_char(&line, '{');
        cq_output_json(&line, "id", job->id);
        cq_output_json(&line, "status", job->status_text);
        cq_output_json(&line, "queue", job->queue);
        cq_output_json(&line, "description", job->description);
        cq_print_str(cq_buf_view(&line));
        cq_print("}\n");
        cq_buf_release(&line);
        return;
    }
    cq_print_name(job->id);
    cq_print(" ");
    cq_print_name(job->status_text.len ? job->status_text : CQ_STR_LIT("-"));
    cq_print(" ");
    cq_print_name(job->queue.len ? job->queue : CQ_STR_LIT("-"));
    cq_print(" ");
    cq_print_name(job->description);
    cq_print("\n");
}

/* Walk through one group: count its jobs, and show each when they are what was asked for. */
static enum cq_code walk(struct cq_session *session, const char *name, bool show, bool json,
                         struct counts *ret_counts)
{
    struct cq_group_walk walk;
    struct cq_group_job job;
    struct cq_error err;
    enum cq_code code = CQ_OK;
    *ret_counts = (struct counts){0};
    cq_group_walk_init(&walk, session->connection, cq_str(name));
    while (code == CQ_OK && !walk.ended) {
        code = cq_group_walk_next(&walk, &err);
        for (size_t i = 0; code == CQ_OK && i < walk.count; i++) {
            cq_group_walk_job(&walk, i, &job);
            ret_counts->gone += job.gone;
            ret_counts->jobs += !job.gone;
            ret_counts->of[job.status] += !job.gone;
            if (show && !job.gone)
                show_job(&job, json);
        }
    }
    if (code != CQ_OK)
        cq_complain(session->command, "group '%s': %s", name, err.text);
    cq_group_walk_release(&walk);
    return code;
}

static enum cq_exit show_all(struct cq_session *session, bool json)
{
    struct cq_strv names = CQ_STRV_INIT;
    struct counts counts;
    struct cq_error err;
    enum cq_code code = cq_group_names(session->connection, &names, &err);
    enum cq_exit status = cq_exit_of(code);
    if (code != CQ_OK)
        cq_complain(session->command, "%s", err.text);
    for (size_t i = 0; (code == CQ_OK || code == CQ_ERR_REDIS) && i < names.len;
         i++) { /* a key that holds something else is one group's */
        code = walk(session, names.items[i], false, json, &counts);
        if (code == CQ_OK)
            show_group(names.items[i], &counts, json);
        else
            status = cq_exit_of(code);
    }
    cq_strv_release(&names);
    return status;
}

enum cq_exit cq_group_command(const struct cq_run *run)
{
    const struct group_options *options = run->options;
    struct cq_session session;
    struct counts counts;
    const char *name = run->arg_count ? run->args[0] : NULL;
    if (name && (!*name || strlen(name) > CQ_NAME_MAX)) {
        cq_complain(run->name, "'%.80s' cannot be a group's name", name);
        return CQ_EXIT_USAGE;
    }
    enum cq_exit status = cq_session_open(&session, run);
    if (status == CQ_EXIT_OK && !name) {
        status = show_all(&session, options->json);
    } else if (status == CQ_EXIT_OK) {
        status = cq_exit_of(walk(&session, name, true, options->json, &counts));
        if (status == CQ_EXIT_OK && !counts.jobs) {
            cq_complain(run->name, "no such group: '%s'", name);
            status = CQ_EXIT_FAILED;
        } else if (status == CQ_EXIT_OK && !options->json) {
            show_group(name, &counts, false);
        }
    }
    cq_session_close(&session);
    return status;
}
