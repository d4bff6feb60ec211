#include "config/settings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/store.h"

void cq_settings_init(struct cq_settings *settings)
{
    *settings = (struct cq_settings){0};
    size_t count;
    const struct cq_setting *table = cq_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        enum cq_code code = table[i].initial
                                ? cq_setting_store(&table[i], settings, table[i].initial, table[i].key, NULL)
                                : CQ_OK;
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

static size_t index_of(const char *name)
{
    size_t count;
    const struct cq_setting *setting = cq_setting_named(name);
    assert(setting);
    return (size_t)(setting - cq_settings_table(&count));
}

enum cq_code cq_settings_set_row(struct cq_settings *settings, const struct cq_setting *setting,
                                 const char *value, const char *where, struct cq_error *err)
{
    size_t count;
    enum cq_code code = cq_setting_store(setting, settings, value, where, err);
    if (code == CQ_OK)
        settings->source[setting - cq_settings_table(&count)] = CQ_FROM_COMMAND_LINE;
    return code;
}

enum cq_code cq_settings_set(struct cq_settings *settings, const char *key, const char *value,
                             const char *where, struct cq_error *err)
{
    return cq_settings_set_row(settings, cq_setting_named(key), value, where, err);
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
        snprintf(text, size, "%s%s", setting->option.name ? "--" : "",
                 setting->option.name ? setting->option.name : setting->key);
        break;
    case CQ_FROM_DEFAULT: snprintf(text, size, "%s", setting->key); break;
    }
    return text;
}
