#include "cmd/enqueue/follow.h"

#include <string.h>

#include "base/utf8.h"
#include "cmd/line/options.h"
#include "serializers/serializer.h"
#include "worker/webhooks/spec.h"

bool cq_enqueue_is_name(struct cq_str text, size_t most)
{
    bool printable = cq_utf8_valid(text);
    for (size_t i = 0; i < text.len; i++)
        printable = printable && (unsigned char)text.data[i] >= ' ' && text.data[i] != 127;
    return text.len && text.len <= most && printable;
}

static enum cq_code fill_callbacks(const struct cq_enqueue_options *options, struct cq_job *job,
                                   struct cq_error *err)
{
    int64_t timeout_s = options->callback_timeout_s;
    struct {
        const char *option, *function;
        struct cq_str *name;
        int64_t *timeout_s;
    } callbacks[] = {
        {"on-success", options->on_success, &job->success_callback_name, &job->success_callback_timeout_s},
        {"on-failure", options->on_failure, &job->failure_callback_name, &job->failure_callback_timeout_s},
        {"on-stopped", options->on_stopped, &job->stopped_callback_name, &job->stopped_callback_timeout_s},
    };
    bool any = false;
    for (size_t i = 0; i < CQ_ARRAY_LEN(callbacks); i++) {
        if (!callbacks[i].function)
            continue;
        if (!cq_enqueue_is_name(cq_str(callbacks[i].function), CQ_FUNCTION_MAX))
            return cq_error_set(
                err, CQ_ERR_USAGE,
                "--%s: '%.80s' cannot be a function's name; give a dotted path such as mail.sent",
                callbacks[i].option, callbacks[i].function);
        *callbacks[i].name = cq_str(callbacks[i].function);
        *callbacks[i].timeout_s = timeout_s == CQ_OPTION_UNSET ? CQ_JOB_CALLBACK_TIMEOUT_DEFAULT_S
                                                               : timeout_s;
        any = true;
    }
    if (timeout_s != CQ_OPTION_UNSET && !any)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--callback-timeout needs --on-success, --on-failure or --on-stopped");
    return CQ_OK;
}

/* The characters of RFC 7230's token. */
static bool is_token(struct cq_str text)
{
    static const char allowed[] =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (size_t i = 0; i < text.len; i++)
        if (!text.data[i] || !strchr(allowed, text.data[i]))
            return false;
    return text.len > 0;
}

/* None when there are no headers, as RQ writes them; else a dict. */
static enum cq_code read_headers(const struct cq_strv *texts, struct cq_arena *arena,
                                 struct cq_value *ret_headers, struct cq_error *err)
{
    struct cq_value headers = texts->len ? cq_value_map(arena, 0) : cq_value_none();
    for (size_t i = 0; i < texts->len; i++) {
        const char *text = texts->items[i], *colon = strchr(text, ':');
        struct cq_str name = colon ? cq_str_n(text, (size_t)(colon - text)) : CQ_STR_NONE;
        if (!is_token(name) || !cq_enqueue_is_name(cq_str(text), CQ_WEBHOOK_HEADER_MAX))
            return cq_error_set(err, CQ_ERR_USAGE,
                                "--webhook-header: '%.80s' is not a header; write 'NAME: VALUE'", text);
        const char *value = colon + 1 + strspn(colon + 1, " ");
        cq_value_set(arena, &headers, cq_arena_strndup(arena, name.data, name.len),
                     cq_value_str(cq_str(value)));
    }
    *ret_headers = headers;
    return CQ_OK;
}

/* As urlparse has it: the scheme http or https, and something that could be a host. */
static bool is_url(const char *text)
{
    const char *host = strncasecmp(text, "http://", 7) == 0    ? text + 7
                       : strncasecmp(text, "https://", 8) == 0 ? text + 8
                                                               : "";
    return strcspn(host, "/?#") > 0 && !strchr(text, ' ') &&
           cq_enqueue_is_name(cq_str(text), CQ_WEBHOOK_URL_MAX);
}

