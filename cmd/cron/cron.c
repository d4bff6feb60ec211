#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/cron/files.h"
#include "cmd/cron/live.h"
#include "cmd/cron/show.h"
#include "cmd/enqueue/when.h"
#include "cmd/line/command.h"
#include "cmd/line/output.h"
#include "config/redis_address.h"
#include "cron/server.h"
#include "job/id.h"
#include "job/keys.h"
#include "lifecycle/cron/cron_beat.h"
#include "lifecycle/cron/cron_tick.h"
#include "lifecycle/cron/cron_view.h"

enum { NEXT_MAX = 10000 };

struct cron_options {
    bool list, check, json;
    int64_t next;
    int missed; /* enum cq_cron_missed; -1: not given */
    const char *from, *trigger, *pause, *resume;
};

#define FIELD(member) offsetof(struct cron_options, member)

static const struct cq_option cron_options[] = {
    {.kind = CQ_OPTION_SETTING, .key = "worker.logging_level", .letter = 'l'},
    {.kind = CQ_OPTION_SETTING, .key = "worker.log_format"},
    {.kind = CQ_OPTION_SETTING,
     .key = "worker.python",
     .help = "The interpreter that reads Python configurations, with rq in it"},
    {.kind = CQ_OPTION_CHOICE,
     .name = "missed",
     .argument = "skip|once|all",
     .field = FIELD(missed),
     .words = "skip|once|all",
     .help = "What to do about missed times of jobs that do not say it (default: skip; of intervals: once)"},
    {.kind = CQ_OPTION_HEADING, .help = "Instead of running the schedules"},
    {.kind = CQ_OPTION_FLAG,
     .name = "check",
     .field = FIELD(check),
     .help = "Only read the files: status 0 when they are correct, 3 when not"},
    {.kind = CQ_OPTION_INT,
     .name = "next",
     .argument = "N",
     .field = FIELD(next),
     .min = 1,
     .max = NEXT_MAX,
     .help = "Show the next N times of each job, without Redis"},
    {.kind = CQ_OPTION_TEXT,
     .name = "from",
     .argument = "TIME",
     .field = FIELD(from),
     .help = "With --next: show the times after this one, written as for 'cq enqueue --schedule-at' "
             "(default: now)"},
    {.kind = CQ_OPTION_FLAG,
     .name = "list",
     .field = FIELD(list),
     .help = "Show each job with its last and its next time; without FILE the live schedulers, cq's and "
             "rq's, and their jobs"},
    {.kind = CQ_OPTION_FLAG,
     .name = "json",
     .field = FIELD(json),
     .help = "With --list and --next: one JSON object a line (docs/CLI.md)"},
    {.kind = CQ_OPTION_TEXT,
     .name = "trigger",
     .argument = "NAME",
     .field = FIELD(trigger),
     .help = "Enqueue this job of the files now, out of turn"},
    {.kind = CQ_OPTION_TEXT,
     .name = "pause",
     .argument = "NAME",
     .field = FIELD(pause),
     .help = "Keep every 'cq cron' from enqueueing this job, until --resume; takes no FILE"},
    {.kind = CQ_OPTION_TEXT,
     .name = "resume",
     .argument = "NAME",
     .field = FIELD(resume),
     .help = "Enqueue a paused job again at its times; takes no FILE"},
    {.kind = CQ_OPTION_END},
};

static const char *const notes[] = {
    "FILE is a plain file (`-`: standard input), or RQ's Python configuration (a .py file or a module). A "
    "line of a plain file is a schedule and the arguments of 'cq enqueue': '0 3 * * 1-5 -q reports "
    "reports.nightly :2026', '@every 90s feeds.poll'. CRON_TZ=Europe/Berlin sets the time zone of the lines "
    "below it. A line also takes --name NAME, --zone ZONE, --missed skip|once|all and --no-overlap.",
    "Any number of 'cq cron' may run with the same files: each time is enqueued once. SIGHUP reads the files "
    "again. See docs/CRON.md.",
    NULL,
};

const struct cq_syntax cq_cron_syntax = {
    .arguments = "FILE...",
    .max_args = SIZE_MAX,
    .options_size = sizeof(struct cron_options),
    .options = cron_options,
    .notes = notes,
};

struct work {
    const struct cq_run *run;
    const struct cron_options *options;
    struct cq_session session;
    struct cq_cron_files files;
    struct cq_cron_table table;
};

