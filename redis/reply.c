#include "redis/reply.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "base/number.h"

static const redisReply *raw(const struct cq_reply *reply)
{
    return (const redisReply *)reply;
}

enum cq_reply_type cq_reply_type(const struct cq_reply *reply)
{
    if (!reply)
        return CQ_REPLY_NIL;
    switch (raw(reply)->type) {
    case REDIS_REPLY_STRING: return CQ_REPLY_STR;
    case REDIS_REPLY_INTEGER: return CQ_REPLY_INT;
    case REDIS_REPLY_ARRAY: return CQ_REPLY_ARRAY;
    case REDIS_REPLY_STATUS: return CQ_REPLY_STATUS;
    case REDIS_REPLY_ERROR: return CQ_REPLY_ERROR;
    default: return CQ_REPLY_NIL; /* RESP3's other types are never asked for */
    }
}

struct cq_str cq_reply_str(const struct cq_reply *reply)
{
    switch (cq_reply_type(reply)) {
    case CQ_REPLY_STR:
    case CQ_REPLY_STATUS:
    case CQ_REPLY_ERROR: return cq_str_n(raw(reply)->str, raw(reply)->len);
    default: return CQ_STR_NONE;
    }
}

int64_t cq_reply_int(const struct cq_reply *reply)
{
    int64_t value = 0;
    if (cq_reply_type(reply) == CQ_REPLY_INT)
        value = raw(reply)->integer;
    else if (cq_reply_type(reply) == CQ_REPLY_STR &&
             !cq_number_int(cq_reply_str(reply), INT64_MIN, INT64_MAX, &value))
        value = 0;
    return value;
}

cq_time cq_reply_time(const struct cq_reply *reply)
{
    const int64_t year_9999 = INT64_C(253402300799);
    int64_t seconds = cq_reply_int(cq_reply_at(reply, 0)), us = cq_reply_int(cq_reply_at(reply, 1));
    return seconds > 0 && seconds <= year_9999 && us >= 0 && us < CQ_SECOND ? seconds * CQ_SECOND + us : 0;
}

size_t cq_reply_len(const struct cq_reply *reply)
{
    return cq_reply_type(reply) == CQ_REPLY_ARRAY ? raw(reply)->elements : 0;
}

const struct cq_reply *cq_reply_at(const struct cq_reply *reply, size_t index)
{
    return index < cq_reply_len(reply) ? (const struct cq_reply *)raw(reply)->element[index] : NULL;
}

struct cq_str cq_reply_field(const struct cq_reply *pairs, const char *field)
{
    size_t len = cq_reply_len(pairs);
    for (size_t i = 0; i + 1 < len; i += 2)
        if (cq_str_is(cq_reply_str(cq_reply_at(pairs, i)), field))
            return cq_reply_str(cq_reply_at(pairs, i + 1));
    return CQ_STR_NONE;
}

void cq_reply_free(struct cq_reply *reply)
{
    if (reply)
        freeReplyObject(reply);
}

/* What an error's first word means. A NULL remedy: the text after the word is the message, for it is one of
 * ours. */
