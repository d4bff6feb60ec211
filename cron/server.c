#include "cron/server.h"

#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/timer.h"
#include "cron/read_again.h"
#include "cron/say.h"
#include "job/id.h"
#include "lifecycle/cron/cron_beat.h"
#include "lifecycle/cron/cron_tick.h"
#include "lifecycle/cron/cron_view.h"
#include "redis/async.h"

/* Seconds, but for the last two. RQ beats before it sleeps, a minute at most. */
enum {
    BEAT_S = 60,
    AGAIN_S = 5,
    FAREWELL_S = 2,
    HOST_SIZE = 256,
    NAME_SIZE = 320,
    JSON_MAX = 64 * 1024 * 1024
};
#define PUNCTUAL_S 0.001 /* a timer may be early by its resolution */

struct server {
    const struct cq_cron_server_options *options;
    struct cq_logger logger;
    struct cq_cron_table *table;
    struct ev_loop *loop;
    struct cq_async *redis;
    struct cq_timer timer, farewell;
    ev_signal terminate, interrupt, hang_up;
    char host[HOST_SIZE], name[NAME_SIZE];
    cq_time created_at;
    cq_time ahead;     /* the server's time minus our monotonic clock's */
    cq_time last_beat; /* monotonic; 0: not since the connection came back */
    size_t calls;      /* for ticks, on their way */
    bool beating;      /* a heartbeat is on its way */
    bool changed;      /* since the last heartbeat: what others see of us is old */
    bool fresh;        /* the table was just read, and no heartbeat has said so yet */
    bool reload, ending;
    enum cq_code code;
    struct cq_error *err;
};

/* What the answer to a call for a tick belongs to. */
struct tick_call {
    struct server *server;
    struct cq_cron_job *job; /* stays: the table is replaced only when no call is on its way */
    char id[CQ_UUID_SIZE];
};

static void run(struct server *server);

static cq_time server_now(const struct server *server)
{
    return cq_clock_monotonic() + server->ahead;
}

/* --- A tick. */

static void decide_later(struct cq_cron_job *job)
{
    job->due_done = job->due.count = 0;
    job->next = 0;
}

static void decide(struct server *server, struct cq_cron_job *job)
{
    cq_time last = cq_cron_seen_tick(cq_str(job->seen)), now = server_now(server);
    if (last != CQ_TIME_UNSET && job->skipped > last && job->skipped <= now)
        last = job->skipped;
    cq_cron_due(&job->schedule, job->zone, job->missed, last, now, &job->due);
    job->due_done = 0;
    job->next = job->due.next;
    if (job->due.skipped != CQ_TIME_UNSET && job->due.skipped > job->skipped) {
        char iso[CQ_TIME_ISO_SIZE];
        cq_time_iso(job->due.skipped, iso);
        job->skipped = job->due.skipped;
        cq_log_warning(&server->logger, "%s: missed its time, last at %s; skipped", job->identity, iso);
    }
}

static void take_next(struct server *server, struct cq_cron_job *job);

static void on_tick(const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    struct tick_call *call = data;
    struct server *server = call->server;
    struct cq_cron_job *job = call->job;
    struct cq_error why;
    enum cq_cron_verdict verdict;
    struct cq_str seen;
    server->calls--;
    job->waits = false;
    if (!reply) { /* carried out or not: what Redis holds then says it */
        cq_log_debug(&server->logger, "%s: no answer: %s", job->identity, err->text);
        decide_later(job);
    } else if (cq_cron_tick_read(reply, &verdict, &seen, &why) == CQ_OK) {
        cq_cron_say_verdict(&server->logger, job, verdict, call->id);
        cq_cron_job_saw(job, seen);
        server->changed = true;
        if (verdict == CQ_CRON_TAKEN)
            decide(server, job);
        else
            job->due_done++;
        take_next(server, job);
    } else {
        cq_log_error(&server->logger, "%s: cannot enqueue: %s; trying again in %d s", job->identity, why.text,
                     AGAIN_S);
        job->due_done = job->due.count;
        job->next = server_now(server) + AGAIN_S * CQ_SECOND;
    }
    free(call);
    if (!server->calls)
        run(server);
}

