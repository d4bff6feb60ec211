#include "worker/runtimes/stable.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/frame.h"
#include "worker/runtimes/horse.h"
#include "worker/runtimes/log_frame.h"

enum {
    PROTOCOL_VERSION = 1,
    FORK_WITHIN_S =
        30, /* longer than that, and it hangs: in a module's constructor, or because it was stopped */
    BUSY_MAX_S = 600,    /* beyond that, when it said that it is busy */
    IMPORTS_MAX = 1024,  /* bytes of a module's name */
    LEAVE_WITHIN_S = 30, /* after its last horse; an end of file does not help one that does not read */
};

/* ---- its state ---- */

/* What an event is about. */
struct stable_cause {
    struct cq_str why;               /* of REFUSED */
    const struct cq_stable_end *end; /* of DIED */
};

static void perform(struct cq_stable *stable, enum cq_stable_action action, const struct stable_cause *cause)
{
    const struct cq_stable_owner *owner = stable->owner;
    switch (action) {
    case CQ_STABLE_STOP_WAITING: cq_timer_cancel(&stable->hello_timer); break;
    case CQ_STABLE_SEND_QUIT: cq_stable_socket_quit(&stable->socket); break;
    case CQ_STABLE_SEND_KILL:
        if (stable->pid) /* else it is reaped, and the number is that of another process */
            kill(stable->pid, SIGKILL);
        break;
    case CQ_STABLE_END_HORSES: cq_horse_table_end(&stable->horses); break;
    case CQ_STABLE_TELL_HELLO: owner->hello(owner->data, stable); break;
    case CQ_STABLE_TELL_REFUSED: owner->refused(owner->data, stable, cause->why); break;
    case CQ_STABLE_TELL_DIED: owner->died(owner->data, stable, cause->end); break;
    }
}

static void apply(struct cq_stable *stable, enum cq_stable_event event, const struct stable_cause *cause)
{
    const struct cq_stable_owner *owner = stable->owner;
    const struct cq_rule *rule = cq_stable_state_apply(&stable->state, event);
    if (!rule) {
        cq_log_error(&owner->logger, "bug: %s stable %d: %s is illegal in state %s; please report it",
                     owner->runtime, (int)stable->pid, cq_stable_machine.events[event],
                     cq_stable_machine.states[stable->state]);
        return;
    }
    for (int i = 0; i < CQ_RULE_ACTIONS && rule->actions[i]; i++)
        perform(stable, rule->actions[i], cause);
}

void cq_stable_end(struct cq_stable *stable)
{
    apply(stable, CQ_STABLE_ON_KILL, NULL);
}

void cq_stable_quit(struct cq_stable *stable)
{
    apply(stable, CQ_STABLE_ON_QUIT, NULL);
}

static void refuse(struct cq_stable *stable, struct cq_str why)
{
    apply(stable, CQ_STABLE_ON_REFUSED, &(struct stable_cause){.why = why});
}

/* It hangs, or broke the protocol. */
static void give_up(struct cq_stable *stable, const char *why)
{
    const struct cq_stable_owner *owner = stable->owner;
    cq_log_error(&owner->logger, "%s stable %d: %s; killing it", owner->runtime, (int)stable->pid, why);
    cq_stable_end(stable);
    owner->given_up(owner->data, stable);
}

/* ---- what it says ---- */

static void on_hello(struct cq_stable *stable, const struct cq_frame *frame)
{
    int64_t protocol = 0;
    char text[128];
    struct cq_str error = cq_frame_get_str(frame, "error");
    struct cq_str version = cq_frame_get_str(frame, "version");
    cq_frame_get_int(frame, "protocol", &protocol);
    if (protocol != PROTOCOL_VERSION && !error.data) {
        snprintf(text, sizeof(text),
                 "it speaks stable protocol %lld, and this worker %d: install one version of cq",
                 (long long)protocol, PROTOCOL_VERSION);
        error = cq_str(text);
    }
    if (error.data) {
        refuse(stable, error);
        return;
    }
    if (stable->state == CQ_STABLE_STARTING) {
        snprintf(stable->version, sizeof(stable->version), "%.*s",
                 (int)(version.len < sizeof(stable->version) ? version.len : 0),
                 version.data ? version.data : "");
        stable->soft_timeout = cq_frame_get_bool(frame, "soft_timeout", false);
        stable->callbacks = cq_frame_get_bool(frame, "callbacks", false);
    }
    apply(stable, CQ_STABLE_ON_HELLO, NULL);
}