static const struct meaning {
    const char *word;
    enum cq_code code;
    const char *remedy;
} meanings[] = {
    {"NOSUCHJOB", CQ_ERR_NO_SUCH_JOB, NULL},
    {"DUPLICATEJOB", CQ_ERR_DUPLICATE_JOB, NULL},
    {"INVALIDOPERATION", CQ_ERR_INVALID_OPERATION, NULL},
    {"WORKEREXISTS", CQ_ERR_INVALID_OPERATION, NULL},
    {"NOAUTH", CQ_ERR_REDIS,
     "Redis wants a password: give it in the URL (redis://:PASSWORD@HOST) or, without a URL, in "
     "REDIS_PASSWORD"},
    {"WRONGPASS", CQ_ERR_REDIS,
     "Redis refused the user name or password: check the URL or REDIS_USERNAME and REDIS_PASSWORD"},
    {"NOPERM", CQ_ERR_REDIS,
     "this Redis user may not do that: give it `~rq:* &rq:* +@all -@dangerous` or more with ACL "
     "SETUSER"},
    {"LOADING", CQ_ERR_CONNECTION, "Redis is still loading its data: try again when it is done"},
    {"READONLY", CQ_ERR_CONNECTION, "this Redis is a read-only replica: use the address of its primary"},
    {"OOM", CQ_ERR_CONNECTION, "Redis is out of memory: raise its maxmemory or empty some queues"},
    {"MISCONF", CQ_ERR_CONNECTION,
     "Redis cannot save to disk and refuses writes: see its log, or stop-writes-on-bgsave-error"},
    {"BUSY", CQ_ERR_CONNECTION, "Redis is busy with a script: wait, or stop it with SCRIPT KILL"},
    {"MASTERDOWN", CQ_ERR_CONNECTION,
     "this Redis replica has lost its primary: use the address of the primary"},
    {"NOREPLICAS", CQ_ERR_CONNECTION,
     "Redis has fewer replicas than min-replicas-to-write: bring them back or lower it"},
    {"TRYAGAIN", CQ_ERR_CONNECTION, "Redis asks to try again"},
    {"MOVED", CQ_ERR_REDIS, "this is a Redis Cluster, which cannot hold RQ's keys: use a single Redis"},
    {"ASK", CQ_ERR_REDIS, "this is a Redis Cluster, which cannot hold RQ's keys: use a single Redis"},
    {"CROSSSLOT", CQ_ERR_REDIS, "this is a Redis Cluster, which cannot hold RQ's keys: use a single Redis"},
    {"CLUSTERDOWN", CQ_ERR_REDIS, "this is a Redis Cluster, which cannot hold RQ's keys: use a single Redis"},
    {"WRONGTYPE", CQ_ERR_REDIS,
     "a key of RQ's layout holds another type of value: find the program that writes to this database"},
    {"NOSCRIPT", CQ_ERR_CONNECTION, "Redis has forgotten a script of ours: try again"},
    {NULL, CQ_OK, NULL},
};

static struct cq_str first_word(struct cq_str text)
{
    const char *space = text.len ? memchr(text.data, ' ', text.len) : NULL;
    return space ? cq_str_n(text.data, (size_t)(space - text.data)) : text;
}

static const struct meaning *meaning_of(struct cq_str text)
{
    struct cq_str word = first_word(text);
    for (const struct meaning *m = meanings; m->word; m++)
        if (cq_str_is(word, m->word))
            return m;
    return NULL;
}

/* Redis 6.2 wraps what a command inside a script answers: `ERR Error running script (...): @user_script: 3:
 * -OOM ...`. */
static struct cq_str unwrapped(struct cq_str text)
{
    if (!cq_str_starts(text, "ERR Error running script"))
        return text;
    const char *inner = memmem(text.data, text.len, ": -", 3);
    if (!inner)
        return text;
    struct cq_str rest = cq_str_n(inner + 3, (size_t)(text.data + text.len - inner - 3));
    return meaning_of(rest) ? rest : text;
}

enum cq_code cq_reply_check(const struct cq_reply *reply, struct cq_error *err)
{
    if (cq_reply_type(reply) != CQ_REPLY_ERROR)
        return CQ_OK;
    struct cq_str text = unwrapped(cq_reply_str(reply));
    const struct meaning *m = meaning_of(text);
    int len = text.len > 200 ? 200 : (int)text.len;
    if (m && m->remedy)
        return cq_error_set(err, m->code, "%s (%.*s)", m->remedy, len, text.data);
    if (m) {
        int skip = (int)strlen(m->word);
        if (skip < len && text.data[skip] == ' ')
            skip++;
        if (skip >= len)
            skip = 0; /* a bare word is all there is to say */
        return cq_error_set(err, m->code, "%.*s", len - skip, text.data + skip);
    }
    if (cq_str_starts(text, "ERR unknown command"))
        return cq_error_set(err, CQ_ERR_REDIS,
                            "this Redis lacks a command: version 6.2 or newer is needed, none renamed (%.*s)",
                            len, text.data);
    if (cq_str_starts(text, "ERR max number of clients"))
        return cq_error_set(err, CQ_ERR_CONNECTION,
                            "Redis has no room for another client: raise its maxclients");
    return cq_error_set(err, CQ_ERR_REDIS, "Redis: %.*s", len, text.data);
}
