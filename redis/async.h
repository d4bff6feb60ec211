/*
 * The worker's connection: asynchronous, pipelined, over libev, that never blocks the loop and comes back by
 * itself.
 *
 * States: CONNECTING -> READY -> (lost) -> WAITING -> CONNECTING ... until closed. Becoming READY means: host
 * name resolved (off the loop's thread), connected within the timeout, authenticated, named, database
 * selected, server checked, all scripts loaded. A lost connection is retried for ever with jittered
 * exponential backoff (0.1 s to 30 s) unless the server's answer makes retrying pointless while nothing was
 * ever READY (wrong password, cluster, too old): then on_down gets that error with retry_in_ms -1 and the
 * owner decides.
 *
 * Every command's callback is called exactly once, in the order of the calls: with a reply, or with NULL and
 * an error (the connection was lost before the reply came: the command may or may not have been carried out;
 * or it timed out). Callbacks of a lost connection run before on_down. Commands sent while not READY fail at
 * once with CQ_ERR_CONNECTION, through the callback, from the loop and not from inside the call; one above
 * CQ_COMMAND_MAX fails so with CQ_ERR_LIMIT.
 *
 * The commands of one turn of the loop leave together, with one write, when the turn's other callbacks are
 * done. Over TLS the process must ignore SIGPIPE; else nothing here raises it.
 */
#ifndef CQ_REDIS_ASYNC_H
#define CQ_REDIS_ASYNC_H

#include <ev.h>

#include "base/log.h"
#include "redis/address.h"
#include "redis/command.h"
#include "redis/reply.h"

struct cq_async;

/*
 * The answer to a call.
 *   reply  borrowed for the time of the callback; NULL when err says why there is none. Error replies come as
 *          replies.
 */
typedef void cq_async_reply_fn(const struct cq_reply *reply, const struct cq_error *err, void *data);

struct cq_async_options {
    struct ev_loop *loop;             /* borrowed */
    const struct cq_address *address; /* borrowed, for the connection's life */
    const char *client_name;          /* CLIENT SETNAME; borrowed; may be NULL */
    bool load_scripts;                /* SCRIPT LOAD of all scripts before READY */
    bool no_command_timeout; /* for blocking commands and subscriptions; keepalive still finds a dead peer */
    void (*on_ready)(struct cq_async *async, void *data);
    void (*on_down)(struct cq_async *async, const struct cq_error *err, int retry_in_ms, void *data);
    /*
     * For a connection that listens: a message came on a channel. Both are borrowed for the time of the call.
     * Each channel is a SUBSCRIBE of its own, whose confirmation is its one answer; after a loss subscribe
     * again from on_ready. Else NULL.
     */
    void (*on_message)(struct cq_str channel, struct cq_str message, void *data);
    void *data;
};

/* Start connecting. Never fails: what goes wrong arrives through on_down. Free with cq_async_free. */
struct cq_async *cq_async_new(const struct cq_async_options *options);

/*
 * Close and free; outstanding callbacks run with an error first; no on_down. NULL-safe. Safe inside
 * callbacks. What the callbacks that it runs try to send is neither sent nor answered.
 */
void cq_async_free(struct cq_async *async);

bool cq_async_is_ready(const struct cq_async *async);

/* The local address of the connection as Redis sees it (`127.0.0.1:50112`, from CLIENT INFO); "unknown" until
 * READY. */
const char *cq_async_peer_addr(const struct cq_async *async);

/*
 * An empty command for one call, out of those that the connection keeps for it. Fill it, then hand it to
 * cq_async_call, or back by cq_async_drop_command; any number may be under way at once.
 */
struct cq_command *cq_async_begin(struct cq_async *async);
void cq_async_drop_command(struct cq_async *async, struct cq_command *command);

/*
 * Send a command of cq_async_begin, which is the connection's again; its bytes are in the output buffer.
 * fn may be NULL. A NOSCRIPT is repaired inside.
 */
void cq_async_call(struct cq_async *async, struct cq_command *command, cq_async_reply_fn *fn, void *data);

#endif