static enum cq_code check_options(const struct cq_run *run, struct cq_error *err)
{
    const struct cron_options *options = run->options;
    bool pause = options->pause || options->resume;
    int kinds = options->list + options->check + (options->next != CQ_OPTION_UNSET) +
                (options->trigger != NULL) + (options->pause != NULL) + (options->resume != NULL);
    if (kinds > 1)
        return cq_error_set(
            err, CQ_ERR_USAGE,
            "--check, --next, --list, --trigger, --pause and --resume are each for themselves");
    if (options->json && !options->list && options->next == CQ_OPTION_UNSET)
        return cq_error_set(err, CQ_ERR_USAGE, "--json goes with --list or --next");
    if (options->from && options->next == CQ_OPTION_UNSET)
        return cq_error_set(err, CQ_ERR_USAGE, "--from goes with --next");
    if (pause && run->arg_count)
        return cq_error_set(err, CQ_ERR_USAGE, "%s takes a job's name and no FILE",
                            options->pause ? "--pause" : "--resume");
    if (!pause && !options->list && !run->arg_count)
        return cq_error_set(err, CQ_ERR_USAGE, "FILE is missing; see 'cq cron --help'");
    const char *name = options->pause ? options->pause : options->resume;
    if (name && (!*name || strlen(name) > CQ_NAME_MAX))
        return cq_error_set(err, CQ_ERR_USAGE, "a cron job's name has 1 to %d bytes", CQ_NAME_MAX);
    return CQ_OK;
}

/* What Redis knows of the jobs. */
static enum cq_code ask(struct work *work, cq_time *ret_now, struct cq_error *err)
{
    size_t count = work->table.len;
    struct cq_cron_beat_job *jobs = cq_calloc(count ? count : 1, sizeof(*jobs));
    struct cq_cron_beat beat = {.scheduler = CQ_STR_NONE,
                                .hostname = CQ_STR_LIT(""),
                                .config_file = CQ_STR_LIT(""),
                                .jobs = CQ_STR_LIT(""),
                                .created_at = 0,
                                .count = count};
    struct cq_command command;
    struct cq_reply *reply = NULL;
    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct cq_cron_beat_job){cq_str(work->table.jobs[i]->identity),
                                            cq_str(work->table.jobs[i]->name), CQ_STR_NONE, false};
    cq_command_init(&command);
    cq_cron_beat_build(&beat, jobs, &command);
    enum cq_code code = cq_connection_call(work->session.connection, &command, &reply, err);
    if (code == CQ_OK)
        code = cq_cron_beat_read(reply, count, ret_now, err);
    for (size_t i = 0; i < count && code == CQ_OK; i++) {
        struct cq_str seen;
        cq_cron_beat_job_at(reply, count, i, &seen, &work->table.jobs[i]->paused);
        cq_cron_job_saw(work->table.jobs[i], seen);
    }
    cq_reply_free(reply);
    cq_command_release(&command);
    free(jobs);
    return code;
}

static enum cq_code show_next(struct work *work, struct cq_error *err)
{
    cq_time from = cq_clock_now();
    struct cq_error why;
    if (work->options->from && cq_when_parse(work->options->from, from, &from, &why) != CQ_OK)
        return cq_error_set(err, CQ_ERR_USAGE, "--from: %s",
                            strncmp(why.text, "--schedule-at: ", 15) == 0 ? why.text + 15 : why.text);
    cq_cron_show_next(&work->table, work->options->next, from, work->options->json);
    return CQ_OK;
}

static enum cq_code list(struct work *work, struct cq_error *err)
{
    cq_time now;
    enum cq_code code = cq_session_connect(&work->session, err);
    if (code == CQ_OK)
        code = ask(work, &now, err);
    if (code == CQ_OK && !work->run->arg_count)
        code = cq_cron_show_live(work->session.connection, now, work->options->json, err);
    else if (code == CQ_OK)
        cq_cron_show_list(&work->table, now, work->options->json);
    return code;
}

