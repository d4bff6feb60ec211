#include "cmd/worker/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/keys.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum cq_code read_names(struct cq_connection *connection, struct cq_strv *names, struct cq_error *err)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_command_texts(&command, "SMEMBERS", cq_key_workers().text, NULL);
    enum cq_code code = cq_connection_call(connection, &command, &reply, err);
    for (size_t i = 0; i < cq_reply_len(reply); i++) {
        struct cq_str name = cq_key_worker_name(cq_reply_str(cq_reply_at(reply, i)));
        if (name.len)
            cq_strv_push(names, name);
    }
    cq_reply_free(reply);
    cq_command_release(&command);
    if (names->len)
        qsort(names->items, names->len, sizeof(*names->items), by_text);
    return code;
}

static void take_fields(struct cq_fleet_member *worker)
{
    worker->hostname = cq_reply_str(cq_reply_at(worker->reply, 0));
    worker->pid = (int)cq_reply_int(cq_reply_at(worker->reply, 1));
    worker->is_cq = cq_str_starts(cq_reply_str(cq_reply_at(worker->reply, 2)), "cq ");
}

enum cq_code cq_fleet_read(struct cq_connection *connection, struct cq_fleet *fleet, struct cq_error *err)
{
    struct cq_command command;
    enum cq_code code = read_names(connection, &fleet->names, err);
    size_t sent = 0;
    cq_command_init(&command);
    fleet->workers = cq_calloc(fleet->names.len, sizeof(*fleet->workers));
    for (; sent < fleet->names.len && code == CQ_OK; sent++) {
        struct cq_key key = cq_key_worker(cq_str(fleet->names.items[sent]));
        cq_command_clear(&command);
        cq_command_texts(&command, "HMGET", key.text, "hostname", "pid", "version", NULL);
        code = cq_connection_send(connection, &command, err);
    }
    for (size_t i = 0; i < sent && code == CQ_OK; i++) {
        fleet->workers[i].name = fleet->names.items[i];
        code = cq_connection_receive(connection, &fleet->workers[i].reply, err);
        if (code == CQ_OK)
            take_fields(&fleet->workers[i]);
    }
    cq_command_release(&command);
    return code;
}

void cq_fleet_release(struct cq_fleet *fleet)
{
    for (size_t i = 0; fleet->workers && i < fleet->names.len; i++)
        cq_reply_free(fleet->workers[i].reply);
    free(fleet->workers);
    cq_strv_release(&fleet->names);
}

bool cq_fleet_is_meant(const char *worker, const char *name)
{
    size_t len = strlen(name);
    if (strncmp(worker, name, len) != 0)
        return false;
    return !worker[len] || (worker[len] == '.' && worker[len + 1] &&
                            strspn(worker + len + 1, "0123456789") == strlen(worker + len + 1));
}

bool cq_fleet_same_process(const struct cq_fleet_member *a, const struct cq_fleet_member *b)
{
    return a->pid == b->pid && cq_str_eq(a->hostname, b->hostname);
}

bool cq_fleet_publish(struct cq_session *session, const struct cq_fleet_member *worker, const char *message,
                      enum cq_exit *ret_status)
{
    struct cq_key channel = cq_key_pubsub(cq_str(worker->name));
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_command_texts(&command, "PUBLISH", channel.text, message, NULL);
    *ret_status = cq_session_call(session, &command, &reply);
    bool heard = cq_reply_int(reply) > 0;
    cq_reply_free(reply);
    cq_command_release(&command);
    return heard;
}
