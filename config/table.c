#include "config/table.h"

#include <string.h>

#include "base/attr.h"
#include "base/log.h"
#include "config/settings.h"
#include "redis/address.h"

static const struct cq_setting_choice cert_reqs[] = {{"none", CQ_TLS_CERT_NONE},
                                                     {"optional", CQ_TLS_CERT_OPTIONAL},
                                                     {"required", CQ_TLS_CERT_REQUIRED},
                                                     {NULL, 0}};
static const struct cq_setting_choice strategies[] = {
    {"default", CQ_DEQUEUE_DEFAULT},         {"random", CQ_DEQUEUE_RANDOM},
    {"round_robin", CQ_DEQUEUE_ROUND_ROBIN}, {"weighted", CQ_DEQUEUE_WEIGHTED},
    {"latency", CQ_DEQUEUE_LATENCY},         {NULL, 0}};
static const struct cq_setting_choice outputs[] = {
    {"log", CQ_OUTPUT_LOG}, {"pass", CQ_OUTPUT_PASS}, {"discard", CQ_OUTPUT_DISCARD}, {NULL, 0}};
static const struct cq_setting_choice webhook_reaches[] = {
    {"allow", CQ_WEBHOOK_PRIVATE_ALLOW}, {"refuse", CQ_WEBHOOK_PRIVATE_REFUSE}, {NULL, 0}};
static const struct cq_setting_choice log_formats[] = {
    {"text", CQ_LOG_TEXT}, {"json", CQ_LOG_JSON}, {NULL, 0}};

#define TIMEOUT_MAX_MS (INT64_C(1000) * CQ_ADDRESS_TIMEOUT_MAX_S)
#define TTL_MAX_S INT64_C(2147483647)
#define DAY_S INT64_C(86400)

static const struct cq_setting table[] = {
#define CQ_SETTING(its_section, c_type, field, its_type, ...) \
    {.section = (its_section),                                \
     .type = CQ_SETTING_##its_type,                           \
     .offset = offsetof(struct cq_settings, field),           \
     .size = sizeof(c_type),                                  \
     __VA_ARGS__},
#include "config/settings.def"
#undef CQ_SETTING
};

const struct cq_setting *cq_settings_table(size_t *ret_count)
{
    *ret_count = CQ_ARRAY_LEN(table);
    return table;
}

const struct cq_setting *cq_setting_named(const char *name)
{
    const char *dot = strchr(name, '.');
    if (dot)
        return cq_setting_find(cq_str_n(name, (size_t)(dot - name)), cq_str(dot + 1));
    for (size_t i = 0; i < CQ_ARRAY_LEN(table); i++)
        if (!table[i].section && strcmp(table[i].key, name) == 0)
            return &table[i];
    return NULL;
}

const struct cq_setting *cq_setting_find(struct cq_str section, struct cq_str key)
{
    for (size_t i = 0; i < CQ_ARRAY_LEN(table); i++)
        if (table[i].section && cq_str_is(section, table[i].section) && cq_str_is(key, table[i].key))
            return &table[i];
    return NULL;
}