static enum cq_code trigger(struct work *work, struct cq_error *err)
{
    const struct cq_cron_job *job = NULL;
    struct cq_command command;
    struct cq_reply *reply = NULL;
    char id[CQ_UUID_SIZE];
    enum cq_cron_verdict verdict;
    struct cq_str seen;
    cq_time now;
    for (size_t i = 0; i < work->table.len; i++)
        if (strcmp(work->table.jobs[i]->identity, work->options->trigger) == 0)
            job = work->table.jobs[i];
    if (!job)
        return cq_error_set(err, CQ_ERR_INVALID_OPERATION,
                            "there is no cron job '%.80s' in the files; 'cq cron --list FILE' shows them",
                            work->options->trigger);
    cq_job_id_generate(id);
    cq_command_init(&command);
    enum cq_code code = cq_session_connect(&work->session, err);
    if (code == CQ_OK)
        code = ask(work, &now, err);
    if (code == CQ_OK) {
        struct cq_cron_tick tick = {.job = cq_str(job->identity),
                                    .name = cq_str(job->name),
                                    .seen = CQ_STR_LIT(""),
                                    .tick = CQ_TIME_UNSET,
                                    .next = cq_schedule_next(&job->schedule, job->zone, now),
                                    .id = cq_str(id),
                                    .queue = cq_str(job->queue),
                                    .group = cq_str(job->group),
                                    .at_front = job->at_front,
                                    .ttl_s = job->ttl_s,
                                    .now = now};
        cq_cron_tick_build(&tick, &command);
        code = job->write(job, cq_str(id), now, &command, err);
    }
    if (code == CQ_OK)
        code = cq_connection_call(work->session.connection, &command, &reply, err);
    if (code == CQ_OK)
        code = cq_cron_tick_read(reply, &verdict, &seen, err);
    if (code == CQ_OK) {
        cq_print("Enqueued ");
        cq_print_name(cq_str(job->identity));
        cq_print(" with job-id '%s'.\n", id);
    }
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

static enum cq_code pause_job(struct work *work, struct cq_error *err)
{
    const char *name = work->options->pause ? work->options->pause : work->options->resume;
    struct cq_command command;
    struct cq_reply *reply = NULL, *known = NULL;
    enum cq_code code = cq_session_connect(&work->session, err);
    cq_command_init(&command);
    cq_cron_pause_build(cq_str(name), work->options->pause != NULL, &command);
    if (code == CQ_OK)
        code = cq_connection_call(work->session.connection, &command, &reply, err);
    if (code == CQ_OK && cq_reply_int(reply) == 0)
        code = cq_error_set(err, CQ_ERR_INVALID_OPERATION,
                            work->options->pause ? "'%.80s' is paused already" : "'%.80s' is not paused",
                            name);
    if (code == CQ_OK && work->options->pause) {
        cq_cron_known_build(cq_str(name), &command);
        code = cq_connection_call(work->session.connection, &command, &known, err);
    }
    if (code == CQ_OK) {
        cq_print(work->options->pause ? "Paused " : "Resumed ");
        cq_print_name(cq_str(name));
        cq_print(".%s%s\n", work->options->pause ? " 'rq cron' ignores that." : "",
                 known && !cq_reply_int(known)
                     ? " No 'cq cron' has had a job of this name yet: mind how it is written."
                     : "");
    }
    cq_reply_free(reply);
    cq_reply_free(known);
    cq_command_release(&command);
    return code;
}

static enum cq_code read_anew(struct cq_cron_table *ret_table, void *data, struct cq_error *err)
{
    return cq_cron_files_read(data, ret_table, err);
}

static enum cq_code serve(struct work *work, struct cq_error *err)
{
    const struct cq_settings *settings = &work->session.settings;
    struct cq_address address;
    struct cq_log log;
    struct cq_buf config_file = CQ_BUF_INIT(SIZE_MAX / 2);
    const char *no_color = getenv("NO_COLOR");
    enum cq_code code = cq_settings_address(settings, &address, err);
    if (code != CQ_OK)
        return code;
    cq_log_init(&log, STDERR_FILENO, settings->logging_level, settings->log_format);
    log.color = isatty(STDERR_FILENO) == 1 && !(no_color && *no_color);
    log.name = "cq.cron";
    for (size_t i = 0; i < work->files.count; i++)
        cq_buf_printf(&config_file, "%s%s", i ? " " : "", work->files.names[i]);
    struct cq_cron_server_options options = {.address = &address,
                                             .log = &log,
                                             .config_file = config_file.data,
                                             .reload = read_anew,
                                             .data = &work->files};
    if (!work->table.len)
        cq_log(&log, CQ_LOG_WARNING, NULL, NULL, "there is no cron job in %s", config_file.data);
    code = cq_cron_serve(&options, &work->table, err);
    cq_buf_release(&config_file);
    cq_address_release(&address);
    return code;
}

/* Until cq_cron_serve watches it: a reload that comes while the files are read is not to end us. */
static void hold_reload(void)
{
    sigset_t hang_up;
    sigemptyset(&hang_up);
    sigaddset(&hang_up, SIGHUP);
    sigprocmask(SIG_BLOCK, &hang_up, NULL);
}

static enum cq_code work_on(struct work *work, struct cq_error *err)
{
    const struct cron_options *options = work->options;
    enum cq_code code = cq_session_configure(&work->session, work->run, err);
    if (code != CQ_OK || options->pause || options->resume)
        return code == CQ_OK ? pause_job(work, err) : code;
    if (!options->check && !options->list && !options->trigger && options->next == CQ_OPTION_UNSET)
        hold_reload();
    work->files = (struct cq_cron_files){work->run->args, work->run->arg_count, options->missed,
                                         &work->session};
    code = cq_cron_files_read(&work->files, &work->table, err);
    if (code != CQ_OK)
        return code;
    if (options->check)
        cq_print("%zu cron job%s\n", work->table.len, work->table.len == 1 ? "" : "s");
    else if (options->next != CQ_OPTION_UNSET)
        return show_next(work, err);
    else if (options->list)
        return list(work, err);
    else if (options->trigger)
        return trigger(work, err);
    else
        return serve(work, err);
    return CQ_OK;
}

enum cq_exit cq_cron_command(const struct cq_run *run)
{
    struct work work = {.run = run, .options = run->options, .table = CQ_CRON_TABLE_INIT};
    struct cq_error err;
    enum cq_code code = check_options(run, &err);
    if (code == CQ_OK) {
        code = work_on(&work, &err);
        cq_cron_table_release(&work.table);
        cq_session_close(&work.session);
    }
    if (code != CQ_OK)
        cq_complain(run->name, "%s", err.text);
    return cq_exit_of(code);
}
