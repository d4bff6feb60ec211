/* A setting's value: text checked by its type and bounds, and put into its field. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/number.h"
#include "config/settings.h"

static void *field(const struct cq_setting *setting, struct cq_settings *settings)
{
    return (char *)settings + setting->offset;
}

static bool is_text(const struct cq_setting *setting)
{
    return setting->type == CQ_SETTING_TEXT || setting->type == CQ_SETTING_SECRET || setting->type == CQ_SETTING_URL;
}

void cq_setting_release(const struct cq_setting *setting, struct cq_settings *settings)
{
    if (is_text(setting)) {
        char **slot = field(setting, settings);
        if (*slot && setting->type != CQ_SETTING_TEXT)
            explicit_bzero(*slot, strlen(*slot));
        free(*slot);
        *slot = NULL;
    } else if (setting->type == CQ_SETTING_LIST) {
        cq_strv_release(field(setting, settings));
    }
}

static enum cq_code store_text(const struct cq_setting *setting, struct cq_settings *settings, const char *value,
                               const char *where, struct cq_error *err)
{
    if (setting->type == CQ_SETTING_URL && *value) {
        struct cq_address address;
        struct cq_error why;
        if (cq_address_parse(value, &address, &why) != CQ_OK)
            return cq_error_set(err, CQ_ERR_CONFIG, "%s: %s", where, why.text);
        cq_address_release(&address);
    }
    char *copy = *value ? cq_strdup(value) : NULL; /* value may be what the field holds */
    cq_setting_release(setting, settings);
    *(char **)field(setting, settings) = copy;
    return CQ_OK;
}

static enum cq_code store_number(const struct cq_setting *setting, struct cq_settings *settings, const char *value,
                                 const char *where, struct cq_error *err)
{
    int64_t number;
    bool seconds = setting->type == CQ_SETTING_SECONDS;
    bool ok = seconds ? cq_number_duration(cq_str(value), &number) : cq_number_int(cq_str(value), INT64_MIN, INT64_MAX, &number);
    if (!ok || number < setting->min || number > setting->max)
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is not %s between %lld and %lld%s", where, value,
                            seconds ? "seconds" : "a whole number", (long long)setting->min, (long long)setting->max,
                            seconds ? " (5m, 2h and 1d also work)" : "");
    *(int64_t *)field(setting, settings) = number;
    return CQ_OK;
}

static enum cq_code store_timeout(const struct cq_setting *setting, struct cq_settings *settings, const char *value,
                                  const char *where, struct cq_error *err)
{
    double seconds;
    if (!cq_number_double(cq_str(value), &seconds) || !(seconds * 1000 >= (double)setting->min) ||
        !(seconds * 1000 <= (double)setting->max))
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is not seconds between %g and %g, as in 0.5 or 30", where, value,
                            (double)setting->min / 1000, (double)setting->max / 1000);
    *(int64_t *)field(setting, settings) = (int64_t)(seconds * 1000 + 0.5);
    return CQ_OK;
}

static enum cq_code store_bool(const struct cq_setting *setting, struct cq_settings *settings, const char *value,
                               const char *where, struct cq_error *err)
{
    static const char *const yes[] = {"true", "yes", "on", "1", "y", "t"}, *const no[] = {"false", "no", "off", "0", "n", "f"};
    for (size_t i = 0; i < CQ_ARRAY_LEN(yes); i++) {
        bool is_yes = strcasecmp(value, yes[i]) == 0;
        if (is_yes || strcasecmp(value, no[i]) == 0) {
            *(bool *)field(setting, settings) = is_yes;
            return CQ_OK;
        }
    }
    return cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is neither true nor false", where, value);
}

static enum cq_code store_choice(const struct cq_setting *setting, struct cq_settings *settings, const char *value,
                                 const char *where, struct cq_error *err)
{
    struct cq_buf names = CQ_BUF_INIT(200);
    for (const struct cq_setting_choice *choice = setting->choices; choice->name; choice++) {
        if (strcasecmp(value, choice->name) == 0) {
            *(int *)field(setting, settings) = choice->value;
            cq_buf_release(&names);
            return CQ_OK;
        }
        cq_buf_printf(&names, "%s%s", choice == setting->choices ? "" : choice[1].name ? ", " : " or ", choice->name);
    }
    enum cq_code code = cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is not %s", where, value, names.data);
    cq_buf_release(&names);
    return code;
}

static enum cq_code store_named(const struct cq_setting *setting, struct cq_settings *settings, const char *value,
                                const char *where, struct cq_error *err)
{
    enum cq_log_level level;
    enum cq_format format = CQ_FORMAT_PICKLE;
    if (setting->type == CQ_SETTING_LEVEL) {
        if (!cq_log_parse_level(value, &level))
            return cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is not DEBUG, INFO, WARNING, ERROR or CRITICAL", where, value);
        *(int *)field(setting, settings) = (int)level;
        return CQ_OK;
    }
    if (*value && !cq_format_parse(value, &format))
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: `%.60s` is not pickle, json or msgpack, and cq runs no serializer of "
                            "Python's", where, value);
    *(int *)field(setting, settings) = (int)format;
    return CQ_OK;
}

enum cq_code cq_setting_store(const struct cq_setting *setting, struct cq_settings *settings, const char *value,
                              const char *where, struct cq_error *err)
{
    struct cq_strv list = CQ_STRV_INIT;
    switch (setting->type) {
    case CQ_SETTING_TEXT:
    case CQ_SETTING_SECRET:
    case CQ_SETTING_URL: return store_text(setting, settings, value, where, err);
    case CQ_SETTING_INT:
    case CQ_SETTING_SECONDS: return store_number(setting, settings, value, where, err);
    case CQ_SETTING_TIMEOUT: return store_timeout(setting, settings, value, where, err);
    case CQ_SETTING_BOOL: return store_bool(setting, settings, value, where, err);
    case CQ_SETTING_CHOICE: return store_choice(setting, settings, value, where, err);
    case CQ_SETTING_LEVEL:
    case CQ_SETTING_FORMAT: return store_named(setting, settings, value, where, err);
    case CQ_SETTING_LIST: break;
    }
    cq_strv_split(&list, cq_str(value), ',');
    if (!list.len) {
        cq_strv_release(&list);
        return cq_error_set(err, CQ_ERR_CONFIG, "%s: the list is empty; leave it out for the default, `%s`", where, setting->initial);
    }
    cq_setting_release(setting, settings);
    *(struct cq_strv *)field(setting, settings) = list;
    return CQ_OK;
}
