/*
 * What a new connection says first, free of I/O and the same for both kinds of connection: authenticate,
 * check the server, name the client, select the database, and load the scripts. All commands go out at once;
 * the replies come back in the same order, and the first one that is an obstacle decides.
 */
#ifndef CQ_REDIS_HANDSHAKE_H
#define CQ_REDIS_HANDSHAKE_H

#include "redis/address.h"
#include "redis/command.h"
#include "redis/reply.h"

enum { CQ_PEER_ADDR_SIZE = 128 };

struct cq_handshake {
    const struct cq_address *address; /* borrowed */
    const char *name;                 /* borrowed; NULL: unnamed */
    bool load_scripts;
    int next_send, next_take;          /* steps; those that do not apply are left out on both sides */
    char peer_addr[CQ_PEER_ADDR_SIZE]; /* our address as Redis sees it; "unknown" until told */
};

void cq_handshake_init(struct cq_handshake *handshake, const struct cq_address *address, const char *name,
                       bool load_scripts);

/* Put the next command into command (cleared first). False: there is no more. Commands may hold the
 * password. */
bool cq_handshake_next(struct cq_handshake *handshake, struct cq_command *command);

/*
 * Judge the next reply.
 * Errors: CQ_ERR_CONNECTION (loading ...: try again), CQ_ERR_REDIS (password, ACL, database, too old, a
 * cluster).
 */
CQ_MUST_CHECK enum cq_code cq_handshake_take(struct cq_handshake *handshake, const struct cq_reply *reply,
                                             struct cq_error *err);

bool cq_handshake_done(const struct cq_handshake *handshake); /* all replies were taken */

/* SCRIPT LOAD of one script into command (cleared first). */
void cq_script_load_command(struct cq_command *command, enum cq_script script);

#endif