static void on_forked(struct cq_stable *stable, struct cq_horse *horse, const struct cq_frame *frame)
{
    int64_t pid = 0;
    struct cq_str error = cq_frame_get_str(frame, "error");
    stable->forks_asked--;
    stable->forked_at = cq_clock_monotonic();
    if (horse && cq_frame_get_int(frame, "pid", &pid) && pid > 1) {
        cq_horse_forked(horse, (pid_t)pid);
        return;
    }
    if (error.data)
        cq_log_error(&stable->owner->logger, "%s stable %d cannot fork: %.*s", stable->owner->runtime,
                     (int)stable->pid, (int)error.len, error.data);
    if (horse)
        cq_horse_not_forked(horse);
}

/* Horses that wait without it are let go: each would have to import it again. Forks are answered in their
 * order. */
static void on_learned(struct cq_stable *stable)
{
    stable->learned_from = stable->next_number - stable->forks_asked;
    if (stable->state == CQ_STABLE_READY)
        stable->owner->room(stable->owner->data, stable);
}

/* It imports something that horses have had to import: what is asked of it waits until that is done. */
static void on_busy(struct cq_stable *stable, const struct cq_frame *frame)
{
    int64_t seconds = 0;
    cq_frame_get_int(frame, "seconds", &seconds);
    seconds = seconds < 0 ? 0 : seconds < BUSY_MAX_S ? seconds : BUSY_MAX_S;
    stable->busy_until = cq_clock_monotonic() + seconds * CQ_SECOND;
    cq_buf_str(&stable->imports, cq_frame_get_str(frame, "imports"));
}

static void on_log(const struct cq_stable *stable, const struct cq_frame *frame)
{
    struct cq_log_frame line;
    cq_log_frame_read(frame, &line);
    cq_log_lines(stable->owner->logger.log, line.level, stable->owner->logger.worker, NULL, line.text);
}

static void on_frame(struct cq_stable *stable, const struct cq_frame *frame)
{
    int64_t number = -1, value = 0;
    if (!cq_str_is(frame->type, "log")) {
        stable->busy_until = 0;
        cq_buf_clear(&stable->imports);
    }
    cq_frame_get_int(frame, "horse", &number);
    struct cq_horse *horse = cq_horse_table_find(&stable->horses, number);
    if (cq_str_is(frame->type, "hello")) {
        on_hello(stable, frame);
    } else if (cq_str_is(frame->type, "forked")) {
        on_forked(stable, horse, frame);
    } else if (cq_str_is(frame->type, "exited")) {
        cq_frame_get_int(frame, "status", &value);
        if (horse)
            cq_horse_exited(horse, (int)value);
    } else if (cq_str_is(frame->type, "learned")) {
        on_learned(stable);
    } else if (cq_str_is(frame->type, "busy")) {
        on_busy(stable, frame);
    } else if (cq_str_is(frame->type, "log")) {
        on_log(stable, frame);
    } else {
        cq_log_debug(&stable->owner->logger, "%s stable %d sent an unknown frame '%.*s'",
                     stable->owner->runtime, (int)stable->pid, (int)frame->type.len, frame->type.data);
    }
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)events;
    struct cq_stable *stable = watcher->data;
    char *room = cq_buf_reserve(&stable->in, CQ_FRAME_CONTROL_MAX);
    ssize_t n = room ? read(stable->socket.fd, room, CQ_FRAME_CONTROL_MAX) : 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* its death arrives through on_child */
        ev_io_stop(loop, &stable->reader);
        return;
    }
    stable->in.len += (size_t)n;
    size_t done = 0;
    for (;;) {
        struct cq_frame frame;
        struct cq_error err;
        size_t size = 0;
        struct cq_str rest = cq_str_n(stable->in.data + done, stable->in.len - done);
        if (cq_frame_parse(rest, CQ_FRAME_CONTROL_MAX, &frame, &size, &err) != CQ_OK) {
            ev_io_stop(loop, &stable->reader);
            give_up(stable, err.text);
            return;
        }
        if (!size)
            break;
        on_frame(stable, &frame);
        done += size;
    }
    cq_buf_consume(&stable->in, done);
}

/* ---- its life ---- */

static void on_hello_late(void *data)
{
    refuse(data, CQ_STR_LIT("it did not say hello in time"));
}

static void on_room(void *data)
{
    struct cq_stable *stable = data;
    if (stable->state == CQ_STABLE_READY)
        stable->owner->room(stable->owner->data, stable);
}

