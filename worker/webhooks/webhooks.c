#include "worker/webhooks/webhooks.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "worker/job_fields.h"
#include "worker/webhooks/engine.h"
#include "worker/webhooks/payload.h"
#include "worker/webhooks/transfer.h"

enum {
    BODY_MAX = 16 * 1024 * 1024
}; /* an id, a name and an exception's text: JSON takes up to six bytes for one */

struct list {
    struct cq_transfer *first, **last;
    size_t len;
};

struct cq_webhooks {
    struct cq_worker_context *context;
    const struct cq_libcurl *curl; /* NULL: not opened yet */
    struct cq_engine *engine;      /* NULL: not yet */
    struct list waiting, under_way;
    size_t waiting_bytes;
    unsigned long long left_out; /* for want of room, since the last line about it */
    cq_time stopped_at;          /* monotonic; 0: no stop was asked for */
};

/* ---- lists ---- */

static void append(struct list *list, struct cq_transfer *transfer)
{
    transfer->next = NULL;
    transfer->at = list->last;
    *list->last = transfer;
    list->last = &transfer->next;
    list->len++;
}

static void take(struct list *list, struct cq_transfer *transfer)
{
    *transfer->at = transfer->next;
    if (transfer->next)
        transfer->next->at = transfer->at;
    else
        list->last = transfer->at;
    list->len--;
}

static struct cq_transfer *take_waiting(struct cq_webhooks *webhooks)
{
    struct cq_transfer *transfer = webhooks->waiting.first;
    take(&webhooks->waiting, transfer);
    webhooks->waiting_bytes -= cq_transfer_size(transfer);
    return transfer;
}

/* ---- the log ---- */

static void log_failure(struct cq_webhooks *webhooks, const struct cq_transfer *transfer, const char *why)
{
    char url[CQ_TRANSFER_TEXT_MAX];
    cq_transfer_show(transfer->webhook.url, url);
    cq_log(webhooks->context->log, CQ_LOG_WARNING, transfer->worker.data, transfer->job_id.data,
           "failed to send its webhook to %s: %s", url, why);
}

/* The first at once, so that somebody sees it; the others are counted until there is room again. */
static void leave_out(struct cq_webhooks *webhooks, const struct cq_transfer *transfer)
{
    if (!webhooks->left_out++)
        log_failure(webhooks, transfer,
                    "too many wait already; it and those that follow are left out until there is room");
}

static void tell_left_out(struct cq_webhooks *webhooks)
{
    if (webhooks->left_out)
        cq_log_warning(&webhooks->context->logger, "%llu webhook%s left out: %d wait, or %d MiB of them",
                       webhooks->left_out, webhooks->left_out == 1 ? " was" : "s were", CQ_WEBHOOKS_WAITING,
                       CQ_WEBHOOKS_WAITING_BYTES / 1024 / 1024);
    webhooks->left_out = 0;
}

/* ---- sending ---- */

static cq_time deadline_of(const struct cq_webhooks *webhooks, const struct cq_transfer *transfer)
{
    cq_time start = webhooks->stopped_at ? webhooks->stopped_at : cq_clock_monotonic();
    return start + transfer->webhook.timeout_s * CQ_SECOND;
}

/* Another request of it. False: *why is what is in the way. */
static bool go(struct cq_webhooks *webhooks, struct cq_transfer *transfer, const char **why)
{
    cq_time now = cq_clock_monotonic();
    *why = "its timeout is over";
    if (now >= transfer->deadline)
        return false;
    *why = "libcurl takes no more, or not this URL, or is older than 7.87";
    return cq_transfer_prepare(transfer, webhooks->curl, now) &&
           cq_engine_add(webhooks->engine, transfer->easy);
}

static void start_some(struct cq_webhooks *webhooks)
{
    while (webhooks->waiting.len && webhooks->under_way.len < CQ_WEBHOOKS_AT_ONCE) {
        const char *why;
        struct cq_transfer *transfer = take_waiting(webhooks);
        transfer->deadline = deadline_of(webhooks, transfer);
        transfer->private_refused = webhooks->context->settings->webhook_private == CQ_WEBHOOK_PRIVATE_REFUSE;
        if (go(webhooks, transfer, &why)) {
            append(&webhooks->under_way, transfer);
            continue;
        }
        log_failure(webhooks, transfer, why);
        cq_transfer_free(transfer);
    }
    if (webhooks->waiting.len < CQ_WEBHOOKS_WAITING / 2)
        tell_left_out(webhooks);
}

static void on_over(void *data, CURL *easy, CURLcode result)
{
    struct cq_webhooks *webhooks = data;
    struct cq_transfer *transfer = webhooks->under_way.first;
    char failure[CQ_TRANSFER_TEXT_MAX];
    const char *why = failure;
    while (transfer->easy != easy)
        transfer = transfer->next;
    if (!cq_transfer_over(transfer, result, failure) && go(webhooks, transfer, &why))
        return;
    if (*why)
        log_failure(webhooks, transfer, why);
    else
        cq_log(webhooks->context->log, CQ_LOG_DEBUG, transfer->worker.data, transfer->job_id.data,
               "sent its %s webhook", transfer->webhook.failed ? "failed" : "finished");
    take(&webhooks->under_way, transfer);
    cq_transfer_free(transfer);
    start_some(webhooks);
    cq_worker_tell(webhooks->context, CQ_NEWS_DONE);
}