/* STATUS=URL as RQ's {url, job_status, method, headers, timeout}. */
static enum cq_code read_webhook(const char *text, const struct cq_enqueue_options *options,
                                 const struct cq_value *headers, struct cq_arena *arena,
                                 struct cq_value *ret_webhook, struct cq_error *err)
{
    static const char *const statuses[] = {"finished", "failed"};
    const char *equals = strchr(text, '='), *status = NULL;
    for (size_t i = 0; i < CQ_ARRAY_LEN(statuses); i++)
        if (equals && cq_str_is(cq_str_n(text, (size_t)(equals - text)), statuses[i]))
            status = statuses[i];
    if (!status)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--webhook: '%.80s' does not begin with finished= or failed=; write finished=URL",
                            text);
    if (!is_url(equals + 1))
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--webhook: url must be an http:// or https:// URL, got '%.100s'", equals + 1);
    int64_t timeout_s = options->webhook_timeout_s;
    *ret_webhook = cq_value_map(arena, 0);
    cq_value_set(arena, ret_webhook, "url", cq_value_str(cq_str(equals + 1)));
    cq_value_set(arena, ret_webhook, "job_status", cq_value_str(cq_str(status)));
    cq_value_set(arena, ret_webhook, "method",
                 cq_value_str(cq_str(options->webhook_method == 1 ? "POST" : "GET")));
    cq_value_set(arena, ret_webhook, "headers", *headers);
    cq_value_set(arena, ret_webhook, "timeout",
                 cq_value_int(timeout_s == CQ_OPTION_UNSET ? CQ_WEBHOOK_TIMEOUT_DEFAULT_S : timeout_s));
    return CQ_OK;
}

static void keep_first(void *data, size_t number, const char *why)
{
    const char **first = data;
    (void)number;
    *first = *first ? *first : why;
}

/* What a worker would leave out, with a line in a log that nobody reads then, is refused here. */
static enum cq_code check_webhooks(struct cq_str field, struct cq_arena *arena, struct cq_error *err)
{
    const char *wrong = NULL;
    struct cq_webhook *list;
    struct cq_error why;
    size_t count;
    if (cq_webhooks_read(field, arena, &list, &count, keep_first, &wrong, &why) != CQ_OK)
        wrong = why.text;
    return wrong ? cq_error_set(err, CQ_ERR_USAGE, "--webhook: a worker would not send it: %s", wrong)
                 : CQ_OK;
}

static enum cq_code fill_webhooks(const struct cq_enqueue_options *options, struct cq_buf *out,
                                  struct cq_job *job, struct cq_error *err)
{
    const struct cq_strv *texts = &options->webhooks;
    struct cq_arena arena = CQ_ARENA_INIT;
    struct cq_value headers, list = cq_value_list(&arena, CQ_VALUE_LIST, texts->len);
    enum cq_code code = CQ_OK;
    if (texts->len > CQ_WEBHOOK_MAX)
        code = cq_error_set(err, CQ_ERR_USAGE, "--webhook: a job may have %d webhooks at most",
                            CQ_WEBHOOK_MAX);
    if (code == CQ_OK)
        code = read_headers(&options->webhook_headers, &arena, &headers, err);
    for (size_t i = 0; code == CQ_OK && i < texts->len; i++)
        code = read_webhook(texts->items[i], options, &headers, &arena, &list.as.list.items[i], err);
    if (code == CQ_OK && texts->len) {
        code = cq_encode(CQ_FORMAT_JSON, &list, out, err);
        job->webhooks = cq_buf_view(out);
        code = code == CQ_OK ? check_webhooks(job->webhooks, &arena, err) : code;
    }
    cq_arena_release(&arena);
    return code;
}

enum cq_code cq_enqueue_follow(const struct cq_enqueue_options *options, struct cq_buf *webhooks,
                               struct cq_job *job, struct cq_error *err)
{
    enum cq_code code = fill_callbacks(options, job, err);
    if (code != CQ_OK)
        return code;
    bool details = options->webhook_headers.len || options->webhook_method >= 0 ||
                   options->webhook_timeout_s != CQ_OPTION_UNSET;
    if (details && !options->webhooks.len)
        return cq_error_set(err, CQ_ERR_USAGE,
                            "--webhook-method, --webhook-header and --webhook-timeout need --webhook");
    return fill_webhooks(options, webhooks, job, err);
}
