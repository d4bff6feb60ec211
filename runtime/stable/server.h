/*
 * A stable: what it is to its worker, in any runtime. docs/RUNTIME.md is the protocol.
 *
 * The loop belongs to the caller: cq_stable_server_serve comes back when there is something that only the
 * runtime can do. It forks in there, and comes back in the child as well. Between two forks it writes next to
 * nothing, because every page that a stable writes after a fork is copied once more.
 */
#ifndef CQ_RUNTIME_STABLE_SERVER_H
#define CQ_RUNTIME_STABLE_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/frame.h"
#include "runtime/stable/children.h"

/* Descriptors of a stable and of its horses. */
enum {
    CQ_STABLE_SOCKET = 3, /* the stable's to its worker; in a horse: the horse's own */
    CQ_STABLE_LEARN = 4,  /* a horse tells its stable what it had to load */
};

enum {
    CQ_STABLE_PROTOCOL = 1,
    CQ_STABLE_MESSAGE_MAX = 4096,    /* bytes of a message on CQ_STABLE_LEARN */
    CQ_STABLE_QUEUE_MAX = 4,         /* sets of descriptors whose fork frame is not whole yet */
    CQ_STABLE_NAME_SIZE = 64,        /* of a horse, cut; for process titles */
    CQ_STABLE_EXIT_BROKEN = 76,      /* EX_PROTOCOL of sysexits.h: the other side broke the protocol */
    CQ_STABLE_EXIT_ANSWER_LOST = 74, /* EX_IOERR: a horse's job ran, its outcome could not be sent */
};

/* What a fork frame asks for. */
struct cq_fork_request {
    int64_t number; /* the worker's, for the horse */
    char name[CQ_STABLE_NAME_SIZE];
    int fds[CQ_FRAME_FDS_MAX]; /* the horse's socket; then standard output and error when fd_count is 3 */
    int fd_count;
};

enum cq_stable_server_state {
    CQ_STABLE_SERVER_SERVING,
    CQ_STABLE_SERVER_QUITTING, /* no more forks: it leaves when its last horse has */
    CQ_STABLE_SERVER_BROKEN,   /* the worker broke the protocol: it leaves now */
};

struct cq_stable_server {
    const char *runtime; /* its name: "native", "python"; borrowed */
    struct cq_children children;
    struct cq_buf in, out;
    struct { /* descriptors that came with fork frames not yet handled, in their order */
        int fds[CQ_FRAME_FDS_MAX];
        int count;
    } received[CQ_STABLE_QUEUE_MAX];
    int received_len;
    int learn_fd;  /* our end of CQ_STABLE_LEARN; the children's end stays open for them */
    int signal_fd; /* SIGCHLD */
    int watch_fd;  /* of the caller's, see cq_stable_server_watch; -1: none */
    int64_t watch_until_ms;
    enum cq_stable_server_state state;
    pid_t pid;
    /* Around each fork in the stable, when not NULL. after_fork is for the stable only: the child comes out
     * of serve. */
    void (*before_fork)(void *context);
    void (*after_fork)(void *context);
    void *context;
};

enum cq_stable_server_event {
    CQ_STABLE_END,   /* quit and the last horse is gone; end of file; or a broken protocol: close and leave */
    CQ_STABLE_HORSE, /* this is a new child: cq_horse_self_set_up, and never serve again */
    CQ_STABLE_LEARNED, /* horses have sent messages: take them */
    CQ_STABLE_WATCHED, /* the watched descriptor can be read, or its time is over */
};

/*
 * Make this process a stable: standard input is /dev/null, descriptors above CQ_STABLE_SOCKET are closed,
 * signals are blocked or ignored, what horses leave behind becomes our child. The title says `cq: RUNTIME
 * stable`. Errors: CQ_ERR_USAGE (descriptor 3 is not a socket), CQ_ERR_SYSTEM; the process is to end then.
 */
CQ_MUST_CHECK enum cq_code cq_stable_server_open(struct cq_stable_server *stable, const char *runtime,
                                                 struct cq_error *err);

/* Kill what is left of the horses, free everything. Returns the exit status of the process. */
int cq_stable_server_close(struct cq_stable_server *stable);

/* Begin a hello frame; add what the runtime can do and send it. */
void cq_stable_server_hello(struct cq_stable_server *stable, struct cq_frame_writer *writer,
                            struct cq_str version);

/* End a frame that was begun in stable->out and send it. False: it was too long, or the worker is gone, as
 * serve will see. */
bool cq_stable_server_send(struct cq_stable_server *stable, struct cq_frame_writer *writer);

/*
 * Wait for a descriptor too, for at most so long, until cq_stable_server_unwatch. Messages of horses wait
 * meanwhile: the caller is busy with the last ones.
 */
void cq_stable_server_watch(struct cq_stable_server *stable, int fd, int at_most_ms);
void cq_stable_server_unwatch(struct cq_stable_server *stable);

/* Serve the worker until there is something to do. ret_request is filled for CQ_STABLE_HORSE. */
enum cq_stable_server_event cq_stable_server_serve(struct cq_stable_server *stable,
                                                   struct cq_fork_request *ret_request);

/*
 * Take one message of a horse: the bytes that it wrote, as whole as it wrote them, and not to be trusted.
 * Returns their number; 0: no more for now.
 */
size_t cq_stable_server_take_message(struct cq_stable_server *stable, char bytes[CQ_STABLE_MESSAGE_MAX]);

#endif
