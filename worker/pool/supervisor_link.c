#include "worker/pool/supervisor_link.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

struct cq_supervisor_link {
    struct cq_supervisor_link_owner owner;
    int fd;
    ev_io reader;
};

bool cq_supervisor_link_send(int fd, enum cq_supervisor_word word, int value)
{
    struct cq_supervisor_message message = {(int32_t)word, value};
    return send(fd, &message, sizeof(message), MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(message);
}

int cq_supervisor_link_receive(int fd, struct cq_supervisor_message *ret_message)
{
    for (;;) {
        ssize_t len = recv(fd, ret_message, sizeof(*ret_message), MSG_DONTWAIT);
        if (len == (ssize_t)sizeof(*ret_message))
            return 1;
        if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
            return -1;
        if (len < 0 && errno == EAGAIN)
            return 0;
    }
}

static void on_message(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)events;
    struct cq_supervisor_link *link = watcher->data;
    struct cq_supervisor_message message;
    int got;
    while ((got = cq_supervisor_link_receive(link->fd, &message)) > 0)
        if (message.word == CQ_SUPERVISOR_HAVE_SLOTS)
            link->owner.have_slots(link->owner.data, message.value);
        else if (message.word == CQ_SUPERVISOR_LEAVE)
            link->owner.leave(link->owner.data);
    if (got < 0) {
        ev_io_stop(loop, watcher);
        cq_log_warning(link->owner.logger, "the supervisor of its pool is gone");
        raise(SIGTERM); /* the kernel sends it, too (PR_SET_PDEATHSIG): twice within a second is once */
    }
}

struct cq_supervisor_link *cq_supervisor_link_new(int fd, const struct cq_supervisor_link_owner *owner)
{
    struct cq_supervisor_link *link = cq_calloc(1, sizeof(*link));
    link->owner = *owner;
    link->fd = fd;
    ev_io_init(&link->reader, on_message, fd, EV_READ);
    link->reader.data = link;
    ev_io_start(owner->loop, &link->reader);
    return link;
}

void cq_supervisor_link_free(struct cq_supervisor_link *link)
{
    if (!link)
        return;
    ev_io_stop(link->owner.loop, &link->reader);
    free(link);
}

/* A supervisor that does not read hears of it by the process's end. */
void cq_supervisor_link_say(struct cq_supervisor_link *link, enum cq_supervisor_word word, int value)
{
    if (!cq_supervisor_link_send(link->fd, word, value))
        cq_log_debug(link->owner.logger, "the supervisor of its pool does not listen");
}
