/*
 * A job's field `webhooks`: a JSON list of objects with url, job_status, method, headers, timeout. Anybody
 * who can write to Redis can have written it, so everything is checked against limits. Source: rq/webhook.py
 * Webhook.
 */
#ifndef CQ_WORKER_WEBHOOKS_SPEC_H
#define CQ_WORKER_WEBHOOKS_SPEC_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum {
    CQ_WEBHOOK_FIELD_MAX = 1024 * 1024, /* bytes of the field */
    CQ_WEBHOOK_MAX = 64,                /* of one job */
    CQ_WEBHOOK_URL_MAX = 8 * 1024,
    CQ_WEBHOOK_HEADERS_MAX = 64,
    CQ_WEBHOOK_HEADER_MAX = 8 * 1024, /* bytes of `NAME: VALUE` */
    CQ_WEBHOOK_TIMEOUT_DEFAULT_S = 10,
    CQ_WEBHOOK_TIMEOUT_MAX_S = 3600, /* a longer one is this */
};

struct cq_webhook_header {
    const char *name, *value; /* the value in Latin-1, as HTTP has it */
};

struct cq_webhook {
    const char *url;
    bool failed; /* job_status; else finished */
    bool post;   /* method; else GET */
    struct cq_webhook_header *headers;
    size_t header_count;
    int timeout_s;
};

/* What is wrong with one; called for each that is left out. number: from 1. */
typedef void cq_webhook_complain(void *data, size_t number, const char *why);

/*
 * Read the field; everything lives in arena. A bad entry is complained about and left out.
 * Errors: CQ_ERR_DESERIALIZATION: none of it can be read.
 */
CQ_MUST_CHECK enum cq_code cq_webhooks_read(struct cq_str field, struct cq_arena *arena,
                                            struct cq_webhook **ret_webhooks, size_t *ret_count,
                                            cq_webhook_complain *complain, void *data, struct cq_error *err);

/* The host of an absolute http or https URL, with user and port; CQ_STR_NONE: it is none. */
struct cq_str cq_webhook_host(const char *url);

#endif
