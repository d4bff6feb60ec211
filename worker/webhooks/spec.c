#include "worker/webhooks/spec.h"

#include <stdio.h>
#include <strings.h>

#include "base/attr.h"
#include "base/utf8.h"
#include "serializers/json.h"
#include "serializers/serializer.h"

struct cq_str cq_webhook_host(const char *url)
{
    const char *host = strncasecmp(url, "http://", 7) == 0    ? url + 7
                       : strncasecmp(url, "https://", 8) == 0 ? url + 8
                                                              : NULL;
    return host ? cq_str_n(host, strcspn(host, "/?#")) : CQ_STR_NONE;
}

static struct cq_str text_of(const struct cq_value *value)
{
    return value && value->kind == CQ_VALUE_STR ? value->as.text : CQ_STR_NONE;
}

/* urllib refuses control characters and blanks, and cannot send what is not ASCII. */
static const char *check_url(struct cq_str url)
{
    if (!url.data)
        return "its url is not a text";
    if (url.len > CQ_WEBHOOK_URL_MAX)
        return "its url is longer than 8 KiB";
    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.data[i] <= ' ' || (unsigned char)url.data[i] >= 0x7f)
            return "its url has a blank, a control character or one that is not ASCII (to be written as %XX)";
    if (!cq_webhook_host(url.data).len)
        return "its url is neither http://... nor https://...";
    return NULL;
}

/* A token of HTTP. */
static bool is_name(struct cq_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c && strchr("!#$%&'*+-.^_`|~", c))))
            return false;
    }
    return name.len > 0;
}

/* The value in Latin-1. NULL: a line break in it would begin another header; other control characters have no
 * business there. */
static const char *value_of(struct cq_arena *arena, const struct cq_value *value)
{
    struct cq_str text = text_of(value);
    if (value->kind == CQ_VALUE_INT)
        return cq_arena_printf(arena, "%lld", (long long)value->as.integer);
    if (!text.data || text.len > CQ_WEBHOOK_HEADER_MAX)
        return NULL;
    char *latin = cq_arena_strndup(arena, text.data, text.len), *end = latin;
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        int len = cq_utf8_decode(text, at, &point);
        if (len == 0 || point > 0xff || (point < ' ' && point != '\t') || point == 0x7f)
            return NULL;
        *end++ = (char)point;
        at += (size_t)len;
    }
    *end = '\0';
    return latin;
}

static const char *read_headers(const struct cq_value *headers, struct cq_arena *arena,
                                struct cq_webhook *webhook)
{
    if (!headers || headers->kind == CQ_VALUE_NONE)
        return NULL;
    if (headers->kind != CQ_VALUE_MAP)
        return "its headers are not an object";
    if (headers->as.map.len > CQ_WEBHOOK_HEADERS_MAX)
        return "it has more than 64 headers";
    webhook->headers = cq_arena_alloc(arena, (headers->as.map.len + 1) * sizeof(*webhook->headers));
    for (size_t i = 0; i < headers->as.map.len; i++) {
        const struct cq_pair *pair = &headers->as.map.pairs[i];
        struct cq_webhook_header *header = &webhook->headers[webhook->header_count++];
        if (!is_name(text_of(&pair->key)) || pair->key.as.text.len > CQ_WEBHOOK_HEADER_MAX)
            return "a header's name is none that HTTP has";
        header->name = pair->key.as.text.data;
        header->value = value_of(arena, &pair->value);
        if (!header->value)
            return "a header's value is not a text, too long, or has a line break or a character that is not "
                   "Latin-1";
    }
    return NULL;
}

/* What is wrong with it, or NULL. */
static const char *read_one(const struct cq_value *entry, struct cq_arena *arena, struct cq_webhook *webhook)
{
    *webhook = (struct cq_webhook){.timeout_s = CQ_WEBHOOK_TIMEOUT_DEFAULT_S};
    if (entry->kind != CQ_VALUE_MAP)
        return "it is not an object";
    struct cq_str url = text_of(cq_value_get(entry, "url")),
                  status = text_of(cq_value_get(entry, "job_status"));
    const struct cq_value *method = cq_value_get(entry, "method"), *timeout = cq_value_get(entry, "timeout");
    const char *wrong = check_url(url);
    if (wrong)
        return wrong;
    webhook->url = url.data;
    webhook->failed = cq_str_is(status, "failed");
    if (!webhook->failed && !cq_str_is(status, "finished"))
        return "its job_status is neither finished nor failed";
    webhook->post = method && cq_str_is(text_of(method), "POST");
    if (method && !webhook->post && !cq_str_is(text_of(method), "GET"))
        return "its method is neither GET nor POST";
    if (timeout && (timeout->kind != CQ_VALUE_INT || timeout->as.integer <= 0))
        return "its timeout is not a number of seconds above 0";
    if (timeout)
        webhook->timeout_s = timeout->as.integer < CQ_WEBHOOK_TIMEOUT_MAX_S ? (int)timeout->as.integer
                                                                            : CQ_WEBHOOK_TIMEOUT_MAX_S;
    return read_headers(cq_value_get(entry, "headers"), arena, webhook);
}

enum cq_code cq_webhooks_read(struct cq_str field, struct cq_arena *arena, struct cq_webhook **ret_webhooks,
                              size_t *ret_count, cq_webhook_complain *complain, void *data,
                              struct cq_error *err)
{
    struct cq_value list;
    if (field.len > CQ_WEBHOOK_FIELD_MAX)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "its webhooks have %zu bytes, and 1 MiB is the most",
                            field.len);
    enum cq_code code = cq_json_read(field, arena, &list, err);
    if (code != CQ_OK)
        return code;
    if (list.kind != CQ_VALUE_LIST)
        return cq_error_set(err, CQ_ERR_DESERIALIZATION, "its webhooks are not a JSON list");
    struct cq_webhook *webhooks = cq_arena_alloc(arena, CQ_WEBHOOK_MAX * sizeof(*webhooks));
    size_t count = 0;
    for (size_t i = 0; i < list.as.list.len; i++) {
        if (i == CQ_WEBHOOK_MAX) {
            complain(data, i + 1, "a job has at most 64");
            break;
        }
        const char *wrong = read_one(&list.as.list.items[i], arena, &webhooks[count]);
        if (wrong)
            complain(data, i + 1, wrong);
        else
            count++;
    }
    *ret_webhooks = webhooks;
    *ret_count = count;
    return CQ_OK;
}