static void on_child(struct ev_loop *loop, ev_child *child, int events)
{
    (void)events;
    struct cq_stable *stable = child->data;
    int exec_errno = 0;
    pid_t pid = stable->pid;
    ev_child_stop(loop, child);
    stable->pid = 0;
    if (ev_is_active(&stable->reader))
        on_readable(loop, &stable->reader, EV_READ);
    bool executed = read(stable->exec_fd, &exec_errno, sizeof(exec_errno)) != (ssize_t)sizeof(exec_errno);
    struct cq_stable_end end = {
        .pid = pid,
        .status = child->rstatus,
        .exec_errno = executed ? 0 : exec_errno,
        .expected = cq_stable_is_leaving(stable),
        .imports = cq_buf_view(&stable->imports),
    };
    apply(stable, CQ_STABLE_ON_DIED, &(struct stable_cause){.end = &end});
    cq_stable_free(stable);
}

enum cq_code cq_stable_start(const struct cq_stable_owner *owner, const struct cq_launch *launch,
                             double hello_within_s, struct cq_stable **ret_stable, struct cq_error *err)
{
    struct ev_loop *loop = owner->loop;
    struct cq_stable *stable = cq_calloc(1, sizeof(*stable));
    int fd;
    enum cq_code code = cq_launch_spawn(launch, &stable->pid, &fd, &stable->exec_fd, err);
    if (code != CQ_OK) {
        free(stable);
        return code;
    }
    stable->owner = owner;
    cq_buf_init(&stable->in, 4 * CQ_FRAME_CONTROL_MAX);
    cq_buf_init(&stable->imports, IMPORTS_MAX);
    ev_io_init(&stable->reader, on_readable, fd, EV_READ);
    cq_stable_socket_init(&stable->socket, loop, fd, on_room, stable);
    ev_child_init(&stable->child, on_child, stable->pid, 0);
    cq_timer_init(&stable->hello_timer, loop, on_hello_late, stable);
    stable->reader.data = stable->child.data = stable;
    ev_io_start(loop, &stable->reader);
    ev_child_start(loop, &stable->child);
    cq_timer_arm(&stable->hello_timer, hello_within_s);
    *ret_stable = stable;
    return CQ_OK;
}

void cq_stable_hang_up(struct cq_stable *stable)
{
    struct ev_loop *loop = stable->owner->loop;
    if (stable->socket.fd < 0)
        return;
    ev_child_stop(loop, &stable->child);
    ev_io_stop(loop, &stable->reader);
    cq_timer_cancel(&stable->hello_timer);
    cq_stable_socket_close(&stable->socket);
    close(stable->exec_fd);
}

void cq_stable_free(struct cq_stable *stable)
{
    if (!stable)
        return;
    cq_stable_hang_up(stable);
    if (stable->pid) {
        /* The end of file makes it leave at once; one that does not is not waited for. */
        for (int i = 0; i < 100 && waitpid(stable->pid, NULL, WNOHANG) == 0; i++) {
            if (i == 50)
                kill(stable->pid, SIGKILL);
            usleep(10000);
        }
    }
    cq_buf_release(&stable->in);
    cq_buf_release(&stable->imports);
    cq_stable_socket_release(&stable->socket);
    free(stable);
}

/* ---- its horses ---- */

static void forget(struct cq_stable *stable, struct cq_horse *horse)
{
    cq_horse_table_remove(&stable->horses, horse);
}

bool cq_stable_fork(struct cq_stable *stable, struct cq_horse *horse, const char *name, const int *fds,
                    int fd_count)
{
    if (stable->state != CQ_STABLE_READY ||
        !cq_stable_socket_fork(&stable->socket, stable->next_number, name, fds, fd_count))
        return false;
    if (stable->forks_asked++ == 0)
        stable->forked_at = cq_clock_monotonic();
    horse->stable = stable;
    horse->forget = forget;
    horse->number = stable->next_number++;
    cq_horse_table_add(&stable->horses, horse);
    return true;
}

static bool hangs(const struct cq_stable *stable)
{
    cq_time since = stable->forked_at > stable->busy_until ? stable->forked_at : stable->busy_until;
    return stable->forks_asked > 0 && cq_clock_monotonic() - since > FORK_WITHIN_S * CQ_SECOND;
}

void cq_stable_tick(struct cq_stable *stable)
{
    cq_time now = cq_clock_monotonic();
    /* When it was we who were stopped, its answers wait to be read. */
    if (hangs(stable) && ev_is_active(&stable->reader))
        on_readable(stable->owner->loop, &stable->reader, EV_READ);
    if (hangs(stable)) {
        give_up(stable, "it has not forked for 30 s");
        stable->forks_asked = 0;
    }
    if (!cq_stable_is_leaving(stable) || stable->horses.len)
        stable->idle_at = 0;
    else if (!stable->idle_at)
        stable->idle_at = now;
    else if (now - stable->idle_at > LEAVE_WITHIN_S * CQ_SECOND)
        cq_stable_end(stable);
}
