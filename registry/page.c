#include "registry/page.h"

#include "job/script_call.h"

/* The word for people, which page.lua and bulk.lua know too, and the word in the key. */
static const struct {
    const char *word;
    const char *key_word; /* NULL: the list */
} places[CQ_PLACE_COUNT_OF] = {
    [CQ_PLACE_QUEUED] = {"queued", NULL},           [CQ_PLACE_STARTED] = {"started", "wip"},
    [CQ_PLACE_DEFERRED] = {"deferred", "deferred"}, [CQ_PLACE_SCHEDULED] = {"scheduled", "scheduled"},
    [CQ_PLACE_FINISHED] = {"finished", "finished"}, [CQ_PLACE_FAILED] = {"failed", "failed"},
    [CQ_PLACE_CANCELED] = {"canceled", "canceled"},
};

const char *cq_place_word(enum cq_place place)
{
    return places[place].word;
}

struct cq_key cq_place_key(enum cq_place place, struct cq_str queue)
{
    return places[place].key_word ? cq_key_registry(places[place].key_word, queue) : cq_key_queue(queue);
}

void cq_place_count_build(enum cq_place place, struct cq_str queue, struct cq_command *command)
{
    struct cq_key key = cq_place_key(place, queue);
    cq_command_clear(command);
    cq_command_text(command, place == CQ_PLACE_QUEUED ? "LLEN" : "ZCARD");
    cq_command_arg(command, cq_key_str(&key));
}

void cq_place_last_build(enum cq_place place, struct cq_str queue, struct cq_command *command)
{
    struct cq_key key = cq_place_key(place, queue);
    cq_command_clear(command);
    cq_command_text(command, "ZRANGE");
    cq_command_arg(command, cq_key_str(&key));
    cq_command_texts(command, "-1", "-1", "WITHSCORES", NULL);
}

void cq_page_build(const struct cq_page *page, struct cq_command *command)
{
    struct cq_key key_source = cq_place_key(page->place, page->queue);
    const char *arg_place = places[page->place].word;
    int arg_limit = page->limit, arg_data_most = page->data_most;
    struct cq_str arg_last_score = page->after.score, arg_last_member = page->after.member;
    struct cq_str arg_until_score = page->until.score, arg_until_member = page->until.member;
    bool arg_errors = page->errors;
    CQ_PUT_CALL(command, PAGE);
}

enum cq_code cq_page_read(const struct cq_reply *reply, struct cq_page_read *ret_page, struct cq_error *err)
{
    enum cq_code code = cq_reply_check(reply, err);
    if (code != CQ_OK)
        return code;
    *ret_page = (struct cq_page_read){
        .ended = cq_reply_int(cq_reply_at(reply, 0)) != 0,
        .at = {cq_reply_str(cq_reply_at(reply, 1)), cq_reply_str(cq_reply_at(reply, 2))},
        .first = cq_reply_int(cq_reply_at(reply, 3)),
        .again = cq_reply_int(cq_reply_at(reply, 4)) != 0,
        .count = cq_reply_len(cq_reply_at(reply, 5)),
    };
    return CQ_OK;
}

void cq_page_job(const struct cq_reply *reply, size_t index, struct cq_page_job *ret_job)
{
    const struct cq_reply *item = cq_reply_at(cq_reply_at(reply, 5), index);
    struct cq_str *const texts[] = {&ret_job->member,     &ret_job->status,      &ret_job->origin,
                                    &ret_job->created_at, &ret_job->enqueued_at, &ret_job->started_at,
                                    &ret_job->ended_at,   &ret_job->score,       &ret_job->data,
                                    &ret_job->exc_info};
    enum { TEXTS = CQ_ARRAY_LEN(texts) };
    for (size_t i = 0; i < TEXTS; i++)
        *texts[i] = cq_reply_str(cq_reply_at(item, i));
    ret_job->result = cq_reply_at(item, TEXTS);
    if (!cq_reply_len(ret_job->result))
        ret_job->result = NULL;
}