static const char *open_library(struct cq_webhooks *webhooks, struct cq_error *err)
{
    if (!webhooks->curl && cq_libcurl_open(&webhooks->curl, err) != CQ_OK)
        return err->text;
    if (!webhooks->engine)
        webhooks->engine = cq_engine_new(webhooks->context->loop, webhooks->curl, on_over, webhooks);
    return webhooks->engine ? NULL : "libcurl does not start";
}

static void add(struct cq_webhooks *webhooks, struct cq_transfer *transfer)
{
    struct cq_error err;
    const char *wrong = open_library(webhooks, &err);
    size_t size = cq_transfer_size(transfer);
    bool room = webhooks->waiting.len < CQ_WEBHOOKS_WAITING &&
                webhooks->waiting_bytes + size <= CQ_WEBHOOKS_WAITING_BYTES;
    if (!wrong && room) {
        append(&webhooks->waiting, transfer);
        webhooks->waiting_bytes += size;
        return;
    }
    if (wrong)
        log_failure(webhooks, transfer, wrong);
    else
        leave_out(webhooks, transfer);
    cq_transfer_free(transfer);
}

/* ---- from the outcome ---- */

struct complaint {
    struct cq_webhooks *webhooks;
    const struct cq_webhook_event *event;
};

static void complain(const struct complaint *complaint, const char *what)
{
    char *id = cq_strndup(complaint->event->job_id.data, complaint->event->job_id.len);
    cq_log(complaint->webhooks->context->log, CQ_LOG_WARNING, complaint->event->worker, id, "%s", what);
    free(id);
}

static void complain_of_one(void *data, size_t number, const char *why)
{
    char what[sizeof(((struct cq_error *)0)->text) + 64];
    snprintf(what, sizeof(what), "its webhook %zu is left out: %s", number, why);
    complain(data, what);
}

static void add_each(struct cq_webhooks *webhooks, const struct cq_webhook_event *event,
                     const struct cq_webhook *list, size_t count)
{
    struct cq_buf body = CQ_BUF_INIT(BODY_MAX);
    struct cq_error err;
    for (size_t i = 0; i < count; i++) {
        bool with_body = list[i].post;
        if (list[i].failed != event->failed)
            continue;
        if (with_body && !body.len && cq_webhook_payload(event, &body, &err) != CQ_OK) {
            complain_of_one(&(struct complaint){webhooks, event}, i + 1, err.text);
            continue;
        }
        add(webhooks, cq_transfer_new(&list[i], event->job_id, cq_str(event->worker),
                                      with_body ? cq_buf_view(&body) : CQ_STR_LIT("")));
    }
    cq_buf_release(&body);
}

void cq_webhooks_send(struct cq_webhooks *webhooks, const struct cq_webhook_event *event)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_webhook *list;
    size_t count;
    struct cq_error err;
    struct complaint complaint = {webhooks, event};
    struct cq_str field = cq_job_fields_get(event->fields, "webhooks");
    if (!field.len)
        return;
    if (cq_process_is_ending(webhooks->context->state)) {
        complain(&complaint, "its webhooks are not sent: cold shut down");
        return;
    }
    if (cq_webhooks_read(field, &arena, &list, &count, complain_of_one, &complaint, &err) == CQ_OK) {
        add_each(webhooks, event, list, count);
        start_some(webhooks);
    } else {
        char what[sizeof(err.text) + 64];
        snprintf(what, sizeof(what), "its webhooks are left out: %s", err.text);
        complain(&complaint, what);
    }
    cq_arena_release(&arena);
}

/* ---- life cycle ---- */

struct cq_webhooks *cq_webhooks_new(struct cq_worker_context *context)
{
    struct cq_webhooks *webhooks = cq_calloc(1, sizeof(*webhooks));
    webhooks->context = context;
    webhooks->waiting.last = &webhooks->waiting.first;
    webhooks->under_way.last = &webhooks->under_way.first;
    return webhooks;
}

void cq_webhooks_stop(struct cq_webhooks *webhooks)
{
    if (!webhooks->stopped_at)
        webhooks->stopped_at = cq_clock_monotonic();
}

void cq_webhooks_drop(struct cq_webhooks *webhooks)
{
    size_t count = webhooks->waiting.len + webhooks->under_way.len;
    if (count)
        cq_log_warning(&webhooks->context->logger, "%zu webhook%s dropped", count,
                       count == 1 ? " is" : "s are");
    while (webhooks->waiting.len)
        cq_transfer_free(take_waiting(webhooks));
    while (webhooks->under_way.len) {
        struct cq_transfer *transfer = webhooks->under_way.first;
        take(&webhooks->under_way, transfer);
        cq_engine_remove(webhooks->engine, transfer->easy);
        cq_transfer_free(transfer);
    }
    tell_left_out(webhooks);
}

bool cq_webhooks_are_busy(const struct cq_webhooks *webhooks)
{
    return webhooks->waiting.len || webhooks->under_way.len;
}

void cq_webhooks_free(struct cq_webhooks *webhooks)
{
    if (!webhooks)
        return;
    cq_webhooks_drop(webhooks);
    cq_engine_free(webhooks->engine);
    free(webhooks);
}
