/*
 * A private redis-server for a test program: a Unix socket in a folder of its own, no TCP port, nothing on
 * disk. It dies with the program. Start it in an unchecked fixture (case_redis.h), so that
 * Check's forked tests share it. Each process has its own connection to it. A failure to start or to talk
 * ends the test.
 *
 *     struct redis_server *server = redis_server_start("--requirepass", "x", NULL);
 *     redis_server_flush(server);
 *     struct cq_str text = redis_server_text(server, "HGET", "rq:job:1", "status", NULL);
 */
#ifndef CQ_TESTS_REDIS_SERVER_H
#define CQ_TESTS_REDIS_SERVER_H

#include <sys/types.h>

#include "redis/connection.h"

struct redis_server {
    pid_t pid;                        /* 0: not running */
    char folder[64];                  /* mktemp; removed by redis_server_stop */
    char socket[96];                  /* the Unix socket in it */
    struct cq_address address;        /* of the socket; with the password when --requirepass was given */
    int port;                         /* of --port; 0: none */
    char **argv;                      /* owned: how it was started */
    pid_t owner;                      /* the process that `connection` belongs to */
    struct cq_connection *connection; /* opened at the first use */
    struct cq_reply *last;            /* of redis_server_text and redis_server_int */
};

/* Start one with extra arguments (`"--maxmemory", "2mb"`), ended by NULL, and wait until it listens. */
struct redis_server *redis_server_start(const char *first, ...);
void redis_server_stop(struct redis_server *server); /* ends it, removes its folder, frees; NULL-safe */

void redis_server_kill(struct redis_server *server); /* SIGKILL, and wait; its data is gone */
void redis_server_restart(
    struct redis_server *server); /* after a kill: the same arguments, socket and port */

void redis_server_flush(struct redis_server *server); /* FLUSHALL */

/* A connection to it of this process, for direct use. Borrowed; one command at a time. */
struct cq_connection *redis_server_connection(struct redis_server *server);

/* A new connection, the caller's to close. */
struct cq_connection *redis_server_connect(struct redis_server *server);

/* Run one command and return its reply, the caller's to free; an error reply fails the test. Arguments end at
 * NULL. */
struct cq_reply *redis_server_run(struct redis_server *server, const char *first, ...)
    __attribute__((sentinel));

/* The same, for a reply that is one text or number; the text is valid until the next of these two calls. */
struct cq_str redis_server_text(struct redis_server *server, const char *first, ...)
    __attribute__((sentinel));
int64_t redis_server_int(struct redis_server *server, const char *first, ...) __attribute__((sentinel));

/* A TCP port that was free a moment ago, for `--port`. */
int redis_server_free_port(void);

#endif