/* Take the first of its due ticks that is not over. */
static void take_next(struct server *server, struct cq_cron_job *job)
{
    if (job->due_done >= job->due.count || server->ending)
        return;
    struct tick_call *call = cq_alloc(sizeof(*call));
    *call = (struct tick_call){.server = server, .job = job};
    cq_job_id_generate(call->id);
    struct cq_cron_tick tick = {.job = cq_str(job->identity),
                                .name = cq_str(job->name),
                                .seen = cq_str(job->seen),
                                .tick = job->due.ticks[job->due_done],
                                .schedule = cq_str(job->schedule_key),
                                .next = job->due.next,
                                .no_overlap = job->no_overlap,
                                .id = cq_str(call->id),
                                .queue = cq_str(job->queue),
                                .group = cq_str(job->group),
                                .at_front = job->at_front,
                                .ttl_s = job->ttl_s,
                                .now = server_now(server)};
    struct cq_error err;
    struct cq_command *command = cq_async_begin(server->redis);
    cq_cron_tick_build(&tick, command);
    if (job->write(job, tick.id, tick.now, command, &err) == CQ_OK) {
        job->waits = true;
        server->calls++;
        cq_async_call(server->redis, command, on_tick, call);
    } else {
        cq_async_drop_command(server->redis, command);
        cq_log_error(&server->logger, "%s: cannot be enqueued: %s", job->identity, err.text);
        job->due_done = job->due.count;
        free(call);
    }
}

/* --- The heartbeat. */

static void on_beat(const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    struct server *server = data;
    struct cq_error why;
    cq_time now;
    server->beating = false;
    if (!reply) {
        if (!server->ending)
            cq_log_debug(&server->logger, "no answer to the heartbeat: %s", err->text);
        return; /* on_ready begins anew */
    }
    if (cq_cron_beat_read(reply, server->table->len, &now, &why) != CQ_OK) {
        if (!server->reload)
            cq_log_error(&server->logger, "heartbeat failed: %s; trying again in %d s", why.text, AGAIN_S);
        cq_timer_arm(&server->timer, server->reload ? 0 : AGAIN_S);
        return;
    }
    cq_time drift = now - server_now(server);
    bool jumped = drift > CQ_SECOND ||
                  drift < -CQ_SECOND; /* the server's clock was set, or it is another server */
    server->ahead += drift;
    server->last_beat = cq_clock_monotonic();
    if (server->fresh)
        cq_cron_say_rival(&server->logger, reply, server->table->len);
    server->fresh = false;
    for (size_t i = 0; i < server->table->len; i++) {
        struct cq_cron_job *job = server->table->jobs[i];
        struct cq_str seen;
        cq_cron_beat_job_at(reply, server->table->len, i, &seen, &job->paused);
        if (cq_cron_job_saw(job, seen) || jumped)
            decide_later(job);
    }
    run(server);
}

static void beat(struct server *server)
{
    const struct cq_cron_table *table = server->table;
    struct cq_cron_beat_job *jobs = cq_calloc(table->len ? table->len : 1, sizeof(*jobs));
    struct cq_buf json = CQ_BUF_INIT(JSON_MAX);
    for (size_t i = 0; i < table->len; i++)
        jobs[i] = (struct cq_cron_beat_job){cq_str(table->jobs[i]->identity), cq_str(table->jobs[i]->name),
                                            cq_str(table->jobs[i]->schedule_key),
                                            table->jobs[i]->schedule.every_s == 0};
    cq_cron_table_json(table, &json);
    struct cq_cron_beat heartbeat = {.scheduler = cq_str(server->name),
                                     .hostname = cq_str(server->host),
                                     .config_file = cq_str(server->options->config_file),
                                     .jobs = cq_buf_view(&json),
                                     .pid = (int)getpid(),
                                     .created_at = server->created_at,
                                     .fresh = server->fresh,
                                     .count = table->len};
    struct cq_command *command = cq_async_begin(server->redis);
    cq_cron_beat_build(&heartbeat, jobs, command);
    server->beating = true;
    server->changed = false;
    cq_async_call(server->redis, command, on_beat, server);
    cq_buf_release(&json);
    free(jobs);
}

/* --- Signals. */

static void reload(struct server *server)
{
    server->reload = false;
    if (cq_cron_read_again(server->options, server->table, &server->logger)) {
        server->last_beat = 0;
        server->fresh = true;
    }
}

static void on_hang_up(struct ev_loop *loop, ev_signal *watcher, int events)
{
    (void)loop, (void)events;
    struct server *server = watcher->data;
    server->reload = true;
    if (!server->beating && !server->calls)
        cq_timer_arm(&server->timer, 0);
}

static void on_farewell(void *data)
{
    struct server *server = data;
    ev_break(server->loop, EVBREAK_ALL);
}

static void on_death(const struct cq_reply *reply, const struct cq_error *err, void *data)
{
    (void)reply, (void)err;
    struct server *server = data;
    ev_break(server->loop, EVBREAK_ALL);
}

