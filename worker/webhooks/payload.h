/* What a webhook with POST sends. Source: rq/webhook.py get_payload. */
#ifndef CQ_WORKER_WEBHOOKS_PAYLOAD_H
#define CQ_WORKER_WEBHOOKS_PAYLOAD_H

#include "base/buf.h"
#include "base/error.h"
#include "worker/webhooks/event.h"

enum { CQ_WEBHOOK_EXC_MAX = 1024 * 1024 }; /* bytes of exc_info; of more the end is sent */

/*
 * Append it as JSON. func_name is null where only the application's own serializer can read it (RQ's worker
 * sends the name). Errors: CQ_ERR_LIMIT.
 */
CQ_MUST_CHECK enum cq_code cq_webhook_payload(const struct cq_webhook_event *event, struct cq_buf *out,
                                              struct cq_error *err);

#endif
