#include "registry/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/keys.h"

enum { PAGE = 500 };

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum cq_code cq_group_names(struct cq_connection *connection, struct cq_strv *names, struct cq_error *err)
{
    struct cq_command command;
    struct cq_reply *reply = NULL;
    cq_command_init(&command);
    cq_command_texts(&command, "SMEMBERS", cq_key_groups().text, NULL);
    enum cq_code code = cq_connection_call(connection, &command, &reply, err);
    for (size_t i = 0; code == CQ_OK && i < cq_reply_len(reply); i++) {
        struct cq_str name = cq_reply_str(cq_reply_at(reply, i));
        if (name.len && name.len <= CQ_NAME_MAX)
            cq_strv_push(names, name);
    }
    if (names->len)
        qsort(names->items, names->len, sizeof(*names->items), by_text);
    cq_reply_free(reply);
    cq_command_release(&command);
    return code;
}

void cq_group_walk_init(struct cq_group_walk *walk, struct cq_connection *connection, struct cq_str name)
{
    *walk = (struct cq_group_walk){.connection = connection, .name = name, .cursor = "0"};
}

static void clear(struct cq_group_walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        cq_reply_free(walk->jobs[i]);
    free(walk->jobs);
    cq_reply_free(walk->page);
    walk->jobs = NULL;
    walk->page = NULL;
    walk->count = 0;
}

void cq_group_walk_release(struct cq_group_walk *walk)
{
    clear(walk);
}

static enum cq_code read_members(struct cq_group_walk *walk, struct cq_error *err)
{
    struct cq_key key = cq_key_group(walk->name);
    struct cq_command command;
    cq_command_init(&command);
    cq_command_text(&command, "SSCAN");
    cq_command_arg(&command, cq_key_str(&key));
    cq_command_texts(&command, walk->cursor, "COUNT", NULL);
    cq_command_int(&command, PAGE);
    enum cq_code code = cq_connection_call(walk->connection, &command, &walk->page, err);
    cq_command_release(&command);
    if (code != CQ_OK)
        return code;
    struct cq_str cursor = cq_reply_str(cq_reply_at(walk->page, 0));
    snprintf(walk->cursor, sizeof(walk->cursor), "%.*s", (int)cursor.len, cursor.data ? cursor.data : "0");
    walk->ended = strcmp(walk->cursor, "0") == 0;
    return CQ_OK;
}

static const struct cq_reply *members(const struct cq_group_walk *walk)
{
    return cq_reply_at(walk->page, 1);
}

/* In one round trip. An id that is too long for a key of cq's counts as one whose job is gone: it asks for a
 * job without an id, which is none. */
static enum cq_code read_jobs(struct cq_group_walk *walk, struct cq_error *err)
{
    size_t len = cq_reply_len(members(walk));
    struct cq_command command;
    enum cq_code code = CQ_OK;
    cq_command_init(&command);
    walk->jobs = cq_calloc(len + 1, sizeof(*walk->jobs));
    for (size_t i = 0; code == CQ_OK && i < len; i++) {
        cq_command_clear(&command);
        cq_command_text(&command, "HMGET");
        struct cq_str id = cq_reply_str(cq_reply_at(members(walk), i));
        struct cq_key job = cq_key_job(id.len <= CQ_NAME_MAX ? id : CQ_STR_NONE);
        cq_command_arg(&command, cq_key_str(&job));
        cq_command_texts(&command, "status", "origin", "description", "created_at", NULL);
        code = cq_connection_send(walk->connection, &command, err);
    }
    for (; code == CQ_OK && walk->count < len; walk->count += code == CQ_OK)
        code = cq_connection_receive(walk->connection, &walk->jobs[walk->count], err);
    cq_command_release(&command);
    return code;
}

enum cq_code cq_group_walk_next(struct cq_group_walk *walk, struct cq_error *err)
{
    clear(walk);
    enum cq_code code = read_members(walk, err);
    return code == CQ_OK ? read_jobs(walk, err) : code;
}

void cq_group_walk_job(const struct cq_group_walk *walk, size_t index, struct cq_group_job *ret_job)
{
    const struct cq_reply *fields =
        walk->jobs[index]; /* a key of another type gave an error, which has no fields */
    struct cq_str created_at = cq_reply_str(cq_reply_at(fields, 3));
    *ret_job = (struct cq_group_job){.id = cq_reply_str(cq_reply_at(members(walk), index)),
                                     .status_text = cq_reply_str(cq_reply_at(fields, 0)),
                                     .queue = cq_reply_str(cq_reply_at(fields, 1)),
                                     .description = cq_reply_str(cq_reply_at(fields, 2))};
    ret_job->status = cq_job_status_parse(ret_job->status_text);
    ret_job->gone = !ret_job->status_text.data && !ret_job->queue.data && !created_at.data;
}