/* What is on its way is carried out or not, whole; nobody waits for it. */
static void on_end(struct ev_loop *loop, ev_signal *watcher, int events)
{
    (void)events;
    struct server *server = watcher->data;
    if (server->ending || !cq_async_is_ready(server->redis)) {
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    server->ending = true;
    cq_timer_arm(&server->farewell, FAREWELL_S);
    struct cq_command *command = cq_async_begin(server->redis);
    cq_cron_death_build(cq_str(server->name), command);
    cq_async_call(server->redis, command, on_death, server);
}

/* --- The loop. */

static void run(struct server *server)
{
    if (server->ending || server->beating || server->calls)
        return;
    if (server->reload)
        reload(server);
    if (!cq_async_is_ready(server->redis))
        return;
    cq_time mono = cq_clock_monotonic();
    if (!server->last_beat || mono - server->last_beat >= BEAT_S * CQ_SECOND) {
        beat(server);
        return;
    }
    cq_time now = server_now(server), wake = server->last_beat + server->ahead + BEAT_S * CQ_SECOND;
    for (size_t i = 0; i < server->table->len; i++) {
        struct cq_cron_job *job = server->table->jobs[i];
        if (!job->waits && job->next <= now) {
            decide(server, job);
            take_next(server, job);
        }
        if (job->next < wake)
            wake = job->next;
    }
    if (server->calls)
        return; /* the last answer comes here again */
    if (server->changed)
        beat(server);
    else
        cq_timer_arm(&server->timer, (double)(wake - now) / (double)CQ_SECOND + PUNCTUAL_S);
}

static void on_timer(void *data)
{
    run(data);
}

static void on_ready(struct cq_async *async, void *data)
{
    (void)async;
    struct server *server = data;
    cq_log_info(&server->logger, "cron scheduler %s: connected, %zu cron job%s", server->name,
                server->table->len, server->table->len == 1 ? "" : "s");
    server->last_beat = 0;
    run(server);
}

static void on_down(struct cq_async *async, const struct cq_error *err, int retry_in_ms, void *data)
{
    (void)async;
    struct server *server = data;
    cq_timer_cancel(&server->timer);
    if (retry_in_ms >= 0) {
        cq_log_warning(&server->logger, "%s; trying again in %.1f s", err->text, retry_in_ms / 1000.);
        return;
    }
    server->code = err->code;
    if (server->err)
        *server->err = *err;
    ev_break(server->loop, EVBREAK_ALL);
}

static void watch_signal(struct server *server, ev_signal *watcher, int number,
                         void (*fn)(struct ev_loop *, ev_signal *, int))
{
    ev_signal_init(watcher, fn, number);
    watcher->data = server;
    ev_signal_start(server->loop, watcher);
}

static void choose_name(struct server *server)
{
    char id[CQ_UUID_SIZE];
    if (gethostname(server->host, sizeof(server->host) - 1) != 0 || !*server->host)
        strcpy(server->host, "localhost");
    cq_job_id_generate(id);
    snprintf(server->name, sizeof(server->name), "%s:%d:%.6s", server->host, (int)getpid(), id); /* as RQ's */
}

enum cq_code cq_cron_serve(const struct cq_cron_server_options *options, struct cq_cron_table *table,
                           struct cq_error *err)
{
    struct server server = {.options = options,
                            .logger = {.log = options->log},
                            .table = table,
                            .loop = EV_DEFAULT,
                            .created_at = cq_clock_now(),
                            .fresh = true,
                            .code = CQ_OK,
                            .err = err};
    sigset_t none;
    choose_name(&server);
    signal(SIGPIPE, SIG_IGN);
    cq_timer_init(&server.timer, server.loop, on_timer, &server);
    cq_timer_init(&server.farewell, server.loop, on_farewell, &server);
    watch_signal(&server, &server.terminate, SIGTERM, on_end);
    watch_signal(&server, &server.interrupt, SIGINT, on_end);
    watch_signal(&server, &server.hang_up, SIGHUP, on_hang_up);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL); /* SIGHUP may be held back until here */
    struct cq_async_options connection = {.loop = server.loop,
                                          .address = options->address,
                                          .client_name = server.name,
                                          .load_scripts = true,
                                          .on_ready = on_ready,
                                          .on_down = on_down,
                                          .data = &server};
    server.redis = cq_async_new(&connection);
    ev_run(server.loop, 0);
    server.ending = true;
    cq_async_free(server.redis);
    cq_timer_cancel(&server.timer);
    cq_timer_cancel(&server.farewell);
    ev_signal_stop(server.loop, &server.terminate);
    ev_signal_stop(server.loop, &server.interrupt);
    ev_signal_stop(server.loop, &server.hang_up);
    if (server.code == CQ_OK)
        cq_log_info(&server.logger, "cron scheduler %s: ended", server.name);
    return server.code;
}
