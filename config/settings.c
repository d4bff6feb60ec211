#include "config/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void cq_settings_init(struct cq_settings *settings)
{
    *settings = (struct cq_settings){0};
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        enum cq_code code = cq_setting_store(&table[i], settings, table[i].initial, table[i].key, NULL);
        assert(code == CQ_OK);
        (void)code;
    }
}

void cq_settings_release(struct cq_settings *settings)
{
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    for (size_t i = 0; i < count; i++)
        cq_setting_release(&table[i], settings);
    for (size_t i = 0; i < settings->program_count; i++) {
        free(settings->programs[i].name);
        free(settings->programs[i].command);
    }
    for (size_t i = 0; i < settings->runtime_count; i++) {
        free(settings->runtimes[i].name);
        free(settings->runtimes[i].command);
        cq_strv_release(&settings->runtimes[i].functions);
    }
    free(settings->queue_numbers);
    free(settings->programs);
    free(settings->runtimes);
    cq_strv_release(&settings->warnings);
    cq_strv_release(&settings->worker_warnings);
    free(settings->file);
    *settings = (struct cq_settings){0};
}

/* The place of `section.key` in the table. */
static size_t index_of(const char *key)
{
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    const char *dot = strchr(key, '.');
    assert(dot);
    const struct cq_setting *setting = cq_setting_find(cq_str_n(key, (size_t)(dot - key)), cq_str(dot + 1));
    assert(setting);
    return (size_t)(setting - table);
}

enum cq_code cq_settings_set(struct cq_settings *settings, const char *key, const char *value,
                             const char *where, struct cq_error *err)
{
    size_t count, index = index_of(key);
    const struct cq_setting *table = cq_settings_table(&count);
    enum cq_code code = cq_setting_store(&table[index], settings, value, where, err);
    if (code == CQ_OK)
        settings->source[index] = CQ_FROM_COMMAND_LINE;
    return code;
}

void cq_settings_set_list(struct cq_settings *settings, const char *key, const char *const *items,
                          size_t count)
{
    size_t table_count, index = index_of(key);
    const struct cq_setting *setting = cq_settings_table(&table_count) + index;
    assert(setting->type == CQ_SETTING_LIST);
    struct cq_strv list = CQ_STRV_INIT; /* items may be those of the field */
    for (size_t i = 0; i < count; i++)
        cq_strv_push(&list, cq_str(items[i]));
    cq_setting_release(setting, settings);
    *(struct cq_strv *)((char *)settings + setting->offset) = list;
    settings->source[index] = CQ_FROM_COMMAND_LINE;
}

enum cq_setting_source cq_settings_source(const struct cq_settings *settings, const char *key)
{
    return (enum cq_setting_source)settings->source[index_of(key)];
}

const char *cq_settings_where(const struct cq_settings *settings, const char *key, char *text, size_t size)
{
    size_t count, index = index_of(key);
    const struct cq_setting *setting = cq_settings_table(&count) + index;
    switch ((enum cq_setting_source)settings->source[index]) {
    case CQ_FROM_FILE:
        snprintf(text, size, "%s:%d: %s", settings->file ? settings->file : "", settings->line[index],
                 setting->key);
        break;
    case CQ_FROM_ENVIRONMENT: snprintf(text, size, "%s", setting->env[0]); break;
    case CQ_FROM_COMMAND_LINE:
        snprintf(text, size, "--%s", setting->key);
        for (char *c = text; *c; c++)
            *c = *c == '_' ? '-' : *c;
        break;
    case CQ_FROM_DEFAULT: snprintf(text, size, "%s", setting->key); break;
    }
    return text;
}

static int source_of(const struct cq_settings *settings, const char *key)
{
    return (int)cq_settings_source(settings, key);
}

static void replace(char **slot, const char *text)
{
    if (*slot)
        explicit_bzero(*slot, strlen(*slot));
    free(*slot);
    *slot = cq_strdup(text);
}

/* Does the setting go into an address of which `said` is what it says itself (NULL: nothing)? */
static bool is_set(const struct cq_settings *settings, const char *key, int above, const char *said)
{
    int source = source_of(settings, key);
    return source > above || (source > CQ_FROM_DEFAULT && !said);
}

/* Put what comes from a source above `above`, or what the address leaves open, into it. */
static void overlay(const struct cq_settings *settings, int above, struct cq_address *address)
{
    if (source_of(settings, "redis.port") > above)
        address->port = (int)settings->port;
    if (source_of(settings, "redis.db") > above)
        address->db = (int)settings->db;
    if (source_of(settings, "redis.username") > above)
        replace(&address->username, settings->username);
    if (source_of(settings, "redis.password") > above)
        replace(&address->password, settings->password);
    if (source_of(settings, "redis.tls") > above)
        address->tls = settings->tls;
    if (source_of(settings, "redis.tls_cert_reqs") >=
        above) /* lighter ones never loosen the check of a URL */
        address->tls_no_verify = settings->tls_cert_reqs == 0;
    /* A rediss:// URL seldom names files: they come from beside it, or from below. */
    if (is_set(settings, "redis.tls_ca_certs", above, address->tls_ca_file))
        replace(&address->tls_ca_file, settings->tls_ca_certs);
    bool own_certificate = address->tls_cert_file ||
                           address->tls_key_file; /* these two go together, and so they are left out */
    if (is_set(settings, "redis.tls_certfile", above, own_certificate ? "" : NULL))
        replace(&address->tls_cert_file, settings->tls_certfile);
    if (is_set(settings, "redis.tls_keyfile", above, own_certificate ? "" : NULL))
        replace(&address->tls_key_file, settings->tls_keyfile);
    if (source_of(settings, "redis.connect_timeout") > above ||
        address->connect_timeout_ms == CQ_ADDRESS_DEFAULT_CONNECT_MS)
        address->connect_timeout_ms = (int)settings->connect_timeout_ms;
    if (source_of(settings, "redis.command_timeout") > above ||
        address->command_timeout_ms == CQ_ADDRESS_DEFAULT_COMMAND_MS)
        address->command_timeout_ms = (int)settings->command_timeout_ms;
}

enum cq_code cq_settings_address(const struct cq_settings *settings, struct cq_address *ret_address,
                                 struct cq_error *err)
{
    int url = settings->url ? source_of(settings, "redis.url") : CQ_FROM_DEFAULT;
    int socket = settings->socket ? source_of(settings, "redis.socket") : CQ_FROM_DEFAULT;
    int host = settings->host ? source_of(settings, "redis.host") : CQ_FROM_DEFAULT;
    struct cq_address address;
    if (url > CQ_FROM_DEFAULT && url >= socket && url >= host) {
        enum cq_code code = cq_address_parse(settings->url, &address, err);
        if (code != CQ_OK)
            return code;
        overlay(settings, url, &address);
    } else {
        cq_address_init(&address);
        overlay(settings, CQ_FROM_DEFAULT, &address);
        if (socket > CQ_FROM_DEFAULT && socket >= host) {
            replace(&address.host, NULL);
            replace(&address.unix_path, settings->socket);
        } else if (settings->host) {
            replace(&address.host, settings->host);
        }
    }
    enum cq_code code = cq_address_check(&address, err);
    if (code != CQ_OK) {
        cq_address_release(&address);
        return code;
    }
    *ret_address = address;
    return CQ_OK;
}
