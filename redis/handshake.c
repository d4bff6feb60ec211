#include "redis/handshake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEED_MAJOR = 6, NEED_MINOR = 2 };

/*
 * PING is there for its errors: of these commands it alone is refused while the server loads its data
 * (LOADING) or has lost its primary (MASTERDOWN).
 */
enum handshake_step {
    STEP_AUTH,
    STEP_INFO_SERVER,
    STEP_INFO_CLUSTER,
    STEP_SETNAME,
    STEP_SELECT,
    STEP_PING,
    STEP_CLIENT_INFO,
    STEP_SCRIPTS
};

void cq_handshake_init(struct cq_handshake *handshake, const struct cq_address *address, const char *name,
                       bool load_scripts)
{
    *handshake = (struct cq_handshake){.address = address, .name = name, .load_scripts = load_scripts};
    snprintf(handshake->peer_addr, sizeof(handshake->peer_addr), "unknown");
}

static int step_count(const struct cq_handshake *handshake)
{
    return STEP_SCRIPTS + (handshake->load_scripts ? CQ_SCRIPT_COUNT : 0);
}

/* The first step from `from` on that applies. */
static int applicable(const struct cq_handshake *handshake, int from)
{
    for (;; from++) {
        bool skip = (from == STEP_AUTH && !handshake->address->password && !handshake->address->username) ||
                    (from == STEP_SETNAME && (!handshake->name || !*handshake->name)) ||
                    (from == STEP_SELECT && handshake->address->db == 0);
        if (!skip)
            return from;
    }
}

/* Redis takes printable characters without spaces only. */
static void add_client_name(struct cq_command *command, const char *name)
{
    struct cq_buf clean = CQ_BUF_INIT(CQ_COMMAND_MAX);
    cq_buf_text(&clean, name);
    for (size_t i = 0; i < clean.len; i++)
        if (clean.data[i] < '!' || clean.data[i] > '~')
            clean.data[i] = '_';
    cq_command_arg(command, cq_buf_view(&clean));
    cq_buf_release(&clean);
}

void cq_script_load_command(struct cq_command *command, enum cq_script script)
{
    cq_command_clear(command);
    cq_command_texts(command, "SCRIPT", "LOAD", NULL);
    cq_command_arg(command, cq_str_n(cq_scripts[script].lua, cq_scripts[script].len));
}

bool cq_handshake_next(struct cq_handshake *handshake, struct cq_command *command)
{
    int step = applicable(handshake, handshake->next_send);
    if (step >= step_count(handshake))
        return false;
    handshake->next_send = step + 1;
    cq_command_clear(command);
    switch (step) {
    case STEP_AUTH:
        cq_command_text(command, "AUTH");
        if (handshake->address->username)
            cq_command_text(command, handshake->address->username);
        cq_command_text(command, handshake->address->password ? handshake->address->password : "");
        break;
    case STEP_INFO_SERVER: cq_command_texts(command, "INFO", "server", NULL); break;
    case STEP_INFO_CLUSTER:
        cq_command_texts(command, "INFO", "cluster", NULL);
        break; /* 6.2 takes one section at a time */
    case STEP_SETNAME:
        cq_command_texts(command, "CLIENT", "SETNAME", NULL);
        add_client_name(command, handshake->name);
        break;
    case STEP_SELECT:
        cq_command_text(command, "SELECT");
        cq_command_int(command, handshake->address->db);
        break;
    case STEP_PING: cq_command_text(command, "PING"); break;
    case STEP_CLIENT_INFO: cq_command_texts(command, "CLIENT", "INFO", NULL); break;
    default: cq_script_load_command(command, (enum cq_script)(step - STEP_SCRIPTS)); break;
    }
    return true;
}

/* The value after `name` in text, up to one of the characters of ends. */
static struct cq_str value_after(struct cq_str text, const char *name, const char *ends)
{
    const char *at = text.len ? memmem(text.data, text.len, name, strlen(name)) : NULL;
    if (!at)
        return CQ_STR_NONE;
    at += strlen(name);
    const char *end = at;
    while (end < text.data + text.len && !strchr(ends, *end))
        end++;
    return cq_str_n(at, (size_t)(end - at));
}

static enum cq_code check_version(struct cq_str info, struct cq_error *err)
{
    struct cq_str version = value_after(info, "redis_version:", "\r\n");
    char text[32];
    int major, minor;
    snprintf(text, sizeof(text), "%.*s", (int)(version.len > 31 ? 31 : version.len),
             version.len ? version.data : "");
    if (sscanf(text, "%d.%d", &major, &minor) != 2)
        return CQ_OK; /* a server that does not say so is taken at its word when a command fails */
    if (major < NEED_MAJOR || (major == NEED_MAJOR && minor < NEED_MINOR))
        return cq_error_set(err, CQ_ERR_REDIS, "this Redis is version %s: cq needs %d.%d or newer, or Valkey",
                            text, NEED_MAJOR, NEED_MINOR);
    return CQ_OK;
}

static enum cq_code check_cluster(struct cq_str info, struct cq_error *err)
{
    if (!cq_str_is(value_after(info, "cluster_enabled:", "\r\n"), "1"))
        return CQ_OK;
    return cq_error_set(
        err, CQ_ERR_REDIS,
        "this Redis runs in cluster mode, which cannot hold RQ's keys (they have no hash tags): "
        "use a single Redis, with replicas or Sentinel if need be");
}

static enum cq_code refused(const struct cq_handshake *handshake, int step, const struct cq_reply *reply,
                            struct cq_error *err)
{
    struct cq_str text = cq_reply_str(reply);
    if (step != STEP_AUTH && step != STEP_SELECT && cq_str_starts(text, "NOPERM"))
        return CQ_OK; /* an ACL user that may run our commands but not look around */
    if (step == STEP_AUTH && memmem(text.data, text.len, "without any password", 20))
        return cq_error_set(err, CQ_ERR_REDIS,
                            "Redis has no password for its default user, but one was given: "
                            "leave it out, or name the user (redis://USER:PASSWORD@HOST)");
    if (step == STEP_SELECT && cq_str_starts(text, "ERR"))
        return cq_error_set(err, CQ_ERR_REDIS,
                            "Redis has no database %d: choose a lower one, or raise `databases` in its "
                            "configuration",
                            handshake->address->db);
    return cq_reply_check(reply, err);
}

enum cq_code cq_handshake_take(struct cq_handshake *handshake, const struct cq_reply *reply,
                               struct cq_error *err)
{
    int step = applicable(handshake, handshake->next_take);
    handshake->next_take = step + 1;
    struct cq_str text = cq_reply_str(reply);
    if (cq_reply_type(reply) == CQ_REPLY_ERROR)
        return refused(handshake, step, reply, err);
    if (step == STEP_INFO_SERVER)
        return check_version(text, err);
    if (step == STEP_INFO_CLUSTER)
        return check_cluster(text, err);
    if (step == STEP_CLIENT_INFO) {
        struct cq_str addr = value_after(text, " addr=", " \r\n");
        if (addr.len && addr.len < sizeof(handshake->peer_addr))
            snprintf(handshake->peer_addr, sizeof(handshake->peer_addr), "%.*s", (int)addr.len, addr.data);
    }
    return CQ_OK;
}

bool cq_handshake_done(const struct cq_handshake *handshake)
{
    return applicable(handshake, handshake->next_take) >= step_count(handshake);
}
