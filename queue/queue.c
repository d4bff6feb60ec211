#include "queue/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "job/keys.h"

enum cq_code cq_queue_name_check(struct cq_str name, struct cq_error *err)
{
    if (!name.len)
        return cq_error_set(err, CQ_ERR_USAGE, "a queue's name is empty: give it at least one character");
    if (name.len > CQ_NAME_MAX)
        return cq_error_set(err, CQ_ERR_USAGE, "the queue name %.32s... has %zu bytes: %d is the most",
                            name.data, name.len, CQ_NAME_MAX);
    if (!cq_utf8_valid(name))
        return cq_error_set(err, CQ_ERR_USAGE, "the queue name %.*s is not valid UTF-8",
                            (int)(name.len > 100 ? 100 : name.len), name.data);
    for (size_t at = 0; at < name.len;) {
        uint32_t point = 0;
        at += (size_t)cq_utf8_decode(name, at, &point);
        if (point < 0x20 || (point >= 0x7f && point < 0xa0))
            return cq_error_set(err, CQ_ERR_USAGE,
                                "the queue name %.*s has a control character (U+%04X) in it",
                                (int)(name.len > 100 ? 100 : name.len), name.data, (unsigned)point);
    }
    return CQ_OK;
}

void cq_queue_names_build(struct cq_command *command)
{
    cq_command_clear(command);
    cq_command_texts(command, "SMEMBERS", cq_key_queues().text, NULL);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum cq_code cq_queue_names_read(const struct cq_reply *reply, struct cq_strv *names, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    size_t before = names->len;
    for (size_t i = 0; i < cq_reply_len(reply); i++) {
        struct cq_str name = cq_key_queue_name(cq_reply_str(cq_reply_at(reply, i)));
        if (name.len)
            cq_strv_push(names, name);
    }
    if (names->len > before)
        qsort(names->items + before, names->len - before, sizeof(*names->items), compare_names);
    return CQ_OK;
}

void cq_queue_len_build(struct cq_str queue, struct cq_command *command)
{
    struct cq_key key = cq_key_queue(queue);
    cq_command_clear(command);
    cq_command_text(command, "LLEN");
    cq_command_arg(command, cq_key_str(&key));
}

void cq_queue_wait_build(struct cq_str queue, double timeout_s, struct cq_command *command)
{
    struct cq_key key = cq_key_queue(queue);
    cq_command_clear(command);
    cq_command_text(command, "BLMOVE");
    cq_command_arg(command, cq_key_str(&key));
    cq_command_arg(command, cq_key_str(&key));
    cq_command_texts(command, "LEFT", "LEFT", NULL);
    cq_command_argf(command, "%.3f", timeout_s);
}

bool cq_queue_pause_holds(struct cq_str ends, cq_time now)
{
    double epoch;
    if (!ends.data)
        return false;
    return !cq_number_double(ends, &epoch) || epoch > (double)cq_time_seconds(now);
}
