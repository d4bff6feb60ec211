/* The workers of rq:workers as commands see them: whose they are, in which process, and how a message reaches
 * one. */
#ifndef CQ_CMD_WORKER_FLEET_H
#define CQ_CMD_WORKER_FLEET_H

#include "cmd/line/session.h"

enum { CQ_HOSTNAME_MAX = 256 };

struct cq_fleet_member {
    const char *name;       /* borrowed from the list of names */
    struct cq_reply *reply; /* owned: HMGET hostname pid version */
    struct cq_str hostname;
    int pid;
    bool is_cq;
    bool wanted;
};

struct cq_fleet {
    struct cq_strv names;
    struct cq_fleet_member *workers; /* owned; one per name, sorted by name */
};

/* Read all of them. fleet is zeroed, names CQ_STRV_INIT; release it, also after an error. */
CQ_MUST_CHECK enum cq_code cq_fleet_read(struct cq_connection *connection, struct cq_fleet *fleet,
                                         struct cq_error *err);
void cq_fleet_release(struct cq_fleet *fleet);

/* NAME, or NAME.1 and the like when the process, or the pool, was called NAME. */
bool cq_fleet_is_meant(const char *worker, const char *name);

bool cq_fleet_same_process(const struct cq_fleet_member *a, const struct cq_fleet_member *b);

/* Through the channel of the worker. False: nobody listens there, or *ret_status says what went wrong, which
 * was complained about. */
bool cq_fleet_publish(struct cq_session *session, const struct cq_fleet_member *worker, const char *message,
                      enum cq_exit *ret_status);

#endif
