/* A job's field `webhooks`: what is taken keeps to the limits, and cannot write a line of HTTP of its own. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "worker/webhooks/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plain(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p == '\r' || *p == '\n')
            abort();
}

static void check(const struct cq_webhook *webhook)
{
    if (strlen(webhook->url) > CQ_WEBHOOK_URL_MAX || webhook->header_count > CQ_WEBHOOK_HEADERS_MAX ||
        webhook->timeout_s < 1 || webhook->timeout_s > CQ_WEBHOOK_TIMEOUT_MAX_S ||
        !cq_webhook_host(webhook->url).data)
        abort();
    check_plain(webhook->url);
    for (size_t i = 0; i < webhook->header_count; i++) {
        check_plain(webhook->headers[i].name);
        check_plain(webhook->headers[i].value);
    }
}

static void complain(void *data, size_t number, const char *why)
{
    (void)data;
    if (number < 1 || !why[0])
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_error err = {.text = ""};
    struct cq_webhook *webhooks = NULL;
    size_t count = 0;
    if (cq_webhooks_read(cq_str_n((const char *)data, size), &arena, &webhooks, &count, complain, NULL,
                         &err) == CQ_OK) {
        if (count > CQ_WEBHOOK_MAX)
            abort();
        for (size_t i = 0; i < count; i++)
            check(&webhooks[i]);
    } else if (!err.text[0]) {
        abort();
    }
    cq_arena_release(&arena);
    return 0;
}
